/// Every recorded advert in both directions, cut short, and with each of its bits flipped.
import Testing
import Wire

@Suite struct GoldenAdvertTests {
    @Test("a recorded advert decodes to what its sender meant", arguments: goldenAdverts)
    func decodes(golden: GoldenAdvert) throws {
        let advert = try Advert.decode(golden.bytes, from: golden.source, to: golden.destination)
        #expect(advert == golden.advert)
        let bytes = golden.bytes.span.bytes
        let all = advert.addresses(in: bytes, family: golden.source.family)
        #expect(all == golden.addresses)
        let first = advert.firstAddress(in: bytes, family: golden.source.family)
        #expect(first == golden.addresses.first)
    }

    @Test("what a recorded advert says encodes to its octets", arguments: goldenAdverts)
    func encodes(golden: GoldenAdvert) {
        let message = golden.advert.message(golden.list, from: golden.source, to: golden.destination)
        #expect(message == golden.bytes)
    }

    @Test("no part of a recorded advert passes for an advert", arguments: goldenAdverts)
    func truncated(golden: GoldenAdvert) {
        for count in 0..<golden.bytes.count {
            let expected: DecodeError =
                count < 8
                ? .messageTooShort(received: count) : .messageLength(expected: golden.bytes.count, received: count)
            #expect(throws: expected) {
                try Advert.decode(Array(golden.bytes[..<count]), from: golden.source, to: golden.destination)
            }
        }
    }

    @Test("octets behind the end of a recorded advert are refused", arguments: goldenAdverts)
    func extended(golden: GoldenAdvert) {
        for extra in 1...32 {
            let message = golden.bytes + Array(repeating: 0, count: extra)
            #expect(throws: DecodeError.messageLength(expected: golden.bytes.count, received: message.count)) {
                try Advert.decode(message, from: golden.source, to: golden.destination)
            }
        }
    }

    @Test("a recorded advert with any one bit flipped fits no form of the checksum", arguments: goldenAdverts)
    func flipped(golden: GoldenAdvert) {
        for bit in 0..<(golden.bytes.count * 8) {
            var message = golden.bytes
            message[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            #expect(throws: DecodeError.self, "bit \(bit)") {
                try Advert.decode(message, from: golden.source, to: golden.destination)
            }
        }
    }

    @Test("a damaged address, password or checksum field is counted as a checksum error", arguments: goldenAdverts)
    func flippedBehindTheLength(golden: GoldenAdvert) {
        // Behind the count octet nothing decides about version, type or length any more.
        for bit in (4 * 8)..<(golden.bytes.count * 8) {
            var message = golden.bytes
            message[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            #expect(throws: DecodeError.checksum, "bit \(bit)") {
                try Advert.decode(message, from: golden.source, to: golden.destination)
            }
        }
    }

    @Test(
        "an advert that covers the packet's addresses does not fit another source",
        arguments: goldenAdverts.filter { $0.advert.version == .v3 && $0.advert.checksumForm == .pseudoHeader })
    func flippedSource(golden: GoldenAdvert) {
        for flipped in withOneBitFlipped(golden.source) {
            #expect(throws: DecodeError.checksum, "\(flipped)") {
                try Advert.decode(golden.bytes, from: flipped, to: golden.destination)
            }
        }
    }

    @Test(
        "an advert that covers the packet's addresses does not fit another destination",
        arguments: goldenAdverts.filter { $0.advert.version == .v3 && $0.advert.checksumForm == .pseudoHeader })
    func flippedDestination(golden: GoldenAdvert) throws {
        for flipped in withOneBitFlipped(golden.destination) {
            if golden.destination == .vrrpGroup(.ipv4), !flipped.isMulticast {
                // Covering the group although the packet went elsewhere is just what the legacy form is.
                let form = try Advert.decode(golden.bytes, from: golden.source, to: flipped).checksumForm
                #expect(form == .legacyMulticastPseudoHeader)
            } else {
                #expect(throws: DecodeError.checksum, "\(flipped)") {
                    try Advert.decode(golden.bytes, from: golden.source, to: flipped)
                }
            }
        }
    }

    private func withOneBitFlipped(_ address: IPAddress) -> [IPAddress] {
        (0..<(address.family.addressLength * 8)).map { bit in
            var octets = address.octets
            octets[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            let bytes = octets.span.bytes
            return bytes.address(at: 0, family: address.family)
        }
    }

    @Test("the protocol part of an authenticated advert (draft-cassen-vrrp-auth-hmac) decodes without its trailer")
    func withTrailer() throws {
        // keepalived's own test vector, sent from 198.51.100.10 to the group.
        let message = octets("3133c801 00644402 c0000264")
        let trailer = octets("01010000 68000000 80000000 1b84bc4e8e43892dc6d98448f8ee2265")
        let source = address("198.51.100.10")
        let advert = try Advert.decode(message, from: source, to: .vrrpGroup(.ipv4))
        #expect(advert.virtualRouterID == 0x33)
        #expect(throws: DecodeError.messageLength(expected: 12, received: 40)) {
            try Advert.decode(message + trailer, from: source, to: .vrrpGroup(.ipv4))
        }
    }
}
