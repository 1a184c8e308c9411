/// The IPv6 header of neighbour discovery packets that go through packet sockets, RFC 8200 §3.

/// A fixed header without extension headers.
package struct IPv6Header: Hashable, Sendable {
    package var source: IPv6Address
    package var destination: IPv6Address
    package var nextHeader: IPProtocol
    package var hopLimit: UInt8
    package var trafficClass: UInt8
    /// Octets behind the header.
    package var payloadLength: Int

    /// Octets in the header.
    package static let length = 40

    package init(
        source: IPv6Address, destination: IPv6Address, nextHeader: IPProtocol, payloadLength: Int,
        hopLimit: UInt8 = 255, trafficClass: UInt8 = 0
    ) {
        self.source = source
        self.destination = destination
        self.nextHeader = nextHeader
        self.hopLimit = hopLimit
        self.trafficClass = trafficClass
        self.payloadLength = payloadLength
    }

    /// Reads and checks the header at the start of a packet; `payload` ends before any Ethernet padding.
    /// - Throws: `DecodeError` when the packet is not IPv6 or is cut off.
    package init(decoding packet: RawSpan) throws(DecodeError) {
        guard packet.byteCount >= Self.length else { throw .packetTooShort(received: packet.byteCount) }
        let firstWord = packet.uint32(at: 0)
        let version = UInt8(firstWord >> 28)
        guard version == AddressFamily.ipv6.rawValue else { throw .ipVersion(version) }
        payloadLength = Int(packet.uint16(at: 4))
        guard Self.length + payloadLength <= packet.byteCount else {
            throw .ipTotalLength(stated: Self.length + payloadLength, received: packet.byteCount)
        }
        trafficClass = UInt8(truncatingIfNeeded: firstWord >> 20)
        nextHeader = IPProtocol(rawValue: packet.uint8(at: 6))
        hopLimit = packet.uint8(at: 7)
        source = packet.ipv6Address(at: 8)
        destination = packet.ipv6Address(at: 24)
    }

    /// Where the payload lies in the packet that was decoded.
    package var payload: Range<Int> { Self.length..<(Self.length + payloadLength) }

    /// Writes 40 octets at an offset, with a flow label of 0.
    package func encode(into bytes: inout MutableRawSpan, at offset: Int = 0) {
        precondition(payloadLength <= 0xFFFF, "\(payloadLength) octets do not fit into one IPv6 packet")
        bytes.write(UInt32(6) << 28 | UInt32(trafficClass) << 20, at: offset)
        bytes.write(UInt16(payloadLength), at: offset + 4)
        bytes.write(nextHeader.rawValue, at: offset + 6)
        bytes.write(hopLimit, at: offset + 7)
        bytes.write(source, at: offset + 8)
        bytes.write(destination, at: offset + 24)
    }
}
