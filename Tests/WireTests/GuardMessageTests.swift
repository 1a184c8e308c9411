/// Messages of the guard channel: golden octets, every truncation, every wrong field, and nothing that traps.
import Testing
import Wire

extension GuardMessage {
    static func decode(_ octets: [UInt8]) throws(GuardDecodeError) -> GuardMessage {
        let bytes = octets.span.bytes
        return try decode(bytes)
    }

    var octets: [UInt8] { [UInt8](count: Self.length) { encode(into: &$0) } }
}

/// Packed by Python's struct module, its digest computed there as well. Columns: magic, version, kind (heartbeat), state
/// (master), priority 200; virtual router 196, IPv4, four flags, zero, 1 s, zero; digest of 192.168.4.200, node, nonce,
/// sequence 42; echo of 41; 192.168.4.21; never, 20 ms, 65,536 ms; the clock; room for a lease; no signature.
private let golden = octets(
    """
    48414c47 01 01 02 c8 c4 04 0f 00 0064 0000
    2936316dda091787 0102030405060708 1112131415161718 000000000000002a
    2122232425262728 0000000000000029
    c0a80415 000000000000000000000000
    ffffffff 00000014 00010000 00000000075bcd15
    00000000 0000000000000000
    00000000000000000000000000000000
    """)

private let goldenMessage: GuardMessage = {
    var message = GuardMessage(
        .heartbeat,
        GuardIdentity(
            addressDigest: GuardIdentity.digest(of: [address("192.168.4.200")]), virtualRouterID: 196, family: .ipv4),
        node: 0x0102_0304_0506_0708, nonce: 0x1112_1314_1516_1718, sequence: 42, state: .master, priority: 200,
        interval: .seconds(1))
    message.echo = GuardEcho(nonce: 0x2122_2324_2526_2728, sequence: 41)
    message.primaryAddress = address("192.168.4.21")
    message.flags = [.interfaceUsable, .gatewayReachable, .checksPassed, .hearsAdverts]
    message.heartbeatAge = .milliseconds(20)
    message.secondPathAge = .milliseconds(65_536)
    message.clockMilliseconds = 123_456_789
    return message
}()

@Suite struct GuardMessageTests {
    @Test("the golden octets are what the message says, in both directions")
    func goldenOctets() throws {
        #expect(golden.count == GuardMessage.length)
        #expect(try GuardMessage.decode(golden) == goldenMessage)
        #expect(goldenMessage.octets == golden)
    }

    @Test("every field survives the way out and back in, for both families and at the limits")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 21)
        for kind in GuardMessage.Kind.allCases {
            for state in GuardMessage.State.allCases {
                for family in AddressFamily.allCases {
                    let octets = generator.octets(count: 16)
                    let bytes = octets.span.bytes
                    var message = GuardMessage(
                        kind,
                        GuardIdentity(
                            addressDigest: generator.next(),
                            virtualRouterID: UInt8.random(in: 1...255, using: &generator),
                            family: family), node: generator.next(), nonce: generator.next() | 1,
                        sequence: generator.next(), state: state,
                        priority: UInt8.random(in: 0...255, using: &generator),
                        interval: .milliseconds(Int.random(in: 1...25_500, using: &generator) * 10))
                    message.primaryAddress = bytes.address(at: 0, family: family)
                    message.flags = GuardMessage.Flags(rawValue: UInt8.random(in: 0...255, using: &generator))
                    message.advertAge = .milliseconds(Int.random(in: 0...4_000_000_000, using: &generator))
                    message.clockMilliseconds = generator.next()
                    #expect(try GuardMessage.decode(message.octets) == message)
                }
            }
        }
    }

    @Test("ages are cut to whole milliseconds, saturate below \"never\", and are never negative")
    func ages() throws {
        var message = goldenMessage
        message.advertAge = .seconds(10_000_000)
        message.heartbeatAge = .microseconds(1_999)
        message.secondPathAge = .seconds(-1)
        let decoded = try GuardMessage.decode(message.octets)
        #expect(decoded.advertAge == .milliseconds(Int64(UInt32.max) - 1))
        #expect(decoded.heartbeatAge == .milliseconds(1))
        #expect(decoded.secondPathAge == .zero)
    }

    @Test("a buffer that was used before holds nothing of its past")
    func reusedBuffer() {
        var buffer = [UInt8](repeating: 0xFF, count: GuardMessage.length)
        var span = buffer.mutableSpan
        var bytes = unsafe span.mutableBytes
        goldenMessage.encode(into: &bytes)
        #expect(buffer == golden)
    }

    @Test("no part of a message passes for one, and none with octets behind its end")
    func lengths() {
        for count in 0..<golden.count {
            #expect(throws: GuardDecodeError.length(received: count)) {
                try GuardMessage.decode(Array(golden[..<count]))
            }
        }
        for extra in 1...8 {
            #expect(throws: GuardDecodeError.length(received: 128 + extra)) {
                try GuardMessage.decode(golden + [UInt8](repeating: 0, count: extra))
            }
        }
    }

    @Test("another version is told as such, whatever its length")
    func version() {
        var later = golden + [1, 2, 3]
        later[4] = 2
        #expect(throws: GuardDecodeError.version(2)) { try GuardMessage.decode(later) }
    }

    @Test(
        "a wrong field is refused by its own error",
        arguments: [
            (0, [0x49], .magic(0x4941_4C47)), (5, [0], .kind(0)), (5, [8], .kind(8)), (6, [4], .state(4)),
            (8, [0], .virtualRouterIDZero), (9, [5], .family(5)), (12, [0, 0], .intervalZero),
            (32, [0, 0, 0, 0, 0, 0, 0, 0], .nonceZero),
        ] as [(Int, [UInt8], GuardDecodeError)])
    func wrongField(offset: Int, octets: [UInt8], error: GuardDecodeError) {
        var message = golden
        message.replaceSubrange(offset..<offset + octets.count, with: octets)
        #expect(throws: error) { try GuardMessage.decode(message) }
        #expect(!error.description.isEmpty)
        #expect(GuardDecodeError.Counter.allCases.contains(error.counter))
    }

    @Test("what a later version may put into the room for a lease changes nothing here")
    func lease() throws {
        var message = golden
        message[15] = 9
        for offset in 100..<128 { message[offset] = 0xA5 }
        #expect(try GuardMessage.decode(message) == goldenMessage)
    }

    @Test("random octets and mutated messages are decoded or refused")
    func random() {
        var generator = SeededGenerator(seed: 22)
        var accepted = 0
        for _ in 0..<20_000 {
            let octets = generator.octets(count: Int.random(in: 0...140, using: &generator))
            if (try? GuardMessage.decode(octets)) != nil { accepted += 1 }
        }
        #expect(accepted == 0)
        for _ in 0..<20_000 {
            var message = golden
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                message[Int.random(in: 4..<128, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            guard let decoded = try? GuardMessage.decode(message) else { continue }
            accepted += 1
            #expect(decoded.octets.prefix(4) == golden.prefix(4))
        }
        #expect(accepted > 5_000)
    }

    @Test("the digest is one of the set: order and repetition do not count, family and every address do")
    func digest() {
        let one = address("10.0.0.1")
        let two = address("10.0.0.2")
        let digest = GuardIdentity.digest(of: [one, two])
        #expect(digest == 0x2C4A_9D44_B16B_29E2)
        #expect(digest == GuardIdentity.digest(of: [two, one, two]))
        #expect(digest != GuardIdentity.digest(of: [one]))
        #expect(GuardIdentity.digest(of: []) == 0)
        let sixteen = GuardIdentity.digest(of: [address("0a00:1::"), one])
        #expect(sixteen != GuardIdentity.digest(of: [address("0a00:1::")]))
    }
}
