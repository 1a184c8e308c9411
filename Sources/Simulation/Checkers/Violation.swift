/// A broken promise, in words.
import VRRPCore
import Wire

/// What a checker saw, and when it saw it.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
    /// The promise, as a sentence without a full stop: two runs break the same promise when these are equal.
    package var promise: String
    package var details: String
    package var time: Time

    package var description: String {
        "at \(time.nanoseconds / 1_000_000) ms: \(promise): \(details)"
    }
}

/// An observer that judges. All checkers together are the invariants of a simulation.
package protocol Checker: WorldObserver {
    var violations: [Violation] { get }
    /// The run is over: judge what only the end shows.
    func finish(_ world: World)
}

extension World {
    /// Since when these two nodes have heard each other while nothing disturbed either; nil while that is not so.
    func undisturbedSince(_ one: Node, _ other: Node) -> Time? {
        guard one.isAttentive(at: now), other.isAttentive(at: now),
            let there = network.healthySince(from: one.id, to: other.id),
            let back = network.healthySince(from: other.id, to: one.id)
        else { return nil }
        return max(max(there, back), max(one.disturbedAt, other.disturbedAt))
    }

    func instance(of node: Node, serving address: VirtualAddressID) -> InstanceID? {
        node.instances.firstIndex { $0.virtualAddresses.contains(addresses[address]) }.map { InstanceID($0) }
    }

    /// "a (200)": a node's name and its effective priority.
    func claim(_ node: Node, _ instance: InstanceID) -> String {
        "\(node.name) (\(node.standings[instance.index].priority))"
    }
}
