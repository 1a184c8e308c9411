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
