/// The open ends of the log: console, file, syslog, and systemd's journal. They live on the writer's thread alone.
import CLinux
import Glibc
import Journal
import LinuxIO
import Logging
import SystemPackage

/// Which places get the lines.
package struct LogTargets: Hashable, Sendable {
    package var console = false
    /// syslog; systemd's journal where it is there.
    package var syslog = true
    /// 0 … 7 for local0 … local7; nil: the daemon facility.
    package var facility: Int?
    package var file: String?
    /// Where systemd's journal listens; nil: this process was not started by systemd.
    package var journal: String?
    package var syslogPath = "/dev/log"

    package init() {}

    var facilityCode: Int { facility.map { 16 + $0 } ?? 3 }

    /// Whether the journal gets every line with its fields, so that standard error would bring it a second time.
    package var consoleIsJournal: Bool { syslog && journal != nil }
}

extension LogTargets {
    /// systemd connects standard error to its journal and says so: "device:inode" in JOURNAL_STREAM (systemd.exec(5)).
    package static func journalSocket(
        environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
    ) -> String? {
        guard let stream = environment("JOURNAL_STREAM") else { return nil }
        var facts = stat()
        guard fstat(STDERR_FILENO, &facts) == 0, stream == "\(facts.st_dev):\(facts.st_ino)" else { return nil }
        return "/run/systemd/journal/socket"
    }
}

final class LogSinks {
    private let targets: LogTargets
    private var file: LogFile?
    private var journal: LoggingSocket?
    private var syslog: LoggingSocket?

    init(_ targets: LogTargets) {
        self.targets = targets
        file = targets.file.map { LogFile($0) }
        guard targets.syslog else { return }
        if let path = targets.journal {
            journal = LoggingSocket(path)
        } else {
            syslog = LoggingSocket(targets.syslogPath)
        }
    }

    func write(_ line: LogLine) {
        if targets.console || file != nil {
            let text = plain(line)
            if targets.console { writeAll(text, to: STDERR_FILENO) }
            if let complaint = file?.write(text) { complain(line.note(complaint)) }
        }
        send(line)
    }

    /// What the file refuses is said where it can be read.
    private func complain(_ line: LogLine) {
        if targets.console || !targets.syslog { writeAll(plain(line), to: STDERR_FILENO) }
        send(line)
    }

    private func send(_ line: LogLine) {
        if let journal {
            tellLost(journal) { journal.send(journalDatagram($0, targets), counts: false) }
            journal.send(journalDatagram(line, targets))
        }
        if let syslog {
            tellLost(syslog) { syslog.send(syslogDatagram($0, targets), counts: false) }
            syslog.send(syslogDatagram(line, targets))
        }
    }

    private func tellLost(_ sink: LoggingSocket, _ send: (LogLine) -> Bool) {
        let lost = sink.lost
        guard lost > 0 else { return }
        let note = LogLine(
            level: .warning, realtimeNanoseconds: Clock.realtime,
            message: "\(lost) log lines were lost: nobody took them at \(sink.path)")
        if send(note) { sink.forgetLost() }
    }

    /// The file may have been renamed: begin a new one.
    func reopen() {
        if let complaint = file?.reopen() {
            complain(LogLine(level: .error, realtimeNanoseconds: Clock.realtime, message: complaint))
        }
    }

    private func plain(_ line: LogLine) -> String {
        "\(Moments.local(line.realtimeNanoseconds / 1_000)) haluad[\(getpid())] \(word(line.level)): \(line.text)\n"
    }
}

/// A log file that is opened anew when it is asked for, or when it could not be written.
private final class LogFile {
    private let path: String
    private var descriptor: Int32 = -1
    private var missing = 0

    init(_ path: String) { self.path = path }

    /// Returns what is wrong, nil when it is open.
    func reopen() -> String? {
        // A FIFO that nobody reads must not keep the thread waiting.
        let new = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o640)
        guard new >= 0 else { return "the log file \(path) cannot be opened: \(Errno.last)" }
        if descriptor >= 0 { close(descriptor) }
        descriptor = new
        return nil
    }

    /// Returns what is wrong, once for each time that it begins.
    func write(_ text: String) -> String? {
        guard let complaint = append(text) else {
            missing = 0
            return nil
        }
        missing += 1
        return missing == 1 ? complaint : nil
    }

    private func append(_ text: String) -> String? {
        if descriptor < 0, let complaint = reopen() { return complaint }
        var whole = missing > 0 ? "(\(missing) lines are missing here)\n" + text : text
        return whole.withUTF8 { octets in
            let count = Glibc.write(descriptor, octets.baseAddress, octets.count)
            if count == octets.count { return nil }
            let reason = count < 0 ? "\(Errno.last)" : "it took only \(count) of \(octets.count) octets"
            return "the log file \(path) cannot be written: \(reason)"
        }
    }
}

// MARK: - Forms

/// One entry in journald's native protocol: "KEY=value" lines, or "KEY", a little-endian length and the value where it has
/// several lines (systemd.io/JOURNAL_NATIVE_PROTOCOL).
func journalDatagram(_ line: LogLine, _ targets: LogTargets) -> [UInt8] {
    var octets: [UInt8] = []
    func add(_ key: String, _ value: String) {
        octets += Array(key.utf8)
        if value.utf8.contains(UInt8(ascii: "\n")) {
            octets.append(UInt8(ascii: "\n"))
            withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { octets += Array($0) }
        } else {
            octets.append(UInt8(ascii: "="))
        }
        octets += Array(value.utf8)
        octets.append(UInt8(ascii: "\n"))
    }
    add("MESSAGE", line.message)
    add("PRIORITY", "\(priority(line.level))")
    add("SYSLOG_IDENTIFIER", "haluad")
    add("SYSLOG_PID", "\(getpid())")
    add("SYSLOG_FACILITY", "\(targets.facilityCode)")
    for field in line.fields { add("HALUA_" + fieldName(field.key), field.value) }
    return octets
}

/// Field names are upper-case letters, digits and underscores.
private func fieldName(_ key: String) -> String {
    String(key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
}

/// One line in the old form of syslog (RFC 3164): "<27>Nov 26 17:35:01 haluad[42]: text".
func syslogDatagram(_ line: LogLine, _ targets: LogTargets) -> [UInt8] {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    var seconds = time_t(line.realtimeNanoseconds / 1_000_000_000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    let day = parts.tm_mday < 10 ? " \(parts.tm_mday)" : "\(parts.tm_mday)"
    let clock = Moments.clock(line.realtimeNanoseconds / 1_000)
    let code = targets.facilityCode << 3 | Int(priority(line.level))
    return Array("<\(code)>\(months[Int(parts.tm_mon)]) \(day) \(clock) haluad[\(getpid())]: \(line.text)".utf8)
}

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
