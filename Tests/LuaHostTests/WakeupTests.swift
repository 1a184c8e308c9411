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

    @Test("a join that was cancelled leaves nothing at the task that it waited for")
    func cancelledJoin() throws {
        let bench = ScriptBench()
        let loaded = try bench.load(
            bench.plugin(
                "local long halua.spawn(function() long = halua.spawn(halua.sleep, 60) halua.sleep(60) end)"
                    + " halua.spawn(function() halua.sleep('1ms') long:join() end)"))
        let loop = try EventLoop()
        let lapses = Lapses(loop: loop, post: { _ in })
        let scheduler = Scheduler(loop: loop, limits: ScriptLimits(), lapses: lapses, post: { _ in }, note: { _ in })
        let program = try #require(loaded.take().first)
        program.scheduler = scheduler
        let tasks = try program.startup.map {
            try #require(scheduler.start(program, name: "t", function: $0.function, timeout: nil))
        }
        let end = Clock.monotonic + 10_000_000_000
        while tasks[0].children.first?.joiners.isEmpty ?? true, Clock.monotonic < end {
            loop.turn(maximumWait: .milliseconds(1))
        }
        let long = try #require(tasks[0].children.first)
        #expect(long.joiners.count == 1)
        scheduler.cancel(tasks[1])
        #expect(long.joiners.isEmpty)
        scheduler.cancelAll()
    }
}
