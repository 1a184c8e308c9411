/// Where log lines go: a thread of its own, so that a full pipe or a stuck syslog never delays an advert.
import LinuxIO
import Logging

/// One line on its way to the writer.
struct LogLine: Sendable {
    struct Field: Hashable, Sendable {
        var key: String
        var value: String
    }

    var level: Logger.Level
    var realtimeNanoseconds: Int64
    /// May have several lines: a traceback.
    var message: String
    /// In the order of their keys.
    var fields: [Field] = []

    /// Everything in one line: syslog and a reader's grep want one.
    var text: String {
        let message = message.split(separator: "\n").map { $0.drop { $0 == " " || $0 == "\t" } }.joined(
            separator: " | ")
        return fields.reduce(message) { "\($0) \($1.key)=\(Self.quoted($1.value))" }
    }

    /// Another line of the same moment.
    func note(_ message: String) -> LogLine {
        LogLine(level: .error, realtimeNanoseconds: realtimeNanoseconds, message: message)
    }

    /// A value as it stands in a line: in quotes when it holds white space or quotes, always on one line.
    private static func quoted(_ value: String) -> String {
        guard value.isEmpty || value.contains(where: { $0.isWhitespace || $0 == "\"" || $0 == "=" }) else {
            return value
        }
        var text = "\""
        for character in value {
            switch character {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
        return text + "\""
    }
}

/// Takes lines from any thread and writes them on its own. When it can't keep up, lines are dropped and counted, and
/// the count is the next thing it writes.
package final class LogWriter: Sendable {
    private enum Order: Sendable {
        case line(LogLine)
        case reopen
        case end
    }

    private static let queueLimit = 4096

    private let mailbox: Mailbox<Order>
    private let thread: LinuxIO.Thread
    private let dropped = Lock(0)

    /// Start the thread. Throws: EMFILE, EAGAIN.
    package init(targets: LogTargets) throws(IOFailure) {
        let mailbox = try Mailbox<Order>(limit: Self.queueLimit)
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
                message: "\(missed) log lines were dropped because the log could not keep up")
            if !mailbox.send(.line(note)) { dropped.withLock { $0 += missed } }
        }
        if !mailbox.send(.line(line)) { dropped.withLock { $0 += 1 } }
    }

    /// Open the log file anew: it was renamed.
    package func reopen() { mailbox.send(.reopen) }

    /// Write what is queued, then end the thread. Nothing may be sent afterwards.
    package func finish() {
        mailbox.send(.end)
        thread.join()
    }

    private static func write(from mailbox: Mailbox<Order>, to targets: LogTargets) {
        guard let loop = try? EventLoop(maximumEvents: 4) else { return }
        let sinks = LogSinks(targets)
        let registration = try? mailbox.attach(to: loop) { order in
            switch order {
            case .line(let line): sinks.write(line)
            case .reopen: sinks.reopen()
            case .end: loop.stop()
            }
        }
        if registration != nil { loop.run() }
    }
}
