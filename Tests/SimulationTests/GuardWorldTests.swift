/// What the simulated world knows for the guard's sake: kernels that answer, lifetimes, firewalls, paths, strangers.
import Testing
import VRRPCore
import Wire

@testable import Simulation

private func at(_ milliseconds: Int64) -> Time { Time(nanoseconds: milliseconds * 1_000_000) }

@Suite struct GuardWorldTests {
    /// What the guards of a node have learned, by kind.
    private final class News: WorldObserver {
        var events: [(Time, Event)] = []
        var ends: [Time] = []

        func observe(_ record: Record, in world: World) {
            if case .effect(.publish(let event), _) = record { events.append((world.now, event)) }
            if case .expired = record { ends.append(world.now) }
        }
    }

    /// Two started nodes, a with the better claim, five seconds later.
    private func pair(
        seed: UInt64 = 1, prepare: (World) throws -> Void = { _ in }
    ) throws -> (World, News) {
        let world = World(seed: seed)
        let news = News()
        world.addObserver(news)
        for (index, name) in ["a", "b"].enumerated() {
            let node = world.addNode(name, address: .v4(IPv4Address(rawValue: 0xc0a8_0465 + UInt32(index))))
            var config = InstanceConfig.standard("VI_1")
            config.basePriority = UInt8(200 - 50 * index)
            config.guarding = GuardConfig()
            _ = world.addInstance(config, to: node)
        }
        try prepare(world)
        for node in world.nodes { try world.perform(.process(.start, of: node.name)) }
        world.run(until: at(5000))
        return (world, news)
    }

    private let vip = VirtualAddressID(0)

    @Test("an address dies three to three and a half seconds after its last renewal", arguments: UInt64(1)...20)
    func lifetime(seed: UInt64) throws {
        let (world, news) = try pair(seed: seed)
        let killed = world.now
        try world.perform(.process(.kill, of: "a"))
        world.run(until: at(20_000))
        #expect(news.ends.count == 1)
        let span = try #require(news.ends.first) - killed
        // The last renewal was up to a period before the kill.
        #expect(span >= DeadMan.lifetime - DeadMan.period && span <= DeadMan.lifetime + DeadMan.slack)
    }

    @Test("a process that goes on in time renews its addresses, one without a dead man never loses them")
    func renewal() throws {
        let (world, news) = try pair()
        try world.perform(.process(.pause, of: "a"))
        world.run(until: at(6500))
        try world.perform(.process(.resume, of: "a"))
        world.run(until: at(20_000))
        #expect(news.ends.isEmpty)
        let (other, silence) = try pair { $0.nodes[0].traits.hasDeadMan = false }
        try other.perform(.process(.kill, of: "a"))
        other.run(until: at(60_000))
        #expect(silence.ends.isEmpty && other.addresses.isHeld(vip, by: other.nodes[0].id))
    }

    @Test("the kernel of a dead daemon answers for its addresses, a host without power does not")
    func deadKernel() throws {
        let (world, _) = try pair()
        try world.perform(.process(.kill, of: "a"))
        #expect(world.isAnswered(InstanceConfig.standardAddress, by: world.nodes[0]))
        #expect(world.isAnswered(world.nodes[0].address, by: world.nodes[0]))
        #expect(!world.isAnswered(InstanceConfig.standardAddress, by: world.nodes[1]))
        try world.perform(.host(.crash, of: "a"))
        #expect(!world.isAnswered(InstanceConfig.standardAddress, by: world.nodes[0]))
    }

    @Test("a firewall keeps adverts from the socket and not from an open tap")
    func firewall() throws {
        let (world, news) = try pair {
            for node in $0.nodes { node.traits.hasChannel = false }
        }
        let received = world.nodes[1].router?[InstanceID(0)].statistics.advertisementsReceived ?? 0
        try world.perform(.host(.firewall(.adverts), of: "b"))
        world.run(until: at(6000))
        #expect(world.nodes[1].router?[InstanceID(0)].statistics.advertisementsReceived == received)
        world.run(until: at(15_000))
        #expect(world.nodes[1].state(InstanceID(0)) == .backup)
        #expect(
            news.events.contains { if case .guarded(.localFirewall(_, isDropping: true)) = $1 { true } else { false } })
    }

    @Test("the two segments fail one by one", arguments: Segment.allCases)
    func segments(_ broken: Segment) throws {
        let (world, news) = try pair { $0.hasHeartbeatSegment = true }
        for (from, to) in [("a", "b"), ("b", "a")] {
            try world.perform(.segment(.link(from: from, to: to, .cut(true)), on: broken))
        }
        world.run(until: at(20_000))
        #expect(world.nodes[1].state(InstanceID(0)) == .backup)
        let isLost = news.events.contains { if case .guarded(.advertsLost) = $1 { true } else { false } }
        #expect(isLost == (broken == .service))
    }

    @Test("a forger sends as often as it says, until it stops")
    func forger() throws {
        let (world, news) = try pair { $0.addStranger("x") }
        var forgery = Forgery(
            source: .v4(IPv4Address(rawValue: 0xc0a8_0442)), virtualRouterID: 51, priority: 254,
            every: .milliseconds(10))
        forgery.password = Password("forged")
        try world.perform(.stranger(.forge(forgery), of: "x"))
        world.run(until: at(6000))
        try world.perform(.stranger(.forge(nil), of: "x"))
        world.run(until: at(8000))
        let count = news.events.count { if case .guarded(.mismatch) = $1 { true } else { false } }
        // Both nodes hear 101 adverts.
        #expect((200...204).contains(count))
        #expect(world.nodes[0].state(InstanceID(0)) == .master)
    }

    @Test("a keepalived says goodbye first, drops another list, and knows nothing of having stood still")
    func keepalived() throws {
        let (world, news) = try pair { $0.makeKeepalived($0.nodes[0]) }
        #expect(world.nodes[0].instances[0].guarding == nil)
        try world.perform(.process(.pause, of: "a"))
        world.run(until: at(9000))
        try world.perform(.process(.resume, of: "a"))
        world.run(until: at(9100))
        #expect(world.nodes[0].state(InstanceID(0)) == .master)
        #expect(!news.events.contains { if case .transition(_, _, .overslept, _) = $1 { true } else { false } })
        try world.perform(.process(.stop, of: "a"))
        #expect(world.addresses.isHeld(vip, by: world.nodes[0].id), "the goodbye is out, the address is there")
        world.run(until: at(9200))
        #expect(!world.addresses.isHeld(vip, by: world.nodes[0].id))
    }
}
