/// Who is believed on the guard channel: each message once, and a restarted node only when it has proved to be alive.
import Testing
import VRRPCore
import Wire

@Suite struct ChannelPeersTests {
    private let here = GuardEcho(nonce: 0xAAAA, sequence: 0)
    private let source = IPAddress.v4(IPv4Address(rawValue: 0x0A00_0002))

    private func peers(paths: Int = 2, proof: Bool) -> ChannelPeers {
        ChannelPeers(node: 1, nonce: here.nonce, pathCount: paths, demandsProof: proof)
    }

    private func message(
        _ sequence: UInt64, node: UInt64 = 2, nonce: UInt64 = 0xB1, echo: GuardEcho? = nil,
        state: GuardMessage.State = .backup
    ) -> GuardMessage {
        var message = GuardMessage(
            .heartbeat, GuardIdentity(addressDigest: 7, virtualRouterID: 196, family: .ipv4), node: node, nonce: nonce,
            sequence: sequence, state: state, priority: 100, interval: .seconds(1))
        message.echo = echo
        return message
    }

    private func time(_ seconds: Int64) -> Time { Time(nanoseconds: seconds * 1_000_000_000) }

    private func hear(
        _ peers: inout ChannelPeers, _ message: GuardMessage, path: Int = 0, next: UInt64 = 100, at seconds: Int64 = 0
    ) -> ChannelPeers.Verdict {
        peers.receive(message, onPath: path, from: source, nextSequence: next, now: time(seconds))
    }

    @Test("a message is believed once; the same and older ones are refused with both numbers")
    func once() {
        var peers = peers(proof: false)
        #expect(hear(&peers, message(5)) == .believed(0))
        #expect(hear(&peers, message(5)) == .refused(.repeated(sequence: 5, last: 5)))
        #expect(hear(&peers, message(4)) == .refused(.repeated(sequence: 4, last: 5)))
        #expect(hear(&peers, message(7)) == .believed(0))
        #expect(peers.peers[0].echo == GuardEcho(nonce: 0xB1, sequence: 7))
    }

    @Test("each path has a sequence of its own, and a slow path does not bring old words back")
    func paths() {
        var peers = peers(proof: false)
        #expect(hear(&peers, message(5, state: .master), path: 0, at: 1) == .believed(0))
        #expect(hear(&peers, message(3), path: 1, at: 2) == .believed(0))
        #expect(hear(&peers, message(3), path: 1) == .refused(.repeated(sequence: 3, last: 3)))
        #expect(peers.peers[0].last.state == .master)
        #expect(peers.peers[0].age(onPath: 0, now: time(4)) == .seconds(3))
        #expect(peers.peers[0].secondPathAge(now: time(4)) == .seconds(2))
        #expect(peers.index(at: source, onPath: 1) == 0)
    }

    @Test("a refused message moves no clock")
    func refusedIsSilent() {
        var peers = peers(proof: false)
        _ = hear(&peers, message(5), at: 1)
        _ = hear(&peers, message(5), at: 9)
        #expect(peers.peers[0].age(onPath: 0, now: time(10)) == .seconds(9))
    }

    @Test("this process's own messages are refused, another process with its node id is a peer")
    func own() {
        var peers = peers(proof: false)
        #expect(hear(&peers, message(9, node: 1, nonce: here.nonce)) == .refused(.own))
        #expect(hear(&peers, message(9, node: 1, nonce: 0xC1)) == .believed(0))
    }

    @Test("without a key a restart is taken at its word, and late packets of the former process are refused")
    func restartUnsigned() {
        var peers = peers(proof: false)
        _ = hear(&peers, message(50, nonce: 0xB1))
        #expect(hear(&peers, message(1, nonce: 0xB2)) == .believed(0))
        #expect(hear(&peers, message(51, nonce: 0xB1)) == .refused(.formerProcess))
        #expect(hear(&peers, message(2, nonce: 0xB2)) == .believed(0))
        #expect(peers.peers.count == 1)
        #expect(peers.peers[0].echo == GuardEcho(nonce: 0xB2, sequence: 2))
    }

    @Test("with a key a node proves by an echo of what was sent after it was first seen")
    func proof() {
        var peers = peers(proof: true)
        #expect(hear(&peers, message(1), next: 100) == .unproved(asks: true))
        // Nothing, the echo of an older message, of another process, or of one that was never sent.
        #expect(hear(&peers, message(2), next: 101) == .unproved(asks: false))
        for echo in [
            GuardEcho(nonce: here.nonce, sequence: 99), GuardEcho(nonce: 0xAAAB, sequence: 100),
            GuardEcho(nonce: here.nonce, sequence: 101),
        ] {
            #expect(hear(&peers, message(3, echo: echo), next: 101) == .unproved(asks: false))
        }
        #expect(peers.peers.isEmpty)
        let answer = message(4, echo: GuardEcho(nonce: here.nonce, sequence: 100))
        #expect(hear(&peers, answer, next: 101) == .believed(0))
        #expect(hear(&peers, answer, next: 101) == .refused(.repeated(sequence: 4, last: 4)))
        #expect(hear(&peers, message(5), next: 101) == .believed(0))
    }

    @Test("recorded messages of an old process are not believed, though they echo this process")
    func replayedBoot() {
        var peers = peers(proof: true)
        _ = hear(&peers, message(1, nonce: 0xB1), next: 100)
        let recorded = message(2, nonce: 0xB1, echo: GuardEcho(nonce: here.nonce, sequence: 100))
        #expect(hear(&peers, recorded, next: 101) == .believed(0))
        // The node restarts twice; the process of the recording is no longer the former one.
        for (nonce, sequence) in [(0xB2, 200), (0xB3, 300)] as [(UInt64, UInt64)] {
            _ = hear(&peers, message(1, nonce: nonce), next: sequence)
            let echo = GuardEcho(nonce: here.nonce, sequence: sequence)
            #expect(hear(&peers, message(2, nonce: nonce, echo: echo), next: sequence + 1) == .believed(0))
        }
        #expect(hear(&peers, recorded, next: 400) == .unproved(asks: true))
        #expect(hear(&peers, recorded, next: 401) == .unproved(asks: false))
        #expect(hear(&peers, message(500, nonce: 0xB2), next: 401) == .refused(.formerProcess))
        #expect(peers.peers[0].nonce == 0xB3)
        #expect(peers.peers[0].last.sequence == 2)
    }

    @Test("while a restarted node proves itself, the process before it is still believed")
    func bothProcesses() {
        var peers = peers(proof: true)
        _ = hear(&peers, message(1, nonce: 0xB1), next: 100)
        _ = hear(&peers, message(2, nonce: 0xB1, echo: GuardEcho(nonce: here.nonce, sequence: 100)), next: 101)
        #expect(hear(&peers, message(1, nonce: 0xB2), next: 101) == .unproved(asks: true))
        #expect(hear(&peers, message(3, nonce: 0xB1), next: 102) == .believed(0))
    }

    @Test("a node that does not prove itself is asked once a second")
    func patience() {
        var peers = peers(proof: true)
        #expect(hear(&peers, message(1), at: 10) == .unproved(asks: true))
        #expect(hear(&peers, message(2), at: 10) == .unproved(asks: false))
        #expect(hear(&peers, message(3), at: 11) == .unproved(asks: true))
        #expect(hear(&peers, message(4), at: 11) == .unproved(asks: false))
    }

    @Test("a flood of made-up nodes fills a table and no more; a node that is silent for a minute gives way")
    func bounded() {
        var peers = peers(proof: false)
        for node in 0..<UInt64(ChannelPeers.capacity) {
            #expect(hear(&peers, message(1, node: 100 + node), at: 10) == .believed(Int(node)))
        }
        #expect(hear(&peers, message(1, node: 999), at: 20) == .refused(.tooManyPeers))
        for node in 1..<UInt64(ChannelPeers.capacity) { _ = hear(&peers, message(2, node: 100 + node), at: 60) }
        #expect(hear(&peers, message(2, node: 999), at: 71) == .believed(ChannelPeers.capacity - 1))
        #expect(peers.peers.count == ChannelPeers.capacity)
        #expect(peers.index(of: 100) == nil)
    }

    @Test("a flood of nodes that prove nothing displaces nobody who did")
    func candidates() {
        var peers = peers(proof: true)
        _ = hear(&peers, message(1), next: 100)
        _ = hear(&peers, message(2, echo: GuardEcho(nonce: here.nonce, sequence: 100)), next: 101)
        for node in 0..<500 as Range<UInt64> { _ = hear(&peers, message(1, node: 1_000 + node), next: 200) }
        #expect(peers.peers.map(\.node) == [2])
        #expect(hear(&peers, message(3)) == .believed(0))
    }

    @Test("random messages of a few nodes: no sequence of a process is believed twice on a path")
    func randomRuns() {
        struct Seen: Hashable {
            var node: UInt64
            var nonce: UInt64
            var sequence: UInt64
            var path: Int
        }
        var generator = SeededGenerator(state: 5)
        for proof in [false, true] {
            var peers = peers(paths: 3, proof: proof)
            var believed: Set<Seen> = []
            var count = 0
            for step in 0..<20_000 as Range<UInt64> {
                // Each node has one process for a thousand steps, so that a nonce that is gone stays away.
                let nonce = 0x100 + (proof ? step / 1_000 : 0)
                let echo = GuardEcho(nonce: here.nonce, sequence: step - min(step, generator.next() % 3))
                let seen = Seen(
                    node: 2 + generator.next() % 3, nonce: nonce, sequence: step / 2 + generator.next() % 20,
                    path: Int(generator.next() % 3))
                let verdict = hear(
                    &peers, message(seen.sequence, node: seen.node, nonce: nonce, echo: echo), path: seen.path,
                    next: step)
                guard case .believed = verdict else { continue }
                count += 1
                #expect(believed.insert(seen).inserted, "\(seen) was believed twice")
            }
            #expect(count > 3_000)
        }
    }
}
