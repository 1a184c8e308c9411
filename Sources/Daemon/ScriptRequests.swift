/// What scripts have asked of instances: adjustments and demotions by their keys, and what becomes of them at a reload.
import LinuxIO
import VRRPCore

/// The requests in force. Lives on the main thread.
final class ScriptRequests {
    private struct Slot: Hashable {
        var instance: InstanceID
        /// "plugin.key"
        var key: String
        var isDemotion: Bool

        var plugin: String { String(key.prefix { $0 != "." }) }
    }

    private let loop: EventLoop
    private weak var sink: (any InputSink)?
    /// The reasons, to tell a new one from a mere repetition.
    private var demotions: [Slot: String] = [:]
    private var adjusted: Set<Slot> = []
    /// Requests of the former generation that the present one has not repeated.
    private var inherited: Set<Slot> = []
    /// Counts the generations, so that the end of an old one's grace drops nothing of a later one's.
    private var generation = 0

    init(loop: EventLoop, sink: any InputSink) {
        self.loop = loop
        self.sink = sink
    }

    func adjust(_ id: InstanceID, key: String, delta: Int, reason: String) {
        let slot = Slot(instance: id, key: key, isDemotion: false)
        inherited.remove(slot)
        if delta == 0 { adjusted.remove(slot) } else { adjusted.insert(slot) }
        sink?.feed(.adjustPriority(key: key, delta: delta, reason: reason), to: id)
    }

    /// The same key again replaces the reason: the core knows demotions by their key.
    func demote(_ id: InstanceID, key: String, reason: String) {
        let slot = Slot(instance: id, key: key, isDemotion: true)
        inherited.remove(slot)
        guard demotions.updateValue(reason, forKey: slot) != reason else { return }
        sink?.feed(.faultBegan(.demoted(key: key, reason: reason)), to: id)
    }

    func restore(_ id: InstanceID, key: String) {
        let slot = Slot(instance: id, key: key, isDemotion: true)
        inherited.remove(slot)
        guard let reason = demotions.removeValue(forKey: slot) else { return }
        sink?.feed(.faultEnded(.demoted(key: key, reason: reason)), to: id)
    }

    /// Forget what scripts asked of an instance that is gone.
    func forget(_ id: InstanceID) {
        demotions = demotions.filter { $0.key.instance != id }
        adjusted = adjusted.filter { $0.instance != id }
        inherited = inherited.filter { $0.instance != id }
    }

    /// A new generation has begun. What the former one asked for stays for a plugin's grace, so that a reload moves
    /// nothing, and is then taken back unless it was asked for again. Plugins without a grace are gone.
    func inherit(graces: [String: Duration]) {
        generation += 1
        inherited = adjusted.union(demotions.keys)
        let number = generation
        for plugin in Set(inherited.map(\.plugin)) {
            guard let grace = graces[plugin] else {
                drop(plugin, "the plugin is gone")
                continue
            }
            loop.after(grace) { [weak self] in
                guard let self, generation == number else { return }
                drop(plugin, "not asked for since the reload")
            }
        }
    }

    private func drop(_ plugin: String, _ reason: String) {
        for slot in inherited where slot.plugin == plugin {
            if slot.isDemotion {
                restore(slot.instance, key: slot.key)
            } else {
                adjust(slot.instance, key: slot.key, delta: 0, reason: reason)
            }
        }
    }
}
