/// The engine in one thread on a hand-cranked clock: hours of checks in no time, and every wait can be watched.
import LinuxIO
import LuaHost
import Testing

@Suite struct DirectEngineTests {
    /// The engine, its loop, and everything it said.
    private final class Cranked {
        let loop: EventLoop
        let engine: DirectEngine
        private let bench = ScriptBench()

        init(_ text: String) throws {
            let loop = try EventLoop(handClock: HandClock(start: 1_000_000_000, wallStart: 86_400_000_000_000))
            self.loop = loop
            let heard = Heard()
            engine = DirectEngine(
                loop: loop, limits: ScriptLimits(), trace: { heard.steps.append($0) },
                post: { heard.messages.append($0) })
            self.heard = heard
            let generation = try bench.load(bench.plugin(text))
            engine.start(generation, checks: generation.checks.map { CheckSchedule(name: $0.name) }, instances: [])
        }

        private final class Heard {
            var steps: [TaskStep] = []
            var messages: [FromScript] = []
        }
        private let heard: Heard

        var results: [CheckResult] {
            heard.messages.compactMap { if case .checkResult(_, let result, _) = $0 { result } else { nil } }
        }
        var waits: [TaskStep] { heard.steps.filter { if case .waits = $0.kind { true } else { false } } }

        func advance(_ span: Duration) {
            let end = loop.now + Int64(span / .nanoseconds(1))
            while loop.settle(turns: 1_000), let next = loop.nextDeadline, next <= end { loop.crank(to: next) }
            loop.crank(to: end)
        }
    }

    @Test("an hour of a check every second takes no hour; both clocks of a script are the loop's") func hour() throws {
        let cranked = try Cranked(
            """
            local first
            halua.check{name='c', interval='1s', run=function()
              first = first or halua.now()
              return false, ("%.0f %.0f"):format(halua.now() - first, halua.time())
            end}
            """)
        cranked.advance(.seconds(3_600))
        #expect((3_600...3_602).contains(cranked.results.count))
        #expect(cranked.results.first == .failed("0 86400"))
        guard case .failed(let last)? = cranked.results.last else {
            Issue.record("\(String(describing: cranked.results.last))")
            return
        }
        #expect(last == "3599 89999" || last == "3600 90000")
    }

    @Test("a timeout comes at its moment, and the trace tells where the run waited") func trace() throws {
        let cranked = try Cranked(
            "halua.check{name='c', interval='10s', timeout='3s', run=function()\n  halua.sleep(1)\n  halua.sleep(60)\nend}"
        )
        cranked.advance(.milliseconds(2_999))
        #expect(cranked.results == [])
        cranked.advance(.milliseconds(1))
        #expect(cranked.results == [.failed("timed out after 3 s in sleep (p.lua:3)")])
        #expect(
            cranked.waits.map(\.kind) == [.waits(in: "sleep", place: "p.lua:2"), .waits(in: "sleep", place: "p.lua:3")])
        #expect(cranked.waits.allSatisfy { $0.task == "p.c" })
    }
}
