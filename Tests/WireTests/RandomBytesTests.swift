/// Nothing that arrives from the network can stop the process: random and mutated packets through every decoder.
import Testing
import Wire

@Suite struct RandomBytesTests {
    /// Gives octets to every decoder and returns whether any of them accepted.
    @discardableResult
    private func decodeEverything(_ packet: [UInt8]) -> Bool {
        let bytes = packet.span.bytes
        var accepted = false
        for (source, destination) in [
            (address("192.168.4.21"), address("192.168.4.254")), (address("10.99.0.1"), .vrrpGroup(.ipv4)),
            (address("fe80::1"), .vrrpGroup(.ipv6)),
        ] {
            if let advert = try? Advert.decode(bytes, from: source, to: destination, allowsEmptyList: true) {
                accepted = true
                let addresses = advert.addresses(in: bytes, family: source.family)
                #expect(addresses.count == Int(advert.addressCount))
            }
        }
        if let header = try? IPv4Header.decode(packet) {
            accepted = true
            #expect(header.payload.upperBound <= packet.count)
        }
        if let header = try? IPv6Header(decoding: bytes) {
            accepted = true
            #expect(header.payload.upperBound <= packet.count)
        }
        if EthernetHeader(decoding: bytes) != nil { accepted = true }
        if ARPPacket(decoding: bytes) != nil || ARPPacket(decodingFrame: bytes) != nil { accepted = true }
        if NeighborAdvertisement(decodingFrame: bytes) != nil { accepted = true }
        if NeighborSolicitation(decodingFrame: bytes) != nil { accepted = true }
        return accepted
    }

    @Test("random octets of every length up to 128 are decoded or refused")
    func random() {
        var generator = SeededGenerator(seed: 1)
        for length in 0...128 {
            for _ in 0..<40 { decodeEverything(generator.octets(count: length)) }
        }
    }

    @Test("packets with random changes are decoded or refused")
    func mutated() {
        var generator = SeededGenerator(seed: 2)
        let frames = [
            ARPPacket.gratuitous(ipv4("10.0.0.7"), at: mac("02:00:00:00:00:0a")).frame(),
            NeighborAdvertisement.unsolicited(ipv6("fd99::100"), at: mac("02:00:00:00:00:0a"), isRouter: true)
                .frame(from: mac("02:00:00:00:00:0a")),
            NeighborSolicitation.probeFrame(for: ipv6("fd99::100"), from: mac("02:00:00:00:00:0a")),
        ]
        let packets = goldenAdverts.map(\.bytes) + frames + [goldenIPv4Header + goldenAdverts[5].bytes]
        for packet in packets {
            #expect(decodeEverything(packet))
            for _ in 0..<200 {
                var packet = packet
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let index = Int.random(in: packet.indices, using: &generator)
                    packet[index] = UInt8.random(in: 0...255, using: &generator)
                }
                packet.removeLast(Int.random(in: 0...min(4, packet.count), using: &generator))
                decodeEverything(packet)
            }
        }
    }

    @Test("messages with a right checksum and random contents are decoded or refused")
    func rightChecksum() {
        var generator = SeededGenerator(seed: 3)
        var accepted = 0
        for _ in 0..<4000 {
            let count = Int.random(in: 0...4, using: &generator)
            let isVersion2 = Bool.random(using: &generator)
            var message = generator.octets(count: 8 + 4 * count + (isVersion2 ? 8 : 0))
            message[0] = isVersion2 ? 0x21 : 0x31
            message[3] = UInt8(count)
            message[6] = 0
            message[7] = 0
            let checksum = plainChecksum(message)
            message[6] = UInt8(checksum >> 8)
            message[7] = UInt8(checksum & 0xFF)
            if decodeEverything(message) { accepted += 1 }
        }
        // Only virtual router 0 and interval 0 are refused.
        #expect(accepted > 3900)
    }

    @Test("a list of random adverts survives the way out and back in")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<2000 {
            let family: AddressFamily = Bool.random(using: &generator) ? .ipv4 : .ipv6
            let version: VRRPVersion = family == .ipv4 && Bool.random(using: &generator) ? .v2 : .v3
            let count = Int.random(in: 1...12, using: &generator)
            let octets = generator.octets(count: (count + 2) * family.addressLength)
            let bytes = octets.span.bytes
            let addresses = (0..<count).map { bytes.address(at: $0 * family.addressLength, family: family) }
            let source = bytes.address(at: count * family.addressLength, family: family)
            let destination = bytes.address(at: (count + 1) * family.addressLength, family: family)
            let seconds = Int.random(in: 1...255, using: &generator)
            let centiseconds = Int.random(in: 1...4095, using: &generator)
            let advert = Advert(
                version: version, virtualRouterID: UInt8.random(in: 1...255, using: &generator),
                priority: UInt8.random(in: 0...255, using: &generator), addressCount: UInt8(count),
                interval: version == .v2 ? .seconds(seconds) : .milliseconds(centiseconds * 10),
                authentication: version == .v2
                    ? .password(Password(rawValue: UInt64.random(in: 0...(.max), using: &generator))) : .none,
                checksumForm: version == .v2 ? .message : .pseudoHeader)
            let list = AddressList(addresses, family: family)
            let message = advert.message(list, from: source, to: destination)
            let decoded = try Advert.decode(message, from: source, to: destination)
            #expect(decoded == advert)
            let messageBytes = message.span.bytes
            let matches = decoded.addressList(in: messageBytes, matches: list)
            #expect(matches)
            let decodedAddresses = decoded.addresses(in: messageBytes, family: family)
            #expect(decodedAddresses == addresses)
        }
    }
}
