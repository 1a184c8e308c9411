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

    /// The first one is the program: a path, or a name to find in PATH.
    package var arguments: [String]
    /// The whole environment; nil means the parent's.
    package var environment: [String: String]?
    package var workingDirectory: String?
    package var standardInput = Stream.null
    package var standardOutput = Stream.null
    package var standardError = Stream.null
    /// Whom to run as, by user and group number. It takes setpriv(1), which every Debian has.
    package var user: (user: uid_t, group: gid_t)?

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
    /// Throws: ENOENT (no such program), EACCES (not executable), EAGAIN (limit of processes), E2BIG.
    package init(_ command: Command) throws(IOFailure) {
        let arguments = Self.arguments(command)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        Self.add(command, to: &actions)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        Self.resetSignals(&attributes)

        var child: pid_t = 0
        let result = withCStrings(arguments) { argv in
            guard let environment = command.environment else {
                return posix_spawnp(&child, arguments[0], &actions, &attributes, argv, Glibc::environ)
            }
            return withCStrings(environment.map { "\($0.key)=\($0.value)" }) { envp in
                posix_spawnp(&child, arguments[0], &actions, &attributes, argv, envp)
            }
        }
        guard result == 0 else { throw IOFailure("posix_spawn", Errno(rawValue: result), arguments[0]) }
        identifier = child
        // Until it is collected, the number stays the child's own.
        do throws(IOFailure) {
            handle = try ProcessHandle(child)
        } catch {
            kill(-child, SIGKILL)
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
            throw error
        }
    }

    private static func arguments(_ command: Command) -> [String] {
        guard let user = command.user else { return command.arguments }
        return ["setpriv", "--reuid=\(user.user)", "--regid=\(user.group)", "--clear-groups", "--"] + command.arguments
    }

    private static func add(_ command: Command, to actions: inout posix_spawn_file_actions_t) {
        let streams = [command.standardInput, command.standardOutput, command.standardError]
        for (index, stream) in streams.enumerated() {
            let target = Int32(index)
            switch stream {
            case .null: posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
            case .inherited: break
            case .descriptor(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor, target)
            }
        }
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        if let directory = command.workingDirectory { posix_spawn_file_actions_addchdir_np(&actions, directory) }
    }

    private static func resetSignals(_ attributes: inout posix_spawnattr_t) {
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSID)
        posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))
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
