/// The Internet checksum, RFC 1071, collected piece by piece over headers that are never copied together.

/// A running one's complement sum. Pieces may come in any order; only the last may have an odd number of octets.
package struct Checksum {
    /// The sum of 16-bit and 32-bit words, not yet folded. It has room for 2³² words.
    private var sum: UInt64 = 0

    package init() {}

    package mutating func add(_ bytes: RawSpan) {
        var offset = 0
        while offset + 4 <= bytes.byteCount {
            sum += UInt64(bytes.uint32(at: offset))
            offset += 4
        }
        if offset + 2 <= bytes.byteCount {
            sum += UInt64(bytes.uint16(at: offset))
            offset += 2
        }
        if offset < bytes.byteCount {
            // An odd octet counts as if a zero followed it.
            sum += UInt64(bytes.uint8(at: offset)) << 8
        }
    }

    package mutating func add(_ word: UInt16) { sum += UInt64(word) }

    package mutating func add(_ address: IPAddress) {
        switch address {
        case .v4(let address):
            sum += UInt64(address.rawValue)
        case .v6(let address):
            sum += (address.high >> 32) + (address.high & 0xFFFF_FFFF)
            sum += (address.low >> 32) + (address.low & 0xFFFF_FFFF)
        }
    }

    /// Adds the pseudo-header: both addresses, the protocol and the length of the message behind the IP header.
    ///
    /// One function serves IPv4 (RFC 793 §3.1) and IPv6 (RFC 8200 §8.1): they differ only in zeros and in the size
    /// of the addresses, and zeros add nothing.
    package mutating func addPseudoHeader(
        source: IPAddress, destination: IPAddress, protocolNumber: IPProtocol, messageLength: Int
    ) {
        precondition(source.family == destination.family, "one packet has addresses of one family")
        add(source)
        add(destination)
        sum += UInt64(protocolNumber.rawValue)
        sum += UInt64(messageLength)
    }

    /// What belongs in the checksum field, if that field was zero when it was added.
    package var value: UInt16 { ~folded }

    /// Whether the pieces, the checksum field among them, are what the sender summed up.
    package var isValid: Bool { folded == 0xFFFF }

    /// The sum in 16 bits, with every carry added back.
    private var folded: UInt16 {
        var folded = sum
        while folded >> 16 != 0 {
            folded = (folded & 0xFFFF) + (folded >> 16)
        }
        return UInt16(truncatingIfNeeded: folded)
    }

    /// The checksum of a message in which one 16-bit word changes, without reading the rest: RFC 1624 equation 3.
    package static func updating(_ checksum: UInt16, from old: UInt16, to new: UInt16) -> UInt16 {
        var sum = Checksum()
        sum.add(~checksum)
        sum.add(~old)
        sum.add(new)
        return sum.value
    }
}
