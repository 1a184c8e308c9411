/// A finished packet per instance and destination, of which only the priority changes between two adverts.

/// What is sent again and again: for IPv4 the IP header and the message, for IPv6 the message alone, because the
/// kernel writes IPv6 headers. Make a new one when configuration, source address or checksum form change.
package struct AdvertTemplate: Sendable {
    /// The packet to send, as long as the whole of it.
    package private(set) var bytes: [UInt8]
    package let source: IPAddress
    package let destination: IPAddress
    /// Where the message begins in the packet.
    private let messageOffset: Int

    /// - Parameters:
    ///   - advert: what the packet says; its priority is the first one to send.
    ///   - addresses: as many as `advert.addressCount` says.
    ///   - timeToLive: for IPv4 only; an IPv6 socket has its own setting.
    package init(
        _ advert: Advert, addresses: AddressList, from source: IPAddress, to destination: IPAddress,
        timeToLive: UInt8 = 255
    ) {
        self.source = source
        self.destination = destination
        let messageLength = advert.version.messageLength(addressCount: addresses.count, family: addresses.family)
        let header: IPv4Header? =
            switch (source, destination) {
            case (.v4(let source), .v4(let destination)):
                IPv4Header(
                    source: source, destination: destination, protocolNumber: .vrrp, payloadLength: messageLength,
                    timeToLive: timeToLive)
            case (.v6, .v6): nil
            case (.v4, .v6), (.v6, .v4): preconditionFailure("one packet has addresses of one family")
            }
        let messageOffset = header == nil ? 0 : IPv4Header.length
        bytes = [UInt8](count: messageOffset + messageLength) { bytes in
            header?.encode(into: &bytes)
            _ = advert.encode(addresses, from: source, to: destination, into: &bytes, at: messageOffset)
        }
        self.messageOffset = messageOffset
    }

    /// The priority that the packet carries now. Setting it corrects the checksum without reading the whole packet,
    /// and costs nothing when it stays the same.
    package var priority: UInt8 {
        get { bytes[messageOffset + 2] }
        set {
            let old = word(at: messageOffset + 2)
            let new = UInt16(newValue) << 8 | old & 0xFF
            guard new != old else { return }
            bytes[messageOffset + 2] = newValue
            let checksum = Checksum.updating(word(at: messageOffset + 6), from: old, to: new)
            bytes[messageOffset + 6] = UInt8(checksum >> 8)
            bytes[messageOffset + 7] = UInt8(truncatingIfNeeded: checksum)
        }
    }

    private func word(at offset: Int) -> UInt16 {
        UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
    }
}
