/// What the guard learns beside the adverts of its own virtual router, and what it asks for.
import Wire

/// Somebody else said that it uses one of our virtual addresses.
package struct AddressClaim: Hashable, Sendable {
    package var address: IPAddress
    package var hardware: MACAddress

    package init(_ address: IPAddress, by hardware: MACAddress) {
        self.address = address
        self.hardware = hardware
    }
}

/// An advert that the receive checks refuse, or of another virtual router, which names one of our virtual addresses.
package struct ForeignAdvert: Hashable, Sendable {
    package var source: IPAddress
    package var priority: UInt8
    package var interval: Duration
    /// In what it differs from what this instance believes.
    package var difference: AdvertDifference

    package init(source: IPAddress, priority: UInt8, interval: Duration, difference: AdvertDifference) {
        self.source = source
        self.priority = priority
        self.interval = interval
        self.difference = difference
    }
}

/// Why an advert for our address is not one of our virtual router; with their value.
package enum AdvertDifference: Hashable, Sendable {
    case virtualRouterID(UInt8)
    case version(VRRPVersion)
    case interval(Duration)
    case authentication
    case password
    /// Any other receive check.
    case refused(DropReason)
}

/// What a node says of itself on the guard channel: proved authentic, and newer than what it said before.
package struct Heartbeat: Hashable, Sendable {
    package enum Word: UInt8, Hashable, Sendable {
        /// Its state, whether asked for or not.
        case state
        /// It has just given its addresses up because this node has the better claim.
        case yielded
        /// It asks this node to let go of addresses that it should not have.
        case releaseRequest
    }

    package var word: Word
    /// Where its adverts come from: how it is known to VRRP.
    package var source: IPAddress
    package var virtualRouterID: UInt8
    package var state: State
    package var priority: UInt8
    package var interval: Duration
    /// Its interface works as far as it can tell. A master without one serves nobody.
    package var isFit: Bool
    /// It hears this node's adverts or heartbeats.
    package var hearsUs: Bool

    package init(
        _ word: Word = .state, source: IPAddress, virtualRouterID: UInt8, state: State, priority: UInt8,
        interval: Duration, isFit: Bool = true, hearsUs: Bool = true
    ) {
        self.word = word
        self.source = source
        self.virtualRouterID = virtualRouterID
        self.state = state
        self.priority = priority
        self.interval = interval
        self.isFit = isFit
        self.hearsUs = hearsUs
    }
}

package enum GuardNews: Hashable, Sendable {
    /// ARP or neighbour discovery: a station other than this host uses a virtual address.
    case claim(AddressClaim)
    /// The host with this primary address lives: it answered a question for it.
    case hostAnswered(IPAddress, MACAddress)
    /// A station answers for an address that nobody has: a proxy, whose answers mean nothing.
    case decoyAnswered(MACAddress)
    case foreignAdvert(ForeignAdvert)
    case heartbeat(Heartbeat)
    /// An advert that would have been accepted, had this host's own firewall let it through.
    case tapped(ReceivedAdvert)
    /// False: the interface came up and no frame has arrived on it since, so the switch may not pass any yet (spanning
    /// tree holds a port back for up to half a minute). True: a frame has come.
    case carrying(Bool)
}

/// One round of questions on the wire. All answers come back as `GuardNews`.
package struct Probe: Hashable, Sendable {
    /// Who has our virtual addresses?
    package var asksForAddresses: Bool
    /// Does the host with this primary address live, and what does its guard say?
    package var host: IPAddress?

    package init(asksForAddresses: Bool = true, host: IPAddress? = nil) {
        self.asksForAddresses = asksForAddresses
        self.host = host
    }
}
