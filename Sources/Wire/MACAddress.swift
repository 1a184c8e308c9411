/// Ethernet addresses as plain values, with those that VRRP and multicast derive from other numbers.

/// A 48-bit Ethernet address; the first octet on the wire is the highest of the 48 bits.
package struct MACAddress: Hashable, Sendable {
    /// The address as a number: 00:00:5e:00:01:05 is 0x0000_5E00_0105. The highest 16 bits are zero.
    package var rawValue: UInt64

    /// Octets in an Ethernet address.
    package static let length = 6

    package init(rawValue: UInt64) {
        precondition(rawValue >> 48 == 0, "an Ethernet address has 48 bits")
        self.rawValue = rawValue
    }

    package static let zero = MACAddress(rawValue: 0)
    package static let broadcast = MACAddress(rawValue: 0xFFFF_FFFF_FFFF)

    /// The virtual router MAC address, RFC 9568 §7.3: 00-00-5E-00-01-{VRID} for IPv4, 00-00-5E-00-02-{VRID} for IPv6.
    package static func virtualRouter(id: UInt8, family: AddressFamily) -> MACAddress {
        let block: UInt64 =
            switch family {
            case .ipv4: 0x0000_5E00_0100
            case .ipv6: 0x0000_5E00_0200
            }
        return MACAddress(rawValue: block | UInt64(id))
    }

    /// Where Ethernet sends packets for a multicast group: RFC 1112 §6.4 (01-00-5E and 23 bits of the group) and
    /// RFC 2464 §7 (33-33 and 32 bits of the group).
    package static func multicast(for group: IPAddress) -> MACAddress {
        precondition(group.isMulticast, "\(group) is not a multicast group")
        return switch group {
        case .v4(let group): MACAddress(rawValue: 0x0100_5E00_0000 | UInt64(group.rawValue & 0x7F_FFFF))
        case .v6(let group): MACAddress(rawValue: 0x3333_0000_0000 | group.low & 0xFFFF_FFFF)
        }
    }

    /// Whether frames to it go to more than one station; the broadcast address is one of them.
    package var isMulticast: Bool { rawValue >> 40 & 1 == 1 }
}

extension MACAddress: CustomStringConvertible {
    /// Reads six pairs of hexadecimal digits with ":" or "-" between them, but not both.
    package init?(_ text: some StringProtocol) {
        let characters = Array(text.utf8)
        guard characters.count == 17 else { return nil }
        let separator = characters[2]
        guard separator == UInt8(ascii: ":") || separator == UInt8(ascii: "-") else { return nil }
        var value: UInt64 = 0
        for (index, character) in characters.enumerated() {
            if index % 3 == 2 {
                guard character == separator else { return nil }
            } else {
                guard let digit = hexadecimalValue(of: character) else { return nil }
                value = value << 4 | UInt64(digit)
            }
        }
        self.init(rawValue: value)
    }

    /// As Linux prints it: "00:00:5e:00:01:05".
    package var description: String {
        var text = ""
        for shift in stride(from: 40, through: 0, by: -8) {
            let octet = UInt8(truncatingIfNeeded: rawValue >> UInt64(shift))
            text += octet < 16 ? "0" : ""
            text += String(octet, radix: 16)
            text += shift > 0 ? ":" : ""
        }
        return text
    }
}

/// The value of one hexadecimal digit in ASCII, of either case.
func hexadecimalValue(of character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
}
