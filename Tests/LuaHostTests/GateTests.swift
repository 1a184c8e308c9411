/// Promotion gates: what they are asked, what counts as which answer, and what becomes of questions nobody needs.
import Glibc
import LinuxIO
import LuaHost
import Testing

@Suite struct GateTests {
    let bench = ScriptBench()

    /// Starts a plugin with one gate, `p.g`, and asks it.
    private func ask(_ run: String, fields: String = "timeout = '2s'", before: String = "") throws -> GateAnswer? {
        try bench.run(
            "\(before)\nhalua.gate.promote{name = 'g', \(fields), run = function(ctx)\n\(run)\nend}",
            instances: [snapshot("VI_1")])
        bench.engine.send(question(1))
        return answer(to: 1)
    }

    private func question(_ number: UInt64, _ gates: [String] = ["p.g"]) -> ToScript {
        .askGates(GateQuestion(number: number, instance: "VI_1", gates: gates))
    }

    private func answer(to number: UInt64, of gate: String = "p.g", seconds: Double = 10) -> GateAnswer? {
        bench.wait(seconds: seconds) { message in
            if case .gateAnswer(number, gate, let answer) = message { answer } else { nil }
        }
    }

    @Test("true allows it, false and a reason deny it")
    func answers() throws {
        #expect(try ask("return true") == .allowed(untilNanoseconds: nil))
        bench.clear()
        #expect(try ask("return false, 'no witness answers'") == .denied("no witness answers"))
        bench.clear()
        #expect(try ask("return nil") == .denied("no reason given"))
    }

    @Test("the gate is told its name, the instance and its deadline")
    func context() throws {
        let text = "return false, ctx.name .. ' ' .. ctx.instance.name .. ' ' .. tostring(ctx.deadline > halua.now())"
        #expect(try ask(text) == .denied("g VI_1 true"))
    }

    @Test("a lease is counted from the moment of the answer", arguments: ["1.5", "'1500ms'"])
    func lease(_ span: String) throws {
        let before = Clock.monotonic
        guard case .allowed(let end?)? = try ask("return true, {lease = \(span)}") else {
            Issue.record("no lease was given")
            return
        }
        #expect((before + 1_500_000_000...Clock.monotonic + 1_500_000_000).contains(end))
    }

    @Test(
        "an answer that is none is a bug in the script, and the log says what to return",
        arguments: [
            ("return", "it returned nothing"), ("return true, 5", "must be a table such as {lease = 5}, not number"),
            ("return true, {lease = 'soon'}", "\"lease\" must be a duration"),
            ("return true, {leese = 5}", "\"lease\" must be a duration"),
        ])
    func wrongAnswers(_ run: String, _ words: String) throws {
        guard case .failed(let reason)? = try ask(run) else {
            Issue.record("\(run) counts as an answer")
            return
        }
        #expect(reason.contains(words))
        #expect(bench.logged(words) != nil)
    }

    @Test("an operating error and a bug have failed; the bug is logged with its traceback, once")
    func failures() throws {
        let refused = try ask("assert(halua.tcp.connect{host = '127.0.0.1', port = 1, timeout = '1s'}) return true")
        guard case .failed(let reason)? = refused else {
            Issue.record("a refused connection counts as an answer")
            return
        }
        #expect(reason.contains("refused"))
        bench.clear()
        #expect(try ask("local x = nil; return x.y") == .failed("bug in the script: " + Self.bug))
        #expect(bench.logged("stack traceback") != nil)
        bench.engine.send(question(2))
        #expect(answer(to: 2) != nil)
        #expect(bench.log.filter { $0.contains("stack traceback") }.count == 1)
    }

    private static let bug = "p.lua:3: attempt to index a nil value (local 'x')"

    @Test("a gate that takes too long names the function and the line where it waited")
    func timeout() throws {
        let answer = try ask("halua.sleep(60) return true", fields: "timeout = '50ms'")
        #expect(answer == .timedOut("timed out after 50 ms in sleep (p.lua:3)"))
    }

    @Test("a gate that computes without end is ended by its budget, and has failed")
    func budget() throws {
        guard case .failed(let reason)? = try ask("while true do end", fields: "timeout = '30s'") else {
            Issue.record("an endless loop counts as an answer")
            return
        }
        #expect(reason.contains("computed for more than"))
    }

    @Test("several gates are asked at once, and each answers for itself")
    func concurrency() throws {
        try bench.run(
            """
            local asked = 0
            for _, name in ipairs{'a', 'b'} do
              halua.gate.promote{name = name, run = function()
                asked = asked + 1
                while asked < 2 do halua.sleep('1ms') end
                return true
              end}
            end
            """, instances: [snapshot("VI_1")])
        bench.engine.send(question(1, ["p.a", "p.b", "p.c"]))
        #expect(answer(to: 1, of: "p.a") == .allowed(untilNanoseconds: nil))
        #expect(answer(to: 1, of: "p.b") == .allowed(untilNanoseconds: nil))
        #expect(answer(to: 1, of: "p.c") == .failed("no plugin that runs has this gate"))
    }

    @Test("a cancelled question closes what the gate has open, and is never answered")
    func cancelled() throws {
        try bench.run(
            """
            halua.gate.promote{name = 'g', timeout = '30s', run = function()
              local guard <close> = setmetatable({}, {__close = function() print('closed') end})
              print('thinking')
              halua.sleep(20)
              return true
            end}
            """, instances: [snapshot("VI_1")])
        bench.engine.send(question(1))
        #expect(bench.logged("thinking") != nil)
        bench.engine.send(.cancelGates(question: 1))
        #expect(bench.logged("closed") != nil)
        bench.engine.send(.cancelGates(question: 1))
        bench.engine.send(.cancelGates(question: 9))
        #expect(answer(to: 1, seconds: 0.1) == nil)
    }

    @Test("a new generation ends the questions of the old one without an answer")
    func reload() throws {
        try bench.run(
            "halua.gate.promote{name = 'g', run = function() print('thinking') halua.sleep(20) return true end}",
            instances: [snapshot("VI_1")])
        bench.engine.send(question(1))
        #expect(bench.logged("thinking") != nil)
        try bench.run("halua.gate.promote{name = 'g', run = function() return false, 'new' end}")
        bench.engine.send(question(1))
        #expect(answer(to: 1) == .denied("new"))
    }

    @Test("extend moves the lease of a gate of one's own plugin")
    func extend() throws {
        let before = Clock.monotonic
        try bench.run(
            """
            halua.gate.promote{name = 'lock', run = function() return true, {lease = 5} end}
            halua.spawn(function() halua.instance('VI_1'):extend('lock', '5s') end)
            """, instances: [snapshot("VI_1")])
        let end = bench.wait { message in
            if case .extendLease("VI_1", "p.lock", let end) = message { end } else { nil }
        }
        #expect((end ?? 0) >= before + 5_000_000_000)
    }

    @Test("extend of a gate that the plugin does not have is a bug that names the one it has")
    func extendOfStranger() throws {
        try bench.run(
            """
            halua.gate.promote{name = 'lock', run = function() return true end}
            halua.spawn(function() halua.instance('VI_1'):extend('look', 5) end)
            """, instances: [snapshot("VI_1")])
        #expect(
            bench.logged("p.lua:2: Instance:extend: this plugin has no gate \"look\" (did you mean \"lock\"?)") != nil)
    }

    @Test("the load phase tells what it registered")
    func registration() throws {
        let loaded = try bench.load(
            bench.plugin(
                """
                halua.gate.promote{name = 'a', run = print}
                halua.gate.promote{name = 'b', instance = 'VI_1', timeout = '2s', on_timeout = 'allow', run = print}
                """))
        #expect(
            loaded.gates == [
                RegisteredGate(name: "p.a", timeout: .seconds(1), onTimeout: .deny, onError: .deny),
                RegisteredGate(
                    name: "p.b", instance: "VI_1", timeout: .seconds(2), onTimeout: .allow, onError: .deny),
            ])
    }

    @Test(
        "wrong registrations are refused with the line",
        arguments: [
            ("{run = print}", "field \"name\" is missing"),
            ("{name = 'a b', run = print}", "is no name of a gate"),
            ("{name = 'a'}", "field \"run\" is missing"),
            ("{name = 'a', run = print, on_timeout = 'maybe'}", "must be \"deny\" or \"allow\", not \"maybe\""),
            ("{name = 'a', run = print, on_eror = 'deny'}", "did you mean \"on_error\"?"),
            ("{name = 'a', run = print, timeout = 3600}", "timeout must be 10 ms to 60 s"),
        ])
    func wrongRegistration(_ fields: String, _ words: String) {
        let failure = #expect(throws: LoadFailures.self) {
            try bench.load(bench.plugin("\nhalua.gate.promote\(fields)"))
        }
        #expect(failure?.failures.first?.line == 2)
        #expect(failure?.failures.first?.message.contains(words) ?? false, "\(failure?.failures ?? [])")
    }

    @Test("the same name twice is refused")
    func twice() {
        #expect(throws: LoadFailures.self) {
            try bench.load(bench.plugin("for _ = 1, 2 do halua.gate.promote{name = 'a', run = print} end"))
        }
    }
}
