/// Writes numbers and addresses in network byte order into a caller's buffer, at any alignment.

/// Every function takes an offset in octets and traps when the value would not fit: an encoder states how many octets
/// it needs, and a buffer that is too small is a mistake of the program.
extension MutableRawSpan {
    package mutating func write(_ value: UInt8, at offset: Int) {
        storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
    }

    package mutating func write(_ value: UInt16, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    package mutating func write(_ value: UInt32, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    package mutating func write(_ value: UInt64, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt64.self)
    }

    package mutating func write(_ address: IPv4Address, at offset: Int) {
        write(address.rawValue, at: offset)
    }

    package mutating func write(_ address: IPv6Address, at offset: Int) {
        write(address.high, at: offset)
        write(address.low, at: offset + 8)
    }

    /// Writes 4 or 16 octets, as the family of the address says.
    package mutating func write(_ address: IPAddress, at offset: Int) {
        switch address {
        case .v4(let address): write(address, at: offset)
        case .v6(let address): write(address, at: offset)
        }
    }

    package mutating func write(_ address: MACAddress, at offset: Int) {
        write(UInt16(truncatingIfNeeded: address.rawValue >> 32), at: offset)
        write(UInt32(truncatingIfNeeded: address.rawValue), at: offset + 2)
    }

    /// Copies octets as they are.
    package mutating func write(_ octets: [UInt8], at offset: Int) {
        for index in octets.indices {
            write(octets[index], at: offset + index)
        }
    }
}

extension [UInt8] {
    /// Octets that `encode` writes into a zeroed buffer of `count` octets.
    ///
    /// For packets that are built once and sent often: this allocates, the encoders themselves do not.
    package init(count: Int, encode: (inout MutableRawSpan) -> Void) {
        self.init(repeating: 0, count: count)
        var span = self.mutableSpan
        var bytes = unsafe span.mutableBytes  // Any octet is a valid UInt8.
        encode(&bytes)
    }
}
