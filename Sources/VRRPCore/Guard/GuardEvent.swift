/// What the guard tells the operator: what it saw, what that means, and what to do.
import Wire

/// Why a backup that heard no advert does not take over.
package enum HoldReason: Hashable, Sendable {
    /// The silent master's host still answers for the address: its daemon died or hangs.
    case staleAddress(IPAddress, of: IPAddress)
    /// The former master says that it is not master, but its kernel still has the address; it was asked to let go.
    case notReleased(IPAddress, by: IPAddress)
    /// Somebody advertises the address under other terms, and its host answers for it.
    case foreignMaster(ForeignAdvert)
    /// The same, but nobody answers for the address.
    case foreignAdvert(ForeignAdvert)
    /// A station that VRRP knows nothing of uses the address.
    case foreignClaim(AddressClaim)
    /// Nothing at all has been heard on the interface since it came up.
    case silentInterface
}

package enum GuardEvent: Hashable, Sendable {
    /// This node would be master, and waits; at most so long when there is a limit.
    case promotionHeld(HoldReason, limit: Duration?)
    /// The reason is gone, or its time is over; with the time that it took.
    case holdEnded(HoldReason, after: Duration, isGone: Bool)
    /// Adverts for our address that are not of our virtual router.
    case mismatch(ForeignAdvert)
    /// An advert that was accepted lists other virtual addresses than this instance has.
    case addressListDiffers(IPAddress, theirs: [IPAddress])
    /// A foreign master has the better claim to the address and really holds it, so this node lets go.
    case yieldingToForeign(ForeignAdvert)
    /// Another station uses an address that this node holds; it announces its own again.
    case addressClaimed(AddressClaim)
    /// This host's firewall drops the adverts of a node; or does so no longer.
    case localFirewall(IPAddress, isDropping: Bool)
    /// Adverts of a node do not arrive, its heartbeats do; or the adverts are back.
    case advertsLost(IPAddress, isLost: Bool)
    /// A node that this one advertises to was heard on the guard channel and is silent now; or is back.
    case peerSilent(IPAddress, isSilent: Bool)
    /// A master of lower rank hears nobody; whether this node gives way.
    case peerDeaf(IPAddress, yielding: Bool)
    /// A station answers for everything, so its answers do not count.
    case proxyAnswers(MACAddress)
    /// The kernel ended the service of the addresses by itself, this long after their last renewal.
    case deadManExpired(after: Duration)
}
