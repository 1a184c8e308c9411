/// Hooks: order, coalescing, deadlines, and what an event says.
import LuaHost
import Testing

@Suite struct HookTests {
    let bench = ScriptBench()

    private func start(_ text: String, instances: [InstanceSnapshot] = [snapshot("VI_1")]) throws {
        try bench.run(text, instances: instances)
    }

    @Test("each hook runs for its own state only, change for all")
    func moments() throws {
        try start(
            """
            for _, moment in ipairs{'master', 'backup', 'fault', 'stop', 'change'} do
              halua.on[moment](function(ev) print(moment, ev.seq) end)
            end
            """)
        for (index, state) in ["MASTER", "BACKUP", "FAULT", "INIT"].enumerated() {
            bench.engine.send(transition("VI_1", UInt64(index + 1), from: "BACKUP", to: state))
        }
        #expect(bench.logged("change\t4") != nil)
        let wanted: Set = [
            "master\t1", "change\t1", "backup\t2", "change\t2", "fault\t3", "change\t3", "stop\t4", "change\t4",
        ]
        _ = bench.logged("stop\t4")
        #expect(Set(bench.log) == wanted)
    }

    @Test("an event tells everything about the transition")
    func event() throws {
        try start(
            """
            halua.on.master(function(ev)
              print(ev.instance.name, ev.from, ev.to, ev.reason, ev.sentence, ev.seq, ev.priority, ev.vips[1],
                ev.dropped, ev.current, ev.vips_removed, ev.instance.state, ev.instance.peers[1], ev.nothing)
            end)
            """)
        bench.engine.send(transition("VI_1", 7))
        let words = [
            "VI_1", "BACKUP", "MASTER", "master_down", "because", "7", "100", "192.0.2.1", "0", "true", "false",
            "MASTER", "192.0.2.9", "nil",
        ]
        #expect(bench.logged("VI_1") == words.joined(separator: "\t"))
    }

    @Test("a hook never overlaps itself for one instance, and sees the transitions in order")
    func order() throws {
        try start(
            """
            local running = false
            halua.on.change(function(ev)
              assert(not running) running = true
              halua.sleep('5ms')
              running = false
              print('done', ev.seq)
            end)
            """)
        for sequence in UInt64(1)...6 { bench.engine.send(transition("VI_1", sequence)) }
        #expect(bench.logged("done\t6") != nil)
        #expect(bench.log == (1...6).map { "done\t\($0)" })
    }

    @Test("different hooks, and one hook for different instances, run side by side")
    func concurrency() throws {
        try start(
            """
            halua.on.change{instance = 'VI_1', timeout = 60, run = function(ev) halua.sleep(60) end}
            halua.on.change{instance = 'VI_2', run = function(ev) print('two', ev.instance.name) end}
            halua.on.change(function(ev) print('all', ev.instance.name) end)
            """, instances: [snapshot("VI_1"), snapshot("VI_2")])
        bench.engine.send(transition("VI_1", 1))
        bench.engine.send(transition("VI_2", 1))
        #expect(bench.logged("two\tVI_2") != nil)
        #expect(bench.logged("all\tVI_2") != nil)
        #expect(bench.log.contains("two\tVI_1") == false)
    }

    @Test("beyond the queue the oldest waiting transitions go, the newest stays, and dropped counts them")
    func coalescing() throws {
        try start(
            """
            halua.on.change(function(ev)
              print('begin', ev.seq, ev.dropped)
              if ev.seq == 1 then halua.sleep('200ms') end
              print('end', ev.seq, ev.current)
            end)
            """)
        bench.engine.send(transition("VI_1", 1))
        #expect(bench.logged("begin\t1") != nil)
        for sequence in UInt64(2)...30 { bench.engine.send(transition("VI_1", sequence)) }
        #expect(bench.logged("end\t30\ttrue") != nil)
        // 29 waited, 16 may: 13 went.
        let begins = bench.log.filter { $0.hasPrefix("begin") }
        #expect(begins == ["begin\t1\t0", "begin\t15\t13"] + (16...30).map { "begin\t\($0)\t0" })
        #expect(bench.log.contains("end\t1\tfalse"))
    }

    @Test("a hook that fails, breaks or hangs is logged with its place and does not stop the next")
    func failures() throws {
        try start(
            """
            halua.on.change{timeout = '50ms', run = function(ev)
              if ev.seq == 1 then error('wrong') end
              if ev.seq == 2 then assert(halua.file.read('/nowhere')) end
              if ev.seq == 3 then halua.sleep(60) end
              print('four')
            end}
            """)
        for sequence in UInt64(1)...4 { bench.engine.send(transition("VI_1", sequence)) }
        #expect(bench.logged("four") != nil)
        #expect(bench.logged("p.lua:2: wrong")?.contains("traceback") == true)
        #expect(bench.logged("No such file") == "file.read /nowhere: No such file or directory (p.lua:3)")
        #expect(bench.logged("timed out") == "timed out after 50 ms in sleep (p.lua:4)")
    }

    @Test("stop lets running hooks finish, and ends the others at its limit")
    func stopping() throws {
        var limits = ScriptLimits()
        limits.stopping = .milliseconds(300)
        let bench = ScriptBench(limits: limits)
        try bench.run(
            """
            halua.on.stop(function() halua.sleep('50ms') print('said goodbye') end)
            halua.on.stop(function() local x <close> = setmetatable({}, {__close = function() print('closed') end}) halua.sleep(60) end)
            """, instances: [snapshot("VI_1")])
        bench.engine.send(transition("VI_1", 1, from: "MASTER", to: "INIT"))
        bench.engine.stop()
        #expect(bench.wait { if case .stopped = $0 { true } else { nil } } == true)
        #expect(
            bench.log == [
                "said goodbye", "closed", "ended before it was done: the plugins are replaced, or halua stops",
            ])
    }
}

@Suite struct InstanceTests {
    let bench = ScriptBench()

    @Test("the fields of an instance are those of the daemon's last snapshot, and stand still between waits")
    func fields() throws {
        try bench.run(
            """
            local vi = halua.instance 'VI_1'
            halua.spawn(function()
              while true do
                local before = vi.priority
                for i = 1, 1000 do if vi.priority ~= before then print('changed while running') end end
                print('priority', before, vi == halua.instance('VI_1'), #halua.instances(), halua.instances('VI_1')[1].state)
                halua.sleep('5ms')
              end
            end)
            """, instances: [snapshot("VI_1")])
        #expect(bench.logged("priority\t100") == "priority\t100\ttrue\t1\tBACKUP")
        for priority in 1...50 { bench.engine.send(.snapshot(snapshot("VI_1", state: "MASTER", priority: priority))) }
        #expect(bench.logged("priority\t50") == "priority\t50\ttrue\t1\tMASTER")
        #expect(!bench.log.contains("changed while running"))
    }

    @Test("an unknown instance is an error with a suggestion, an unknown field a bug")
    func unknown() throws {
        let known = [snapshot("VI_1")]
        let result = try bench.check("return halua.instance('VI_2')", instances: known)
        #expect(result == .failed("there is no instance \"VI_2\" (did you mean \"VI_1\"?) (p.lua:2)"))
        guard case .broken(let text) = try bench.check("return halua.instance('VI_1').stat", instances: known) else {
            Issue.record("not broken")
            return
        }
        #expect(text.hasPrefix("p.lua:2: an instance has no \"stat\" (did you mean \"state\"?)"))
    }

    @Test("requests become messages in order, and lapse by themselves when they were given a time")
    func requests() throws {
        let body = """
            local vi = halua.instance('VI_1')
            if ctx.run > 1 then return true end
            local a = vi:adjust_priority('load', -10, 'busy')
            a:set(-20, 'very busy') a:clear()
            vi:demote('disk', 'full') vi:restore('disk')
            vi:adjust_priority('short', 5, 'for now', '20ms')
            vi:demote('brief', 'for now', '20ms')
            return true
            """
        #expect(try bench.check(body, instances: [snapshot("VI_1")]) == .passed)
        let lapsed = bench.wait { message in
            if case .restore(_, _, "brief") = message { true } else { nil }
        }
        #expect(lapsed == true)
        let said = bench.messages.compactMap { message -> String? in
            switch message {
            case .adjustPriority(let plugin, let instance, let key, let delta, let reason):
                "\(plugin) \(instance ?? "") \(key) \(delta) \(reason)"
            case .demote(_, _, let key, let reason): "demote \(key) \(reason)"
            case .restore(_, _, let key): "restore \(key)"
            case .metrics, .gateAnswer, .extendLease, .checkResult, .hookEnded, .log, .alive, .loaded, .started,
                .shutdownHooksEnded,
                .stopped:
                nil
            }
        }
        #expect(
            said == [
                "p VI_1 load -10 busy", "p VI_1 load -20 very busy", "p VI_1 load 0 very busy", "demote disk full",
                "restore disk", "p VI_1 short 5 for now", "demote brief for now", "p VI_1 short 0 lapsed",
                "restore brief",
            ])
    }

    @Test("a reason that would fill a log loses its middle on its way to the daemon")
    func longReason() throws {
        let short = String(repeating: "y", count: 768) + " … " + String(repeating: "z", count: 256)
        #expect(try bench.check("return false, ('y'):rep(5000) .. ('z'):rep(500)") == .failed(short))
    }

    @Test("an adjustment that is set again lives its time anew, one that is cleared does not lapse once more")
    func adjustmentLapse() throws {
        let body = """
            if ctx.run > 1 then return true end
            local kept = halua.instance('VI_1'):adjust_priority('kept', -1, 'x', '150ms')
            local cleared = halua.instance('VI_1'):adjust_priority('cleared', -1, 'x', '50ms')
            cleared:clear()
            for i = 2, 6 do halua.sleep('50ms') kept:set(-i) end
            return true
            """
        #expect(try bench.check(body, instances: [snapshot("VI_1")]) == .passed)
        let lapsed = bench.wait { message in
            if case .adjustPriority(_, _, "kept", 0, "lapsed") = message { true } else { nil }
        }
        #expect(lapsed == true)
        let deltas = bench.messages.compactMap { message -> Int? in
            if case .adjustPriority(_, _, "kept", let delta, _) = message { delta } else { nil }
        }
        #expect(deltas == [-1, -2, -3, -4, -5, -6, 0])
        let cleared = bench.messages.compactMap { message -> Int? in
            if case .adjustPriority(_, _, "cleared", let delta, _) = message { delta } else { nil }
        }
        #expect(cleared == [-1, 0])
    }

    @Test("a reload does not take requests back; what nobody repeats lapses when its time is over")
    func lapseAcrossReload() throws {
        let text = """
            local first = true
            halua.check{name='c', interval='10ms', run=function()
              if first then halua.instance('VI_1'):demote('disk', 'full', '400ms') end
              first = false
              return true
            end}
            """
        try bench.run(text, instances: [snapshot("VI_1")])
        #expect(bench.result(of: "p.c") == .passed)
        bench.clear()
        try bench.run("halua.check{name='d', interval='10ms', run=function() return true end}")
        #expect(bench.result(of: "p.d") == .passed)
        let isRestored = { (message: FromScript) -> Bool? in if case .restore = message { true } else { nil } }
        #expect(bench.messages.compactMap(isRestored).isEmpty)
        #expect(bench.wait(isRestored) == true)
    }
}
