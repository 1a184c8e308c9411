/// Checks of `vrrp_script`: what their exit means, their schedule, their limits.
import Glibc
import LinuxIO
import Testing

@testable import ShellHost

@Suite struct ScriptCheckTests {
    let bench: ShellBench

    init() throws { bench = try ShellBench() }

    private func run(
        _ command: ShellCommand, every interval: Duration = .seconds(60), timeout: Duration = .seconds(20)
    ) {
        var plan = ShellPlan()
        plan.checks = [ShellCheck(name: "chk", command: command, interval: interval, timeout: timeout)]
        bench.send(.apply(plan))
    }

    private func firstResult(_ command: ShellCommand, timeout: Duration = .seconds(20)) -> ShellCheckResult? {
        run(command, timeout: timeout)
        _ = bench.wait { !bench.results.isEmpty }
        return bench.results.first
    }

    @Test("exit status 0 is success")
    func success() { #expect(firstResult(ShellCommand(["/bin/true"])) == .passed) }

    @Test("another status is a failure, with the last line that the program printed")
    func failure() {
        let command = bench.script("check", "echo first; echo '  connection  refused' >&2; echo; exit 7")
        #expect(firstResult(command) == .failed("exit status 7: connection refused"))
    }

    @Test("a deadly signal is a failure and is named")
    func signal() { #expect(firstResult(bench.script("check", "kill -9 $$")) == .failed("ended by signal 9 (Killed)")) }

    @Test("an endless output is bounded, and its end is what is told")
    func flood() {
        let command = bench.script("check", "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo done; exit 1")
        #expect(firstResult(command) == .failed("exit status 1: done"))
        let long = bench.script("long", "head -c 5000 /dev/zero | tr '\\0' y; exit 1")
        let bench = bench
        var plan = ShellPlan()
        plan.checks = [ShellCheck(name: "long", command: long, interval: .seconds(60), timeout: .seconds(20))]
        bench.send(.apply(plan))
        #expect(bench.wait { bench.results.count == 2 })
        if case .failed(let reason)? = bench.results.last { #expect(reason.count < 230) }
    }

    @Test("a check that takes too long has failed when its time is over, not when it has died")
    func timeout() {
        let command = bench.script("check", "trap '' TERM; echo waiting for the disk; while :; do sleep 0.05; done")
        let began = Clock.monotonic
        let expected = ShellCheckResult.failed("timed out after 0.3 s: waiting for the disk")
        #expect(firstResult(command, timeout: .milliseconds(300)) == expected)
        // SIGKILL comes a second later: the answer did not wait for it.
        #expect(Clock.monotonic - began < 1_200_000_000)
    }

    @Test("a check that ignores SIGTERM never runs twice at a time, and what is left out is said")
    func overlap() {
        let body = """
            mkdir \(bench.folder)/lock || { echo overlap >> \(bench.folder)/overlap; exit 1; }
            echo run >> \(bench.folder)/runs
            trap '' TERM
            (trap '' TERM; sleep 0.4; rmdir \(bench.folder)/lock) &
            wait
            """
        run(bench.script("check", body), every: .milliseconds(100), timeout: .milliseconds(50))
        #expect(bench.wait { bench.lines("runs").count == 2 })
        #expect(bench.text("overlap").isEmpty)
        #expect(bench.logs.contains { $0.contains("its last run still goes on") })
    }

    @Test("the schedule is absolute: slow runs do not make it drift")
    func schedule() {
        let command = bench.script("check", "date +%s%N >> \(bench.folder)/times; sleep 0.25")
        run(command, every: .milliseconds(400))
        #expect(bench.wait { bench.lines("times").count >= 6 })
        let times = bench.lines("times").compactMap(Int64.init)
        // With a drift of the run's own time the sixth would come a second and a quarter later: more than a busy machine
        // makes of it.
        let span = Double((times[5] - times[0]) / 1_000_000)
        #expect(span > 1500 && span < 3000, "five intervals took \(span) ms")
    }

    @Test("what cannot be started is broken, and says why", arguments: ["gone", "plain", "locked"])
    func broken(_ kind: String) {
        let command =
            switch kind {
            case "gone": ShellCommand([bench.folder + "/gone"])
            case "plain": bench.script("plain", "exit 0", mode: 0o644)
            default: ShellCommand(["/bin/true"], obstacle: "there is no user nobodyy")
            }
        guard case .broken(let why)? = firstResult(command) else {
            Issue.record("\(bench.results)")
            return
        }
        #expect(why.hasPrefix("cannot be started: "))
        let expected = ["gone": "no such program", "plain": "may not be executed", "locked": "no user nobodyy"]
        #expect(why.contains(expected[kind] ?? ""), "\(why)")
    }

    @Test("a script without #! is run by a shell, and </path asks whether a file can be opened")
    func shell() {
        #expect(firstResult(bench.script("check", "[ -n \"$0\" ] && exit 0", head: "")) == .passed)
        var plan = ShellPlan()
        plan.checks = [
            ShellCheck(
                name: "open", command: ShellCommand(["</etc/passwd"]), interval: .seconds(60), timeout: .seconds(20)),
            ShellCheck(
                name: "shut", command: ShellCommand(["</no/such/file"]), interval: .seconds(60), timeout: .seconds(20)),
        ]
        bench.send(.apply(plan))
        #expect(bench.wait { bench.results.count == 3 })
        #expect(bench.results.filter { $0 == .passed }.count == 2)
    }

    @Test("arguments arrive as they are: no shell looks at them")
    func arguments() {
        var command = bench.script("check", "for a in \"$@\"; do echo \"<$a>\" >> \(bench.folder)/args; done")
        command.arguments += ["a b", "$HOME", "*", "", "'"]
        #expect(firstResult(command) == .passed)
        #expect(bench.lines("args") == ["<a b>", "<$HOME>", "<*>", "<>", "<'>"])
    }

    @Test("a path that others may write to is refused for root, and the part is named", .enabled(if: getuid() == 0))
    func unsafe() {
        var command = bench.script("check", "exit 0")
        command.demandsSafePath = true
        chmod(bench.folder, 0o777)
        let expected = "cannot be started: \(bench.folder) is writable by everybody: chmod o-w \(bench.folder)"
        #expect(firstResult(command) == .broken(expected))
        // Mended, it runs without a reload.
        chmod(bench.folder, 0o755)
        run(command, every: .milliseconds(50))
        #expect(bench.wait { bench.results.last == .passed })
    }

    @Test("another user's script has that user's rights", .enabled(if: getuid() == 0))
    func user() {
        var command = bench.script("check", "id -u; exit 1")
        command.identity = try? ProcessIdentity(user: "nobody")
        #expect(firstResult(command) == .failed("exit status 1: 65534"))
    }

    @Test("a reload leaves a check alone that is the same, runs a changed one at once and ends a removed one")
    func reload() {
        let slow = bench.script("slow", "echo $$ > \(bench.folder)/pid; sleep 60")
        let quick = bench.script("quick", "echo run >> \(bench.folder)/runs")
        var plan = ShellPlan()
        plan.checks = [
            ShellCheck(name: "slow", command: slow, interval: .seconds(60), timeout: .seconds(50)),
            ShellCheck(name: "quick", command: quick, interval: .seconds(60), timeout: .seconds(50)),
        ]
        bench.send(.apply(plan))
        #expect(bench.wait { !bench.lines("pid").isEmpty && bench.lines("runs").count == 1 })
        bench.send(.apply(plan))
        bench.pass(.milliseconds(50))
        #expect(bench.lines("runs").count == 1)
        plan.checks[1].command.arguments.append("changed")
        bench.send(.apply(plan))
        #expect(bench.wait { bench.lines("runs").count == 2 })
        let pid = pid_t(bench.lines("pid")[0]) ?? 0
        plan.checks.removeFirst()
        bench.send(.apply(plan))
        #expect(bench.wait { kill(pid, 0) != 0 })
    }
}
