/// Children, other people's processes, and the two ways to hear of them.
import CLinux
import Glibc
import LinuxIO
import SystemPackage
import Testing

@Suite struct ProcessTests {
    @Test("a child's exit code and its deadly signal are told once, by the loop")
    func exitStatus() throws {
        let loop = try EventLoop()
        var statuses: [ChildExit] = []
        let first = try Child(Command(["sh", "-c", "exit 7"]))
        let second = try Child(Command(["sleep", "60"]))
        try first.onExit(loop) { statuses.append($0) }
        #expect(loop.turn(until: { statuses.count == 1 }))
        try second.onExit(loop) { statuses.append($0) }
        // The loop keeps a child whose starter lets it go.
        try Child(Command(["true"])).onExit(loop) { statuses.append($0) }
        #expect(loop.turn(until: { statuses.count == 2 }))
        try second.signal(SIGTERM)
        #expect(loop.turn(until: { statuses.count == 3 }))
        #expect(statuses == [.exited(7), .exited(0), .signaled(SIGTERM)])
        #expect(throws: IOFailure.self) { try second.signalGroup(SIGTERM) }
    }

    @Test("a child gets exactly its arguments, environment, folder and streams, and no other descriptor")
    func surroundings() throws {
        var ends: (Int32, Int32) = (-1, -1)
        let made = withUnsafeMutableBytes(of: &ends) { pipe2($0.bindMemory(to: Int32.self).baseAddress, 0) }
        try #require(made == 0)
        defer { close(ends.0) }
        let script = #"printf '%s|%s|%s|%s|' "$0" "$1" "$NAME" "$(pwd)"; ls /proc/self/fd | tr '\n' ' '; id -u"#
        var command = Command(
            ["sh", "-c", script, "a b", "$(c)"], environment: ["NAME": "va lue", "PATH": "/bin:/usr/bin"])
        command.workingDirectory = "/proc"
        command.standardOutput = .descriptor(ends.1)
        if getuid() == 0 { command.identity = ProcessIdentity(name: "nobody", user: 65534, group: 65534) }
        let child = try Child(command)
        close(ends.1)
        var buffer = [UInt8](repeating: 0, count: 4096)
        var text: [UInt8] = []
        while case let count = read(ends.0, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
        #expect(child.collect() == .exited(0))
        // ls itself has one descriptor more, for the folder.
        let user = getuid() == 0 ? 65534 : getuid()
        #expect(String(decoding: text, as: UTF8.self) == "a b|$(c)|va lue|/proc|0 1 2 3 \(user)\n")
    }

    @Test("signals that the parent blocks and ignores work in a child")
    func signals() throws {
        Signals.ignoreBrokenPipes()
        let child = try Child(Command(["sleep", "60"]))
        try child.signal(SIGPIPE)
        #expect(child.collect() == .signaled(SIGPIPE))
    }

    @Test("a signal to the group reaches what the child started")
    func group() throws {
        let loop = try EventLoop()
        let child = try Child(Command(["sh", "-c", "sleep 61 & sleep 62 & wait"]))
        func grandchildren() -> [pid_t] {
            let all = (try? ProcessTable.identifiers()) ?? []
            return all.filter { ProcessTable.entry($0)?.parent == child.identifier }
        }
        #expect(loop.turn(until: { grandchildren().count == 2 }))
        let handles = try grandchildren().map { try ProcessHandle($0) }
        var ended = 0
        for handle in handles { try handle.onExit(loop) { ended += 1 } }
        try child.signalGroup(SIGKILL)
        #expect(loop.turn(until: { ended == 2 }))
        #expect(child.collect() == .signaled(SIGKILL))
    }

    @Test("a program that does not exist is an error of the start")
    func noProgram() {
        #expect(throws: IOFailure("execve", .noSuchFileOrDirectory, "/no/such/program")) {
            _ = try Child(Command(["/no/such/program"]))
        }
    }

    @Test("the table tells name, parent, state and each argument as it was given")
    func table() throws {
        let child = try Child(Command(["sh", "-c", "sleep 60; :", "with space", "", "ärger"]))
        defer {
            try? child.signalGroup(SIGKILL)
            _ = child.collect()
        }
        #expect(try ProcessTable.identifiers().contains(child.identifier))
        // posix_spawn returns while the kernel still sets the new program up.
        let loop = try EventLoop()
        #expect(loop.turn(until: { !ProcessTable.arguments(child.identifier).isEmpty }))
        let entry = try #require(ProcessTable.entry(child.identifier))
        #expect(entry.name == "sh")
        #expect(entry.parent == getpid())
        #expect(!entry.isZombie)
        #expect(ProcessTable.arguments(child.identifier) == ["sh", "-c", "sleep 60; :", "with space", "", "ärger"])
        #expect(ProcessTable.executable(child.identifier)?.hasSuffix("sh") == true)
        #expect(ProcessTable.entry(entry.identifier)?.startTime == entry.startTime)
    }

    @Test("a name with parentheses and spaces does not confuse the table")
    func oddName() throws {
        let fields = (4...52).map { "\($0)" }.joined(separator: " ")
        let entry = try #require(ProcessTable.parse(stat: Array("77 (a) S (b)) Z \(fields)\n".utf8)))
        #expect(entry.identifier == 77)
        #expect(entry.name == "a) S (b)")
        #expect(entry.isZombie)
        #expect(entry.parent == 4)
        #expect(entry.startTime == 22)
        #expect(ProcessTable.parse(stat: Array("77 (a) S 1".utf8)) == nil)
        #expect(ProcessTable.parse(stat: Array(")(".utf8)) == nil)
        #expect(ProcessTable.parse(stat: []) == nil)
    }

    @Test("arguments are split at NUL octets only")
    func arguments() {
        #expect(ProcessTable.split(arguments: Array("a\0b c\0\0".utf8)) == ["a", "b c", ""])
        #expect(ProcessTable.split(arguments: Array("renamed without end".utf8)) == ["renamed without end"])
        #expect(ProcessTable.split(arguments: []) == [])
    }

    @Test("a handle on an ended process says so at once and hits no other")
    func endedProcess() throws {
        let loop = try EventLoop()
        let child = try Child(Command(["true"]))
        let handle = try ProcessHandle(child.identifier)
        var ended = 0
        try handle.onExit(loop) { ended += 1 }
        #expect(loop.turn(until: { ended == 1 }))
        _ = child.collect()
        loop.turn(maximumWait: .zero)
        #expect(ended == 1)
        #expect(throws: IOFailure.self) { try handle.signal(SIGTERM) }
        #expect(throws: IOFailure.self) { _ = try ProcessHandle(child.identifier) }
    }

    @Test("a start, another program and an end are noticed, whether the kernel tells or not", arguments: [true, false])
    func events(asksKernel: Bool) throws {
        let loop = try EventLoop()
        var source: ProcessEvents.Source?
        var seen: [ProcessEvent] = []
        let events = ProcessEvents(
            on: loop, interval: .milliseconds(20), answerLimit: .milliseconds(300), asksKernel: asksKernel,
            decided: { source = $0 }, { seen.append($0) })
        #expect(loop.turn(until: { source != nil }))
        #expect(events.source == source)
        if !asksKernel { #expect(source == .scan(reason: "it was asked for")) }
        let child = try Child(Command(["sleep", "60"]))
        #expect(loop.turn(until: { seen.contains(.executed(child.identifier)) }))
        try child.signal(SIGKILL)
        #expect(loop.turn(until: { seen.contains(.ended(child.identifier)) }))
        _ = child.collect()
        #expect(seen.contains(.started(child.identifier, parent: getpid())))
    }

    @Test("in another network namespace the fallback says why", .needsNetworkRights)
    func refusedEvents() throws {
        try inNewNetworkNamespace {
            let loop = try EventLoop()
            var source: ProcessEvents.Source?
            let events = ProcessEvents(
                on: loop, answerLimit: .milliseconds(200), decided: { source = $0 }, { _ in })
            #expect(loop.turn(until: { source != nil }))
            guard case .scan(let reason) = source else {
                Issue.record("the kernel tells another namespace about processes")
                return
            }
            #expect(reason.contains("namespace"))
            withExtendedLifetime(events) {}
        }
    }
}
