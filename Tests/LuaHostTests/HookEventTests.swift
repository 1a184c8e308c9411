/// Hooks for other things than transitions: their event objects, their filters, their order.
import LuaHost
import Testing

private func event(
    _ matter: EventMessage.Matter, _ instance: InstanceSnapshot? = nil, _ sequence: UInt64 = 1
) -> ToScript {
    .event(EventMessage(matter, instance: instance, sequence: sequence, atNanoseconds: 1_500_000_000))
}

private func checkEvent(_ name: String, _ state: CheckNews.State, _ sequence: UInt64 = 1, reason: String = "")
    -> ToScript
{
    event(.check(CheckNews(name: name, state: state, isGood: state != .down, reason: reason)), nil, sequence)
}

@Suite struct HookEventTests {
    let bench = ScriptBench()

    @Test("on.priority tells both priorities and the explanation")
    func priority() throws {
        try bench.run(
            """
            halua.on.priority(function(ev)
              print(ev.event, ev.instance.name, ev.from, ev.to, ev.priority, ev.reason, ev.seq, ev.at, ev.current)
            end)
            halua.on.change(function() print('no transition') end)
            """, instances: [snapshot("VI_1")])
        let matter = EventMessage.Matter.priority(from: 200, to: 180, explanation: "200 -20 = 180")
        bench.engine.send(event(matter, snapshot("VI_1", priority: 180)))
        #expect(bench.logged("VI_1") == "priority\tVI_1\t200\t180\t180\t200 -20 = 180\t1\t1.5\ttrue")
        #expect(!bench.log.contains("no transition"))
    }

    @Test("on.conflict tells who, who wins, what to do, and when it is over")
    func conflict() throws {
        try bench.run(
            """
            halua.on.conflict{instance = 'VI_1', run = function(ev)
              print(ev.phase, ev.kind, ev.peer, ev.peer_priority, ev.winner, ev.advice, ev.vips[1])
            end}
            """, instances: [snapshot("VI_1"), snapshot("VI_2")])
        func news(_ phase: ConflictNews.Phase) -> EventMessage.Matter {
            .conflict(
                ConflictNews(
                    phase: phase, kind: .dualMaster, peer: "192.0.2.9", peerPriority: 90, winner: "192.0.2.2",
                    advice: "look"))
        }
        bench.engine.send(event(news(.begin), snapshot("VI_2")))
        bench.engine.send(event(news(.begin), snapshot("VI_1")))
        bench.engine.send(event(news(.end), snapshot("VI_1"), 2))
        #expect(bench.logged("end") == "end\tdual_master\t192.0.2.9\t90\t192.0.2.2\tlook\t192.0.2.1")
        #expect(bench.log.count == 2)
    }

    @Test("on.guard tells what was found, whether it is an alarm, and about whom; what is unknown is nil")
    func guarding() throws {
        try bench.run(
            """
            halua.on.guard{instance = 'VI_1', run = function(ev)
              print(ev.event, ev.kind, ev.alarm, ev.peer, ev.mac, ev.vip, ev.reason, ev.sentence)
            end}
            """, instances: [snapshot("VI_1"), snapshot("VI_2")])
        let held = GuardNotice(
            word: "promotion_held", sentence: "does not take over", isAlarm: true, peer: "192.0.2.9",
            virtualAddress: "192.0.2.1", reason: "stale_address")
        let claim = GuardNotice(
            word: "vip_claim", sentence: "is used", isAlarm: true, hardware: "02:00:00:00:00:01",
            virtualAddress: "192.0.2.1")
        bench.engine.send(event(.guarding(held), snapshot("VI_2")))
        bench.engine.send(event(.guarding(held), snapshot("VI_1")))
        var followed = snapshot("VI_1")
        followed.master = "192.0.2.9"
        bench.engine.send(event(.guarding(claim), followed, 2))
        #expect(
            bench.logged("vip_claim")
                == "guard\tvip_claim\ttrue\tnil\t02:00:00:00:00:01\t192.0.2.1\tnil\tis used")
        #expect(
            bench.log == [
                "guard\tpromotion_held\ttrue\t192.0.2.9\tnil\t192.0.2.1\tstale_address\tdoes not take over",
                "guard\tvip_claim\ttrue\tnil\t02:00:00:00:00:01\t192.0.2.1\tnil\tis used",
            ])
    }

    @Test("on.peer tells a master that is heard, changed, or lost")
    func peer() throws {
        try bench.run(
            "halua.on.peer(function(ev) print(ev.phase, ev.peer, ev.peer_priority, ev.former, ev.reason) end)",
            instances: [snapshot("VI_1")])
        let all: [PeerNews] = [
            PeerNews(phase: .heard, peer: "a", peerPriority: 1),
            PeerNews(phase: .changed, peer: "b", peerPriority: 2, former: "a"),
            PeerNews(phase: .lost, peer: "b", reason: "master_down"),
        ]
        for (index, news) in all.enumerated() {
            bench.engine.send(event(.peer(news), snapshot("VI_1"), UInt64(index + 1)))
        }
        #expect(bench.logged("lost") == "lost\tb\tnil\tnil\tmaster_down")
        #expect(bench.log.first == "heard\ta\t1\tnil\t")
        #expect(bench.log.dropFirst().first == "changed\tb\t2\ta\t")
    }

    @Test("on.check hears of the named check, of all of its plugin, or of another plugin's")
    func check() throws {
        let checks = "halua.check{name='a', interval=60, run=function() return true end}\n"
        let text =
            checks + """
                halua.check{name='b', interval=60, run=function() return true end}
                halua.on.check('a', function(ev) print('a', ev.plugin, ev.check, ev.ok, ev.state, ev.reason, ev.current) end)
                halua.on.check(function(ev) print('own', ev.name) end)
                halua.on.check('q.a', {timeout = 1, run = function(ev) print('other', ev.name, ev.ok) end})
                """
        let loaded = try bench.load(bench.plugin(text), bench.plugin(checks, name: "q"))
        #expect(loaded.listenedChecks == ["p.a", "p.b", "q.a"])
        bench.start(loaded)
        bench.engine.send(checkEvent("p.a", .down, reason: "refused"))
        bench.engine.send(checkEvent("p.b", .up))
        bench.engine.send(checkEvent("q.a", .error, reason: "bug"))
        #expect(bench.logged("other") == "other\tq.a\ttrue")
        #expect(bench.logged("a\tp") == "a\tp\ta\tfalse\tdown\trefused\ttrue")
        #expect(bench.logged("own\tp.b") != nil)
        #expect(bench.log.filter { $0.hasPrefix("own") } == ["own\tp.a", "own\tp.b"])
    }

    @Test(
        "on.check for a check that nobody registered is refused with its line",
        arguments: [
            (
                "halua.check{name='reach', run=print}\nhalua.on.check('raech', print)",
                "p.lua:2: on.check: there is no check \"p.raech\" (did you mean \"p.reach\"?)"
            ),
            ("\nhalua.on.check(print)", "p.lua:2: on.check: plugin p registers no check"),
            ("halua.on.check('q.x', print)", "p.lua:1: on.check: there is no check \"q.x\""),
            ("halua.on.check(7)", "p.lua:1: on.check: argument 1 must be a table of named fields, not number"),
            ("halua.on.shutdown{instance='VI_1', run=print}", "p.lua:1: on.shutdown: there is no field \"instance\""),
        ])
    func wrongCheck(_ text: String, _ message: String) {
        do throws(LoadFailures) {
            _ = try bench.load(bench.plugin(text))
            Issue.record("loaded")
        } catch {
            let found = error.failures.map { $0.description.split(separator: "/").last.map(String.init) ?? "" }
            #expect(found.count == 1)
            #expect(found.first?.hasPrefix(message) == true, "\(found)")
        }
    }

    @Test("on.reload tells what changed")
    func reload() throws {
        try bench.run("halua.on.reload(function(ev) print('changed', #ev.changes, ev.changes[2], ev.instance) end)")
        bench.engine.send(event(.reload(changes: ["VI_1: priority", "plugins changed"])))
        #expect(bench.logged("changed") == "changed\t2\tplugins changed\tnil")
    }

    @Test("on.shutdown runs once, before the thread ends, and no longer than the limit for stopping")
    func shutdown() throws {
        var limits = ScriptLimits()
        limits.stopping = .milliseconds(200)
        let bench = ScriptBench(limits: limits)
        try bench.run(
            """
            halua.on.shutdown(function(ev) halua.sleep('20ms') print('bye', ev.reason, ev.seq) end)
            halua.on.shutdown(function(ev) halua.sleep(60) end)
            """)
        bench.engine.send(.shutdown(atNanoseconds: 0))
        #expect(bench.wait { if case .shutdownHooksEnded = $0 { true } else { nil } } == true)
        #expect(bench.log == ["bye\tshutdown\t1"])
        bench.engine.stop()
        #expect(bench.wait { if case .stopped = $0 { true } else { nil } } == true)
        #expect(bench.log.filter { $0.hasPrefix("bye") }.count == 1)
    }

    @Test("without a plugin that waits for it the end of the shutdown hooks is told at once")
    func noShutdownHook() throws {
        try bench.run("local x = 1")
        bench.engine.send(.shutdown(atNanoseconds: 0))
        #expect(bench.wait { if case .shutdownHooksEnded = $0 { true } else { nil } } == true)
    }

    @Test("different kinds of news about one instance do not wait for each other, and each has its own current")
    func families() throws {
        try bench.run(
            """
            halua.on.change{timeout = 60, run = function(ev) halua.sleep('50ms') print('change', ev.current) end}
            halua.on.priority(function(ev) print('priority', ev.current) end)
            """, instances: [snapshot("VI_1")])
        bench.engine.send(transition("VI_1", 1))
        bench.engine.send(event(.priority(from: 1, to: 2, explanation: ""), snapshot("VI_1"), 9))
        #expect(bench.logged("change") == "change\ttrue")
        #expect(bench.log == ["priority\ttrue", "change\ttrue"])
    }

    @Test("events that were left out are logged once for each burst, with their number")
    func droppedIsSaid() throws {
        try bench.run(
            """
            halua.on.change(function(ev)
              print('begin', ev.seq)
              if ev.seq == 1 or ev.seq == 30 then halua.sleep('100ms') end
            end)
            """, instances: [snapshot("VI_1")])
        bench.engine.send(transition("VI_1", 1))
        #expect(bench.logged("begin\t1") != nil)
        for sequence in UInt64(2)...30 { bench.engine.send(transition("VI_1", sequence)) }
        #expect(bench.logged("begin\t30") != nil)
        for sequence in UInt64(31)...50 { bench.engine.send(transition("VI_1", sequence)) }
        #expect(bench.logged("begin\t50") != nil)
        let said = bench.log.filter { $0.contains("left out") }
        #expect(
            said
                == [13, 4].map {
                    "\($0) events before this one were left out: the hook was busy, and 16 may wait (lua_hook_queue)"
                })
    }

    @Test("a hook that sleeps while the node changes its state ten times sees all of them in order")
    func slowHook() throws {
        try bench.run(
            """
            halua.on.change{timeout = 60, run = function(ev)
              if ev.seq == 1 then halua.sleep('150ms') end
              print('seen', ev.seq, ev.dropped)
            end}
            """, instances: [snapshot("VI_1")])
        for sequence in UInt64(1)...10 { bench.engine.send(transition("VI_1", sequence)) }
        #expect(bench.logged("seen\t10") != nil)
        #expect(bench.log == (1...10).map { "seen\t\($0)\t0" })
    }

    @Test("what waits for a hook when the plugins are reloaded reaches the same hook of the new generation")
    func handover() throws {
        let text = """
            halua.on.backup(function(ev) print('backup', ev.seq) end)
            halua.on.change{timeout = 60, run = function(ev)
              if ev.seq == 1 then print('sleeps') halua.sleep(60) end
              print('%s', ev.seq, ev.dropped)
            end}
            """
        func version(_ name: String) -> String { text.split(separator: "%s").joined(separator: name) }
        try bench.run(version("old"), instances: [snapshot("VI_1")])
        bench.engine.send(transition("VI_1", 1))
        #expect(bench.logged("sleeps") != nil)
        for sequence in UInt64(2)...4 { bench.engine.send(transition("VI_1", sequence)) }
        try bench.run(version("new"), instances: [snapshot("VI_1")])
        #expect(bench.logged("new\t4") != nil)
        #expect(bench.log.filter { $0.hasPrefix("new") } == (2...4).map { "new\t\($0)\t0" })
        #expect(bench.log.contains("ended before it was done: the plugins are replaced, or halua stops"))
    }

    @Test("what waits for a hook that a reload takes away is counted and said")
    func handoverToNobody() throws {
        try bench.run(
            "halua.on.change{timeout = 60, run = function(ev) print('sleeps') halua.sleep(60) end}",
            instances: [snapshot("VI_1")])
        bench.engine.send(transition("VI_1", 1))
        #expect(bench.logged("sleeps") != nil)
        for sequence in UInt64(2)...4 { bench.engine.send(transition("VI_1", sequence)) }
        try bench.run("local x = 1", instances: [snapshot("VI_1")])
        #expect(
            bench.logged("3 events") == "3 events waited for a hook that the reload took away: nobody hears of them")
    }

    @Test("a hook for an instance that is not configured is said at the start")
    func unknownInstance() throws {
        try bench.run(
            "halua.on.master{instance = 'VI_2', run = print}\nhalua.on.master{instance = halua.ANY, run = print}",
            instances: [snapshot("VI_1")])
        #expect(
            bench.logged("VI_2")
                == "on.master (p.lua:1) is for the instance \"VI_2\", which is not configured (did you mean \"VI_1\"?)")
    }
}
