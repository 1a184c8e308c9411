/// FNV-1a with 64 bits: tells short texts apart. It is no protection against anybody who wants a certain digest.

package struct Digest64: Hashable, Sendable {
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    package init(_ octets: some Sequence<UInt8>) { add(octets) }

    package mutating func add(_ octets: some Sequence<UInt8>) {
        for octet in octets { value = (value ^ UInt64(octet)) &* 0x100_0000_01B3 }
    }
}
