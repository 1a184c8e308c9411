/// A program running in a lab: signal it, wait for it, read what it printed.
import Glibc
import LinuxIO

package final class LabProcess: Sendable {
    /// As this process numbers it, whatever number it has in its host.
    package let identifier: pid_t
    package let output: OutputLog
    private let end = Lock<ExitStatus?>(nil)

    /// Starts a program in `namespaces`; its output goes to `output` and to the file at `log`.
    init(
        _ path: String, arguments: [String], environment: [String], in namespaces: Namespaces, log: String
    ) throws(LabError) {
        let pipe = try Descriptor.pipe()
        // The reader starts out here: a thread in a foreign process namespace may not start another.
        output = try OutputLog(reading: pipe.reading, copyingTo: log)
        let writing = pipe.writing
        identifier = try namespaces.inside { () throws(LabError) in
            try spawnProcess(
                path, arguments: arguments, environment: Self.plainEnvironment + environment,
                descriptors: [(writing, 1), (writing, 2)])
        }
    }

    deinit { terminate() }

    static let plainEnvironment = [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
    ]

    /// Sends a signal, unless the process has ended: its number may belong to somebody else by then.
    package func send(signal: Int32) {
        if status == nil { kill(identifier, signal) }
    }

    /// Sends a signal to it and to every process it started: what a whole daemon suffers.
    package func sendToAll(signal: Int32) {
        guard status == nil else { return }
        for member in processTree(identifier) { kill(member, signal) }
    }

    /// How it ended; nil while it runs.
    package var status: ExitStatus? {
        end.withLock { known in
            if known == nil { known = reap(identifier, blocking: false) }
            return known
        }
    }

    package var isRunning: Bool { status == nil }

    /// Waits for its end at most `limit`; nil when it still runs.
    package func wait(_ limit: Duration) -> ExitStatus? {
        _ = waitUntil(limit, every: .milliseconds(1)) { status != nil }
        return status
    }

    /// SIGKILL, and gone when this returns.
    package func terminate() {
        end.withLock { known in
            guard known == nil else { return }
            kill(identifier, SIGKILL)
            known = reap(identifier)
        }
    }
}
