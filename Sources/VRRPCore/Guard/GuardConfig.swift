/// What the operator lets the guard do: how it looks before a promotion, and what it concludes.

/// The guard of one instance. It changes nothing of what VRRP puts on the wire; without it the instance is plain VRRP.
package struct GuardConfig: Hashable, Sendable {
    /// False where the network answers for everybody, as clouds do: then nobody is asked who has an address.
    package var probes = true
    /// How long a claim that VRRP does not explain may delay a promotion; nil: a master down interval.
    package var longestHold: Duration?
    /// What a claim by an unknown station means.
    package var foreignClaim = ForeignClaim.takeOver
    /// What a master with the better claim does about one that hears nobody.
    package var deafPeer = DeafPeer.yield
    /// False: adverts that the host's firewall drops are told of, and not obeyed.
    package var obeysTap = true
    /// For so long after a goodbye the former master's kernel may still answer.
    package var releaseGrace = Duration.milliseconds(100)

    package init() {}
}

/// What to do about a virtual address that an unknown station uses.
package enum ForeignClaim: UInt8, Hashable, Sendable {
    /// Take the address over after the longest hold, and say so.
    case takeOver
    /// Stay backup as long as the station answers.
    case block
}

/// What to do about a master of lower rank that does not hear this one. Two addresses in use serve nobody well: whoever
/// can hear is the one that can give way.
package enum DeafPeer: UInt8, Hashable, Sendable {
    case yield
    case defend
}
