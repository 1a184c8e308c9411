/// Programs that this process starts: exact arguments, no shell, a clean set of descriptors and signals.
import CLinux
import Glibc
import SystemPackage

/// How a child ended.
package enum ChildExit: Hashable, Sendable {
    case exited(Int32)
    case signaled(Int32)
}

/// What to start, and in which surroundings.
package struct Command: Sendable {
    /// Where a standard stream of the child leads.
    package enum Stream: Sendable {
        case null
        /// The parent's own.
        case inherited
        /// An open descriptor of the parent, which keeps it.
        case descriptor(Int32)
    }

    /// The zeroth is the program: a path, or a name to find in PATH.
    package var arguments: [String]
    /// The file to run, when it is not what the zeroth argument says.
    package var path: String?
    /// The whole environment; nil means the parent's.
    package var environment: [String: String]?
    package var workingDirectory: String?
    package var standardInput = Stream.null
    package var standardOutput = Stream.null
    package var standardError = Stream.null
    /// Whom to run as; nil means as this process.
    package var identity: ProcessIdentity?
    /// No set-user-ID program gives it more rights than it was started with.
    package var forbidsNewPrivileges = false
    /// The signal it gets when the thread that started it ends, so also when this process is killed; 0 for none.
    package var endSignal: Int32 = 0
    /// The mode bits that files it makes do not get; nil means the parent's.
    package var fileCreationMask: mode_t?

    package init(_ arguments: [String], environment: [String: String]? = nil) {
        precondition(!arguments.isEmpty, "a command has at least its program")
        self.arguments = arguments
        self.environment = environment
    }
}

/// A running child. It leads a session of its own, so a signal to its group reaches what it started in turn.
package final class Child {
    package let identifier: pid_t
    private let handle: ProcessHandle
    private var status: ChildExit?

    /// Starts a program. Nothing but the three standard streams is open in it, no signal is blocked or ignored.
    ///
    /// The calling thread waits until the kernel has loaded the program, so a loop uses a `ChildStarter`.
    /// Throws: ENOENT (no such program), EACCES (not executable), EPERM (may not become that user), EAGAIN (limit of
    /// processes), E2BIG.
    package convenience init(_ command: Command) throws(IOFailure) { self.init(try SpawnedProcess(command)) }

    init(_ process: SpawnedProcess) {
        identifier = process.identifier
        handle = ProcessHandle(process.identifier, OwnedDescriptor(process.descriptor))
    }

    /// Calls back once with the status when the child has ended, and collects it. The loop keeps this object until then.
    ///
    /// Throws: ENOSPC, ENOMEM.
    @discardableResult
    package func onExit(
        _ loop: EventLoop, _ ended: @escaping (ChildExit) -> Void
    ) throws(IOFailure) -> Registration {
        try handle.onExit(loop) { [self] in ended(collect()) }
    }

    /// Calls back once when the child has ended, without collecting it: until `collect`, its group can be signalled.
    ///
    /// Throws: ENOSPC, ENOMEM.
    @discardableResult
    package func onEnd(_ loop: EventLoop, _ ended: @escaping () -> Void) throws(IOFailure) -> Registration {
        try handle.onExit(loop, ended)
    }

    /// Waits for the end, and collects the child.
    package func collect() -> ChildExit {
        if let status { return status }
        var information = siginfo_t()
        while waitid(P_PIDFD, id_t(handle.descriptor), &information, WEXITED) != 0 {
            precondition(Errno.last == .interrupted, "an uncollected child of ours can be waited for")
        }
        let number = halua_siginfo_status(&information)
        let result = information.si_code == CLD_EXITED ? ChildExit.exited(number) : .signaled(number)
        status = result
        return result
    }

    /// Sends a signal to the child alone.
    ///
    /// Throws: ESRCH (it has ended), EPERM (it runs as somebody else).
    package func signal(_ number: Int32) throws(IOFailure) { try handle.signal(number) }

    /// Sends a signal to the child and to everything it started, unless that left its group.
    ///
    /// Throws: ESRCH (none is left), EPERM.
    package func signalGroup(_ number: Int32) throws(IOFailure) {
        // Once it is collected, the number may be another's.
        if status != nil { throw IOFailure("kill", .noSuchProcess, "process group \(identifier)") }
        try systemCall("kill", detail: "process group \(identifier)") { kill(-identifier, number) }
    }
}

/// A process that was just started: its number, and a descriptor that names it for ever. Plain, to cross threads.
struct SpawnedProcess: Sendable {
    let identifier: pid_t
    /// A pidfd(2), for whoever takes it.
    let descriptor: Int32

    /// Throws: as `Child.init`.
    init(_ command: Command) throws(IOFailure) {
        let name = command.arguments.first ?? ""
        guard let path = command.path ?? ProgramSearch.find(name) else {
            throw IOFailure("execve", .noSuchFileOrDirectory, name)
        }
        var process: pid_t = 0
        var descriptor: Int32 = -1
        var step = HALUA_SPAWN_CLONE
        let error = Self.withRequest(command, path) { halua_spawn(&$0, &process, &descriptor, &step) }
        guard error == 0 else { throw Self.failure(step, Errno(rawValue: error), command, path) }
        identifier = process
        self.descriptor = descriptor
    }

    private static func failure(
        _ step: halua_spawn_step, _ error: Errno, _ command: Command, _ path: String
    ) -> IOFailure {
        switch step {
        case HALUA_SPAWN_STREAMS: IOFailure("dup2", error, path)
        case HALUA_SPAWN_DESCRIPTORS: IOFailure("close_range", error, path)
        case HALUA_SPAWN_GROUPS: IOFailure("setgroups", error, command.identity?.name ?? path)
        case HALUA_SPAWN_USER: IOFailure("setresuid", error, command.identity?.name ?? path)
        case HALUA_SPAWN_PRIVILEGES: IOFailure("prctl PR_SET_NO_NEW_PRIVS", error, path)
        case HALUA_SPAWN_DIRECTORY: IOFailure("chdir", error, command.workingDirectory ?? path)
        case HALUA_SPAWN_EXECUTE: IOFailure("execve", error, path)
        default: IOFailure("clone", error, path)
        }
    }

    /// Calls with the request, whose pointers are good as long as the call lasts.
    private static func withRequest<Result>(
        _ command: Command, _ path: String, _ body: (inout halua_spawn) -> Result
    ) -> Result {
        var request = halua_spawn()
        request.streams = (
            number(command.standardInput), number(command.standardOutput), number(command.standardError)
        )
        request.forbids_new_privileges = command.forbidsNewPrivileges
        request.end_signal = command.endSignal
        request.mask = command.fileCreationMask.map { Int32($0) } ?? -1
        request.changes_user = command.identity != nil
        request.user = command.identity?.user ?? 0
        request.group = command.identity?.group ?? 0
        let groups = command.identity?.groups ?? []
        let environment =
            command.environment.map { $0.map { "\($0.key)=\($0.value)" } } ?? currentEnvironment()
        return withCStrings(command.arguments) { arguments in
            withCStrings(environment) { variables in
                path.withCString { path in
                    groups.withUnsafeBufferPointer { groups in
                        request.path = path
                        request.arguments = arguments
                        request.environment = variables
                        request.groups = groups.baseAddress
                        request.group_count = groups.count
                        guard let directory = command.workingDirectory else { return body(&request) }
                        return directory.withCString { directory in
                            request.directory = directory
                            return body(&request)
                        }
                    }
                }
            }
        }
    }

    private static func number(_ stream: Command.Stream) -> Int32 {
        switch stream {
        case .null: Int32(HALUA_STREAM_NULL)
        case .inherited: Int32(HALUA_STREAM_INHERITED)
        case .descriptor(let descriptor): descriptor
        }
    }

    private static func currentEnvironment() -> [String] {
        var result: [String] = []
        var next = Glibc.environ
        while let text = next.pointee {
            result.append(String(cString: text))
            next += 1
        }
        return result
    }
}

/// Gives strings as a NULL-terminated array of C strings.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("the array holds at least the terminator") }
        return body(base)
    }
}
