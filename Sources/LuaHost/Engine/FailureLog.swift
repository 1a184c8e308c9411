/// What goes wrong again and again is said once, counted, and said to be over.

/// The failures of one recurring or restarted task.
struct FailureLog {
    private let name: String
    private let plugin: String
    private let post: (FromScript) -> Void
    /// The failure that was said last, while it lasts.
    private var said: String?
    /// How often the task has failed in a row.
    private(set) var failures = 0

    init(name: String, plugin: String, post: @escaping (FromScript) -> Void) {
        self.name = name
        self.plugin = plugin
        self.post = post
    }

    /// Takes note of how a run ended. `next`: what comes now, for the line that is logged ("tried again in 1 s").
    mutating func note(_ outcome: TaskOutcome, next: String) {
        switch outcome {
        case .returned: end()
        case .cancelled: break
        case .failed(let error): add(.warning, error.description, next)
        case .stopped(let sentence): add(.warning, sentence, next)
        case .broken(let message): add(.error, message, next)
        }
    }

    private mutating func add(_ level: LogLevel, _ message: String, _ next: String) {
        failures += 1
        guard message != said else { return }
        said = message
        let count = failures > 1 ? " (failure \(failures) in a row)" : ""
        log(level, "\(message)\(count); \(next)")
    }

    private mutating func end() {
        if failures > 1 { log(.info, "works again after \(failures) failures") }
        failures = 0
        said = nil
    }

    private func log(_ level: LogLevel, _ message: String) {
        post(.log(level, plugin: plugin, message: message, fields: [LogField(key: "task", value: name)]))
    }
}
