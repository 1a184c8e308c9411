/// What a configuration says about the guard: what an instance does so that no two nodes hold its addresses.
import Wire

/// The guard of one instance, or the defaults of all of them.
package struct GuardSettings: Hashable, Sendable {
    /// What to do at the end of `hold_max` while an unknown host still answers for a VIP.
    package enum ForeignClaim: String, Hashable, Sendable, CaseIterable {
        /// Become MASTER all the same, with an alarm.
        case takeover
        /// Stay BACKUP as long as the claim lasts.
        case block
    }

    /// What a MASTER does that hears a MASTER of lower priority which does not hear it.
    package enum DeafPeer: String, Hashable, Sendable, CaseIterable {
        /// Give the addresses up: the deaf node serves, and nobody else can end the conflict.
        case yield
        /// Stay MASTER and announce the addresses again and again.
        case defend
    }

    /// What becomes of adverts that a packet tap sees and this host's firewall drops.
    package enum Tap: String, Hashable, Sendable, CaseIterable {
        /// They count as received, with an alarm.
        case process
        /// They are told and nothing else.
        case logOnly = "log_only"
    }

    /// Whether an nftables rule ends the service of a VIP when this daemon no longer refreshes it.
    package enum Fence: String, Hashable, Sendable, CaseIterable {
        /// On where adverts are sent more often than once a second, which is the step of address lifetimes.
        case auto
        case on
        case off
    }

    package var isOn = true
    /// Asks by ARP and neighbour solicitation who holds a VIP, before this node takes it.
    package var probes = true
    /// The longest time for which evidence of another holder delays a promotion; nil: the master down interval.
    package var holdMaximum: Duration?
    package var foreignClaim = ForeignClaim.takeover
    package var deafPeer = DeafPeer.yield
    package var tap = Tap.process
    /// How long after a goodbye (priority 0) a VIP may still answer.
    package var releaseGrace: Duration = .milliseconds(100)
    /// Speaks to the other nodes over UDP, besides VRRP.
    package var hasChannel = true
    /// Signs what is said on the channel; nil: unsigned.
    package var key: GuardKey?
    /// `peers`: other nodes, besides those of `unicast_peer`.
    package var peers: [IPAddress] = []
    /// Second paths to the other nodes.
    package var heartbeatInterfaces: [String] = []
    /// VIPs have a lifetime in the kernel and end by themselves when this daemon no longer refreshes them.
    package var hasDeadMan = true
    package var fence = Fence.auto

    package init() {}
}

/// The shared secret of the guard channel. It never shows its octets in a message.
package struct GuardKey: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// A shorter key can be guessed.
    package static let shortest = 16
    /// Never empty.
    package var octets: [UInt8]

    package init(_ octets: [UInt8]) {
        precondition(!octets.isEmpty, "A key has at least one octet.")
        self.octets = octets
    }

    package var description: String { "(hidden)" }
    package var debugDescription: String { description }
}

/// Why a file is not taken as a key.
package struct KeyComplaint: Error, Hashable, Sendable {
    package var text: String
    package var hint: String

    package init(_ text: String, hint: String) {
        self.text = text
        self.hint = hint
    }
}

extension InstanceSettings {
    /// The most nodes that the guard speaks to for one instance.
    package static let mostGuardPeers = 32

    /// Whom the guard speaks to by address: the peers of VRRP first, each once.
    package var guardPeers: [IPAddress] {
        var all = unicastPeers.map(\.address)
        for peer in guardSettings.peers where !all.contains(peer) { all.append(peer) }
        return all
    }

    /// Whether the VIPs are fenced by nftables.
    package var isFenced: Bool {
        switch guardSettings.fence {
        case .auto: guardSettings.isOn && interval < .seconds(1)
        case .on: guardSettings.isOn
        case .off: false
        }
    }
}
