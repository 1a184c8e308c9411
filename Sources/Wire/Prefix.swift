/// An address together with the length of its network, as configuration and kernel write it: "10.0.0.1/24".

/// An address of a host and how many leading bits name its network.
package struct Prefix: Hashable, Sendable {
    package var address: IPAddress
    /// 0 to 32 for IPv4, 0 to 128 for IPv6.
    package var length: UInt8

    package init(_ address: IPAddress, length: UInt8) {
        precondition(Int(length) <= address.family.addressLength * 8, "\(length) bits are more than \(address) has")
        self.address = address
        self.length = length
    }

    /// The address alone: /32 or /128.
    package init(host address: IPAddress) {
        self.init(address, length: UInt8(address.family.addressLength * 8))
    }

    /// The address with every bit of the host cleared.
    package var network: IPAddress {
        switch address {
        case .v4(let address):
            .v4(IPv4Address(rawValue: address.rawValue & UInt32(truncatingIfNeeded: mask(bits: 32, leading: length))))
        case .v6(let address):
            .v6(
                IPv6Address(
                    high: address.high & mask(bits: 64, leading: min(length, 64)),
                    low: address.low & mask(bits: 64, leading: length > 64 ? length - 64 : 0)))
        }
    }

    /// Whether the network holds this address; never for an address of the other family.
    package func contains(_ other: IPAddress) -> Bool {
        other.family == address.family && Prefix(other, length: length).network == network
    }
}

extension Prefix: CustomStringConvertible {
    /// Reads "10.0.0.1/24". Without a slash the text names one host, as in keepalived's virtual_ipaddress.
    package init?(_ text: some StringProtocol) {
        guard let slash = text.firstIndex(of: "/") else {
            guard let address = IPAddress(text) else { return nil }
            self.init(host: address)
            return
        }
        let digits = text[text.index(after: slash)...]
        guard let address = IPAddress(text[..<slash]), (1...3).contains(digits.utf8.count) else { return nil }
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        guard let length = UInt8(digits), Int(length) <= address.family.addressLength * 8 else { return nil }
        self.init(address, length: length)
    }

    package var description: String { "\(address)/\(length)" }
}

/// A number whose lowest `bits` bits begin with `leading` ones.
private func mask(bits: UInt8, leading: UInt8) -> UInt64 {
    leading == 0 ? 0 : ~UInt64(0) << UInt64(bits - leading)
}
