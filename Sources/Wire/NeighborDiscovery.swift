/// Neighbour discovery for IPv6, RFC 4861 §4.3 and §4.4: announcing a virtual address and asking who holds it.

/// A neighbour advertisement: "this address is here".
package struct NeighborAdvertisement: Hashable, Sendable {
    /// The address it speaks of.
    package var target: IPv6Address
    /// The sender forwards packets. A service host does not, so this follows the host's forwarding setting (I-04).
    package var isRouter: Bool
    /// It answers a question; announcements do not.
    package var isSolicited: Bool
    /// Neighbours shall replace the link-layer address that they know.
    package var isOverride: Bool
    /// Where the target is; nil when the option is missing.
    package var targetMAC: MACAddress?

    package init(
        target: IPv6Address, isRouter: Bool, isSolicited: Bool, isOverride: Bool, targetMAC: MACAddress?
    ) {
        self.target = target
        self.isRouter = isRouter
        self.isSolicited = isSolicited
        self.isOverride = isOverride
        self.targetMAC = targetMAC
    }

    /// Tells every neighbour that the address is at this MAC (I-04): the sibling of a gratuitous ARP.
    package static func unsolicited(_ address: IPv6Address, at mac: MACAddress, isRouter: Bool) -> Self {
        NeighborAdvertisement(
            target: address, isRouter: isRouter, isSolicited: false, isOverride: true, targetMAC: mac)
    }

    /// Reads an ICMPv6 message; nil when it is no valid neighbour advertisement (RFC 4861 §7.1.2).
    /// - Parameter header: the IPv6 header in front of it.
    package init?(decoding message: RawSpan, after header: IPv6Header) {
        guard NeighborMessage.isValid(message, type: .advertisement, after: header) else { return nil }
        target = message.ipv6Address(at: 8)
        guard !target.isMulticast else { return nil }
        let flags = message.uint8(at: 4)
        isRouter = flags & 0x80 != 0
        isSolicited = flags & 0x40 != 0
        isOverride = flags & 0x20 != 0
        guard !(isSolicited && header.destination.isMulticast) else { return nil }
        targetMAC = NeighborMessage.linkLayerAddress(in: message, option: .targetLinkLayerAddress)
    }

    /// Reads a whole Ethernet frame; nil when it carries no valid neighbour advertisement.
    package init?(decodingFrame frame: RawSpan) {
        guard let header = NeighborMessage.ipv6Header(inFrame: frame) else { return nil }
        self.init(decoding: frame.extracting(NeighborMessage.payload(inFrameAfter: header)), after: header)
    }

    /// The whole Ethernet frame to every node on the link, from the target address itself, as keepalived sends it.
    /// This allocates.
    package func frame(from mac: MACAddress) -> [UInt8] {
        precondition(!isSolicited, "an answer goes to the one who asked, not to every node")
        let flags: UInt8 = (isRouter ? 0x80 : 0) | (isOverride ? 0x20 : 0)
        let message = NeighborMessage(
            type: .advertisement, flags: flags, target: target, option: .targetLinkLayerAddress, mac: targetMAC)
        return message.frame(source: target, destination: .allNodes, from: mac, to: .multicast(for: .v6(.allNodes)))
    }
}

/// A neighbour solicitation: "who has this address?"
package struct NeighborSolicitation: Hashable, Sendable {
    /// The address it asks for.
    package var target: IPv6Address
    /// Where the asker is; nil when it asks without an address of its own (duplicate address detection).
    package var sourceMAC: MACAddress?

    package init(target: IPv6Address, sourceMAC: MACAddress?) {
        self.target = target
        self.sourceMAC = sourceMAC
    }

    /// Reads an ICMPv6 message; nil when it is no valid neighbour solicitation (RFC 4861 §7.1.1).
    /// - Parameter header: the IPv6 header in front of it.
    package init?(decoding message: RawSpan, after header: IPv6Header) {
        guard NeighborMessage.isValid(message, type: .solicitation, after: header) else { return nil }
        target = message.ipv6Address(at: 8)
        guard !target.isMulticast else { return nil }
        sourceMAC = NeighborMessage.linkLayerAddress(in: message, option: .sourceLinkLayerAddress)
        if header.source == .unspecified {
            guard sourceMAC == nil, header.destination == target.solicitedNode else { return nil }
        }
    }

    /// Reads a whole Ethernet frame; nil when it carries no valid neighbour solicitation.
    package init?(decodingFrame frame: RawSpan) {
        guard let header = NeighborMessage.ipv6Header(inFrame: frame) else { return nil }
        self.init(decoding: frame.extracting(NeighborMessage.payload(inFrameAfter: header)), after: header)
    }

    /// The whole Ethernet frame of the question in the name of one of our own addresses. This allocates.
    /// - Parameter peer: asks this station alone, so that a host that is deaf to multicast is still found (I-09);
    ///   nil asks the group of the target.
    package static func frame(
        asking target: IPv6Address, source: IPv6Address, from mac: MACAddress, to peer: MACAddress? = nil
    ) -> [UInt8] {
        precondition(!source.isMulticast && source != .unspecified, "\(source) cannot be the source of a question")
        let message = NeighborMessage(
            type: .solicitation, flags: 0, target: target, option: .sourceLinkLayerAddress, mac: mac)
        return message.frame(
            source: source, destination: peer == nil ? target.solicitedNode : target, from: mac,
            to: peer ?? .multicast(for: .v6(target.solicitedNode)))
    }

    /// The whole Ethernet frame of the question as duplicate address detection asks it, RFC 4862 §5.4.2: from "::"
    /// and without an option, so that no neighbour learns anything about the asker. This allocates.
    package static func probeFrame(for target: IPv6Address, from mac: MACAddress) -> [UInt8] {
        let message = NeighborMessage(
            type: .solicitation, flags: 0, target: target, option: .sourceLinkLayerAddress, mac: nil)
        return message.frame(
            source: .unspecified, destination: target.solicitedNode, from: mac,
            to: .multicast(for: .v6(target.solicitedNode)))
    }
}

/// What both messages share: ICMPv6 header, target address and one option with a link-layer address.
private struct NeighborMessage {
    enum MessageType: UInt8 {
        case solicitation = 135
        case advertisement = 136
    }

    enum Option: UInt8 {
        case sourceLinkLayerAddress = 1
        case targetLinkLayerAddress = 2
    }

    var type: MessageType
    var flags: UInt8
    var target: IPv6Address
    var option: Option
    /// Written as the option; nil leaves the option out.
    var mac: MACAddress?

    /// Octets up to and with the target address.
    static let fixedLength = 24
    /// Octets of the option: type, length in units of eight octets, and the address.
    static let optionLength = 8

    func frame(
        source: IPv6Address, destination: IPv6Address, from sourceMAC: MACAddress, to destinationMAC: MACAddress
    ) -> [UInt8] {
        let messageLength = Self.fixedLength + (mac == nil ? 0 : Self.optionLength)
        let headerEnd = EthernetHeader.length + IPv6Header.length
        return [UInt8](count: headerEnd + messageLength) { bytes in
            EthernetHeader(destination: destinationMAC, source: sourceMAC, type: .ipv6).encode(into: &bytes)
            let header = IPv6Header(
                source: source, destination: destination, nextHeader: .icmpv6, payloadLength: messageLength)
            header.encode(into: &bytes, at: EthernetHeader.length)
            encode(into: &bytes, at: headerEnd, after: header)
        }
    }

    private func encode(into bytes: inout MutableRawSpan, at offset: Int, after header: IPv6Header) {
        bytes.write(type.rawValue, at: offset)
        bytes.write(flags, at: offset + 4)
        bytes.write(target, at: offset + 8)
        if let mac {
            bytes.write(option.rawValue, at: offset + Self.fixedLength)
            bytes.write(UInt8(Self.optionLength / 8), at: offset + Self.fixedLength + 1)
            bytes.write(mac, at: offset + Self.fixedLength + 2)
        }
        var checksum = Checksum()
        checksum.add(bytes.bytes.extracting(offset..<(offset + header.payloadLength)))
        checksum.addPseudoHeader(
            source: .v6(header.source), destination: .v6(header.destination), protocolNumber: .icmpv6,
            messageLength: header.payloadLength)
        bytes.write(checksum.value, at: offset + 2)
    }

    /// The IPv6 header of a frame; nil when the frame carries another protocol or is cut off.
    static func ipv6Header(inFrame frame: RawSpan) -> IPv6Header? {
        guard let ethernet = EthernetHeader(decoding: frame), ethernet.type == .ipv6 else { return nil }
        return try? IPv6Header(decoding: frame.extracting(droppingFirst: EthernetHeader.length))
    }

    /// Where the ICMPv6 message lies in a frame with this IPv6 header.
    static func payload(inFrameAfter header: IPv6Header) -> Range<Int> {
        let start = EthernetHeader.length + header.payload.lowerBound
        return start..<(start + header.payloadLength)
    }

    /// The checks that RFC 4861 demands of both messages. A hop limit of 255 proves that no router forwarded it.
    static func isValid(_ message: RawSpan, type: MessageType, after header: IPv6Header) -> Bool {
        guard header.nextHeader == .icmpv6, header.hopLimit == 255, message.byteCount >= fixedLength,
            message.byteCount == header.payloadLength, message.uint8(at: 0) == type.rawValue, message.uint8(at: 1) == 0
        else { return false }
        var checksum = Checksum()
        checksum.add(message)
        checksum.addPseudoHeader(
            source: .v6(header.source), destination: .v6(header.destination), protocolNumber: .icmpv6,
            messageLength: message.byteCount)
        return checksum.isValid && hasWholeOptions(message)
    }

    /// An option of length 0 would never end, and RFC 4861 §4.6 has the whole packet dropped for it.
    private static func hasWholeOptions(_ message: RawSpan) -> Bool {
        var offset = fixedLength
        while offset < message.byteCount {
            guard offset + 2 <= message.byteCount, message.uint8(at: offset + 1) > 0 else { return false }
            offset += Int(message.uint8(at: offset + 1)) * 8
        }
        return offset == message.byteCount
    }

    /// The address in the first option of this kind. The options must be whole.
    static func linkLayerAddress(in message: RawSpan, option: Option) -> MACAddress? {
        var offset = fixedLength
        while offset < message.byteCount {
            if message.uint8(at: offset) == option.rawValue, message.uint8(at: offset + 1) == 1 {
                return message.macAddress(at: offset + 2)
            }
            offset += Int(message.uint8(at: offset + 1)) * 8
        }
        return nil
    }
}
