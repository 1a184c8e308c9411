/// Requests with a time to live: what a script asked of an instance is taken back when nobody repeats it.
import LinuxIO

/// One request that can lapse.
struct Lapse: Hashable {
    var plugin: String
    var instance: String
    var key: String
    var isDemotion: Bool
}

/// The timers of all requests with a time to live.
final class Lapses {
    private let loop: EventLoop
    private let post: (FromScript) -> Void
    private var timers: [Lapse: TimerToken] = [:]
    /// Told of each request that has lapsed.
    var lapsed: (Lapse) -> Void = { _ in }

    init(loop: EventLoop, post: @escaping (FromScript) -> Void) {
        self.loop = loop
        self.post = post
    }

    /// Sets, moves, or (nil) takes away the time to live of a request.
    func arm(_ lapse: Lapse, after span: Duration?) {
        if let token = timers.removeValue(forKey: lapse) { loop.cancel(token) }
        guard let span else { return }
        timers[lapse] = loop.after(span) { [weak self] in self?.fire(lapse) }
    }

    private func fire(_ lapse: Lapse) {
        timers[lapse] = nil
        lapsed(lapse)
        if lapse.isDemotion {
            post(.restore(plugin: lapse.plugin, instance: lapse.instance, key: lapse.key))
        } else {
            post(
                .adjustPriority(
                    plugin: lapse.plugin, instance: lapse.instance, key: lapse.key, delta: 0, reason: "lapsed"))
        }
    }
}
