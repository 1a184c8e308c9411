/// ARP for IPv4 over Ethernet, RFC 826: announcing a virtual address, asking who holds it, and answering.

/// One ARP packet.
package struct ARPPacket: Hashable, Sendable {
    package enum Operation: UInt16, Hashable, Sendable {
        case request = 1
        case reply = 2
    }

    package var operation: Operation
    package var senderMAC: MACAddress
    package var senderAddress: IPv4Address
    package var targetMAC: MACAddress
    package var targetAddress: IPv4Address

    /// Octets behind the Ethernet header.
    package static let length = 28

    package init(
        _ operation: Operation, senderMAC: MACAddress, senderAddress: IPv4Address, targetMAC: MACAddress,
        targetAddress: IPv4Address
    ) {
        self.operation = operation
        self.senderMAC = senderMAC
        self.senderAddress = senderAddress
        self.targetMAC = targetMAC
        self.targetAddress = targetAddress
    }

    /// Tells every neighbour that the address is at this MAC. It is a request for its own address with a
    /// broadcast target, octet for octet what keepalived and FRR send.
    package static func gratuitous(_ address: IPv4Address, at mac: MACAddress) -> ARPPacket {
        ARPPacket(.request, senderMAC: mac, senderAddress: address, targetMAC: .broadcast, targetAddress: address)
    }

    /// Asks who holds an address without claiming any: RFC 5227 §1.1, sender address 0.
    package static func probe(for address: IPv4Address, from mac: MACAddress) -> ARPPacket {
        ARPPacket(.request, senderMAC: mac, senderAddress: .unspecified, targetMAC: .zero, targetAddress: address)
    }

    /// Asks who holds an address, in the name of one of our own.
    package static func request(for address: IPv4Address, from sender: IPv4Address, at mac: MACAddress) -> ARPPacket {
        ARPPacket(.request, senderMAC: mac, senderAddress: sender, targetMAC: .zero, targetAddress: address)
    }

    /// Answers a request: the address it asked for is at this MAC.
    package func reply(from mac: MACAddress) -> ARPPacket {
        ARPPacket(
            .reply, senderMAC: mac, senderAddress: targetAddress, targetMAC: senderMAC, targetAddress: senderAddress)
    }

    /// Whether the sender says that it holds the address. A probe claims nothing.
    package func claims(_ address: IPv4Address) -> Bool { senderAddress == address }
}

extension ARPPacket {
    /// Reads what follows the Ethernet header; padding behind it is ignored.
    ///
    /// nil for everything that is not a request or reply about IPv4 over Ethernet: such packets are no error, only
    /// none of our business.
    package init?(decoding bytes: RawSpan) {
        guard bytes.byteCount >= Self.length,
            bytes.uint16(at: 0) == Self.ethernet,
            bytes.uint16(at: 2) == EtherType.ipv4.rawValue,
            bytes.uint8(at: 4) == MACAddress.length,
            bytes.uint8(at: 5) == AddressFamily.ipv4.addressLength,
            let operation = Operation(rawValue: bytes.uint16(at: 6))
        else { return nil }
        self.init(
            operation, senderMAC: bytes.macAddress(at: 8), senderAddress: bytes.ipv4Address(at: 14),
            targetMAC: bytes.macAddress(at: 18), targetAddress: bytes.ipv4Address(at: 24))
    }

    /// Reads a whole Ethernet frame; nil when it carries no such packet.
    package init?(decodingFrame frame: RawSpan) {
        guard let header = EthernetHeader(decoding: frame), header.type == .arp else { return nil }
        self.init(decoding: frame.extracting(droppingFirst: EthernetHeader.length))
    }

    /// Writes 28 octets at an offset.
    package func encode(into bytes: inout MutableRawSpan, at offset: Int = 0) {
        bytes.write(Self.ethernet, at: offset)
        bytes.write(EtherType.ipv4.rawValue, at: offset + 2)
        bytes.write(UInt8(MACAddress.length), at: offset + 4)
        bytes.write(UInt8(AddressFamily.ipv4.addressLength), at: offset + 5)
        bytes.write(operation.rawValue, at: offset + 6)
        bytes.write(senderMAC, at: offset + 8)
        bytes.write(senderAddress, at: offset + 14)
        bytes.write(targetMAC, at: offset + 18)
        bytes.write(targetAddress, at: offset + 24)
    }

    /// The whole Ethernet frame, 42 octets; the driver pads it. This allocates.
    /// - Parameter source: the station that sends the frame; nil: the one that the packet names, as it should be.
    package func frame(to destination: MACAddress = .broadcast, from source: MACAddress? = nil) -> [UInt8] {
        [UInt8](count: EthernetHeader.length + Self.length) { bytes in
            EthernetHeader(destination: destination, source: source ?? senderMAC, type: .arp).encode(into: &bytes)
            encode(into: &bytes, at: EthernetHeader.length)
        }
    }

    /// The hardware type of Ethernet.
    private static let ethernet: UInt16 = 1
}
