/// The parts of the simulated world: clock, queue, chance, segment, event loop, kernel and client.
import Testing
import VRRPCore
import Wire

@testable import Simulation

private func at(_ milliseconds: Int64) -> Time { Time(nanoseconds: milliseconds * 1_000_000) }

@Suite struct WorldTests {
    private func world(_ names: [String], client: Bool = false) -> World {
        let world = World(seed: 1)
        for (index, name) in names.enumerated() {
            let node = world.addNode(name, address: .v4(IPv4Address(rawValue: 0xc0a8_0465 + UInt32(index))))
            var config = InstanceConfig.standard("VI_1")
            config.basePriority = UInt8(200 - 50 * index)
            _ = world.addInstance(config, to: node)
        }
        if client { world.addClient("app", of: InstanceConfig.standardAddress) }
        return world
    }

    @Test("the random source gives the numbers of its published algorithm") func randomSource() {
        var random = RandomSource(seed: 0)
        // The first output of xoshiro256** whose state is the first four outputs of SplitMix64 from 0.
        #expect(random.next() == 0x99ec_5f36_cb75_f2b4)
        var numbers = Set<UInt64>()
        for _ in 0..<1000 { numbers.insert(random.below(10)) }
        #expect(numbers == Set(0..<10))
    }

    @Test("events come by time, at one time by kind, and of one kind in their order") func queueOrder() {
        var queue = EventQueue()
        let frame = Frame(sender: StationID(0), cast: .broadcast, payload: .announcement(VirtualAddressID(0)))
        queue.add(.wake(StationID(1), ticket: 0), at: at(5))
        queue.add(.arrival(frame, at: StationID(2)), at: at(5))
        queue.add(.kernel(.addAddresses(InstanceID(0), token: 0), of: StationID(3), incarnation: 0), at: at(5))
        queue.add(.arrival(frame, at: StationID(4)), at: at(5))
        for index in 0..<50 { queue.add(.wake(StationID(10 + index), ticket: 0), at: at(Int64(6 + (index * 37) % 50))) }
        var stations: [Int] = []
        var times: [Time] = []
        while let (time, event) = queue.take(until: at(1000)) {
            times.append(time)
            switch event {
            case .arrival(_, let station): stations.append(station.index)
            case .kernel(_, let station, _): stations.append(station.index)
            case .script(_, let station, _, _): stations.append(station.index)
            case .expiry(_, let station, _), .stranger(let station, _): stations.append(station.index)
            case .wake(let station, _): stations.append(station.index)
            }
        }
        #expect(Array(stations.prefix(4)) == [2, 4, 3, 1])
        #expect(times == times.sorted() && times.count == 54)
        #expect(queue.take(until: at(1000)) == nil)
    }

    @Test(
        "a drifting clock reaches each of its moments at the first nanosecond that it can",
        arguments: [-10_000, 0, 7, 10_000])
    func localClock(_ rate: Int64) {
        var clock = LocalClock()
        clock.setRate(partsPerMillion: rate, at: at(1234))
        for local in stride(from: at(1234).nanoseconds, to: 40_000_000_000_000_000, by: 999_999_999_999_937) {
            let world = clock.world(Time(nanoseconds: local))
            #expect(clock.local(world).nanoseconds >= local)
            #expect(clock.local(Time(nanoseconds: world.nanoseconds - 1)).nanoseconds < local)
        }
        let later = at(1_001_234)
        #expect(clock.local(later) - at(1234) == .milliseconds(1_000_000 + rate))
    }

    @Test("a lossy direction loses its share, and only there") func lossyDirection() {
        var network = Network()
        for _ in 0..<3 { network.addStation() }
        network.change(from: StationID(0), to: StationID(1), at: at(1)) { $0.apply(.loss(300_000)) }
        var random = RandomSource(seed: 9)
        var lost = 0
        for _ in 0..<10_000 {
            if network.deliveries(from: StationID(0), to: StationID(1), .multicast, &random).first == nil { lost += 1 }
            #expect(network.deliveries(from: StationID(1), to: StationID(0), .multicast, &random).first != nil)
        }
        #expect((2800...3200).contains(lost))
        #expect(network.healthySince(from: StationID(0), to: StationID(1)) == nil)
        network.heal(at: at(7))
        #expect(network.healthySince(from: StationID(0), to: StationID(1)) == at(7))
        #expect(network.healthySince(from: StationID(1), to: StationID(2)) == at(0))
    }

    @Test("a multicast filter lets unicast and broadcast pass; a partition lets nothing pass") func filters() {
        var network = Network()
        for _ in 0..<2 { network.addStation() }
        var random = RandomSource(seed: 9)
        let (one, other) = (StationID(0), StationID(1))
        network.change(from: one, to: other, at: at(1)) { $0.apply(.multicastDropped(true)) }
        #expect(network.deliveries(from: one, to: other, .multicast, &random).first == nil)
        #expect(network.deliveries(from: one, to: other, .unicast, &random).first != nil)
        #expect(network.deliveries(from: one, to: other, .broadcast, &random).first != nil)
        network.heal(at: at(2))
        network.partition({ $0 == one ? 1 : 0 }, at: at(3))
        #expect(network.deliveries(from: one, to: other, .broadcast, &random).first == nil)
        #expect(!network.connects(one, other))
    }

    @Test("duplication sends two copies, reordering holds one back") func copies() {
        var network = Network()
        for _ in 0..<2 { network.addStation() }
        network.change(from: StationID(0), to: StationID(1), at: at(1)) {
            $0.apply(.duplication(1_000_000))
            $0.apply(.reordering(500_000))
        }
        var random = RandomSource(seed: 2)
        var hasOvertaken = false
        for _ in 0..<50 {
            let copies = network.deliveries(from: StationID(0), to: StationID(1), .multicast, &random)
            #expect(copies.first != nil && copies.second != nil)
            if let first = copies.first, let second = copies.second, second < first { hasOvertaken = true }
        }
        #expect(hasOvertaken)
    }

    @Test("a process that overslept reads its socket before it believes its timers") func framesBeforeTimers() throws {
        let world = world(["a", "b"])
        for name in ["a", "b"] { try world.perform(.process(.start, of: name)) }
        world.run(until: at(5000))
        try world.perform(.process(.stall(.seconds(10)), of: "b"))
        world.run(until: at(14_999))
        #expect(world.nodes[1].inbox.frames.count == 10)
        world.run(until: at(20_000))
        #expect(world.nodes[1].state(InstanceID(0)) == .backup)
        #expect(world.nodes[1].inbox.isEmpty)
    }

    @Test("a socket buffer has an end") func inboxIsLimited() throws {
        let world = world(["a", "b"])
        for name in ["a", "b"] { try world.perform(.process(.start, of: name)) }
        world.run(until: at(5000))
        try world.perform(.process(.pause, of: "b"))
        world.run(until: at(400_000))
        #expect(world.nodes[1].inbox.frames.count == Inbox.frameLimit)
    }

    @Test("the kernel adds an address while the process is stopped, and the answer waits") func kernelWorksOn() throws {
        let world = world(["a"])
        world.nodes[0].kernelDelay = .milliseconds(10)
        try world.perform(.process(.start, of: "a"))
        while world.nodes[0].state(InstanceID(0)) != .master { world.run(until: world.now + .milliseconds(1)) }
        try world.perform(.process(.pause, of: "a"))
        world.run(until: world.now + .seconds(1))
        #expect(world.addresses.isHeld(VirtualAddressID(0), by: StationID(0)))
        #expect(world.nodes[0].inbox.notices.count == 1)
        #expect(world.addresses.lastAnnouncer(VirtualAddressID(0)) == nil)
        try world.perform(.process(.resume, of: "a"))
        #expect(world.addresses.lastAnnouncer(VirtualAddressID(0)) == StationID(0))
    }

    @Test("a kill leaves the address, a new process removes it, a crash takes it at once") func processAndHost() throws
    {
        let world = world(["a"])
        let id = VirtualAddressID(0)
        try world.perform(.process(.start, of: "a"))
        world.run(until: at(5000))
        try world.perform(.process(.kill, of: "a"))
        world.run(until: at(50_000))
        #expect(world.addresses.isHeld(id, by: StationID(0)))
        try world.perform(.process(.start, of: "a"))
        #expect(!world.addresses.isHeld(id, by: StationID(0)))
        world.run(until: at(60_000))
        #expect(world.addresses.isHeld(id, by: StationID(0)))
        try world.perform(.host(.crash, of: "a"))
        #expect(!world.addresses.isHeld(id, by: StationID(0)))
    }

    @Test("a client asks every millisecond, follows announcements, and counts its outage") func clientCounts() throws {
        let world = world(["a", "b"], client: true)
        for name in ["a", "b"] { try world.perform(.process(.start, of: name)) }
        world.run(until: at(5000))
        world.resetClientCounts()
        world.run(until: at(6000))
        #expect(world.clients[0].asked == 1000 && world.clients[0].answered == 1000)
        #expect(world.clients[0].follows == StationID(0))
        try world.perform(.host(.crash, of: "a"))
        world.run(until: at(16_000))
        #expect(world.clients[0].follows == StationID(1))
        let missed = world.clients[0].asked - world.clients[0].answered
        #expect((2400...3500).contains(missed))
        #expect(world.clients[0].longestOutage.inNanoseconds / 1_000_000 == missed)
    }

    @Test("nonsense is refused in words") func refusesNonsense() throws {
        let world = world(["a"])
        #expect(throws: ActionError(sentence: "there is no node x")) { try world.perform(.process(.start, of: "x")) }
        #expect(throws: ActionError(sentence: "a is not paused")) { try world.perform(.process(.resume, of: "a")) }
        #expect(throws: TranscriptError(line: 2, sentence: "there is no command fly")) {
            _ = try Transcript.play("# x\nfly a\n")
        }
        #expect(throws: TranscriptError(line: 2, sentence: "5 is no span such as 5s, 100ms or 250us")) {
            _ = try Transcript.play("node a 192.168.4.101\nrun 5\n")
        }
    }

    @Test("an action reads back what it writes") func actionsRoundTrip() throws {
        let world = world(["a", "b"])
        var random = RandomSource(seed: 5)
        var cluster = ClusterPlan(&random)
        cluster.group = nil
        cluster.hasStranger = true
        cluster.hasHeartbeatSegment = true
        for host in cluster.hosts.indices {
            let first = cluster.hosts[host].instances[0]
            cluster.hosts[host].instances = [first]
        }
        cluster.hosts = Array(cluster.hosts.prefix(2))
        let plan = DisturbancePlan(for: cluster, count: 300, &random)
        for action in plan.disturbances.flatMap({ $0.beginning + $0.ending }) {
            var words = Words(action.transcript)
            let verb = try words.next("a verb")
            let read = try Action.read(verb, &words, in: world)
            // A reload reads onto the configuration that the node has: its checks are not part of the text.
            if case .instance(.reload, _) = action {
                #expect(read?.transcript == action.transcript)
            } else {
                #expect(read == action)
            }
        }
    }
}
