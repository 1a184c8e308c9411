/// Advertisements to and from bytes: what both versions share, and the way to the codec of each.

extension Advert {
    /// Octets in the fixed part of a message, in both versions.
    static let fixedLength = 8

    /// The type nibble of an ADVERTISEMENT, the only message of the protocol.
    static let messageType: UInt8 = 1

    /// Octets of the longest message: version 3 with 255 IPv6 addresses.
    package static let maximumLength = fixedLength + 255 * 16

    /// Reads and checks the message behind the IP header. Allocates nothing.
    ///
    /// The checks are done in this order, so that each damaged packet is always counted the same way: length,
    /// version, type, address count, exact length, checksum, virtual router ID, interval. What depends on the
    /// instance (TTL, authentication, address list) is left to the caller.
    /// - Parameters:
    ///   - message: the payload of the IP packet, without Ethernet padding.
    ///   - source, destination: the addresses of the packet; their family decides how long the addresses in the list
    ///     are (F-04), and version 3 covers them by its checksum.
    ///   - allowsEmptyList: accepts an address count of 0, as keepalived sends with no_virtual_ipaddress.
    package static func decode(
        _ message: RawSpan, from source: IPAddress, to destination: IPAddress, allowsEmptyList: Bool = false
    ) throws(DecodeError) -> Advert {
        precondition(source.family == destination.family, "one packet has addresses of one family")
        guard message.byteCount >= fixedLength else { throw .messageTooShort(received: message.byteCount) }
        let versionNumber = message.uint8(at: 0) >> 4
        guard let version = VRRPVersion(rawValue: versionNumber), version.supports(source.family) else {
            throw .version(versionNumber)
        }
        let type = message.uint8(at: 0) & 0xF
        guard type == messageType else { throw .type(type) }
        let addressCount = message.uint8(at: 3)
        guard addressCount > 0 || allowsEmptyList else { throw .addressCountZero }
        let expected = version.messageLength(addressCount: Int(addressCount), family: source.family)
        guard message.byteCount == expected else {
            throw .messageLength(expected: expected, received: message.byteCount)
        }
        let advert =
            switch version {
            case .v2: try VRRPv2Codec.decode(message)
            case .v3: try VRRPv3Codec.decode(message, from: source, to: destination)
            }
        guard advert.virtualRouterID != 0 else { throw .virtualRouterIDZero }
        guard advert.interval > .zero else { throw .intervalZero }
        return advert
    }

    /// Writes the message at an offset of a buffer and returns its length. Allocates nothing.
    ///
    /// - Parameters:
    ///   - addresses: their number is what goes on the wire; `addressCount` must say the same.
    ///   - source, destination: the addresses of the packet, which version 3 covers by its checksum.
    package func encode(
        _ addresses: AddressList, from source: IPAddress, to destination: IPAddress,
        into bytes: inout MutableRawSpan, at offset: Int = 0
    ) -> Int {
        precondition(version.supports(addresses.family), "version 2 has no form for IPv6")
        precondition(source.family == addresses.family, "IPv4 packets carry IPv4 addresses, IPv6 packets IPv6 ones")
        precondition(Int(addressCount) == addresses.count, "the count and the list of addresses must agree")
        precondition(virtualRouterID != 0, "virtual router ID 0 is not valid")
        let length = version.messageLength(addressCount: addresses.count, family: addresses.family)
        bytes.write(version.rawValue << 4 | Self.messageType, at: offset)
        bytes.write(virtualRouterID, at: offset + 1)
        bytes.write(priority, at: offset + 2)
        bytes.write(addressCount, at: offset + 3)
        bytes.write(UInt16(0), at: offset + 6)
        bytes.write(addresses.octets, at: offset + Self.addressListOffset)
        switch version {
        case .v2:
            VRRPv2Codec.encode(self, length: length, into: &bytes, at: offset)
        case .v3:
            VRRPv3Codec.encode(self, length: length, from: source, to: destination, into: &bytes, at: offset)
        }
        return length
    }
}

extension VRRPVersion {
    /// Whether this version exists over IPv4 or IPv6: version 2 is for IPv4 only.
    package func supports(_ family: AddressFamily) -> Bool { self == .v3 || family == .ipv4 }

    /// Octets in a message with this many addresses.
    package func messageLength(addressCount: Int, family: AddressFamily) -> Int {
        let withoutTrailer = Advert.fixedLength + addressCount * family.addressLength
        return switch self {
        case .v2: withoutTrailer + VRRPv2Codec.authenticationLength
        case .v3: withoutTrailer
        }
    }

    /// The step in which the interval is counted on the wire: a second, or a hundredth of one.
    package var intervalUnit: Duration {
        switch self {
        case .v2: .seconds(1)
        case .v3: .milliseconds(10)
        }
    }

    /// The intervals that can be sent: 1 to 255 s, or 10 ms to 40.95 s.
    package var intervals: ClosedRange<Duration> {
        switch self {
        case .v2: .seconds(1)...(.seconds(255))
        case .v3: .milliseconds(10)...(.milliseconds(40_950))
        }
    }

    /// The number that stands for an interval on the wire; nil unless it is a whole number of units in range.
    package func intervalField(for interval: Duration) -> UInt16? {
        guard intervals.contains(interval) else { return nil }
        let (seconds, attoseconds) = interval.components
        switch self {
        case .v2:
            return attoseconds == 0 ? UInt16(seconds) : nil
        case .v3:
            let attosecondsInCentisecond: Int64 = 10_000_000_000_000_000
            guard attoseconds % attosecondsInCentisecond == 0 else { return nil }
            return UInt16(seconds * 100 + attoseconds / attosecondsInCentisecond)
        }
    }
}
