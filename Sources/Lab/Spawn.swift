/// Starting programs: posix_spawn with exactly the descriptors, arguments and environment that are named.
import CLinux
import Glibc
import LinuxIO

/// Starts a program in the calling thread's namespaces, in a session of its own, and returns its process number.
///
/// `arguments` includes the zeroth, which need not be the path. `descriptors` are (ours, number in the program); those
/// of 0, 1 and 2 that are not named are /dev/null.
func spawnProcess(
    _ path: String, arguments: [String], environment: [String], descriptors: [(Descriptor, Int32)]
) throws(LabError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for standard in Int32(0)...2 where !descriptors.contains(where: { $0.1 == standard }) {
        posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_RDWR, 0)
    }
    for (ours, theirs) in descriptors { posix_spawn_file_actions_adddup2(&actions, ours.number, theirs) }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    // The lab's threads block signals, and a program started by one would inherit that.
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(
        &attributes, Int16(POSIX_SPAWN_SETSID | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)))

    var process: pid_t = 0
    let result = withCStrings(arguments) { argumentPointers in
        withCStrings(environment) { environmentPointers in
            posix_spawn(&process, path, &actions, &attributes, argumentPointers, environmentPointers)
        }
    }
    guard result == 0 else { throw LabError("cannot start \(path): \(String(cString: strerror(result)))") }
    return process
}

/// Runs `body` with a null-terminated array of C strings.
private func withCStrings<Value>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
) -> Value {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(&pointers)
}

/// How a program ended.
package enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case killed(signal: Int32)

    package var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .killed(let signal): "killed by \(String(cString: strsignal(signal)))"
        }
    }
}

/// Waits for the end of a process this one started; nil when it is not (or no longer) ours.
func reap(_ process: pid_t, blocking: Bool = true) -> ExitStatus? {
    var status: Int32 = 0
    while true {
        let result = waitpid(process, &status, blocking ? 0 : WNOHANG)
        if result < 0 && errno == EINTR { continue }
        guard result == process else { return nil }
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal: signal)
    }
}
