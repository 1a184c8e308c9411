/// What the tests of bytes share: hexadecimal text, decoding from arrays, and random numbers that repeat.
import Testing
import Wire

/// The octets of hexadecimal text; blanks are there for the reader. A wrong digit is a mistake in the test.
func octets(_ text: String) -> [UInt8] {
    let digits = text.compactMap { $0.isWhitespace ? nil : $0.hexDigitValue }
    precondition(digits.count % 2 == 0 && digits.count == text.count { !$0.isWhitespace }, "not hexadecimal: \(text)")
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// An address that the test knows to be valid.
func address(_ text: String) -> IPAddress {
    guard let address = IPAddress(text) else { preconditionFailure("not an address: \(text)") }
    return address
}

func ipv4(_ text: String) -> IPv4Address {
    guard let address = IPv4Address(text) else { preconditionFailure("not an IPv4 address: \(text)") }
    return address
}

func ipv6(_ text: String) -> IPv6Address {
    guard let address = IPv6Address(text) else { preconditionFailure("not an IPv6 address: \(text)") }
    return address
}

func mac(_ text: String) -> MACAddress {
    guard let address = MACAddress(text) else { preconditionFailure("not an Ethernet address: \(text)") }
    return address
}

extension Advert {
    static func decode(
        _ message: [UInt8], from source: IPAddress, to destination: IPAddress, allowsEmptyList: Bool = false
    ) throws(DecodeError) -> Advert {
        let bytes = message.span.bytes
        return try decode(bytes, from: source, to: destination, allowsEmptyList: allowsEmptyList)
    }

    func message(_ addresses: AddressList, from source: IPAddress, to destination: IPAddress) -> [UInt8] {
        var length = 0
        var buffer = [UInt8](count: Advert.maximumLength) { bytes in
            length = encode(addresses, from: source, to: destination, into: &bytes)
        }
        buffer.removeLast(buffer.count - length)
        return buffer
    }
}

extension IPv4Header {
    static func decode(_ packet: [UInt8]) throws(DecodeError) -> IPv4Header {
        let bytes = packet.span.bytes
        return try IPv4Header(decoding: bytes, carrying: .vrrp)
    }
}

/// The internet checksum of octets, computed word by word: slow, obvious, and independent of `Checksum`.
func plainChecksum(_ octets: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for (index, octet) in octets.enumerated() {
        sum += index % 2 == 0 ? UInt32(octet) << 8 : UInt32(octet)
        sum = sum > 0xFFFF ? sum - 0xFFFF : sum
    }
    return ~UInt16(sum)
}

/// SplitMix64: the same seed gives the same test on every machine.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func octets(count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }
}
