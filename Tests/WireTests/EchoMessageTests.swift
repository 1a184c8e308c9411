/// ICMP echo on the wire.
import Testing
import Wire

@Suite struct EchoMessageTests {
    @Test("a request is what ping sends, and reads back as what it was")
    func request() {
        let message = EchoMessage(identifier: 0x1234, sequence: 1, payload: [0xAB, 0xCD, 0xEF])
        let bytes = message.encoded(.ipv4)
        // The checksum by hand: 0800 + 1234 + 0001 + ABCD + EF00 = 1B502, folded B503, complement 4AFC.
        #expect(bytes == [8, 0, 0x4A, 0xFC, 0x12, 0x34, 0, 1, 0xAB, 0xCD, 0xEF])
        #expect(EchoMessage(decoding: bytes.span.bytes, .ipv4) == message)
        let six = EchoMessage(isReply: true, identifier: 7, sequence: 9, payload: []).encoded(.ipv6)
        #expect(six == [129, 0, 0, 0, 0, 7, 0, 9])
        #expect(EchoMessage(decoding: six.span.bytes, .ipv6)?.isReply == true)
    }

    @Test("what is short, damaged, of another code or no echo is not read")
    func garbage() {
        var bytes = EchoMessage(identifier: 1, sequence: 1, payload: [1, 2]).encoded(.ipv4)
        bytes[9] ^= 1
        #expect(EchoMessage(decoding: bytes.span.bytes, .ipv4) == nil)
        for bytes: [UInt8] in [[], [8, 0, 0xF7], [3, 0, 0xFC, 0xFF, 0, 0, 0, 0], [8, 1, 0xF7, 0xFE, 0, 0, 0, 0]] {
            #expect(EchoMessage(decoding: bytes.span.bytes, .ipv4) == nil)
        }
        #expect(EchoMessage(decoding: [UInt8]([0, 0, 0, 0, 0, 0, 0, 0]).span.bytes, .ipv6) == nil)
    }
}
