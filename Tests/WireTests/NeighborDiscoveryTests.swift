/// Neighbour discovery frames, octet for octet, and what of the network's is believed.
import Testing
import Wire

@Suite struct NeighborDiscoveryTests {
    let own = mac("02:00:00:00:00:0a")
    let target = ipv6("fd99::100")

    // Made by scapy: Ethernet, IPv6, ICMPv6 with target, option.
    let announcement = octets(
        """
        333300000001 00005e000205 86dd
        60000000 0020 3a ff fd990000000000000000000000000100 ff020000000000000000000000000001
        88 00 7966 a0000000 fd990000000000000000000000000100
        02 01 00005e000205
        """)
    let question = octets(
        """
        3333ff000100 02000000000a 86dd
        60000000 0020 3a ff fe80000000000000000000000000000a ff0200000000000000000001ff000100
        87 00 7970 00000000 fd990000000000000000000000000100
        01 01 02000000000a
        """)
    let unicastQuestion = octets(
        """
        02000000000b 02000000000a 86dd
        60000000 0020 3a ff fe80000000000000000000000000000a fd990000000000000000000000000100
        87 00 79db 00000000 fd990000000000000000000000000100
        01 01 02000000000a
        """)
    let probe = octets(
        """
        3333ff000100 02000000000a 86dd
        60000000 0018 3a ff 00000000000000000000000000000000 ff0200000000000000000001ff000100
        87 00 7b0e 00000000 fd990000000000000000000000000100
        """)

    private func advertisement(_ frame: [UInt8]) -> NeighborAdvertisement? {
        let bytes = frame.span.bytes
        return NeighborAdvertisement(decodingFrame: bytes)
    }

    private func solicitation(_ frame: [UInt8]) -> NeighborSolicitation? {
        let bytes = frame.span.bytes
        return NeighborSolicitation(decodingFrame: bytes)
    }

    /// The frame with changed octets and a checksum that fits them.
    private func sealed(_ frame: [UInt8]) -> [UInt8] {
        var frame = frame
        frame[56] = 0
        frame[57] = 0
        let length = UInt8(frame.count - 54)
        let checksum = plainChecksum(Array(frame[22..<54]) + [0, 0, 0, length, 0, 0, 0, 58] + Array(frame[54...]))
        frame[56] = UInt8(checksum >> 8)
        frame[57] = UInt8(checksum & 0xFF)
        return frame
    }

    @Test("an unsolicited advertisement goes to all nodes with Router and Override set")
    func unsolicited() {
        let virtual = MACAddress.virtualRouter(id: 5, family: .ipv6)
        let message = NeighborAdvertisement.unsolicited(target, at: virtual, isRouter: true)
        #expect(message.frame(from: virtual) == announcement)
        #expect(advertisement(announcement) == message)
        #expect(solicitation(announcement) == nil)
    }

    @Test("a host that does not forward packets clears the Router flag")
    func routerFlag() {
        let message = NeighborAdvertisement.unsolicited(target, at: own, isRouter: false)
        let frame = message.frame(from: own)
        #expect(frame[58] == 0x20)
        #expect(advertisement(frame) == message)
    }

    @Test("a question goes to the group of its target, or to one station")
    func questions() {
        let source = ipv6("fe80::a")
        #expect(NeighborSolicitation.frame(asking: target, source: source, from: own) == question)
        #expect(
            NeighborSolicitation.frame(asking: target, source: source, from: own, to: mac("02:00:00:00:00:0b"))
                == unicastQuestion)
        let expected = NeighborSolicitation(target: target, sourceMAC: own)
        #expect(solicitation(question) == expected)
        #expect(solicitation(unicastQuestion) == expected)
        #expect(advertisement(question) == nil)
    }

    @Test("the question of duplicate address detection has neither source nor option")
    func duplicateAddressDetection() {
        #expect(NeighborSolicitation.probeFrame(for: target, from: own) == probe)
        #expect(solicitation(probe) == NeighborSolicitation(target: target, sourceMAC: nil))
    }

    @Test("padding behind a frame is ignored, a cut frame is none")
    func lengths() {
        #expect(solicitation(probe + [0, 0, 0]) != nil)
        #expect(advertisement(announcement + [0xEE]) != nil)
        for count in announcement.indices {
            #expect(advertisement(Array(announcement[..<count])) == nil)
        }
    }

    @Test("a flipped bit in the checksummed part is noticed")
    func flipped() {
        // Source and destination address, and the whole message.
        for bit in (22 * 8)..<(announcement.count * 8) {
            var frame = announcement
            frame[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            #expect(advertisement(frame) == nil, "bit \(bit)")
        }
    }

    @Test(
        "messages that RFC 4861 §7.1 declares invalid are refused",
        arguments: [
            (21, 254, "a router forwarded it"), (20, 17, "not ICMPv6"), (55, 1, "another code"),
            (54, 134, "another type"), (62, 0xFF, "a multicast target"), (58, 0x40, "an answer to everybody"),
            (79, 0, "an option without length"), (79, 2, "an option that is cut off"),
        ] as [(Int, UInt8, String)])
    func invalid(offset: Int, value: UInt8, reason: String) {
        var frame = announcement
        frame[offset] = value
        #expect(advertisement(sealed(frame)) == nil, "\(reason)")
    }

    @Test("an advertisement without the option for its address says nothing about the MAC")
    func otherOption() {
        var frame = announcement
        frame[78] = 14
        let message = advertisement(sealed(frame))
        #expect(message != nil)
        #expect(message?.targetMAC == nil)
    }

    @Test("a question from nobody must go to the group and must not name a MAC")
    func questionFromNobody() {
        var frame = question
        for index in 22..<38 { frame[index] = 0 }
        #expect(solicitation(sealed(frame)) == nil)
        frame = probe
        frame[53] = 1
        #expect(solicitation(sealed(frame)) == nil)
    }
}
