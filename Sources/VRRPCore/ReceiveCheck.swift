/// Which decoded adverts an instance believes: the receive checks R-12 … R-21, as a pure function.
import Wire

/// What an instance demands of a packet, beyond its version, number and interval.
package struct ReceivePolicy: Hashable, Sendable {
    /// What version 2 adverts must carry; version 3 has no such field.
    package var authentication: Authentication = .none
    /// True when adverts go to `peers` instead of the group.
    package var isUnicast = false
    package var peers: [UnicastPeer] = []
    /// keepalived's check_unicast_src; on unless configured off.
    package var checksUnicastSource = true
    /// Erratum 8300 of RFC 9568: drop an IPv6 list that does not begin with a link-local address.
    package var requiresLinkLocalFirst = false
    /// RFC 3768 §7.1: drop an advert with another address list unless its sender is the owner.
    package var requiresSameAddresses = false
    /// keepalived's no_virtual_ipaddress: an empty list is legal.
    package var allowsNoAddresses = false

    package init() {}
}

/// One peer of a unicast instance.
package struct UnicastPeer: Hashable, Sendable {
    package var address: IPAddress
    /// The hop counts that are believed; nil: not checked.
    package var timeToLive: ClosedRange<UInt8>?

    package init(_ address: IPAddress, timeToLive: ClosedRange<UInt8>? = nil) {
        self.address = address
        self.timeToLive = timeToLive
    }
}

/// To whom a packet was addressed.
package enum DestinationKind: UInt8, Hashable, Sendable, CaseIterable {
    /// The multicast group of this instance.
    case group
    /// An address of this host.
    case host
    /// Anything else.
    case other
}

/// What the address list of a packet is, compared as a set with the instance's own.
package enum AddressListMatch: UInt8, Hashable, Sendable, CaseIterable {
    case same
    case different
}

/// A decoded advert with what is known about the packet that carried it.
package struct ReceivedPacket: Hashable, Sendable {
    package var advert: Advert
    package var source: IPAddress
    /// TTL or hop limit; nil when the kernel did not say.
    package var timeToLive: UInt8?
    package var destination: DestinationKind
    package var addressList: AddressListMatch
    /// IPv6: the first address of the list is link-local. Not looked at for IPv4.
    package var startsLinkLocal: Bool

    package init(
        advert: Advert, source: IPAddress, timeToLive: UInt8? = 255, destination: DestinationKind = .group,
        addressList: AddressListMatch = .same, startsLinkLocal: Bool = true
    ) {
        self.advert = advert
        self.source = source
        self.timeToLive = timeToLive
        self.destination = destination
        self.addressList = addressList
        self.startsLinkLocal = startsLinkLocal
    }
}

/// Why a packet does not reach the state machine. Each has a counter of its own.
package enum DropReason: UInt8, Hashable, Sendable, CaseIterable {
    /// no instance with this number on this interface.
    case unknownVirtualRouter
    ///
    case version
    /// the hop count is not 255, or outside the peer's range.
    case timeToLive
    /// unicast to a multicast instance, or the other way round.
    case destination
    /// not one of the configured peers.
    case unknownPeer
    /// The source address is of the other family, or our own.
    case source
    /// another type of authentication.
    case authenticationType
    /// another password.
    case password
    /// for version 2: an interval of zero.
    case intervalZero
    /// version 2 with another interval than ours.
    case intervalDiffers
    /// no address in the list.
    case noAddresses
    /// R-18, only when strict.
    case notLinkLocalFirst
    /// R-19, only when strict.
    case addressListDiffers
}

/// What deserves a line in the log although the packet is believed.
package struct ReceiveRemarks: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The sender's address list differs from ours.
    package static let addressListDiffers = Self(rawValue: 1)
    /// The IPv6 list does not begin with a link-local address.
    package static let notLinkLocalFirst = Self(rawValue: 2)
    /// We own the addresses (255) and somebody else advertises.
    package static let ownerConflict = Self(rawValue: 4)
}

package enum ReceiveVerdict: Hashable, Sendable {
    case accept(ReceivedAdvert, ReceiveRemarks)
    case drop(DropReason)
}
