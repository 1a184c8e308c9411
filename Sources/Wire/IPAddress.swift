/// IPv4 and IPv6 addresses as plain values: compare them, and say what kind of address one is.

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

    /// Where multicast adverts go: 224.0.0.18 (RFC 9568 §5.1.1.2) or ff02::12 (§5.1.2.2).
    package static func vrrpGroup(_ family: AddressFamily) -> IPAddress {
        switch family {
        case .ipv4: .v4(.vrrpGroup)
        case .ipv6: .v6(.vrrpGroup)
        }
    }

    /// 0.0.0.0 or "::", which stands for "no address".
    package static func unspecified(_ family: AddressFamily) -> IPAddress {
        switch family {
        case .ipv4: .v4(.unspecified)
        case .ipv6: .v6(.unspecified)
        }
    }

    /// Whether it is a group: 224.0.0.0/4 or ff00::/8.
    package var isMulticast: Bool {
        switch self {
        case .v4(let address): address.isMulticast
        case .v6(let address): address.isMulticast
        }
    }

    /// Whether it is valid on one link only: 169.254.0.0/16 or fe80::/10.
    package var isLinkLocal: Bool {
        switch self {
        case .v4(let address): address.isLinkLocal
        case .v6(let address): address.isLinkLocal
        }
    }

    /// Whether it never leaves the host: 127.0.0.0/8 or ::1.
    package var isLoopback: Bool {
        switch self {
        case .v4(let address): address.isLoopback
        case .v6(let address): address.isLoopback
        }
    }

    /// Whether it stands for "no address": 0.0.0.0 or "::".
    package var isUnspecified: Bool { self == .unspecified(family) }

    /// The 4 or 16 octets in network byte order.
    package var octets: [UInt8] {
        [UInt8](count: family.addressLength) { bytes in bytes.write(self, at: 0) }
    }
}

extension IPv4Address {
    package static let unspecified = IPv4Address(rawValue: 0)
    /// 224.0.0.18
    package static let vrrpGroup = IPv4Address(rawValue: 0xE000_0012)

    package var isMulticast: Bool { rawValue >> 28 == 0xE }
    package var isLinkLocal: Bool { rawValue >> 16 == 0xA9FE }
    package var isLoopback: Bool { rawValue >> 24 == 127 }
}

extension IPv6Address {
    package static let unspecified = IPv6Address(high: 0, low: 0)
    /// ff02::12
    package static let vrrpGroup = IPv6Address(high: 0xFF02_0000_0000_0000, low: 0x12)
    /// ff02::1, every host on the link.
    package static let allNodes = IPv6Address(high: 0xFF02_0000_0000_0000, low: 1)

    package var isMulticast: Bool { high >> 56 == 0xFF }
    package var isLinkLocal: Bool { high >> 54 == 0x3FA }
    package var isLoopback: Bool { high == 0 && low == 1 }

    /// The group in which the holder of this address listens for questions about it, RFC 4291 §2.7.1.
    package var solicitedNode: IPv6Address {
        IPv6Address(high: 0xFF02_0000_0000_0000, low: 0x1_FF00_0000 | low & 0xFF_FFFF)
    }
}
