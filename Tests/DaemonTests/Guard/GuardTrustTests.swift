/// What the guard channel does not believe: wrong keys, routers, recordings, floods; each counted and told.
import KeepalivedConf
import LinuxIO
import Testing
import VRRPCore
import Wire

@testable import Daemon

@Suite(.needsNetworkRights, .serialized) struct GuardTrustTests {
    private let loop: EventLoop
    private let network: TwoHosts

    init() throws {
        loop = try EventLoop()
        network = try TwoHosts()
    }

    /// A message of a node that does not exist, about the instance of the tests.
    private func message(
        node: UInt64 = 7, nonce: UInt64 = 0xF00, _ sequence: UInt64 = 1, kind: GuardMessage.Kind = .heartbeat
    ) throws -> GuardMessage {
        GuardMessage(
            kind,
            GuardIdentity(
                addressDigest: GuardIdentity.digest(of: [try address("10.0.0.200")]), virtualRouterID: 196,
                family: .ipv4), node: node, nonce: nonce, sequence: sequence, state: .master, priority: 255,
            interval: .seconds(1))
    }

    private func speaker(_ host: Int, key: GuardKey? = nil) throws -> GuardSpeaker {
        let speaker = try GuardSpeaker(network, host, loop: loop)
        try speaker.apply {
            $0.key = key
            $0.paths = [$0.paths[0]]
        }
        return speaker
    }

    @Test("nodes with one key prove themselves to each other and are believed")
    func sameKey() throws {
        let one = try speaker(0, key: key("k"))
        let two = try speaker(1, key: key("k"))
        one.send()
        #expect(turn(loop, [one, two]) { one.peers.count == 1 && two.peers.count == 1 })
        one.send()
        #expect(turn(loop, [one, two]) { one.heard(.ack) != nil && two.heard(.heartbeat) != nil })
        #expect(one.rejected(.wrongSignature) == 0)
        #expect(two.rejected(.unsigned) == 0)
    }

    @Test("a daemon that was restarted is believed again after its proof, and is the same peer")
    func restart() throws {
        let one = try speaker(0, key: key("k"))
        var two = try speaker(1, key: key("k"))
        one.send()
        #expect(turn(loop, [one, two]) { one.peers.count == 1 })
        let before = one.channel?.endpoints[GuardSpeaker.instance]?.peers.peers.first?.nonce
        two.channel?.apply([], port: GuardMessage.standardPort)
        two = try speaker(1, key: key("k"))
        two.send()
        #expect(
            turn(loop, [one, two]) {
                one.channel?.endpoints[GuardSpeaker.instance]?.peers.peers.first?.nonce == two.channel?.nonce
            })
        #expect(two.channel?.nonce != before)
        #expect(one.peers.count == 1)
    }

    @Test("a wrong key, no key here and no key there are three reasons, each told with what to do")
    func differentKeys() throws {
        let one = try speaker(0, key: key("a"))
        let two = try speaker(1, key: key("b"))
        one.send()
        #expect(turn(loop, [one, two]) { two.rejected(.wrongSignature) > 0 })
        #expect(two.book.lines.contains { $0.contains("the keys of the two nodes differ") && $0.contains("10.0.0.1") })
        try two.apply { $0.paths = [$0.paths[0]] }
        one.send()
        #expect(turn(loop, [one, two]) { two.rejected(.unexpectedSignature) > 0 })
        two.send()
        #expect(turn(loop, [one, two]) { one.rejected(.unsigned) > 0 })
        #expect(one.peers.isEmpty && two.peers.isEmpty)
        #expect(one.heard.isEmpty && two.heard.isEmpty)
    }

    @Test("what comes through a router is refused without a key, with its TTL, and believed with one")
    func routed() throws {
        let one = try speaker(0)
        let target = try address("10.0.0.1")
        let forger = try network.inside(1) { try Forger(timeToLive: 254) }
        try forger.send(try message().octets(), to: target)
        #expect(turn(loop, [one]) { one.rejected(.hopLimit) == 1 })
        #expect(one.book.lines.contains { $0.contains("TTL 254, not 255") })

        try one.apply {
            $0.key = key("k")
            $0.paths = [$0.paths[0]]
        }
        let signature = try GuardSignature(key("k"))
        try forger.send(try message().octets(signature), to: target)
        #expect(turn(loop, [one]) { (one.channel?.sent ?? 0) > 0 })
        var proof = try message(2)
        proof.echo = GuardEcho(nonce: one.channel?.nonce ?? 0, sequence: one.channel?.sequence ?? 0)
        try forger.send(proof.octets(signature), to: target)
        #expect(turn(loop, [one]) { one.heard(.heartbeat)?.message.node == 7 })
        #expect(one.rejected(.hopLimit) == 1)
    }

    @Test("a recorded message is believed once, and one of an old process never, though its signature is right")
    func replay() throws {
        let one = try speaker(0, key: key("k"))
        let target = try address("10.0.0.1")
        let forger = try network.inside(1) { try Forger() }
        let signature = try GuardSignature(key("k"))
        func prove(nonce: UInt64) throws -> [UInt8] {
            try forger.send(try message(nonce: nonce, 1).octets(signature), to: target)
            let sent = one.channel?.sent ?? 0
            #expect(turn(loop, [one]) { (one.channel?.sent ?? 0) > sent })
            var proof = try message(nonce: nonce, 2)
            proof.echo = GuardEcho(nonce: one.channel?.nonce ?? 0, sequence: one.channel?.sequence ?? 0)
            let octets = proof.octets(signature)
            let count = one.heard.count
            try forger.send(octets, to: target)
            #expect(turn(loop, [one]) { one.heard.count > count })
            return octets
        }
        let recording = try prove(nonce: 0xF01)
        try forger.send(recording, to: target)
        #expect(turn(loop, [one]) { one.rejected(.repeated) == 1 })
        _ = try prove(nonce: 0xF02)
        try forger.send(recording, to: target)
        #expect(turn(loop, [one]) { one.rejected(.formerProcess) == 1 })
        _ = try prove(nonce: 0xF03)
        let heard = one.heard.count
        for _ in 0..<5 { try forger.send(recording, to: target) }
        // A last message that is told tells that the others were read.
        try forger.send([1, 2, 3], to: target)
        #expect(turn(loop, [one]) { one.rejected(.undecodable) == 1 })
        #expect(one.heard.count == heard)
        #expect(one.channel?.endpoints[GuardSpeaker.instance]?.peers.peers.first?.nonce == 0xF03)
    }

    @Test("a flood of made-up nodes fills a table of 32, and the log holds one line of it")
    func flood() throws {
        let one = try speaker(0)
        let target = try address("10.0.0.1")
        let forger = try network.inside(1) { try Forger() }
        for node in 0..<200 as Range<UInt64> {
            try forger.send(try message(node: 1_000 + node, kind: .ack).octets(), to: target)
            if node % 50 == 0 { loop.turn(maximumWait: .zero) }
        }
        #expect(turn(loop, [one]) { one.rejected(.tooManyPeers) == 200 - 32 })
        #expect(one.peers.count == 32)
        #expect(one.book.lines.count { $0.contains("32 nodes speak") } == 1)
    }

    @Test("a flood of queries is answered in part")
    func questions() throws {
        let one = try speaker(0)
        let target = try address("10.0.0.1")
        let forger = try network.inside(1) { try Forger() }
        let most = 64 + 2 * 32
        for sequence in 1...1_000 as ClosedRange<UInt64> {
            try forger.send(try message(sequence, kind: .query).octets(), to: target)
            if sequence % 50 == 0 { loop.turn(maximumWait: .zero) }
        }
        #expect(turn(loop, [one]) { one.heard.count == 1_000 })
        one.channel?.flush()
        // A second may have begun anew once or twice on a slow machine.
        #expect((one.channel?.sent ?? 0) <= UInt64(4 * most))
    }

    @Test("random octets of every length are refused, counted and told once")
    func garbage() throws {
        let one = try speaker(0)
        let target = try address("10.0.0.1")
        let forger = try network.inside(1) { try Forger() }
        for length in 1...300 {
            try forger.send([UInt8](repeating: 0x48, count: length), to: target)
            if length % 50 == 0 { loop.turn(maximumWait: .zero) }
        }
        #expect(turn(loop, [one]) { one.rejected(.undecodable) == 300 })
        #expect(one.book.lines.count { $0.contains("dropped a guard message") } == 1)
        #expect(one.heard.isEmpty)
    }
}
