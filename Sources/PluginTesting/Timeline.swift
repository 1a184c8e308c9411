/// What happened to the nodes of a test, in the order and at the moments it happened: a failure is read from it.
import LinuxIO
import Logging

/// One line of a timeline.
struct TimelineEntry: Hashable, Sendable {
    /// Nanoseconds of the played clock.
    var time: Int64
    var node: String
    var text: String
}

/// Everything noteworthy of one case.
final class Timeline {
    /// What a failed case shows at most, so that the beginning of a long one is not lost in its end.
    private static let limit = 10_000

    private let loop: EventLoop
    private(set) var entries: [TimelineEntry] = []
    /// Lines that did not fit any more.
    private(set) var dropped = 0

    init(loop: EventLoop) { self.loop = loop }

    func add(_ node: String, _ text: String) {
        guard entries.count < Self.limit else {
            dropped += 1
            return
        }
        entries.append(TimelineEntry(time: loop.now, node: node, text: text))
    }

    func entries(of node: String) -> [TimelineEntry] { entries.filter { $0.node == node } }
}

/// swift-log's side: what the daemon would write into its log goes into the timeline.
///
/// Sendable without the compiler's proof: a test and all of its nodes live on one thread, which is the only one that logs.
struct TimelineLogHandler: LogHandler, @unchecked Sendable {
    let timeline: Timeline
    let node: String
    var logLevel = Logger.Level.debug
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var text = event.message.description
        if case .string(let plugin)? = event.metadata?["plugin"] { text = "\(plugin) says: \(text)" }
        timeline.add(node, event.level >= .warning ? "\(event.level): \(text)" : text)
    }
}
