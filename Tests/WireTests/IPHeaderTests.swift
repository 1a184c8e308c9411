/// IP headers: options, padding, fragments, damage, and what is sent.
import Testing
import Wire

@Suite struct IPHeaderTests {
    let body = octets("21c4c801 0101ed65 c0a804c8 3131313100000000")
    var packet: [UInt8] { goldenIPv4Header + body }

    /// A header of this many words around the body, filled with "no operation" options, with its checksum.
    private func packet(words: Int) -> [UInt8] {
        var header = goldenIPv4Header + Array(repeating: 1, count: max(0, words * 4 - 20))
        header[0] = 0x40 | UInt8(words)
        header[3] = UInt8(header.count + body.count)
        return sealed(header) + body
    }

    private func sealed(_ header: [UInt8]) -> [UInt8] {
        var header = header
        header[10] = 0
        header[11] = 0
        let checksum = plainChecksum(header)
        header[10] = UInt8(checksum >> 8)
        header[11] = UInt8(checksum & 0xFF)
        return header
    }

    @Test("keepalived's header decodes to what it says, and encodes to the same octets")
    func golden() throws {
        let header = try IPv4Header.decode(packet)
        #expect(header.source == ipv4("192.168.4.21"))
        #expect(header.destination == .vrrpGroup)
        #expect(header.typeOfService == 0xC0)
        #expect(header.timeToLive == 255)
        #expect(header.identification == 3)
        #expect(header.payload == 20..<40)
        let encoded = [UInt8](count: 20) { header.encode(into: &$0) }
        #expect(encoded == goldenIPv4Header)
        let made = IPv4Header(
            source: ipv4("192.168.4.21"), destination: .vrrpGroup, protocolNumber: .vrrp, payloadLength: 20,
            identification: 3)
        #expect(made == header)
    }

    @Test("no part of a packet passes for a packet")
    func truncated() {
        for count in 0..<packet.count {
            let expected: DecodeError =
                count < 20 ? .packetTooShort(received: count) : .ipTotalLength(stated: 40, received: count)
            #expect(throws: expected) { try IPv4Header.decode(Array(packet[..<count])) }
        }
    }

    @Test("Ethernet padding behind the packet is not part of the advert")
    func padded() throws {
        for padding in 0...26 {
            let packet = packet + Array(repeating: 0xEE, count: padding)
            let header = try IPv4Header.decode(packet)
            #expect(Array(packet[header.payload]) == body)
        }
    }

    @Test("options are skipped", arguments: 5...15)
    func options(words: Int) throws {
        let packet = packet(words: words)
        let header = try IPv4Header.decode(packet)
        #expect(header.headerLength == words * 4)
        #expect(Array(packet[header.payload]) == body)
    }

    @Test("a header shorter than five words is refused", arguments: 0...4)
    func shortHeader(words: Int) {
        #expect(throws: DecodeError.ipHeaderLength(words: UInt8(words))) { try IPv4Header.decode(packet(words: words)) }
    }

    @Test("a header longer than the packet is refused")
    func longHeader() {
        #expect(throws: DecodeError.ipHeaderLength(words: 15)) {
            try IPv4Header.decode(Array(packet(words: 15)[..<59]))
        }
    }

    @Test("a total length shorter than the header is refused")
    func shortTotalLength() {
        var header = goldenIPv4Header
        header[3] = 19
        #expect(throws: DecodeError.ipTotalLength(stated: 19, received: 40)) {
            try IPv4Header.decode(sealed(header) + body)
        }
    }

    @Test("only IP version 4 is an IPv4 packet", arguments: 0...15)
    func version(version: Int) {
        var header = goldenIPv4Header
        header[0] = UInt8(version) << 4 | 5
        guard version != 4 else { return }
        #expect(throws: DecodeError.ipVersion(UInt8(version))) { try IPv4Header.decode(sealed(header) + body) }
    }

    @Test("fragments are refused, and \"don't fragment\" is not one")
    func fragments() throws {
        for bit in 0..<16 {
            var header = goldenIPv4Header
            let word = UInt16(1) << UInt16(bit)
            header[6] = UInt8(word >> 8)
            header[7] = UInt8(word & 0xFF)
            let packet = sealed(header) + body
            if bit >= 14 {
                #expect(try IPv4Header.decode(packet).payloadLength == 20)
            } else {
                #expect(throws: DecodeError.fragment) { try IPv4Header.decode(packet) }
            }
        }
    }

    @Test("another protocol is refused by its number")
    func otherProtocol() {
        var header = goldenIPv4Header
        header[9] = 51
        #expect(throws: DecodeError.ipProtocol(51)) { try IPv4Header.decode(sealed(header) + body) }
    }

    @Test("any flipped bit of a whole packet is noticed in the header or in the advert")
    func flipped() {
        for bit in 0..<(packet.count * 8) {
            var packet = packet
            packet[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            #expect(throws: DecodeError.self, "bit \(bit)") {
                let header = try IPv4Header.decode(packet)
                let message = Array(packet[header.payload])
                _ = try Advert.decode(message, from: .v4(header.source), to: .v4(header.destination))
            }
        }
    }

    @Test("an IPv6 header survives the way out and back in, and ends before padding")
    func ipv6RoundTrip() throws {
        let header = IPv6Header(
            source: ipv6("fe80::1"), destination: .vrrpGroup, nextHeader: .vrrp, payloadLength: 8, trafficClass: 0xC0)
        let encoded = [UInt8](count: 60) { header.encode(into: &$0) }
        #expect(
            Array(encoded[..<40])
                == octets("6c000000 0008 70 ff fe800000000000000000000000000001 ff020000000000000000000000000012"))
        let bytes = encoded.span.bytes
        let decoded = try IPv6Header(decoding: bytes)
        #expect(decoded == header)
        #expect(decoded.payload == 40..<48)
    }

    @Test("a damaged IPv6 header is refused")
    func ipv6Damage() {
        let whole = octets("60000000 0008 70 ff fe800000000000000000000000000001 ff020000000000000000000000000012")
        #expect(throws: DecodeError.packetTooShort(received: 39)) {
            let bytes = whole.span.bytes
            return try IPv6Header(decoding: bytes.extracting(first: 39))
        }
        #expect(throws: DecodeError.ipTotalLength(stated: 48, received: 40)) {
            let bytes = whole.span.bytes
            return try IPv6Header(decoding: bytes)
        }
        #expect(throws: DecodeError.ipVersion(4)) {
            let other = [0x45] + whole.dropFirst()
            let bytes = other.span.bytes
            return try IPv6Header(decoding: bytes)
        }
    }
}
