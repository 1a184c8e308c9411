/// IPv4 and IPv6 addresses as plain values: compare, parse, print.

/// The IP version that carries a packet. VRRP takes the size of its addresses from here, never from the message.
package enum AddressFamily: UInt8, Hashable, Sendable, CaseIterable {
    case ipv4 = 4
    case ipv6 = 6

    /// Octets in one address.
    package var addressLength: Int { self == .ipv4 ? 4 : 16 }
}

/// An IPv4 address; ordered as an unsigned number in network byte order, as RFC 5798 §6.4.3 compares them.
package struct IPv4Address: Hashable, Comparable, Sendable {
    /// The address as a number: 192.0.2.1 is 0xC000_0201.
    package var rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// An IPv6 address; ordered as an unsigned 128-bit number in network byte order.
package struct IPv6Address: Hashable, Comparable, Sendable {
    /// The first eight octets as a number.
    package var high: UInt64
    /// The last eight octets as a number.
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

/// An address of either family. An IPv4 address sorts before every IPv6 address; VRRP never compares the two.
package enum IPAddress: Hashable, Comparable, Sendable {
    case v4(IPv4Address)
    case v6(IPv6Address)

    package var family: AddressFamily {
        switch self {
        case .v4: .ipv4
        case .v6: .ipv6
        }
    }
}
