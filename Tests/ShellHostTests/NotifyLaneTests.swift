/// Notify scripts: their order, their limits, what they leave behind, and the end of the daemon.
import Glibc
import LinuxIO
import Testing

@testable import ShellHost

@Suite struct NotifyLaneTests {
    let bench: ShellBench

    init() throws { bench = try ShellBench() }

    private func call(_ command: ShellCommand, _ state: String, _ arguments: [String] = []) -> NotifyCall {
        NotifyCall(keyword: "notify_\(state.lowercased())", state: state, command: command, arguments: arguments)
    }

    @Test("scripts of one lane run one at a time, in order, also when each is slower than the next change")
    func order() {
        let command = bench.script(
            "notify", "echo begin $1 >> \(bench.folder)/log; sleep 0.02; echo end $1 >> \(bench.folder)/log")
        for number in 0..<6 {
            bench.send(.notify(lane: "VI_1", [call(command, "MASTER", ["\(number)"])]))
        }
        #expect(bench.wait { bench.lines("log").count == 12 })
        #expect(bench.lines("log") == (0..<6).flatMap { ["begin \($0)", "end \($0)"] })
    }

    @Test("lanes do not wait for each other")
    func lanes() {
        let slow = bench.script("slow", "sleep 60")
        let quick = bench.script("quick", "echo done > \(bench.folder)/log")
        bench.send(.notify(lane: "VI_1", [call(slow, "MASTER")]))
        bench.send(.notify(lane: "VI_2", [call(quick, "MASTER")]))
        #expect(bench.wait { bench.lines("log") == ["done"] })
    }

    @Test("what does not fit is the oldest, and is counted and said")
    func overflow() {
        let gate = bench.script("gate", "while [ ! -e \(bench.folder)/go ]; do sleep 0.01; done")
        let note = bench.script("note", "echo $1 >> \(bench.folder)/log")
        bench.send(.notify(lane: "VI_1", [call(gate, "BACKUP")]))
        for number in 0..<NotifyLane.limit + 5 {
            bench.send(.notify(lane: "VI_1", [call(note, "MASTER", ["\(number)"])]))
        }
        bench.script("go", "")
        #expect(bench.wait { bench.lines("log").count == NotifyLane.limit })
        #expect(bench.lines("log") == (5..<NotifyLane.limit + 5).map { "\($0)" })
        let told = bench.logs.filter { $0.contains("left out") }
        #expect(told.count == 1)
        #expect(bench.losses == [.lane("VI_1"): 5])
        #expect(told.first?.hasPrefix("VI_1: notify scripts are behind: left out 1 and notify_master (MASTER)") == true)
    }

    @Test("a script that takes too long is ended with everything it started, and the next one runs")
    func timeout() {
        var plan = ShellPlan()
        plan.notifyTimeout = .milliseconds(200)
        bench.send(.apply(plan))
        let slow = bench.script(
            "slow", "trap '' TERM; echo $$ > \(bench.folder)/pid; echo stuck; while :; do sleep 0.02; done")
        let next = bench.script("next", "echo next >> \(bench.folder)/log")
        bench.send(.notify(lane: "VI_1", [call(slow, "MASTER"), call(next, "BACKUP")]))
        #expect(bench.wait { bench.lines("log") == ["next"] })
        #expect(kill(pid_t(bench.lines("pid")[0]) ?? 0, 0) != 0, "it was gone before the next one began")
        #expect(bench.logs == ["VI_1: notify_master (MASTER): \(slow.text): timed out after 0.2 s: stuck"])
    }

    @Test("a failed script is told with its last line, and the next one runs")
    func failure() {
        let bad = bench.script("bad", "echo no such table; exit 3")
        let next = bench.script("next", "echo next >> \(bench.folder)/log")
        bench.send(.notify(lane: "VI_1", [call(bad, "MASTER"), call(next, "MASTER")]))
        #expect(bench.wait { bench.lines("log") == ["next"] })
        #expect(
            bench.logs == ["VI_1: notify_master (MASTER): \(bench.folder)/bad: exit status 3: no such table"])
    }

    @Test("a service that a script leaves behind may go on printing")
    func leftBehind() {
        let body = "(sleep 0.15; echo still here; echo alive > \(bench.folder)/log) & exit 0"
        bench.send(.notify(lane: "VI_1", [call(bench.script("start", body), "MASTER")]))
        #expect(bench.wait { bench.lines("log") == ["alive"] }, "a closed pipe would have killed it")
    }

    @Test("and it may after many scripts that left nobody behind")
    func manyOthers() {
        // It dies of the first word that nobody can read.
        let body =
            "(n=0; while [ $n -lt 500 ]; do echo tick; echo $n >> \(bench.folder)/ticks; n=$((n+1)); sleep 0.02; done) &"
        bench.send(.notify(lane: "VI_1", [call(bench.script("service", body), "MASTER")]))
        #expect(bench.wait { !bench.lines("ticks").isEmpty })
        let short = bench.script("short", "echo done >> \(bench.folder)/log")
        for number in 1...OutputDrains.limit + 2 {
            bench.send(.notify(lane: "VI_2", [call(short, "MASTER")]))
            #expect(bench.wait { bench.lines("log").count == number })
        }
        bench.pass(.milliseconds(20))
        let ticks = bench.lines("ticks").count
        #expect(bench.wait { bench.lines("ticks").count > ticks + 3 })
    }

    @Test("at stop the running script may end, STOP still runs, and what waits in between is left out")
    func stop() {
        let slow = bench.script("slow", "sleep 0.2; echo slow >> \(bench.folder)/log")
        let note = bench.script("note", "echo $1 >> \(bench.folder)/log")
        bench.send(.notify(lane: "VI_1", [call(slow, "MASTER"), call(note, "BACKUP", ["backup"])]))
        bench.pass(.milliseconds(20))
        bench.send(.notify(lane: "VI_1", [call(note, "STOP", ["stop"])]))
        bench.send(.stop(within: .seconds(20)))
        #expect(bench.wait { bench.lines("log").count == 2 })
        bench.pass(.milliseconds(50))
        #expect(bench.lines("log") == ["slow", "stop"])
        #expect(bench.logs.contains { $0.contains("left out notify_backup (BACKUP)") })
        #expect(bench.losses == [.lane("VI_1"): 1])
    }

    @Test("a stop is bounded, whatever a script does")
    func boundedStop() throws {
        let stubborn = bench.script(
            "stubborn", "trap '' TERM INT HUP; echo $$ > \(bench.folder)/pid; while :; do sleep 0.05; done")
        bench.send(.notify(lane: "VI_1", [call(stubborn, "MASTER")]))
        #expect(bench.wait { !bench.lines("pid").isEmpty })
        let pid = try #require(pid_t(bench.lines("pid")[0]))
        bench.send(.stop(within: .milliseconds(100)))
        #expect(bench.wait { kill(pid, 0) != 0 })
        #expect(bench.logs.contains { $0.contains("is ended: the daemon stops") })
    }

    @Test("a script that runs once tells its end, whatever came of it")
    func once() {
        bench.send(.once(label: "startup_script", bench.script("once", "exit 4"), timeout: .seconds(20)))
        #expect(bench.wait { bench.hasEndedOnce })
        #expect(bench.logs == ["startup_script: \(bench.folder)/once: exit status 4"])
    }
}
