/// The engine's life: schedules, generations side by side, a thread that is given up, and nothing that leaks.
import CLinux
import Glibc
import LinuxIO
import LuaHost
import Testing

@Suite struct EngineTests {
    let bench = ScriptBench()

    @Test("only the checks that are listed run, with the operator's interval and timeout")
    func schedule() throws {
        let loaded = try bench.load(
            bench.plugin(
                """
                halua.check{name='a', interval=600, timeout=600, run=function(ctx)
                  if ctx.run == 3 then halua.sleep(60) end
                  return true
                end}
                halua.check{name='b', interval='10ms', run=function() return true end}
                """))
        bench.engine.start(
            loaded,
            checks: [CheckSchedule(name: "p.a", interval: .milliseconds(20), timeout: .milliseconds(40))])
        let results = bench.results(of: "p.a", 3)
        #expect(results.prefix(3) == [.passed, .passed, .failed("timed out after 40 ms in sleep (p.lua:2)")])
        #expect(!bench.messages.contains { if case .checkResult("p.b", _, _) = $0 { true } else { false } })
    }

    @Test("a check never overlaps itself, however slow")
    func overlap() throws {
        try bench.run(
            """
            local running = 0
            halua.check{name='c', interval='10ms', timeout='1s', run=function()
              running = running + 1
              halua.sleep('35ms')
              running = running - 1
              return running == 0, running .. ' others'
            end}
            """)
        #expect(bench.results(of: "p.c", 4).allSatisfy { $0 == .passed })
    }

    @Test("the thread says that it is alive")
    func heartbeat() throws {
        try bench.run("local x = 1")
        #expect(bench.wait { if case .alive = $0 { true } else { nil } } == true)
    }

    @Test("a new generation replaces the old one, whose tasks are cancelled and whose globals are gone")
    func reload() throws {
        let text = """
            counter = (counter or 0) + 1
            halua.spawn(function()
              local x <close> = setmetatable({}, {__close = function() print('%s ends') end})
              while true do halua.sleep(60) end
            end)
            halua.check{name='c', interval='20ms', run=function() return false, '%s ' .. counter end}
            """
        func version(_ name: String) -> String { text.split(separator: "%s").joined(separator: name) }
        try bench.run(version("old"))
        #expect(bench.result(of: "p.c") == .failed("old 1"))
        // Loaded while the old one runs.
        let next = try bench.load(bench.plugin(version("new")))
        #expect(!bench.log.contains("old ends"))
        bench.start(next)
        #expect(bench.logged("old ends") != nil)
        bench.clear()
        #expect(bench.result(of: "p.c") == .failed("new 1"))
    }

    @Test("one file under two names is two plugins with states of their own")
    func twice() throws {
        let text = "halua.check{name='c', interval='20ms', run=function() n = (n or 0) + 1 return n < 3, 'third' end}"
        bench.start(try bench.load(bench.plugin(text, name: "a"), bench.plugin(text, name: "b")))
        #expect(bench.results(of: "a.c", 3).prefix(3) == [.passed, .passed, .failed("third")])
        #expect(bench.results(of: "b.c", 3).prefix(3) == [.passed, .passed, .failed("third")])
    }

    @Test("a plugin without memory leaves the memory of the others alone")
    func memoryOfTheirOwn() throws {
        var limits = ScriptLimits()
        limits.memoryBytes = 4 << 20
        let bench = ScriptBench(limits: limits)
        bench.start(
            try bench.load(
                bench.plugin("hoard = {('x'):rep(1200000), ('y'):rep(1200000)}", name: "a"),
                bench.plugin(
                    "halua.check{name='c', interval='20ms', run=function() return #('x'):rep(1500000) > 0 end}",
                    name: "b")))
        #expect(bench.result(of: "b.c") == .passed)
    }

    @Test("loading in the background answers with its token")
    func background() throws {
        bench.engine.loadInBackground([bench.plugin("halua.check{name='c', run=print}")], token: 7)
        bench.engine.loadInBackground([bench.plugin("x = = 1", name: "bad")], token: 8)
        let good = bench.wait {
            if case .loaded(7, let result) = $0 { try? result.get().checks.map(\.name) } else { nil }
        }
        #expect(good == ["p.c"])
        let bad = bench.wait { message -> Int? in
            guard case .loaded(8, .failure(let failures)) = message else { return nil }
            return failures.failures.count
        }
        #expect(bad == 1)
    }

    @Test("an abandoned thread says nothing more, ends by itself, and a fresh one takes over")
    func abandon() throws {
        var limits = ScriptLimits()
        // A script that cannot be preempted computes for a second before it is stopped: long enough to look stuck.
        limits.computing = .seconds(1)
        let bench = ScriptBench(limits: limits)
        try bench.run(
            """
            halua.check{name='stuck', interval='20ms', timeout=5, run=function()
              table.sort({2, 1}, function() while true do end end)
            end}
            """)
        let name = (0..<5_000).lazy.compactMap { _ -> String? in
            usleep(1_000)
            return bench.engine.running?.name
        }.first
        #expect(name == "p.stuck")
        bench.engine.abandon()
        bench.clear()
        try bench.run("halua.check{name='c', interval='20ms', run=function() return true end}")
        #expect(bench.result(of: "p.c") == .passed)
        usleep(1_500_000)
        #expect(!bench.messages.contains { if case .checkResult("p.stuck", _, _) = $0 { true } else { false } })
    }

    @Test("stop ends the thread and says so")
    func stop() throws {
        try bench.run("halua.check{name='c', interval='20ms', run=function() return true end}")
        _ = bench.result(of: "p.c")
        bench.engine.stop()
        #expect(bench.wait { if case .stopped = $0 { true } else { nil } } == true)
    }
}

/// Alone, because it counts the descriptors of the whole process.
@Suite(.serialized) struct LeakTests {
    @Test("a thousand runs that connect, time out, spawn and fail leave no descriptor and no memory behind")
    func thousandRuns() throws {
        let bench = ScriptBench()
        let server = FakeServer(.closes)
        let silent = FakeServer(.silent)
        let checks = (0..<20).map { index in
            """
            halua.check{name='c\(index)', interval='10ms', timeout='200ms', run=function(ctx)
              local conn = halua.tcp.connect{host='127.0.0.1', port=\(server.port)}
              if conn then conn:receive(1) end
              local other = halua.tcp.connect{host='127.0.0.1', port=\(silent.port)}
              if ctx.run % 5 == 0 then error('bug') end
              if ctx.run % 7 == 0 then assert(halua.file.read('/nowhere')) end
              local task = halua.spawn(function() if other then other:receive(1, '1ms') end return ('x'):rep(1000) end)
              if ctx.run % 3 == 0 then task:cancel() end
              task:join()
              return true
            end}
            """
        }
        let gauge = """
            halua.check{name='memory', interval='50ms', run=function()
              collectgarbage()
              return false, tostring(math.floor(collectgarbage('count')))
            end}
            """
        try bench.run(checks.joined(separator: "\n") + gauge)
        func total() -> Int {
            bench.messages.count { if case .checkResult(let name, _, _) = $0 { name != "p.memory" } else { false } }
        }
        func memory() -> Int? {
            bench.clear()
            guard case .failed(let text)? = bench.result(of: "p.memory") else { return nil }
            return Int(text)
        }
        while total() < 200 { usleep(1_000) }
        let before = try #require(memory())
        while total() < 1_000 { usleep(1_000) }
        let after = try #require(memory())
        // Kilobytes; the collector and the tasks of the moment make it waver.
        #expect(after < before + 300)
        #expect(openSockets(to: server.port) + openSockets(to: silent.port) <= 2 * ScriptLimits().handles)
        bench.engine.stop()
        _ = bench.wait { if case .stopped = $0 { true } else { nil } }
        #expect(openSockets(to: server.port) == 0)
        #expect(openSockets(to: silent.port) == 0)
    }

    @Test("generations that were replaced are freed, whatever their scripts still held")
    func reloads() throws {
        let bench = ScriptBench()
        let plugin = bench.plugin(
            """
            local hoard = ('x'):rep(4000000)
            halua.spawn(function()
              tasks = {halua.spawn(halua.sleep, 60), halua.spawn(halua.sleep, 60)}
              watch = halua.process.watch{name = 'nobody'}
              halua.sleep(60)
            end)
            halua.check{name='c', interval='10ms', run=function() return #tasks == 2 and #hoard > 0 end}
            """)
        let before = residentMegabytes()
        for _ in 1...100 {
            bench.clear()
            bench.start(try bench.load(plugin))
            #expect(bench.result(of: "p.c") == .passed)
        }
        // Other tests run at the same time; a hundred states would be 400.
        #expect(residentMegabytes() < before + 200)
    }

    private func residentMegabytes() -> Int {
        let words = (try? FileReader.text("/proc/self/statm"))?.split(separator: " ") ?? []
        return words.count > 1 ? (Int(words[1]) ?? 0) * 4_096 >> 20 : 0
    }

    /// How many sockets of this process are connected to a port of loopback.
    private func openSockets(to port: Int) -> Int {
        (0..<4_096).count { descriptor in
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getpeername(Int32(descriptor), .init(__sockaddr__: $0), &length)
                }
            }
            return result == 0 && Int(UInt16(bigEndian: address.sin_port)) == port
        }
    }
}
