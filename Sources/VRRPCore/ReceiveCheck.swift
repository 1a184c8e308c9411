/// Which decoded adverts an instance believes: the receive checks R-12 … R-21, as a pure function.
import Wire

extension InstanceConfig {
    /// Decides about one decoded packet. Pure and free of allocation; the order is that of the requirements' cost: what
    /// the packet's envelope says, then the fields, then the lists.
    package func verdict(on packet: ReceivedPacket) -> ReceiveVerdict {
        if let reason = envelopeFault(of: packet) ?? fieldFault(of: packet.advert) ?? listFault(of: packet) {
            return .drop(reason)
        }
        let advert = packet.advert
        var remarks: ReceiveRemarks = []
        if packet.addressList == .different { remarks.insert(.addressListDiffers) }
        if family == .ipv6, !packet.startsLinkLocal { remarks.insert(.notLinkLocalFirst) }
        // RFC 9568 erratum 8298: an owner that hears another master takes part in the election like everybody.
        if basePriority == Election.ownerPriority, advert.priority > 0 { remarks.insert(.ownerConflict) }
        let accepted = ReceivedAdvert(priority: advert.priority, interval: advert.interval, source: packet.source)
        return .accept(accepted, remarks)
    }

    /// Who sent it, to whom, and from how far.
    private func envelopeFault(of packet: ReceivedPacket) -> DropReason? {
        guard packet.source.family == family else { return .source }
        let wanted: DestinationKind = receive.isUnicast ? .host : .group
        guard packet.destination == wanted else { return .destination }
        guard receive.isUnicast else {
            // A hop count that the kernel did not report cannot be believed to be 255.
            return packet.timeToLive == 255 ? nil : .timeToLive
        }
        guard let peer = receive.peers.first(where: { $0.address == packet.source }) else {
            return receive.checksUnicastSource ? .unknownPeer : nil
        }
        guard let believed = peer.timeToLive else { return nil }
        guard let timeToLive = packet.timeToLive, believed.contains(timeToLive) else { return .timeToLive }
        return nil
    }

    /// The numbers in the message, and its proof of origin.
    private func fieldFault(of advert: Advert) -> DropReason? {
        guard advert.virtualRouterID == virtualRouterID else { return .unknownVirtualRouter }
        guard advert.version == version else { return .version }
        guard advert.interval > .zero else { return .intervalZero }
        switch version {
        case .v2:
            if let reason = authenticationFault(of: advert.authentication) { return reason }
            // RFC 3768 §7.1: all routers of a virtual router must agree.
            return advert.interval == interval ? nil : .intervalDiffers
        case .v3:
            // RFC 9568 §7.1: another interval is adopted, never a reason to drop.
            return nil
        }
    }

    private func authenticationFault(of received: Authentication) -> DropReason? {
        switch (receive.authentication, received) {
        case (.none, .none): nil
        case (.password(let ours), .password(let theirs)):
            // One comparison of one word: its time tells nothing about how many octets were right.
            ours.rawValue ^ theirs.rawValue == 0 ? nil : .password
        case (.none, .password), (.none, .other), (.password, .none), (.password, .other), (.other, _):
            .authenticationType
        }
    }

    /// The addresses. By default a difference is only remarked: dropping would make two masters for good.
    private func listFault(of packet: ReceivedPacket) -> DropReason? {
        guard packet.advert.addressCount > 0 || receive.allowsNoAddresses else { return .noAddresses }
        if receive.requiresLinkLocalFirst, family == .ipv6, !packet.startsLinkLocal { return .notLinkLocalFirst }
        // RFC 3768 §7.1 drops; RFC 9568 §7.1 only logs. The owner's list is right by definition.
        let isSenderOwner = packet.advert.priority == Election.ownerPriority
        if receive.requiresSameAddresses, version == .v2, packet.addressList == .different, !isSenderOwner {
            return .addressListDiffers
        }
        return nil
    }
}

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
