/// Sync groups: what a router and its members must know to move together (keepalived: vrrp_sync_group).

/// A set of instances that change state together (keepalived: vrrp_sync_group).
package struct SyncGroupConfig: Hashable, Sendable {
    package var name: String
    package var members: [InstanceID]

    package init(name: String, members: [InstanceID]) {
        self.name = name
        self.members = members
    }
}

extension Instance {
    /// What the other members of a sync group have to know about one. Equal standpoints need no further thought, so the
    /// adverts and timers of a steady group cost nothing.
    struct Standpoint: Hashable {
        var state: State
        var wantsMaster: Bool
        var isFollowing: Bool
        var hasOwnFault: Bool
    }

    var standpoint: Standpoint {
        Standpoint(
            state: state, wantsMaster: wantsMaster, isFollowing: backup.isFollowing, hasOwnFault: hasOwnFault)
    }

    /// Enters or leaves a group. A wish that only the group held back ends with it: the timer of the backup, which still
    /// runs, will ask again.
    mutating func join(_ name: String?) {
        guard group != name else { return }
        group = name
        wish = nil
    }
}
