/// A shell that gets the guide's commands one by one, in a world of its own that ends with it.
import Foundation

final class GuideShell {
    /// Ends what a command printed, before its exit status; no program prints it.
    private static let mark = "\u{1e}"

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    /// `folder`: where the programs are. Network, processes, /run and /srv are the shell's own.
    init(programs folder: String) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        let prepare =
            "mount -t tmpfs none /run && mount -t tmpfs none /srv && ip link set lo up && cd /srv && exec bash"
        process.arguments = [
            "unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", prepare,
        ]
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = "\(folder):\(environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin")"
        process.environment = environment
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    deinit {
        // unshare lets no other signal end it; the kernel takes its world along.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Runs one command. Returns the lines that it printed. Throws when it is not through after a minute.
    func run(_ command: String) throws -> [String] {
        // Written as an escape, so that an echo of the command is not taken for the mark itself.
        try input.fileHandleForWriting.write(contentsOf: Data("\(command)\nprintf '\\036%s\\n' $?\n".utf8))
        var heard = ""
        let end = Date(timeIntervalSinceNow: 60)
        while let descriptor = Optional(output.fileHandleForReading.fileDescriptor), Date() < end {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 100) > 0 else { continue }
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw GuideError(description: "the shell ended after: \(command)\n\(heard)") }
            heard += String(decoding: data, as: UTF8.self)
            guard let mark = heard.range(of: Self.mark), heard[mark.upperBound...].hasSuffix("\n") else { continue }
            return heard[..<mark.lowerBound].split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        }
        throw GuideError(description: "no end after a minute: \(command)\n\(heard)")
    }

    func write(_ name: String, _ text: String) throws {
        _ = try run("cat > '\(name)' <<'END_OF_THE_FILE'\n\(text)END_OF_THE_FILE")
    }
}
