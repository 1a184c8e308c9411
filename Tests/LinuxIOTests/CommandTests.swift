/// Commands under limits: outputs, time, groups, users, and what is left behind.
import CLinux
import Glibc
import LinuxIO
import SystemPackage
import Testing

@Suite struct CommandTests {
    let loop: EventLoop
    let starter: ChildStarter

    init() throws {
        loop = try EventLoop()
        starter = ChildStarter(loop: loop)
    }

    /// Runs a shell's script to its end.
    private func run(
        _ script: String, input: String = "", limits: CommandLimits = CommandLimits(timeout: .seconds(20), output: 64),
        prepare: @escaping ChildStarter.Preparation = { _ throws(StartFailure) in }
    ) -> CommandOutcome? {
        run(Command(["/bin/sh", "-c", script]), input: input, limits: limits, prepare: prepare)
    }

    private func run(
        _ command: Command, input: String = "",
        limits: CommandLimits = CommandLimits(timeout: .seconds(20), output: 64),
        prepare: @escaping ChildStarter.Preparation = { _ throws(StartFailure) in }
    ) -> CommandOutcome? {
        var outcome: CommandOutcome?
        let run = CommandRun(
            command, input: Array(input.utf8), limits: limits, starter: starter, prepare: prepare
        ) { outcome = $0 }
        _ = loop.turn(until: { outcome != nil })
        withExtendedLifetime(run) {}
        return outcome
    }

    private func text(_ outcome: CommandOutcome?) -> String {
        switch outcome {
        case .ended(let exit, let output):
            let both = [output.output, output.errors].map { String(decoding: $0, as: UTF8.self) }
            return "\(exit) \(both[0])|\(both[1])\(output.isTruncated ? " truncated" : "")"
        case .timedOut(let output):
            return "timed out \(String(decoding: output.output, as: UTF8.self))"
        case .refused(let failure): return "\(failure)"
        case nil: return "no outcome"
        }
    }

    @Test("both outputs, the exit code and the deadly signal are told")
    func outputs() {
        #expect(text(run("echo out; echo err >&2; exit 3")) == "exited(3) out\n|err\n")
        #expect(text(run("kill -KILL $$")) == "signaled(9) |")
    }

    @Test("the input is read to its end, however long it is")
    func input() {
        #expect(text(run("wc -c", input: String(repeating: "x", count: 300_000))).contains("300000"))
        #expect(text(run("cat; echo end", input: "abc\n")) == "exited(0) abc\nend\n|")
        // Without an input there is one that is at its end.
        #expect(text(run("cat; echo end")) == "exited(0) end\n|")
    }

    @Test("an input that nobody reads holds nothing up")
    func unreadInput() {
        #expect(text(run("exec <&-; sleep 0.05", input: String(repeating: "x", count: 300_000))) == "exited(0) |")
        let limits = CommandLimits(timeout: .milliseconds(100), grace: .milliseconds(10), output: 64)
        #expect(text(run("sleep 60", input: String(repeating: "x", count: 300_000), limits: limits)) == "timed out ")
    }

    @Test("a flood of output is read, cut and told")
    func flood() {
        let outcome = run("head -c 1000000 /dev/zero | tr '\\0' y; echo e >&2")
        #expect(text(outcome) == "exited(0) \(String(repeating: "y", count: 64))|e\n truncated")
        let limits = CommandLimits(timeout: .seconds(2), grace: .milliseconds(10), output: 10)
        #expect(text(run("yes", limits: limits)) == "timed out y\ny\ny\ny\ny\n")
        #expect(loop.turn(until: { starter.count == 0 }))
    }

    @Test("a process left behind that holds the outputs open does not hold the end up")
    func leftBehind() {
        #expect(text(run("echo first; sleep 2 & exit 0")) == "exited(0) first\n|")
    }

    @Test("when its time is over the whole group ends, those who ignore SIGTERM too")
    func group() {
        let folder = Glibc.getpid()
        let script = """
            trap '' TERM
            for i in 1 2 3 4 5; do sh -c "trap '' TERM; while :; do sleep 0.01; done" halua-tree-\(folder) & done
            echo ready
            while :; do sleep 0.01; done
            """
        let limits = CommandLimits(timeout: .seconds(2), grace: .milliseconds(50), output: 64)
        #expect(text(run(script, limits: limits)) == "timed out ready\n")
        #expect(starter.count == 1)
        #expect(loop.turn(until: { starter.count == 0 }))
        func alive() -> Int {
            ((try? ProcessTable.identifiers()) ?? []).filter {
                ProcessTable.arguments($0).last == "halua-tree-\(folder)" && ProcessTable.entry($0)?.isZombie == false
            }.count
        }
        #expect(loop.turn(until: { alive() == 0 }))
    }

    @Test("a cancelled command ends and nothing is told")
    func cancel() {
        var told = false
        let run = CommandRun(
            Command(["sleep", "60"]), limits: CommandLimits(grace: .milliseconds(50)), starter: starter
        ) { _ in told = true }
        run.cancel()
        #expect(loop.turn(until: { starter.count == 0 }))
        #expect(!told)
    }

    @Test("what cannot be started says why")
    func refused() {
        #expect(
            text(run(Command(["/no/such/program"])))
                == "/no/such/program: no such program, or its interpreter is missing")
        #expect(text(run(Command(["/etc/passwd"]))) == "/etc/passwd may not be executed")
        var command = Command(["true"])
        command.workingDirectory = "/no/such/place"
        #expect(text(run(command)).hasPrefix("the directory /no/such/place cannot be entered"))
        #expect(
            text(run("true", prepare: { _ throws(StartFailure) in throw StartFailure("not today") })) == "not today")
        #expect(starter.count == 0)
    }

    @Test("as another user it has that user's groups only, no capability, and cannot get more", .needsNetworkRights)
    func identity() {
        guard getuid() == 0 else { return }
        let limits = CommandLimits(timeout: .seconds(20), output: 1024)
        let script = "id -u; id -G; grep -E 'NoNewPrivs|CapEff|CapAmb' /proc/self/status | tr '\\t\\n' '  '; umask"
        var command = Command(["/bin/sh", "-c", script])
        command.forbidsNewPrivileges = true
        command.fileCreationMask = 0o022
        let prepare: ChildStarter.Preparation = { command throws(StartFailure) in
            command.identity = try? ProcessIdentity(user: "nobody")
        }
        #expect(
            text(run(command, limits: limits, prepare: prepare))
                == "exited(0) 65534\n65534\nCapEff: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1 0022\n|")
        // The borrowed memory has not changed this process.
        #expect(getuid() == 0)
        #expect(halua_is_dumpable() == 1)
    }

    @Test("users are found by name and number, and unknown ones are named")
    func users() throws {
        #expect(try ProcessIdentity(user: "root").user == 0)
        #expect(try ProcessIdentity(user: "4000000").group == 4_000_000)
        #expect(try ProcessIdentity(user: "root", group: "12").group == 12)
        #expect(throws: IOFailure("getpwnam", .noSuchFileOrDirectory, "the user nobody-here")) {
            _ = try ProcessIdentity(user: "nobody-here")
        }
        #expect(throws: IOFailure("getgrnam", .noSuchFileOrDirectory, "the group nobody-here")) {
            _ = try ProcessIdentity(user: "root", group: "nobody-here")
        }
    }

    @Test("many runs leave no descriptor and no process behind")
    func leaks() throws {
        func descriptors() -> Int { (try? FileLister.count("/proc/self/fd")) ?? -1 }
        _ = run("true")
        let before = descriptors()
        for _ in 0..<300 { _ = run(Command(["/bin/true"])) }
        #expect(loop.turn(until: { starter.count == 0 }))
        // Other suites open files at the same time; a leak would show as hundreds.
        #expect(descriptors() < before + 100)
    }
}

/// Counts the entries of a directory.
enum FileLister {
    static func count(_ path: String) throws -> Int {
        guard let folder = opendir(path) else { throw IOFailure("opendir", .last, path) }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count
    }
}
