/// The right to resume a task is good for one wait only.
import LinuxIO
import Testing

@testable import LuaHost

@Suite struct WakeupTests {
    @Test("an answer to an older wait, or to a task that was cancelled, resumes nobody")
    func stale() throws {
        let bench = ScriptBench()
        let loaded = try bench.load(
            bench.plugin("halua.spawn(function() halua.sleep(60) print('once') halua.sleep(60) print('twice') end)"))
        let loop = try EventLoop()
        let said = Lock<[String]>([])
        let post: (FromScript) -> Void = { message in
            if case .log(_, _, let line, _) = message { said.withLock { $0.append(line) } }
        }
        let lapses = Lapses(loop: loop, post: post)
        let scheduler = Scheduler(loop: loop, limits: ScriptLimits(), lapses: lapses, post: post, note: { _ in })
        let program = try #require(loaded.take().first)
        program.scheduler = scheduler
        let function = try #require(program.startup.first).function
        let task = try #require(scheduler.start(program, name: "t", function: function, timeout: nil))
        func turn() {
            for _ in 1...3 { loop.turn(maximumWait: .milliseconds(1)) }
        }
        turn()
        let first = Wakeup(task: task, generation: task.generation, place: "")
        first.succeed()
        turn()
        #expect(said.withLock { $0 } == ["once"])
        // The sleep that this belonged to is over; the task waits for another one now.
        first.succeed()
        turn()
        #expect(said.withLock { $0 } == ["once"])
        let second = Wakeup(task: task, generation: task.generation, place: "")
        scheduler.cancel(task)
        second.succeed()
        turn()
        #expect(said.withLock { $0 } == ["once"])
    }
}
