/// The Internet checksum against a slower way to compute it.
import Testing
import Wire

@Suite struct ChecksumTests {
    private func sum(_ octets: [UInt8]) -> Checksum {
        let bytes = octets.span.bytes
        var checksum = Checksum()
        checksum.add(bytes)
        return checksum
    }

    @Test("the example of RFC 1071 §3")
    func example() {
        #expect(sum(octets("0001 f203 f4f5 f6f7")).value == ~0xDDF2)
    }

    @Test("every length gives the sum of its words")
    func lengths() {
        var generator = SeededGenerator(seed: 5)
        for length in 0...70 {
            let octets = generator.octets(count: length)
            #expect(sum(octets).value == plainChecksum(octets))
        }
    }

    @Test("carries are added back, however many there are")
    func carries() {
        let octets = Array(repeating: UInt8(0xFF), count: 65_534)
        #expect(sum(octets).isValid)
        #expect(sum(octets + [0, 1]).value == plainChecksum(octets + [0, 1]))
    }

    @Test("a message with its checksum is valid, with any bit flipped it is not")
    func validity() {
        let message = octets("2105c801 00010c31 0a630064 0000000000000000")
        #expect(sum(message).isValid)
        for bit in 0..<(message.count * 8) {
            var message = message
            message[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!sum(message).isValid)
        }
    }

    @Test("the pseudo-header is that of RFC 793 for IPv4 and of RFC 8200 for IPv6")
    func pseudoHeaders() {
        var checksum = Checksum()
        checksum.addPseudoHeader(
            source: address("10.99.0.1"), destination: address("224.0.0.18"), protocolNumber: .vrrp, messageLength: 12)
        #expect(checksum.value == plainChecksum(octets("0a630001 e0000012 00 70 000c")))
        checksum = Checksum()
        checksum.addPseudoHeader(
            source: address("fe80::1:ffff"), destination: address("ff02::12"), protocolNumber: .icmpv6,
            messageLength: 70_000)
        #expect(
            checksum.value
                == plainChecksum(
                    octets(
                        """
                        fe80000000000000000000000001ffff ff020000000000000000000000000012 00011170 0000003a
                        """)))
    }

    @Test("a changed word gives the checksum that summing up anew would give")
    func updating() {
        var generator = SeededGenerator(seed: 6)
        for _ in 0..<5000 {
            var message = generator.octets(count: 12)
            let before = plainChecksum(message)
            let old = UInt16(message[2]) << 8 | UInt16(message[3])
            // The border values are where one's complement has two zeros.
            let new = [0, 0xFFFF, UInt16.random(in: 0...0xFFFF, using: &generator)][
                Int.random(in: 0...2, using: &generator)]
            message[2] = UInt8(new >> 8)
            message[3] = UInt8(new & 0xFF)
            #expect(Checksum.updating(before, from: old, to: new) == plainChecksum(message))
        }
    }
}
