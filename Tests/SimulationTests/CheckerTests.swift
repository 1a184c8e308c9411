/// Shows each checker a broken promise, so that one that sees nothing is noticed.
import Testing
import VRRPCore
import Wire

@testable import Simulation

@Suite struct CheckerTests {
    /// Two started nodes with these changes to their standard configurations.
    private func pair(_ change: (Int, inout InstanceConfig) -> Void) throws -> (World, [Node]) {
        let world = World(seed: 1)
        var nodes: [Node] = []
        for index in 0..<2 {
            let node = world.addNode(
                index == 0 ? "a" : "b", address: .v4(IPv4Address(rawValue: 0xc0a8_0465 + UInt32(index))))
            var config = InstanceConfig.standard("VI_1")
            change(index, &config)
            _ = world.addInstance(config, to: node)
            nodes.append(node)
        }
        return (world, nodes)
    }

    private func startAll(_ world: World) throws {
        for node in world.nodes { try world.perform(.process(.start, of: node.name)) }
    }

    @Test("two holders that hear each other are seen, and so is the promotion that led to it") func seesTwoHolders()
        throws
    {
        // Unicast without peers: each drops what it hears, and no checker is told.
        let (world, nodes) = try pair { $1.receive.isUnicast = true }
        let checker = HolderChecker()
        world.addObserver(checker)
        try startAll(world)
        for node in nodes { node.instances[0].receive.isUnicast = false }
        world.run(until: Time(nanoseconds: 10_000_000_000))
        #expect(checker.violations.contains { $0.promise.hasPrefix("two nodes that hear each other") })
        #expect(checker.violations.allSatisfy { $0.details.contains("a (100)") && $0.details.contains("b (100)") })
    }

    @Test("two holders that do not hear each other are nobody's fault") func excusesDeafHolders() throws {
        let (world, _) = try pair { _, _ in }
        let checker = HolderChecker()
        world.addObserver(checker)
        try startAll(world)
        try world.perform(.segment(.link(from: "a", to: "b", .cut(true))))
        try world.perform(.segment(.link(from: "b", to: "a", .cut(true))))
        world.run(until: Time(nanoseconds: 20_000_000_000))
        #expect(world.addresses.holders(VirtualAddressID(0)).count == 2)
        #expect(checker.violations.isEmpty)
    }

    @Test("a lock that is lost under its holder is seen, and a promotion without it") func seesBrokenLock() throws {
        let (world, nodes) = try pair { $1.gates = [GateConfig(name: "lock")] }
        let checker = LockChecker()
        world.addObserver(checker)
        for node in nodes {
            try world.perform(
                .instance(.gate(name: "lock", GateBehaviour(.lock(lease: .seconds(60)))), of: Target(node.name)))
        }
        try startAll(world)
        world.run(until: Time(nanoseconds: 6_000_000_000))
        #expect(checker.violations.isEmpty)
        try world.perform(.segment(.partition([["a"]])))
        world.locks = [:]
        world.run(until: Time(nanoseconds: 20_000_000_000))
        #expect(checker.violations.map(\.promise) == ["nodes that share a lock never hold an address together"])
        let transition = Event.transition(from: .backup, to: .master, .masterDown(last: nil), sequence: 2)
        world.locks = [:]
        checker.observe(.effect(.publish(transition), of: InstanceName(nodes[0].id, InstanceID(0))), in: world)
        #expect(checker.violations.last?.promise == "a node becomes master only with its lock")
    }

    @Test("an address that nobody takes is seen") func seesVacancy() throws {
        let (world, nodes) = try pair { _, _ in }
        let checker = ServiceChecker()
        world.addObserver(checker)
        // A kernel that needs an hour for an address: the nodes believe that they serve.
        for node in nodes { node.kernelDelay = .seconds(3600) }
        try startAll(world)
        world.run(until: Time(nanoseconds: 20_000_000_000))
        #expect(checker.violations.map(\.promise) == ["an able node takes an address that nobody holds"])
    }

    @Test("misconduct of a node is seen", arguments: 0..<5) func seesMisconduct(_ kind: Int) throws {
        let (world, nodes) = try pair { _, _ in }
        let name = InstanceName(nodes[0].id, InstanceID(0))
        let checker = ConductChecker()
        func tell(_ effects: Effect...) {
            for effect in effects { checker.observe(.effect(effect, of: name), in: world) }
            checker.observe(.handled(name), in: world)
        }
        let start = Event.transition(from: .initialize, to: .backup, .startup, sequence: 1)
        tell(.publish(start))
        #expect(checker.violations.isEmpty)
        switch kind {
        case 0: tell(.sendAdvert(priority: 100))
        case 1: tell(.addAddresses(token: 1), .addAddresses(token: 2))
        case 2: tell(.publish(.transition(from: .backup, to: .master, .owner, sequence: 3)))
        case 3: tell(.publish(.transition(from: .master, to: .backup, .shutdown, sequence: 2)))
        default:
            _ = world.addresses.set(VirtualAddressID(0), by: nodes[0].id, isHeld: true)
            tell()
        }
        #expect(checker.violations.count == 1)
    }

    @Test("proper conduct is not blamed") func excusesProperConduct() throws {
        let (world, nodes) = try pair { _, _ in }
        let name = InstanceName(nodes[0].id, InstanceID(0))
        let checker = ConductChecker()
        let promotion: [Effect] = [
            .publish(.transition(from: .initialize, to: .backup, .startup, sequence: 1)), .sendAdvert(priority: 100),
            .addAddresses(token: 1), .publish(.transition(from: .backup, to: .master, .owner, sequence: 2)),
            .removeAddresses, .sendAdvert(priority: 0),
            .publish(.transition(from: .master, to: .backup, .shutdown, sequence: 3)), .addAddresses(token: 2),
        ]
        for effect in promotion { checker.observe(.effect(effect, of: name), in: world) }
        checker.observe(.handled(name), in: world)
        #expect(checker.violations.isEmpty)
    }

    @Test("a flood is seen, and stopped") func seesFlood() throws {
        let (world, nodes) = try pair { _, _ in }
        let checker = TrafficChecker()
        let name = InstanceName(nodes[0].id, InstanceID(0))
        for _ in 0..<100 { checker.observe(.effect(.sendAdvert(priority: 100), of: name), in: world) }
        #expect(checker.violations.count == 1)
        try world.perform(.process(.start, of: "a"))
        world.run(until: Time(nanoseconds: 10_000_000_000))
        #expect(world.addresses.holders(VirtualAddressID(0)).isEmpty, "the world goes on")
    }

    @Test("a cluster that does not come to rest with one holder is seen") func seesUnrest() throws {
        var random = RandomSource(seed: 1)
        var cluster = ClusterPlan(&random)
        for host in cluster.hosts.indices {
            for index in cluster.hosts[host].instances.indices {
                cluster.hosts[host].instances[index].virtualRouterID = UInt8(60 + 10 * host + index)
            }
        }
        let plan = DisturbancePlan(for: cluster, count: 0, &random)
        var run = RandomRun(seed: 1, cluster: cluster, plan: plan)
        #expect(run.play().violations.contains { $0.promise == "a cluster at rest has one holder of each address" })
    }

    @Test("a hold that does not end in time is seen") func seesLongHold() throws {
        let (world, nodes) = try pair { _, _ in }
        try startAll(world)
        world.run(until: Time(nanoseconds: 60_000_000_000))
        let name = InstanceName(nodes[0].id, InstanceID(0))
        for (span, isSeen) in [(Duration.seconds(3), false), (.seconds(5), true)] {
            let checker = HoldChecker()
            let tell = { (event: GuardEvent) in
                checker.observe(.effect(.publish(.guarded(event)), of: name), in: world)
            }
            tell(.promotionHeld(.silentInterface, limit: .seconds(3)))
            tell(.holdEnded(.silentInterface, after: span, isGone: false))
            #expect(checker.violations.isEmpty != isSeen)
            tell(.promotionHeld(.silentInterface, limit: .seconds(3)))
            #expect(checker.violations.last?.promise == "an outage is held once")
        }
    }

    @Test("a successor that takes its time is seen") func seesSlowHandOver() throws {
        let (world, nodes) = try pair { index, config in config.basePriority = UInt8(200 - 50 * index) }
        let checker = HandOverChecker()
        world.addObserver(checker)
        try startAll(world)
        world.run(until: Time(nanoseconds: 20_000_000_000))
        nodes[1].kernelDelay = .seconds(1)
        try world.perform(.process(.stop, of: "a"))
        world.run(until: Time(nanoseconds: 25_000_000_000))
        checker.finish(world)
        #expect(checker.violations.map(\.promise) == ["a master that is stopped is replaced within the skew time"])
    }

    @Test("two holders without a fault are seen, and with one they are not") func seesUnrestWithoutFaults() throws {
        for isPeaceful in [true, false] {
            let (world, _) = try pair { index, config in config.virtualRouterID = UInt8(51 + index) }
            let checker = PeaceChecker(isPeaceful: isPeaceful)
            world.addObserver(checker)
            try startAll(world)
            world.run(until: Time(nanoseconds: 10_000_000_000))
            checker.finish(world)
            #expect(checker.violations.isEmpty != isPeaceful)
        }
    }

    @Test("an input that leads to effects without end is seen") func seesFloodOfEffects() throws {
        let (world, nodes) = try pair { _, _ in }
        let checker = ResourceChecker()
        let name = InstanceName(nodes[0].id, InstanceID(0))
        for _ in 0..<300 { checker.observe(.effect(.removeAddresses, of: name), in: world) }
        checker.observe(.handled(name), in: world)
        #expect(checker.violations.count == 1)
    }

    @Test("a node that keeps its address beside a deaf one is seen") func seesStubbornNode() throws {
        let (world, nodes) = try pair { index, config in
            config.basePriority = UInt8(200 - 50 * index)
            config.guarding = index == 0 ? GuardConfig() : nil
            config.guarding?.deafPeer = .defend
        }
        let checker = HolderChecker()
        world.addObserver(checker)
        try startAll(world)
        world.run(until: Time(nanoseconds: 5_000_000_000))
        // The checker is told that it would give way.
        nodes[0].instances[0].guarding?.deafPeer = .yield
        try world.perform(.host(.firewall(.adverts), of: "b"))
        world.run(until: Time(nanoseconds: 20_000_000_000))
        #expect(checker.violations.contains { $0.promise.hasPrefix("a node that hears gives way") })
    }
}
