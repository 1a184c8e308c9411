/// Sync groups: all master together, one backup all backup, one fault all fault (S-24).
import Testing
import Wire

@testable import VRRPCore

@Suite("Sync groups")
struct SyncGroupTests {
    /// A router with a group of instances, its clock, and short words for what each one does.
    struct GroupBench {
        var router = Router()
        var now = Time(nanoseconds: 1_000_000_000_000)
        var members: [InstanceID] = []

        init(_ configs: [InstanceConfig], isGrouped: Bool = true) {
            for config in configs { members.append(router.add(config)) }
            if isGrouped { router.setGroups([SyncGroupConfig(name: "VG", members: members)]) }
            for member in members {
                give(.sourceAddress(Node.own), member)
                give(.startup, member)
            }
        }

        @discardableResult
        mutating func give(_ input: Input, _ id: InstanceID) -> [String] {
            var effects: [AddressedEffect] = []
            router.handle(input, for: id, now: now, into: &effects)
            return effects.transitions
        }

        mutating func hear(_ priority: UInt8, _ id: InstanceID) -> [String] {
            give(
                .advert(ReceivedAdvert(priority: priority, interval: .seconds(1), source: Node.higher)), id)
        }

        mutating func expire(_ timer: Timer, _ id: InstanceID) -> [String] {
            guard let deadline = router[id].deadline(of: timer) else { return ["\(timer) is not armed"] }
            now = max(now, deadline)
            return give(.timer(timer), id)
        }

        mutating func promote() {
            for member in members { _ = expire(.masterDown, member) }
        }

        var states: [State] { members.map { router[$0].state } }
    }

    static func config(_ number: UInt8, priority: UInt8 = 100) -> InstanceConfig {
        InstanceConfig(name: "VI_\(number)", version: .v3, virtualRouterID: number, basePriority: priority)
    }

    static func pair() -> GroupBench { GroupBench([config(1), config(2)]) }

    @Test("nobody becomes master before every member wants to")
    func unanimous() {
        var bench = Self.pair()
        #expect(bench.expire(.masterDown, bench.members[0]) == [])
        #expect(bench.router[bench.members[0]].wantsMaster)
        #expect(
            bench.expire(.masterDown, bench.members[1])
                == ["0 BACKUP→MASTER master_down", "1 BACKUP→MASTER master_down"])
    }

    @Test("a member that hears a better master gives up its wish, and the group stays backup")
    func wishWithdrawn() {
        var bench = Self.pair()
        _ = bench.expire(.masterDown, bench.members[0])
        _ = bench.hear(200, bench.members[0])
        #expect(!bench.router[bench.members[0]].wantsMaster)
        #expect(bench.expire(.masterDown, bench.members[1]) == [])
        #expect(bench.states == [.backup, .backup])
    }

    @Test("one lost election makes all backup; the others say goodbye, because nobody outranked them")
    func oneBackup() {
        var bench = Self.pair()
        bench.promote()
        var effects: [AddressedEffect] = []
        let advert = ReceivedAdvert(priority: 200, interval: .seconds(1), source: Node.higher)
        bench.router.handle(.advert(advert), for: bench.members[1], now: bench.now, into: &effects)
        #expect(effects.transitions == ["1 MASTER→BACKUP lost_election", "0 MASTER→BACKUP sync_group"])
        #expect(effects.contains(AddressedEffect(bench.members[0], .sendAdvert(priority: 0))))
        #expect(!effects.contains(AddressedEffect(bench.members[1], .sendAdvert(priority: 0))))
    }

    @Test("one fault makes all FAULT, and all come back when the last one is mended")
    func oneFault() {
        var bench = Self.pair()
        bench.promote()
        #expect(
            bench.give(.faultBegan(.linkDown("eth0")), bench.members[0])
                == ["0 MASTER→FAULT link_down", "1 MASTER→FAULT sync_group"])
        _ = bench.give(.faultBegan(.linkDown("eth1")), bench.members[1])
        #expect(bench.give(.faultEnded(.linkDown("eth0")), bench.members[0]) == [])
        #expect(bench.router[bench.members[0]].faults == ["VI_2 of sync group VG is in FAULT"])
        #expect(
            bench.give(.faultEnded(.linkDown("eth1")), bench.members[1])
                == ["1 FAULT→BACKUP recovered", "0 FAULT→BACKUP recovered"])
    }

    @Test("a refused address takes the others along")
    func refused() {
        var bench = Self.pair()
        bench.promote()
        let token = bench.router[bench.members[0]].mastership.lastToken
        #expect(
            bench.give(.addressesAdded(token: token, .failed("EPERM")), bench.members[0])
                == ["0 MASTER→BACKUP address_refused", "1 MASTER→BACKUP sync_group"])
    }

    @Test("owners in a group become master when all have started")
    func owners() {
        let bench = GroupBench([Self.config(1, priority: 255), Self.config(2, priority: 255)])
        #expect(bench.states == [.master, .master])
    }

    @Test("a member that waits for a check keeps the group from promotion")
    func waiting() {
        var checked = Self.config(2)
        checked.checks = [CheckConfig(name: "c")]
        var bench = GroupBench([Self.config(1), checked])
        #expect(bench.expire(.masterDown, bench.members[0]) == [])
        _ = bench.give(.check(CheckID(0), .passed), bench.members[1])
        #expect(bench.expire(.masterDown, bench.members[1]).count == 2)
    }

    @Test("shutting one member down leaves the others alone, and removing it lets the group go on")
    func shutdown() {
        var bench = Self.pair()
        bench.promote()
        #expect(bench.give(.shutdown, bench.members[0]) == ["0 MASTER→INIT shutdown"])
        bench.router.remove(bench.members[0])
        #expect(bench.router.ids == [bench.members[1]])
        #expect(bench.hear(200, bench.members[1]) == ["1 MASTER→BACKUP lost_election"])
        #expect(bench.expire(.masterDown, bench.members[1]) == ["1 BACKUP→MASTER master_down"])
    }

    @Test("a newcomer does not pull a serving group down, and joins it when nobody else is master")
    func newcomer() {
        var bench = Self.pair()
        bench.promote()
        let newcomer = bench.router.add(Self.config(3))
        var effects: [AddressedEffect] = []
        bench.router.setGroups(
            [SyncGroupConfig(name: "VG", members: bench.members + [newcomer])], now: bench.now, into: &effects)
        #expect(effects.isEmpty)
        #expect(bench.give(.startup, newcomer) == ["2 INIT→BACKUP startup"])
        var early = bench
        #expect(bench.expire(.masterDown, newcomer) == ["2 BACKUP→MASTER master_down"])
        // Had it heard a master of its own, the others would have had to follow it.
        #expect(early.hear(200, newcomer) == ["0 MASTER→BACKUP sync_group", "1 MASTER→BACKUP sync_group"])
    }

    @Test("grouping instances that stand apart brings them together")
    func grouping() {
        var bench = GroupBench([Self.config(1), Self.config(2)], isGrouped: false)
        _ = bench.expire(.masterDown, bench.members[0])
        _ = bench.hear(200, bench.members[1])
        var effects: [AddressedEffect] = []
        bench.router.setGroups(
            [SyncGroupConfig(name: "VG", members: bench.members)], now: bench.now, into: &effects)
        #expect(effects.transitions == ["0 MASTER→BACKUP sync_group"])
    }

    @Test("dissolving a group frees the members from each other's faults")
    func dissolving() {
        var bench = Self.pair()
        _ = bench.give(.faultBegan(.linkDown("eth0")), bench.members[0])
        #expect(bench.states == [.fault, .fault])
        var effects: [AddressedEffect] = []
        bench.router.setGroups([], now: bench.now, into: &effects)
        #expect(effects.transitions == ["1 FAULT→BACKUP recovered"])
        #expect(bench.expire(.masterDown, bench.members[1]) == ["1 BACKUP→MASTER master_down"])
    }

    @Test("naming the same group again at a reload moves nobody")
    func sameGroup() {
        var bench = Self.pair()
        _ = bench.give(.faultBegan(.linkDown("eth0")), bench.members[0])
        var effects: [AddressedEffect] = []
        bench.router.setGroups(
            [SyncGroupConfig(name: "VG", members: bench.members)], now: bench.now, into: &effects)
        #expect(effects.isEmpty)
    }

    @Test("an instance that two groups name belongs to the first")
    func twoGroups() {
        var bench = GroupBench([Self.config(1), Self.config(2)], isGrouped: false)
        var effects: [AddressedEffect] = []
        bench.router.setGroups(
            [
                SyncGroupConfig(name: "A", members: [bench.members[0]]),
                SyncGroupConfig(name: "B", members: bench.members),
            ], now: bench.now, into: &effects)
        #expect(bench.members.map { bench.router[$0].group } == ["A", "B"])
        #expect(bench.expire(.masterDown, bench.members[1]) == ["1 BACKUP→MASTER master_down"])
    }
}

extension [AddressedEffect] {
    var transitions: [String] {
        compactMap { addressed in
            guard case .publish(.transition) = addressed.effect else { return nil }
            return "\(addressed.instance.index) \(addressed.effect.brief)"
        }
    }
}

@Suite("Router")
struct RouterTests {
    @Test("numbers of removed instances are never used again, and the others keep theirs")
    func numbers() {
        var router = Router()
        let ids = (UInt8(1)...3).map { router.add(SyncGroupTests.config($0)) }
        router.remove(ids[1])
        let fresh = router.add(SyncGroupTests.config(9))
        #expect(router.ids == [ids[0], ids[2], fresh])
        #expect(fresh != ids[1] && !router.contains(ids[1]))
        #expect(router.ids.map { router[$0].config.virtualRouterID } == [1, 3, 9])
    }

    @Test("effects carry the instance that asks for them")
    func addressing() {
        var router = Router()
        let ids = (UInt8(1)...2).map { router.add(SyncGroupTests.config($0)) }
        var effects: [AddressedEffect] = []
        router.handle(.startup, for: ids[1], now: Time(nanoseconds: 0), into: &effects)
        #expect(effects.allSatisfy { $0.instance == ids[1] } && effects.count == 2)
        #expect(router[ids[0]].state == .initialize)
    }
}
