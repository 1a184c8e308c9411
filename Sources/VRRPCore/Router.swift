/// All virtual routers of this host: finds the right one, moves sync groups together, hands effects out in order.
import Wire

/// Names one instance on this host: its index, stable for the life of the instance, also across reloads.
package struct InstanceID: Hashable, Sendable {
    package var index: Int
    package init(_ index: Int) { self.index = index }
}

/// One effect and the instance that asks for it.
package struct AddressedEffect: Hashable, Sendable {
    package var instance: InstanceID
    package var effect: Effect

    package init(_ instance: InstanceID, _ effect: Effect) {
        self.instance = instance
        self.effect = effect
    }
}

/// A set of instances that change state together (keepalived: vrrp_sync_group).
package struct SyncGroupConfig: Hashable, Sendable {
    package var name: String
    package var members: [InstanceID]

    package init(name: String, members: [InstanceID]) {
        self.name = name
        self.members = members
    }
}

package struct Router {
    private var instances: [Instance] = []
    /// The position of each instance ever added in `instances`; nil once it was removed. Numbers are never used again,
    /// so a late answer of the kernel cannot reach a newcomer.
    private var positions: [Int?] = []
    /// Reused for every input, so that a turn allocates nothing.
    private var scratch: [Effect] = []

    package init() {}

    package mutating func add(_ config: InstanceConfig) -> InstanceID {
        positions.append(instances.count)
        instances.append(Instance(config))
        return InstanceID(positions.count - 1)
    }

    /// Forgets an instance that `.shutdown` has brought to Initialize.
    package mutating func remove(_ id: InstanceID) {}

    /// Says which instances move together, instead of what was said before.
    package mutating func setGroups(_ groups: [SyncGroupConfig]) {}

    package mutating func handle(
        _ input: Input, for id: InstanceID, now: Time, into effects: inout [AddressedEffect]
    ) {}

    /// Checks a decoded packet for an instance (R-12 … R-21), counts it, and handles it when it is accepted.
    package mutating func receive(
        _ packet: ReceivedPacket, for id: InstanceID, now: Time, into effects: inout [AddressedEffect]
    ) -> ReceiveVerdict { .drop(.unknownVirtualRouter) }

    /// One instance, read in place.
    package subscript(_ id: InstanceID) -> Instance {
        _read { yield instances[position(of: id)] }
    }

    /// The living instances, in the order in which they were added.
    package var ids: [InstanceID] {
        positions.indices.filter { positions[$0] != nil }.map { InstanceID($0) }
    }

    private func position(of id: InstanceID) -> Int {
        guard positions.indices.contains(id.index), let position = positions[id.index] else {
            preconditionFailure("There is no instance \(id.index): it was removed, or another router made the number.")
        }
        return position
    }
}
