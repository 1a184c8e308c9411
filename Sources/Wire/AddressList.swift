/// The virtual addresses of an instance as an advertisement carries them, and how a received list compares to them.

/// A list of addresses of one family in wire form, made once from the configuration.
package struct AddressList: Hashable, Sendable {
    package let family: AddressFamily
    /// The addresses one after the other, in network byte order and in the order of the configuration (T-07).
    package let octets: [UInt8]

    /// - Precondition: at most 255 addresses, all of this family.
    package init(_ addresses: [IPAddress], family: AddressFamily) {
        precondition(addresses.count <= 255, "an advertisement counts its addresses in one octet")
        precondition(addresses.allSatisfy { $0.family == family }, "an advertisement lists addresses of one family")
        self.family = family
        let length = family.addressLength
        octets = [UInt8](count: addresses.count * length) { bytes in
            for (index, address) in addresses.enumerated() {
                bytes.write(address, at: index * length)
            }
        }
    }

    package var count: Int { octets.count / family.addressLength }

    package var addresses: [IPAddress] {
        let octets = unsafe octets.span.bytes  // Octets have no padding.
        return (0..<count).map { octets.address(at: $0 * family.addressLength, family: family) }
    }
}

/// Access to the list inside a message from which `decode` has made this advert. The list is never copied.
extension Advert {
    /// Where the address list begins in a message, in both versions.
    static let addressListOffset = 8

    /// Whether the message lists the expected addresses: as a set, in any order. Allocates nothing.
    package func addressList(in message: RawSpan, matches expected: AddressList) -> Bool {
        let family = expected.family
        let received = message.extracting(addressListRange(family))
        let expected = unsafe expected.octets.span.bytes  // Octets have no padding.
        // Routers of one group are usually configured in the same order, and then nothing else has to be compared.
        return received.hasSameBytes(as: expected)
            || received.isSubset(of: expected, family: family) && expected.isSubset(of: received, family: family)
    }

    /// The first address of the message, which IPv6 wants to be link-local; nil for an empty list.
    package func firstAddress(in message: RawSpan, family: AddressFamily) -> IPAddress? {
        addressCount == 0 ? nil : message.address(at: Self.addressListOffset, family: family)
    }

    /// One address of the list. Allocates nothing.
    package func address(_ index: Int, in message: RawSpan, family: AddressFamily) -> IPAddress {
        message.address(at: Self.addressListOffset + index * family.addressLength, family: family)
    }

    /// All addresses of the message, for logs and evidence. This allocates.
    package func addresses(in message: RawSpan, family: AddressFamily) -> [IPAddress] {
        let length = family.addressLength
        let octets = message.extracting(addressListRange(family))
        return (0..<Int(addressCount)).map { octets.address(at: $0 * length, family: family) }
    }

    private func addressListRange(_ family: AddressFamily) -> Range<Int> {
        Self.addressListOffset..<(Self.addressListOffset + Int(addressCount) * family.addressLength)
    }
}

extension RawSpan {
    /// Whether every address of this list is also in the other. At most 255 × 255 comparisons, and only for lists
    /// that are ordered differently.
    fileprivate func isSubset(of other: borrowing RawSpan, family: AddressFamily) -> Bool {
        for offset in stride(from: 0, to: byteCount, by: family.addressLength) {
            let isFound =
                switch family {
                case .ipv4: other.contains(ipv4Address(at: offset))
                case .ipv6: other.contains(ipv6Address(at: offset))
                }
            guard isFound else { return false }
        }
        return true
    }

    private func contains(_ address: IPv4Address) -> Bool {
        for offset in stride(from: 0, to: byteCount, by: AddressFamily.ipv4.addressLength)
        where ipv4Address(at: offset) == address {
            return true
        }
        return false
    }

    private func contains(_ address: IPv6Address) -> Bool {
        for offset in stride(from: 0, to: byteCount, by: AddressFamily.ipv6.addressLength)
        where ipv6Address(at: offset) == address {
            return true
        }
        return false
    }
}
