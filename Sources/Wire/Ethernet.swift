/// The Ethernet header in front of packets that are sent and received through packet sockets.

/// What an Ethernet frame carries. Numbers from the IEEE registry.
package struct EtherType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let ipv4 = EtherType(rawValue: 0x0800)
    package static let arp = EtherType(rawValue: 0x0806)
    package static let ipv6 = EtherType(rawValue: 0x86DD)
}

/// Destination, source and type. VLAN tags never appear here: Linux takes them off before a packet socket sees them.
package struct EthernetHeader: Hashable, Sendable {
    package var destination: MACAddress
    package var source: MACAddress
    package var type: EtherType

    /// Octets in the header.
    package static let length = 14

    package init(destination: MACAddress, source: MACAddress, type: EtherType) {
        self.destination = destination
        self.source = source
        self.type = type
    }

    /// Reads the header at the start of a frame; nil when the frame is too short.
    package init?(decoding frame: RawSpan) {
        guard frame.byteCount >= Self.length else { return nil }
        destination = frame.macAddress(at: 0)
        source = frame.macAddress(at: 6)
        type = EtherType(rawValue: frame.uint16(at: 12))
    }

    /// Writes 14 octets at an offset.
    package func encode(into bytes: inout MutableRawSpan, at offset: Int = 0) {
        bytes.write(destination, at: offset)
        bytes.write(source, at: offset + 6)
        bytes.write(type.rawValue, at: offset + 12)
    }
}
