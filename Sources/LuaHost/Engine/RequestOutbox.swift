/// What scripts ask of instances, on its way to the main thread: bounded in its keys, and in messages a turn.
import LinuxIO

/// The requests of one generation.
///
/// The main thread acts on each of them, and its mailbox is for the news of all plugins: a script that asks in a loop
/// must not fill it. Of the many requests under one key within a turn, the last is what counts.
final class RequestOutbox {
    /// Keys that one plugin may have in force for one instance.
    static let mostKeys = 64
    static let longestKey = 64
    static let longestReason = 512
    /// Requests of a turn that are passed on at once; of further ones only the last under each key.
    private static let direct = 64

    private struct Owner: Hashable {
        var plugin: String
        var instance: String
    }

    private let loop: EventLoop
    private let post: (FromScript) -> Void
    private var inForce: [Owner: Set<Lapse>] = [:]
    private var count = 0
    private var held: [Lapse: FromScript] = [:]
    private var order: [Lapse] = []

    init(loop: EventLoop, post: @escaping (FromScript) -> Void) {
        self.loop = loop
        self.post = post
    }

    /// Passes a request on. False: the plugin has too many keys in force already, and nothing was done.
    func send(_ request: Lapse, takesBack: Bool, _ message: FromScript) -> Bool {
        if takesBack {
            forget(request)
        } else {
            var keys = inForce[Self.owner(request)] ?? []
            guard keys.contains(request) || keys.count < Self.mostKeys else { return false }
            keys.insert(request)
            inForce[Self.owner(request)] = keys
        }
        if count == 0 { loop.post { [weak self] in self?.flush() } }
        count += 1
        if count <= Self.direct {
            post(message)
        } else if held.updateValue(message, forKey: request) == nil {
            order.append(request)
        }
        return true
    }

    /// The request is no longer in force.
    func forget(_ request: Lapse) { inForce[Self.owner(request)]?.remove(request) }

    private static func owner(_ request: Lapse) -> Owner { Owner(plugin: request.plugin, instance: request.instance) }

    private func flush() {
        count = 0
        let (messages, requests) = (held, order)
        (held, order) = ([:], [])
        for request in requests { if let message = messages[request] { post(message) } }
    }
}
