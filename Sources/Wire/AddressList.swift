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
        let length = expected.family.addressLength
        let received = message.extracting(addressListRange(addressLength: length))
        let expected = unsafe expected.octets.span.bytes  // Octets have no padding.
        // Routers of one group are usually configured in the same order, and then nothing else has to be compared.
        return received.hasSameBytes(as: expected)
            || received.isSubset(of: expected, addressLength: length)
                && expected.isSubset(of: received, addressLength: length)
    }

    /// The first address of the message, which IPv6 wants to be link-local; nil for an empty list.
    package func firstAddress(in message: RawSpan, family: AddressFamily) -> IPAddress? {
        addressCount == 0 ? nil : message.address(at: Self.addressListOffset, family: family)
    }

    /// All addresses of the message, for logs and evidence. This allocates.
    package func addresses(in message: RawSpan, family: AddressFamily) -> [IPAddress] {
        let length = family.addressLength
        let octets = message.extracting(addressListRange(addressLength: length))
        return (0..<Int(addressCount)).map { octets.address(at: $0 * length, family: family) }
    }

    private func addressListRange(addressLength: Int) -> Range<Int> {
        Self.addressListOffset..<(Self.addressListOffset + Int(addressCount) * addressLength)
    }
}

extension RawSpan {
    /// Whether every address of this list is also in the other. At most 255 × 255 comparisons, and only for lists
    /// that are ordered differently.
    fileprivate func isSubset(of other: borrowing RawSpan, addressLength: Int) -> Bool {
        var offset = 0
        while offset < byteCount {
            guard other.contains(addressAt: offset, of: self, addressLength: addressLength) else { return false }
            offset += addressLength
        }
        return true
    }

    private func contains(addressAt position: Int, of list: borrowing RawSpan, addressLength: Int) -> Bool {
        let address = list.extracting(position..<(position + addressLength))
        var offset = 0
        while offset < byteCount {
            if extracting(offset..<(offset + addressLength)).hasSameBytes(as: address) { return true }
            offset += addressLength
        }
        return false
    }
}
