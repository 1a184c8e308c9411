/// What runs on a node: halua with or without its guard, or keepalived.
import VRRPCore
import Wire

/// Which daemon a node runs.
package enum DaemonModel: Hashable, Sendable {
    case halua
    /// keepalived 2.2 as far as it differs from halua without a guard: nothing in it looks beyond adverts, and its
    /// addresses have no lifetime. It says goodbye before its kernel has removed them, drops an advert with another
    /// address list, does not notice that it stood still, and goes on when it cannot send.
    case keepalived

    /// So long after its goodbye keepalived's kernel still has the addresses.
    static let keepalivedRelease = Duration.milliseconds(5)
}

/// What is built into a host and does not change in a run.
package struct NodeTraits: Hashable, Sendable {
    package var model = DaemonModel.halua
    /// Addresses of guarded instances have a lifetime that the daemon renews.
    package var hasDeadMan = true
    /// Guarded instances speak on the guard channel.
    package var hasChannel = true

    package init() {}
}

/// What a host's own firewall keeps from its daemon. The kernel's answers to ARP pass it in any case.
package enum Firewall: UInt8, Hashable, Sendable {
    case open
    /// Adverts.
    case adverts
    /// Adverts and the guard channel.
    case everything
}

extension Node {
    /// Some instance has a guard, so the daemon listens to more than adverts.
    package var isGuarded: Bool { instances.contains { $0.guarding != nil } }

    /// An advert that the firewall drops is heard all the same.
    var obeysTap: Bool {
        instances.indices.contains { openTaps[$0] && instances[$0].guarding?.obeysTap ?? false }
    }

    func note(_ station: StationID, heard now: Time) {
        while heard.count <= station.index { heard.append(Time(nanoseconds: .min / 2)) }
        heard[station.index] = now
    }

    /// Whether the daemon has heard a station lately, by adverts or heartbeats.
    func hears(_ station: StationID, _ interval: Duration, at now: Time) -> Bool {
        station.index < heard.count && now - heard[station.index] <= interval * 4
    }
}

extension World {
    /// Turns a node into one that runs keepalived.
    package func makeKeepalived(_ node: Node) {
        node.traits.model = .keepalived
        node.releaseDelay = DaemonModel.keepalivedRelease
        for index in node.instances.indices {
            node.instances[index].guarding = nil
            node.instances[index].dampsFlapping = false
            node.instances[index].receive.requiresSameAddresses = true
        }
    }

    /// A process goes on after it stood still.
    func goOn(_ node: Node) {
        guard let since = node.standsSince else { return }
        node.standsSince = nil
        renewLifetimes(node)
        guard node.traits.model == .keepalived else { return }
        // What was due then is due now, and nobody wonders about the time between.
        node.clock.stand(for: now - since, until: now)
        node.wakeTime = Node.never
    }
}
