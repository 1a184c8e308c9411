/// The IPv4 header of adverts: checked when received, written when sent, RFC 791 §3.1.

/// What an IP packet carries. Numbers from the IANA registry.
package struct IPProtocol: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let icmpv6 = IPProtocol(rawValue: 58)
    package static let vrrp = IPProtocol(rawValue: 112)
}

/// The fields of an IPv4 header that VRRP looks at.
package struct IPv4Header: Hashable, Sendable {
    package var source: IPv4Address
    package var destination: IPv4Address
    package var protocolNumber: IPProtocol
    /// The type of service octet; halua sends 0xC0 (network control), as keepalived and FRR do.
    package var typeOfService: UInt8
    package var timeToLive: UInt8
    /// Names the packet among others of the same source. 0 asks Linux to choose one.
    package var identification: UInt16
    /// Octets behind the header.
    package var payloadLength: Int
    /// Octets of the header, options included: 20 to 60. Encoding always writes 20.
    package private(set) var headerLength: Int

    /// Octets in a header without options.
    package static let length = 20

    package init(
        source: IPv4Address, destination: IPv4Address, protocolNumber: IPProtocol, payloadLength: Int,
        timeToLive: UInt8 = 255, typeOfService: UInt8 = 0xC0, identification: UInt16 = 0
    ) {
        self.source = source
        self.destination = destination
        self.protocolNumber = protocolNumber
        self.typeOfService = typeOfService
        self.timeToLive = timeToLive
        self.identification = identification
        self.payloadLength = payloadLength
        headerLength = Self.length
    }

    /// Reads and checks the header at the start of a packet as a raw socket or a packet socket delivers it.
    ///
    /// Options are allowed and skipped. Octets behind the total length are Ethernet padding, so `payload` ends
    /// before them.
    /// - Parameter expected: what the packet must carry.
    /// - Throws: `DecodeError` for anything that is not a whole, undamaged, unfragmented IPv4 packet of this protocol.
    ///   The TTL is left to the caller.
    package init(decoding packet: RawSpan, carrying expected: IPProtocol) throws(DecodeError) {
        guard packet.byteCount >= Self.length else { throw .packetTooShort(received: packet.byteCount) }
        let version = packet.uint8(at: 0) >> 4
        guard version == AddressFamily.ipv4.rawValue else { throw .ipVersion(version) }
        let words = packet.uint8(at: 0) & 0xF
        let headerLength = Int(words) * 4
        guard headerLength >= Self.length, headerLength <= packet.byteCount else { throw .ipHeaderLength(words: words) }
        let totalLength = Int(packet.uint16(at: 2))
        guard totalLength >= headerLength, totalLength <= packet.byteCount else {
            throw .ipTotalLength(stated: totalLength, received: packet.byteCount)
        }
        var checksum = Checksum()
        checksum.add(packet.extracting(0..<headerLength))
        guard checksum.isValid else { throw .ipHeaderChecksum }
        // "More fragments" or an offset; "don't fragment" and the reserved bit do not matter.
        guard packet.uint16(at: 6) & 0x3FFF == 0 else { throw .fragment }
        let protocolNumber = packet.uint8(at: 9)
        guard protocolNumber == expected.rawValue else { throw .ipProtocol(protocolNumber) }

        source = packet.ipv4Address(at: 12)
        destination = packet.ipv4Address(at: 16)
        self.protocolNumber = expected
        typeOfService = packet.uint8(at: 1)
        timeToLive = packet.uint8(at: 8)
        identification = packet.uint16(at: 4)
        payloadLength = totalLength - headerLength
        self.headerLength = headerLength
    }

    /// Where the payload lies in the packet that was decoded.
    package var payload: Range<Int> { headerLength..<(headerLength + payloadLength) }

    /// Writes 20 octets at an offset: no options, "don't fragment" clear, the checksum filled in.
    package func encode(into bytes: inout MutableRawSpan, at offset: Int = 0) {
        precondition(payloadLength <= 0xFFFF - Self.length, "\(payloadLength) octets do not fit into one IPv4 packet")
        bytes.write(UInt8(0x45), at: offset)
        bytes.write(typeOfService, at: offset + 1)
        bytes.write(UInt16(Self.length + payloadLength), at: offset + 2)
        bytes.write(identification, at: offset + 4)
        bytes.write(UInt16(0), at: offset + 6)
        bytes.write(timeToLive, at: offset + 8)
        bytes.write(protocolNumber.rawValue, at: offset + 9)
        bytes.write(UInt16(0), at: offset + 10)
        bytes.write(source, at: offset + 12)
        bytes.write(destination, at: offset + 16)
        var checksum = Checksum()
        checksum.add(bytes.bytes.extracting(offset..<(offset + Self.length)))
        bytes.write(checksum.value, at: offset + 10)
    }
}
