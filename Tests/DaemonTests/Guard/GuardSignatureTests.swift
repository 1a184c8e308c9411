/// Signatures of the guard channel against ones that others have made, and the small decisions around the channel.
import KeepalivedConf
import LinuxIO
import Testing
import VRRPCore
import Wire

@testable import Daemon

@Suite struct GuardSignatureTests {
    /// 0, 1, 2 … 111, and room for the signature.
    private var octets: [UInt8] { (0..<112).map { UInt8($0) } + [UInt8](repeating: 0, count: 16) }

    @Test(
        "a signature is the first half of HMAC-SHA-256",
        arguments: [
            // head -c 112 of these octets | openssl dgst -sha256 -hmac KEY, and Python's hmac module.
            ("0123456789abcdef0123456789abcdef", "070fdc0cd3721271f69af440e0c5b29b"),
            ("k", "d690d377b8d957d7d4df22028b2378fe"),
            (String(repeating: "long", count: 40), "f8fd4005563bfd92f29e1b62ef374306"),
        ])
    func golden(key: String, expected: String) throws {
        let signature = try GuardSignature(GuardKey(Array(key.utf8)))
        var signed = octets
        // Twice: the prepared key is used again.
        for _ in 0..<2 {
            #expect(signed.withUnsafeMutableBytes { signature.sign($0) })
            let text = signed[112...].map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            #expect(text == expected)
        }
        #expect(signed.prefix(112) == octets.prefix(112))
    }

    @Test("a right signature is verified; any flipped bit of message or signature is not, nor another key's")
    func flipped() throws {
        let signature = try GuardSignature(key("k"))
        var signed = octets
        #expect(signed.withUnsafeMutableBytes { signature.sign($0) })
        #expect(signed.withUnsafeBytes { signature.verifies($0) })
        for bit in 0..<(128 * 8) {
            var damaged = signed
            damaged[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            let isRight = damaged.withUnsafeBytes { signature.verifies($0) }
            #expect(!isRight, "bit \(bit)")
        }
        let other = try GuardSignature(key("l"))
        #expect(!signed.withUnsafeBytes { other.verifies($0) })
        #expect(signed.withUnsafeBytes { GuardSignature.isPresent(in: $0) })
        #expect(!octets.withUnsafeBytes { GuardSignature.isPresent(in: $0) })
    }

    @Test("a configuration is asked for OpenSSL only when a key is used")
    func obstacle() {
        var settings = InstanceSettings(
            name: "VI_1", location: SourceLocation(file: "halua.conf", line: 1, column: 1))
        settings.guardSettings.key = key("k")
        var configuration = Configuration()
        configuration.instances = [settings]
        #expect(GuardSignature.obstacle(in: configuration) == nil)
    }
}

@Suite struct GuardPathTests {
    private func path(_ addresses: [String]) throws -> GuardPath {
        GuardPath(
            name: "eth0", interface: Interface(name: "eth0", index: 2),
            addresses: try addresses.map { try #require(Prefix($0)) })
    }

    @Test(
        "a message leaves from the address in the receiver's network, else from the first; IPv6 keeps to its scope",
        arguments: [
            ("10.0.0.9", "10.0.0.1"), ("10.1.0.9", "10.1.0.1"), ("192.0.2.1", "10.0.0.1"), ("224.0.0.18", "10.0.0.1"),
            ("fe80::9", "fe80::1"), ("ff02::12", "fe80::1"), ("2001:db8::9", "2001:db8::1"),
        ])
    func source(destination: String, expected: String) throws {
        let path = try path(["10.0.0.1/24", "10.1.0.1/24", "2001:db8::1/64", "fe80::1/64"])
        #expect(path.source(to: try address(destination)) == (try address(expected)))
    }

    @Test("without an address of the family and scope nothing is sent")
    func noSource() throws {
        #expect(try path(["10.0.0.1/24"]).source(to: try address("fe80::9")) == nil)
        #expect(try path(["2001:db8::1/64"]).source(to: try address("ff02::12")) == nil)
        #expect(try path([]).source(to: try address("10.0.0.9")) == nil)
    }
}

@Suite struct HeartbeatTranslationTests {
    private func message(_ kind: GuardMessage.Kind) -> GuardMessage {
        GuardMessage(
            kind, GuardIdentity(addressDigest: 1, virtualRouterID: 197, family: .ipv4), node: 1, nonce: 2, sequence: 3,
            state: .fault, priority: 90, interval: .seconds(1))
    }

    @Test("a message is a heartbeat with its primary address, else with the address it came from")
    func source() throws {
        var message = message(.ack)
        let packet = try address("10.1.0.2")
        #expect(Heartbeat(message, from: packet, to: 9).source == packet)
        message.primaryAddress = try address("10.0.0.2")
        message.flags = [.interfaceUsable]
        let beat = Heartbeat(message, from: packet, to: 9)
        #expect(
            beat
                == Heartbeat(
                    source: try address("10.0.0.2"), virtualRouterID: 197, state: .fault, priority: 90,
                    interval: .seconds(1), isFit: true, hearsUs: false))
    }

    @Test("yielding and the request to let go are words of their own")
    func words() throws {
        let packet = try address("10.1.0.2")
        let words = GuardMessage.Kind.allCases.map { Heartbeat(message($0), from: packet, to: 9).word }
        #expect(words == [.state, .state, .state, .state, .yielded, .state, .releaseRequest])
    }

    @Test("a node hears this one when it says so to this process, by adverts or by a fresh heartbeat on any path")
    func hears() throws {
        let packet = try address("10.1.0.2")
        var message = message(.heartbeat)
        message.flags = [.hearsAdverts]
        #expect(!Heartbeat(message, from: packet, to: 9).hearsUs)
        message.echo = GuardEcho(nonce: 9, sequence: 1)
        #expect(Heartbeat(message, from: packet, to: 9).hearsUs)
        message.flags = []
        #expect(!Heartbeat(message, from: packet, to: 9).hearsUs)
        message.heartbeatAge = .seconds(5)
        #expect(!Heartbeat(message, from: packet, to: 9).hearsUs)
        message.secondPathAge = .seconds(1)
        #expect(Heartbeat(message, from: packet, to: 9).hearsUs)
    }

    @Test("states translate there and back")
    func states() {
        for state in State.allCases { #expect(GuardMessage.State(state).coreState == state) }
    }
}
