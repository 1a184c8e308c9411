/// Where log lines go: a thread of its own, so that a full pipe or a stuck syslog never delays an advert.
import CLinux
import Glibc
import LinuxIO
import Logging
import SystemPackage

/// One line on its way to the writer.
struct LogLine: Sendable {
    var level: Logger.Level
    var realtimeNanoseconds: Int64
    var text: String
}

/// Which places get the lines.
package struct LogTargets: Hashable, Sendable {
    package var console = false
    package var syslog = true
    /// 0 … 7 for local0 … local7; nil: the daemon facility.
    package var facility: Int?
    package var file: String?

    package init() {}
}

/// Takes lines from any thread and writes them on its own. When it can't keep up, lines are dropped and counted, and
/// the count is the next thing it writes.
package final class LogWriter: Sendable {
    private static let queueLimit = 4096

    private let mailbox: Mailbox<LogLine?>
    private let thread: LinuxIO.Thread
    private let dropped = Lock(0)

    /// Start the thread. Throws: EMFILE, EAGAIN.
    package init(targets: LogTargets) throws(IOFailure) {
        let mailbox = try Mailbox<LogLine?>(limit: Self.queueLimit)
        self.mailbox = mailbox
        thread = try Thread.start(name: "halua-log") {
            Self.write(from: mailbox, to: targets)
        }
    }

    func send(_ line: LogLine) {
        let missed = dropped.withLock { count in
            defer { count = 0 }
            return count
        }
        if missed > 0 {
            let note = LogLine(
                level: .warning, realtimeNanoseconds: line.realtimeNanoseconds,
                text: "\(missed) log lines were dropped because the log could not keep up")
            if !mailbox.send(note) { dropped.withLock { $0 += missed } }
        }
        if !mailbox.send(line) { dropped.withLock { $0 += 1 } }
    }

    /// Write what is queued, then end the thread. Nothing may be sent afterwards.
    package func finish() {
        mailbox.send(nil)
        thread.join()
    }

    private static func write(from mailbox: Mailbox<LogLine?>, to targets: LogTargets) {
        guard let loop = try? EventLoop(maximumEvents: 4) else { return }
        var sinks = LogSinks(targets)
        let registration = try? mailbox.attach(to: loop) { line in
            guard let line else { return loop.stop() }
            sinks.write(line)
        }
        if registration != nil { loop.run() }
    }
}

/// The open ends: console, file, syslog. Lives on the writer's thread alone.
private struct LogSinks {
    private let targets: LogTargets
    private var file: Int32 = -1

    init(_ targets: LogTargets) {
        self.targets = targets
        if let path = targets.file {
            file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
            if file < 0 { printError("haluad: cannot open the log file \(path): \(Errno.last)") }
        }
        if targets.syslog {
            // openlog keeps the pointer, so the name must live as long as the process.
            openlog(strdup("haluad"), LOG_PID | LOG_NDELAY, facility(targets.facility))
        }
    }

    mutating func write(_ line: LogLine) {
        if targets.console || file >= 0 {
            let text = "\(timestamp(line.realtimeNanoseconds)) haluad[\(getpid())] \(word(line.level)): \(line.text)\n"
            if targets.console { writeAll(text, to: STDERR_FILENO) }
            if file >= 0 { writeAll(text, to: file) }
        }
        if targets.syslog {
            line.text.withCString { text in
                withVaList([text]) { vsyslog(priority(line.level), "%s", $0) }
            }
        }
    }
}

private func facility(_ local: Int?) -> Int32 { local.map { Int32(16 + $0) << 3 } ?? Int32(3 << 3) }

private func priority(_ level: Logger.Level) -> Int32 {
    switch level {
    case .trace, .debug: Int32(LOG_DEBUG)
    case .info: Int32(LOG_INFO)
    case .notice: Int32(LOG_NOTICE)
    case .warning: Int32(LOG_WARNING)
    case .error: Int32(LOG_ERR)
    case .critical: Int32(LOG_CRIT)
    }
}

private func word(_ level: Logger.Level) -> String { level == .notice ? "info" : "\(level)" }

/// "2026-11-22 03:00:00.123" in local time: what the person reading compares with the clock on the wall.
private func timestamp(_ nanoseconds: Int64) -> String {
    var seconds = time_t(nanoseconds / 1_000_000_000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    func padded(_ number: some BinaryInteger, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
    let clock = "\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))"
    return "\(date) \(clock).\(padded(nanoseconds / 1_000_000 % 1000, 3))"
}
