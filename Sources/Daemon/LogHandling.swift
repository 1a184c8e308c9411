/// swift-log's side of the log: messages with their fields become one line each.
import LinuxIO
import Logging

/// Sends every record to the writer's thread. Fields follow the message as key=value, sorted by key.
struct WriterLogHandler: LogHandler {
    let writer: LogWriter
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        // A traceback has many lines; syslog and a reader's grep want one.
        var text = event.message.description.split(separator: "\n").map { $0.trimmed }.joined(separator: " | ")
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            text += " \(key)=\(quoted(value.description))"
        }
        writer.send(LogLine(level: event.level, realtimeNanoseconds: Clock.realtime, text: text))
    }
}

/// A value as it stands in a line: in quotes when it holds white space or quotes, always on one line.
private func quoted(_ value: String) -> String {
    guard value.isEmpty || value.contains(where: { $0.isWhitespace || $0 == "\"" || $0 == "=" }) else { return value }
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

extension Substring {
    /// Without the white space at its beginning.
    fileprivate var trimmed: Substring { drop { $0 == " " || $0 == "\t" } }
}

/// The daemon's logger.
package func makeLogger(writer: LogWriter, details: Bool) -> Logger {
    Logger(label: "haluad") { _ in WriterLogHandler(writer: writer, logLevel: details ? .debug : .info) }
}
