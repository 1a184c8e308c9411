/// The notify scripts of one instance or sync group: one at a time, in the order of the changes.
import LinuxIO

/// One script that a change of state calls for.
package struct NotifyCall: Hashable, Sendable {
    /// "notify_master", for messages.
    package var keyword: String
    /// "MASTER"
    package var state: String
    package var command: ShellCommand
    /// What is added behind the command's own arguments.
    package var arguments: [String]

    package init(keyword: String, state: String, command: ShellCommand, arguments: [String] = []) {
        self.keyword = keyword
        self.state = state
        self.command = command
        self.arguments = arguments
    }
}

final class NotifyLane {
    /// Calls that may wait. When more come, the oldest are left out: the newest state is what counts.
    static let limit = 32

    /// "VI_1" or "group G", for messages.
    let name: String
    private let surroundings: ScriptSurroundings
    private let post: (FromShell) -> Void
    private var waiting: [NotifyCall] = []
    private var dropped: [NotifyCall] = []
    private var run: ScriptRun?
    private var isClosed = false
    /// Called whenever nothing runs and nothing waits.
    var onIdle: (() -> Void)?
    var timeout: Duration

    init(
        _ name: String, timeout: Duration, in surroundings: ScriptSurroundings, post: @escaping (FromShell) -> Void
    ) {
        self.name = name
        self.timeout = timeout
        self.surroundings = surroundings
        self.post = post
    }

    var isIdle: Bool { run == nil && waiting.isEmpty }

    func add(_ calls: [NotifyCall]) {
        guard !isClosed else { return }
        waiting += calls
        let excess = max(0, waiting.count - Self.limit)
        drop(Array(waiting.prefix(excess)))
        waiting.removeFirst(excess)
        next()
    }

    /// At stop only the last word counts: what waits for earlier changes is left out, what runs may come to its end.
    func keepOnly(state: String) {
        drop(waiting.filter { $0.state != state })
        waiting.removeAll { $0.state != state }
        if run == nil, waiting.isEmpty { tellDropped() }
    }

    /// Nothing starts any more, and what runs is ended.
    func cancel() {
        isClosed = true
        drop(waiting)
        waiting = []
        tellDropped()
        if let running { log(.warning, "\(running) is ended: the daemon stops") }
        run?.cancel()
    }

    func kill() { run?.kill() }

    private var running: String?

    private func next() {
        guard run == nil, !waiting.isEmpty else { return }
        tellDropped()
        let call = waiting.removeFirst()
        let text = "\(call.keyword) (\(call.state))"
        running = text
        let began = Clock.monotonic
        run = ScriptRun(
            call.command, call.arguments, timeout: timeout, in: surroundings,
            result: { [weak self, timeout] end in
                let failure = end.failure(limit: timeout)
                self?.tellEnd(text, began, failure)
                guard let why = failure else { return }
                self?.log(.warning, "\(text): \(call.command.text): \(why)")
            },
            gone: { [weak self] in
                guard let self else { return }
                run = nil
                running = nil
                next()
                if isIdle { onIdle?() }
            })
    }

    /// Counted at once, and said when it is known how many they are.
    private func drop(_ calls: [NotifyCall]) {
        guard !calls.isEmpty else { return }
        dropped += calls
        post(.lost(.lane(name), calls.count))
    }

    private func tellDropped() {
        guard !dropped.isEmpty else { return }
        let names = dropped.suffix(4).map { "\($0.keyword) (\($0.state))" }.joined(separator: ", ")
        let more = dropped.count > 4 ? "\(dropped.count - 4) and " : ""
        log(.warning, "notify scripts are behind: left out \(more)\(names)")
        dropped = []
    }

    private func tellEnd(_ call: String, _ began: Int64, _ failure: String?) {
        let took = Duration.nanoseconds(Clock.monotonic - began)
        post(.notifyEnded(lane: name, call: call, took: took, failure: failure))
    }

    private func log(_ level: ShellLogLevel, _ message: String) { post(.log(level, "\(name): \(message)")) }
}
