/// swift-log's side of the log: messages with their fields, for the writer.
import LinuxIO
import Logging

/// Sends every record to the writer's thread, with its fields sorted by key.
struct WriterLogHandler: LogHandler {
    let writer: LogWriter
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
        writer.send(
            LogLine(
                level: event.level, realtimeNanoseconds: Clock.realtime, message: event.message.description,
                fields: fields.map { .init(key: $0.key, value: $0.value.description) }))
    }
}

/// The daemon's logger.
package func makeLogger(writer: LogWriter, details: Bool) -> Logger {
    Logger(label: "haluad") { _ in WriterLogHandler(writer: writer, logLevel: details ? .debug : .info) }
}
