/// One program as it is to be started, with everything looked up that a file may leave open.
import CLinux
import Glibc
import LinuxIO

package struct ShellCommand: Hashable, Sendable {
    /// The program, a path or a name to find in PATH, and its arguments.
    package var arguments: [String]
    /// nil: as this process.
    package var identity: ProcessIdentity?
    /// Nobody but root may be able to change the program or a folder above it.
    package var demandsSafePath: Bool
    /// Start it by the path that is written, not by the one that its symbolic links lead to.
    package var keepsSymbolicLinks: Bool
    /// Why it cannot be started at all (an unknown user).
    package var obstacle: String?

    package init(
        _ arguments: [String], identity: ProcessIdentity? = nil, demandsSafePath: Bool = false,
        keepsSymbolicLinks: Bool = false, obstacle: String? = nil
    ) {
        precondition(!arguments.isEmpty, "a command has at least its program")
        self.arguments = arguments
        self.identity = identity
        self.demandsSafePath = demandsSafePath
        self.keepsSymbolicLinks = keepsSymbolicLinks
        self.obstacle = obstacle
    }

    /// What runs, in one line, for messages.
    package var text: String { arguments.joined(separator: " ") }

    /// As keepalived has it: `</path` and `>/path` are tests that a shell makes.
    package var isRedirection: Bool { arguments[0].hasPrefix("<") || arguments[0].hasPrefix(">") }

    /// keepalived takes these away before it starts a program: they could change what it does.
    private static let removedVariables: Set<String> = ["IFS", "LD_PRELOAD", "LD_LIBRARY_PATH"]

    /// The environment of every program: this process's, without what could change their nature.
    static func environment() -> [String: String] {
        var result: [String: String] = [:]
        var next = Glibc.environ
        while let entry = next.pointee {
            let pair = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(pair[0])
            if pair.count == 2, !removedVariables.contains(name) { result[name] = String(pair[1]) }
            next += 1
        }
        return result
    }

    /// Finds the program and judges it, on a thread that may wait for a disk. This is done at each start, so that what
    /// was mended runs without a reload, and what became unsafe runs no more.
    func complete(_ command: inout Command) throws(StartFailure) {
        if let obstacle { throw StartFailure(obstacle) }
        if isRedirection {
            let words = [arguments[0]] + arguments.dropFirst().map(Self.quoted)
            command.arguments = ["/bin/sh", "-c", words.joined(separator: " ")]
            command.path = "/bin/sh"
            return
        }
        guard let program = ProgramSearch.find(arguments[0]) else {
            throw StartFailure("there is no program \(arguments[0]) in PATH")
        }
        if demandsSafePath {
            do throws(Distrust) {
                try FileTrust.check(program, user: 0)
            } catch {
                throw StartFailure(error.description)
            }
        }
        let path = keepsSymbolicLinks ? program : Self.resolved(program)
        if Self.needsShell(path) {
            command.arguments = ["/bin/sh", path] + command.arguments.dropFirst()
            command.path = "/bin/sh"
        } else {
            command.path = path
        }
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    /// A script without a first line `#!…`: the kernel refuses it, and a shell runs it.
    private static func needsShell(_ path: String) -> Bool {
        guard access(path, X_OK) == 0, let file = try? OwnedDescriptor("open", { open(path, O_RDONLY | O_CLOEXEC) })
        else { return false }
        var head = [UInt8](repeating: 0, count: 2)
        guard read(file.rawValue, &head, 2) == 2 else { return false }
        return head != Array("#!".utf8) && head != [0x7F, UInt8(ascii: "E")]
    }

    private static func quoted(_ word: String) -> String { "'" + word.replacing("'", with: #"'\''"#) + "'" }
}
