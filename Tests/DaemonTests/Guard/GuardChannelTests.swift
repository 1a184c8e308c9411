/// The guard channel between two hosts: they find each other, hear on which path, and believe only what is proved.
import KeepalivedConf
import LinuxIO
import Testing
import VRRPCore
import Wire

@testable import Daemon

@Suite(.needsNetworkRights, .serialized) struct GuardChannelTests {
    private let loop: EventLoop
    private let network: TwoHosts

    init() throws {
        loop = try EventLoop()
        network = try TwoHosts()
    }

    private func pair() throws -> (GuardSpeaker, GuardSpeaker) {
        (
            try GuardSpeaker(network, 0, loop: loop, state: .master, priority: 200),
            try GuardSpeaker(network, 1, loop: loop, state: .backup, priority: 150)
        )
    }

    @Test("two nodes that know nothing of each other are heard by each other on both paths")
    func discovery() throws {
        let (one, two) = try pair()
        try one.apply()
        try two.apply()
        two.advertHeard[try address("10.0.0.1")] = Time(nanoseconds: loop.now)
        one.send()
        #expect(
            turn(loop, [one, two]) { one.heard(.ack) != nil && one.heard(.ack, onPath: 1) != nil },
            "\(one.book.lines) \(two.book.lines)")
        let heartbeat = try #require(two.heard(.heartbeat))
        #expect(heartbeat.source == (try address("10.0.0.1")))
        #expect(heartbeat.message.state == .master)
        #expect(heartbeat.message.priority == 200)
        #expect(heartbeat.message.interval == .seconds(1))
        let ack = try #require(one.heard(.ack))
        #expect(ack.source == (try address("10.0.0.2")))
        #expect(ack.message.state == .backup)
        #expect(ack.message.flags == [.interfaceUsable, .checksPassed, .hearsAdverts])
        #expect(ack.message.echo == GuardEcho(nonce: heartbeat.message.nonce, sequence: heartbeat.message.sequence))
        #expect(ack.message.heartbeatAge != nil)
        let status = try #require(one.peers.first)
        #expect(one.peers.count == 1)
        #expect(status.paths.map(\.interface) == ["service", "second"])
        #expect(status.paths.map(\.address) == [try address("10.0.0.2"), try address("10.1.0.2")])
        #expect(status.paths.allSatisfy { $0.heardAgo.map { $0 < .seconds(10) } ?? false })
        #expect(one.channel?.node != two.channel?.node, "two namespaces of one host are two nodes")
    }

    @Test("a node that nobody makes speak says so once a second")
    func silence() throws {
        let (one, two) = try pair()
        try one.apply()
        try two.apply()
        #expect(turn(loop, [one, two]) { two.heard.count { $0.message.kind == .heartbeat && $0.path == 0 } >= 2 })
        #expect(turn(loop, [one, two]) { one.heard(.heartbeat) != nil })
    }

    @Test("in a pair with one path a node that answers says nothing besides")
    func answersAreEnough() throws {
        let (one, two) = try pair()
        try one.apply { $0.paths.removeLast() }
        try two.apply { $0.paths.removeLast() }
        for round in 1...5 {
            one.send()
            #expect(turn(loop, [one, two]) { one.heard.count { $0.message.kind == .ack } >= round })
            let next = Clock.monotonic + 400_000_000
            #expect(turn(loop, [one, two]) { Clock.monotonic >= next })
        }
        #expect(one.heard(.heartbeat) == nil, "two seconds of answers are no silence")
    }

    @Test("nodes that mean the same addresses under different virtual router IDs find each other")
    func otherVirtualRouter() throws {
        let (one, two) = try pair()
        try one.apply()
        try two.apply { $0.identity.virtualRouterID = 197 }
        one.send()
        #expect(turn(loop, [one, two]) { one.heard(.ack) != nil })
        #expect(two.heard(.heartbeat)?.message.identity.virtualRouterID == 196)
        #expect(one.peers.first?.identity.virtualRouterID == 197)
    }

    @Test("nodes with one virtual router ID and different addresses find each other, others do not")
    func otherAddresses() throws {
        let (one, two) = try pair()
        try one.apply()
        try two.apply { $0.identity.addressDigest = 99 }
        one.send()
        #expect(turn(loop, [one, two]) { one.heard(.ack) != nil })

        try two.apply {
            $0.identity.addressDigest = 99
            $0.identity.virtualRouterID = 197
        }
        two.heard = []
        one.send()
        #expect(turn(loop, [one, two]) { two.rejected(.unknownInstance) > 0 })
        #expect(two.heard.isEmpty)
        // Other pairs on the link are no news; who looks closer is told.
        #expect(two.book.lines.contains { $0.contains("virtual router 196 over IPv4") })
    }

    @Test("when the service cable is cut, the second path goes on and tells how old the first one is")
    func secondPath() throws {
        let (one, two) = try pair()
        try one.apply()
        try two.apply()
        one.send()
        #expect(turn(loop, [one, two]) { one.heard(.ack) != nil && one.heard(.ack, onPath: 1) != nil })
        try network.run("ip link set service down", on: 1)
        one.heard = []
        two.heard = []
        #expect(
            turn(loop, [one, two]) {
                two.heard(.heartbeat, onPath: 1)?.message.heartbeatAge.map { $0 > .seconds(2) } ?? false
            })
        #expect(one.heard(.ack) == nil)
        #expect(two.heard(.heartbeat) == nil)
        let beat = try #require(two.heard(.heartbeat, onPath: 1)?.message)
        #expect(beat.secondPathAge.map { $0 < beat.heartbeatAge ?? .zero } ?? false)
    }

    @Test("a query to an address is answered at once by every path to its node, with an echo of the query")
    func query() throws {
        let (one, two) = try pair()
        try one.apply()
        try two.apply()
        one.send(.query, to: .host(try address("10.0.0.2")))
        #expect(turn(loop, [one, two]) { one.heard(.reply) != nil })
        let query = try #require(two.heard(.query)?.message)
        #expect(one.heard(.reply)?.message.echo == GuardEcho(nonce: query.nonce, sequence: query.sequence))
        #expect(one.heard(.reply, onPath: 1) == nil)

        one.send()
        #expect(turn(loop, [one, two]) { one.heard(.ack, onPath: 1) != nil })
        one.send(.query, to: .host(try address("10.0.0.2")))
        #expect(turn(loop, [one, two]) { one.heard(.reply, onPath: 1) != nil })
    }

    @Test("IPv6 instances speak over link-local addresses")
    func ipv6() throws {
        let (one, two) = try pair()
        for (speaker, name) in [(one, "fe80::1"), (two, "fe80::2")] {
            let primary = try address(name)
            speaker.statement?.primaryAddress = primary
            try speaker.apply { $0.identity.family = .ipv6 }
        }
        one.send()
        #expect(turn(loop, [one, two]) { one.heard(.ack) != nil }, "\(one.book.lines) \(two.book.lines)")
        #expect(two.heard(.heartbeat)?.source == (try address("fe80::1")))
        #expect(one.heard(.ack)?.source == (try address("fe80::2")))
        #expect(one.heard(.ack)?.message.primaryAddress == (try address("fe80::2")))
        // The second cable has no IPv6 address, so IPv4 serves there.
        #expect(turn(loop, [one, two]) { one.heard(.ack, onPath: 1) != nil })
        #expect(one.heard(.ack, onPath: 1)?.source == (try address("10.1.0.2")))
    }

    @Test("configured peers are spoken to by unicast alone; the path is the one whose network has the address")
    func unicast() throws {
        let (one, two) = try pair()
        try one.apply {
            $0.isUnicast = true
            $0.peers = [try address("10.0.0.2")]
            $0.paths = [$0.paths[0]]
        }
        try two.apply {
            $0.isUnicast = true
            $0.peers = [try address("10.0.0.1")]
            $0.paths = [$0.paths[0]]
        }
        try network.inside(1) {
            try nft("add table inet t")
            try nft("add chain inet t in { type filter hook input priority 0 ; }")
            try nft("add rule inet t in meta pkttype multicast counter")
        }
        one.send()
        #expect(turn(loop, [one, two]) { one.heard(.ack) != nil })
        let rules = try network.inside(1) { try nft("list table inet t") }
        #expect(rules.contains("counter packets 0 "), "\(rules)")
    }

    @Test("a firewall that drops multicast on the backup does not keep the nodes apart")
    func multicastDropped() throws {
        let (one, two) = try pair()
        try one.apply { $0.paths = [$0.paths[0]] }
        try two.apply { $0.paths = [$0.paths[0]] }
        try network.inside(1) {
            try nft("add table inet t")
            try nft("add chain inet t in { type filter hook input priority 0 ; }")
            try nft("add rule inet t in meta pkttype multicast drop")
        }
        // The backup looks for the other node; that one hears it, and answers by unicast, which is not dropped.
        #expect(turn(loop, [one, two]) { two.heard(.ack)?.source == IPAddress("10.0.0.1") })
        #expect(one.peers.count == 1)
    }

    @Test("a port that another program has is told with the remedy, and the other interface goes on")
    func portTaken() throws {
        let (one, two) = try pair()
        let thief = try network.inside(0) { try Thief(port: GuardMessage.standardPort) }
        try one.apply()
        try two.apply()
        #expect(one.book.lines.contains { $0.contains("set port in guard") }, "\(one.book.lines)")
        withExtendedLifetime(thief) {}
        try one.apply(port: 4000)
        try two.apply(port: 4000)
        one.send()
        #expect(turn(loop, [one, two]) { one.heard(.ack) != nil })
    }

    @Test("a plan with other peers keeps what is known; one with another key or without the instance forgets it")
    func replan() throws {
        let (one, two) = try pair()
        try one.apply()
        try two.apply()
        one.send()
        #expect(turn(loop, [one, two]) { one.heard(.ack) != nil })
        try one.apply { $0.peers = [try address("10.0.0.2")] }
        #expect(one.peers.count == 1)
        try one.apply { $0.key = key("k") }
        #expect(one.peers.isEmpty)
        one.channel?.apply([], port: GuardMessage.standardPort)
        one.heard = []
        two.send()
        #expect(!turn(loop, [one, two], limit: .milliseconds(200)) { !one.heard.isEmpty })
    }
}
