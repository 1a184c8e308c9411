/// Every reason to drop a packet has a counter and a sentence of its own.
import Testing
import Wire

@Suite struct DecodeErrorTests {
    /// One of each case.
    let errors: [DecodeError] = [
        .packetTooShort(received: 3), .ipVersion(6), .ipHeaderLength(words: 4),
        .ipTotalLength(stated: 40, received: 30),
        .ipHeaderChecksum, .fragment, .ipProtocol(51), .messageTooShort(received: 7), .version(4), .type(2),
        .addressCountZero, .messageLength(expected: 12, received: 20), .checksum, .virtualRouterIDZero, .intervalZero,
    ]

    @Test("one case is one counter")
    func counters() {
        #expect(errors.map(\.counter) == DecodeError.Counter.allCases)
    }

    @Test("no two cases say the same")
    func sentences() {
        #expect(Set(errors.map(\.description)).count == errors.count)
    }

    @Test("the sentences name what was received")
    func numbers() {
        #expect(DecodeError.version(4).description == "VRRP version 4 is not supported here")
        #expect(
            DecodeError.messageLength(expected: 12, received: 20).description
                == "the advertisement has 20 octets where its address count asks for 12")
    }

    @Test("the standards count protocol errors, and nothing that is not VRRP")
    func standardErrors() {
        #expect(
            errors.map(\.standardError) == [
                nil, nil, nil, nil, nil, nil, nil, .packetLength, .version, .invalidType, .addressList, .packetLength,
                .checksum, .virtualRouterID, .interval,
            ])
    }
}
