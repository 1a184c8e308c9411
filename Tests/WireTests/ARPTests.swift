/// ARP packets and their Ethernet frames, octet for octet.
import Testing
import Wire

@Suite struct ARPTests {
    let own = mac("02:00:00:00:00:0a")

    private func decode(_ frame: [UInt8]) -> ARPPacket? {
        let bytes = frame.span.bytes
        return ARPPacket(decodingFrame: bytes)
    }

    @Test("a gratuitous ARP is the frame that keepalived and FRR send")
    func gratuitous() {
        let packet = ARPPacket.gratuitous(ipv4("10.99.0.100"), at: .virtualRouter(id: 5, family: .ipv4))
        // Captured from FRR: destination, source, type; hardware, protocol, sizes, operation; sender; target.
        let captured = octets(
            """
            ffffffffffff 00005e000105 0806 0001 0800 06 04 0001
            00005e000105 0a630064 ffffffffffff 0a630064
            """)
        #expect(packet.frame() == captured)
        #expect(decode(captured) == packet)
        #expect(packet.claims(ipv4("10.99.0.100")))
    }

    @Test("a probe claims no address")
    func probe() {
        let packet = ARPPacket.probe(for: ipv4("10.0.0.7"), from: own)
        // Made by scapy.
        let expected = octets(
            "ffffffffffff 02000000000a 0806 0001 0800 06 04 0001 02000000000a 00000000 000000000000 0a000007")
        #expect(packet.frame() == expected)
        #expect(!packet.claims(ipv4("10.0.0.7")))
    }

    @Test("a reply answers the one who asked")
    func reply() {
        let asker = mac("02:00:00:00:00:0b")
        let question = ARPPacket.request(for: ipv4("10.0.0.7"), from: ipv4("10.0.0.2"), at: asker)
        #expect(question.targetMAC == .zero)
        let answer = question.reply(from: own)
        #expect(
            answer
                == ARPPacket(
                    .reply, senderMAC: own, senderAddress: ipv4("10.0.0.7"), targetMAC: asker,
                    targetAddress: ipv4("10.0.0.2")))
        #expect(answer.claims(ipv4("10.0.0.7")))
        #expect(Array(answer.frame(to: asker)[..<6]) == octets("02000000000b"))
        #expect(decode(answer.frame(to: asker)) == answer)
    }

    @Test("padding behind a frame is ignored, a cut frame is none")
    func lengths() {
        let packet = ARPPacket.probe(for: ipv4("10.0.0.7"), from: own)
        #expect(decode(packet.frame() + Array(repeating: 0xEE, count: 18)) == packet)
        for count in 0..<42 {
            #expect(decode(Array(packet.frame()[..<count])) == nil)
        }
    }

    @Test(
        "ARP about anything but IPv4 over Ethernet is none of our business",
        arguments: [
            (12, 0x86), (15, 2), (16, 9), (18, 8), (19, 16), (21, 0), (21, 3), (20, 1),
        ] as [(Int, UInt8)])
    func foreign(offset: Int, value: UInt8) {
        var frame = ARPPacket.probe(for: ipv4("10.0.0.7"), from: own).frame()
        frame[offset] = value
        #expect(decode(frame) == nil)
    }
}
