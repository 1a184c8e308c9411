/// Collects the daemon's log, for tests that read it.
import Logging

// Unchecked: one thread of a test writes and reads it.
final class LogBook: LogHandler, @unchecked Sendable {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug
    var lines: [String] = []
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) { lines.append(event.message.description) }
}
