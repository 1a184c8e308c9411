/// Reads numbers and addresses in network byte order out of received bytes, at any alignment.

/// Every function takes an offset in octets and traps when the value does not lie inside the span: a decoder checks
/// the length of a message before it reads a field, and a forgotten check must not read foreign memory.
extension RawSpan {
    package func uint8(at offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    package func uint16(at offset: Int) -> UInt16 {
        UInt16(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    package func uint32(at offset: Int) -> UInt32 {
        UInt32(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    package func uint64(at offset: Int) -> UInt64 {
        UInt64(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    package func ipv4Address(at offset: Int) -> IPv4Address {
        IPv4Address(rawValue: uint32(at: offset))
    }

    package func ipv6Address(at offset: Int) -> IPv6Address {
        IPv6Address(high: uint64(at: offset), low: uint64(at: offset + 8))
    }

    /// Reads 4 or 16 octets, as the family says.
    package func address(at offset: Int, family: AddressFamily) -> IPAddress {
        switch family {
        case .ipv4: .v4(ipv4Address(at: offset))
        case .ipv6: .v6(ipv6Address(at: offset))
        }
    }

    package func macAddress(at offset: Int) -> MACAddress {
        MACAddress(rawValue: UInt64(uint16(at: offset)) << 32 | UInt64(uint32(at: offset + 2)))
    }

    /// Whether both spans hold the same octets.
    package func hasSameBytes(as other: borrowing RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        var offset = 0
        while offset + 8 <= byteCount {
            guard uint64(at: offset) == other.uint64(at: offset) else { return false }
            offset += 8
        }
        while offset < byteCount {
            guard uint8(at: offset) == other.uint8(at: offset) else { return false }
            offset += 1
        }
        return true
    }
}
