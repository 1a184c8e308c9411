/// Promotion gates: the question before mastership, its answers, and leases that end it.
import Testing
import Wire

@testable import VRRPCore

@Suite("Promotion gates")
struct GateTests {
    static func config(
        _ gates: [GateConfig] = [GateConfig(name: "a.b"), GateConfig(name: "c.d", timeout: .milliseconds(300))],
        _ change: (inout InstanceConfig) -> Void = { _ in }
    ) -> InstanceConfig {
        Bench.config { config in
            config.gates = gates
            change(&config)
        }
    }

    /// A backup whose gates have just been asked.
    static func asking(_ config: InstanceConfig = config()) -> Bench {
        var bench = Bench.started(config)
        bench.expire(.masterDown)
        return bench
    }

    /// A master by the grace of one gate with a lease of five seconds.
    static func leased() -> Bench {
        var bench = asking(config([GateConfig(name: "a.b")]))
        bench.answer("a.b", .allowed(until: bench.now + .seconds(5)))
        bench.confirm()
        return bench
    }

    @Test("at master down the gates are asked, and nothing is sent or held meanwhile")
    func asks() {
        var bench = Bench.started(Self.config())
        #expect(bench.expire(.masterDown).brief == ["ask", "arm gate", "tell asked"])
        #expect(bench.instance.state == .backup && bench.instance.question?.asked == bench.now)
        #expect(bench.left(.gate) == .milliseconds(300), "the impatient gate counts first")
        #expect(bench.left(.masterDown) == nil)
    }

    @Test("the last permission makes the node master, in whatever order they come")
    func allAllow() {
        for order in [["a.b", "c.d"], ["c.d", "a.b"]] {
            var bench = Self.asking()
            #expect(bench.answer(order[0], .allowed(until: nil)).transitions == [])
            #expect(bench.answer(order[1], .allowed(until: nil)).transitions == ["BACKUP→MASTER master_down"])
            #expect(bench.instance.question == nil && bench.left(.gate) == nil)
        }
    }

    @Test("the first denial ends the question, cancels the others, and is asked again after a master down interval")
    func oneDenies() {
        var bench = Self.asking()
        let effects = bench.answer("c.d", .denied("no witness answers"))
        #expect(effects.brief == ["disarm gate", "cancel", "arm masterDown", "tell denied"])
        #expect(effects.last == .publish(.promotionDenied(gate: "c.d", reason: "no witness answers")))
        #expect(bench.left(.masterDown) == bench.instance.ownMasterDownInterval)
        #expect(bench.expire(.masterDown).brief.contains("ask"))
        #expect(bench.instance.question?.number == 2)
    }

    @Test("silence counts as the gate's on_timeout says", arguments: [GateDefault.deny, .allow])
    func silence(_ standard: GateDefault) {
        var bench = Self.asking(Self.config([GateConfig(name: "a.b", timeout: .seconds(2), onTimeout: standard)]))
        let effects = bench.expire(.gate)
        switch standard {
        case .deny: #expect(effects.last == .publish(.promotionDenied(gate: "a.b", reason: "no answer within 2 s")))
        case .allow:
            #expect(effects.brief.contains("tell excused"))
            #expect(effects.transitions == ["BACKUP→MASTER master_down"])
        }
    }

    @Test("a gate that fails counts as its on_error says, and not as its on_timeout")
    func failure() {
        for standard in [GateDefault.deny, .allow] {
            var gate = GateConfig(name: "a.b", onError: standard)
            gate.onTimeout = standard == .deny ? .allow : .deny
            var bench = Self.asking(Self.config([gate]))
            bench.answer("a.b", .failed("gate.lua:3: a nil value"))
            #expect(bench.instance.state == (standard == .allow ? .master : .backup))
        }
    }

    @Test("each gate has its own deadline, and no gate a longer one than the core allows")
    func deadlines() {
        let gates = [
            GateConfig(name: "a.b", timeout: .seconds(1), onTimeout: .allow),
            GateConfig(name: "c.d", timeout: .seconds(3600), onTimeout: .allow),
        ]
        var bench = Self.asking(Self.config(gates))
        #expect(bench.expire(.gate).brief == ["tell excused", "arm gate"])
        bench.run(GateConfig.longestTimeout - .seconds(1))
        #expect(bench.instance.state == .master)
    }

    @Test("late, foreign and double answers are dropped")
    func foreignAnswers() {
        var bench = Self.asking()
        #expect(bench.give(.gateAnswered(question: 7, gate: "a.b", .denied("late"))).isEmpty)
        #expect(bench.answer("e.f", .denied("stranger")).isEmpty)
        bench.answer("a.b", .allowed(until: nil))
        #expect(bench.answer("a.b", .denied("changed its mind")).isEmpty)
        bench.answer("c.d", .denied("no"))
        #expect(bench.give(.gateAnswered(question: 1, gate: "a.b", .allowed(until: nil))).isEmpty)
        bench.expire(.masterDown)
        #expect(bench.give(.gateAnswered(question: 1, gate: "c.d", .allowed(until: nil))).isEmpty)
    }

    @Test("an advert that must be obeyed cancels the question; one of a lower priority does not")
    func adverts() {
        var bench = Self.asking()
        #expect(bench.hear(50, from: Node.lower).brief == ["tell master"])
        #expect(bench.instance.question != nil)
        let effects = bench.hear(200, from: Node.higher)
        #expect(effects.brief == ["disarm gate", "cancel", "arm masterDown", "tell dropped", "tell master"])
        #expect(bench.answer("a.b", .allowed(until: nil)).isEmpty)
    }

    @Test("a permission is void when this node's priority has sunk below a living master's meanwhile")
    func sunk() {
        var bench = Self.asking()
        bench.hear(90, from: Node.lower)
        bench.give(.adjustPriority(key: "load", delta: -50, reason: ""))
        bench.wait(.milliseconds(100))
        bench.answer("a.b", .allowed(until: nil))
        #expect(
            bench.answer("c.d", .allowed(until: bench.now + .seconds(9))).brief == ["disarm gate", "arm masterDown"])
        #expect(bench.left(.lease) == nil)
        #expect(bench.left(.masterDown) == bench.instance.ownMasterDownInterval - .milliseconds(100))
    }

    @Test("a fault and a shutdown cancel the question")
    func leaving() {
        var bench = Self.asking()
        #expect(bench.give(.faultBegan(.linkDown("eth0"))).brief.prefix(2) == ["disarm gate", "cancel"])
        bench = Self.asking()
        #expect(bench.give(.shutdown).brief.prefix(2) == ["disarm gate", "cancel"])
    }

    @Test("a reload of other gates cancels the question and asks the new ones later; the same gates go on thinking")
    func reload() {
        var bench = Self.asking()
        #expect(bench.give(.reconfigure(Self.config { $0.preemptDelay = .seconds(9) })).isEmpty)
        let effects = bench.give(.reconfigure(Self.config([GateConfig(name: "e.f")])))
        #expect(effects.brief.prefix(3) == ["disarm gate", "cancel", "arm masterDown"])
        bench.expire(.masterDown)
        bench.answer("e.f", .allowed(until: nil))
        #expect(bench.instance.state == .master)
    }

    @Test("a reload does not ask a master, and takes a lease away with its gate")
    func reloadOfMaster() {
        var bench = Self.leased()
        let more = [GateConfig(name: "a.b"), GateConfig(name: "e.f")]
        #expect(bench.give(.reconfigure(Self.config(more))).isEmpty)
        #expect(bench.left(.lease) == .seconds(5), "the lease of a gate that stays binds on")
        #expect(bench.give(.reconfigure(Self.config([GateConfig(name: "e.f")]))).brief == ["disarm lease"])
        #expect(bench.instance.state == .master)
    }

    @Test("a lease that nobody extends ends mastership with a goodbye, and the addresses go first")
    func leaseEnds() {
        var bench = Self.leased()
        bench.run(.milliseconds(4_999))
        #expect(bench.instance.state == .master)
        let effects = bench.run(.milliseconds(1))
        #expect(effects.brief.prefix(2) == ["remove", "advert 0"])
        #expect(effects.transitions == ["MASTER→BACKUP lease_expired"])
    }

    @Test("an extended lease moves the end; the last word counts, also a shorter one")
    func extends() {
        var bench = Self.leased()
        bench.run(.seconds(4))
        bench.give(.extendLease(gate: "a.b", until: bench.now + .seconds(5)))
        bench.give(.extendLease(gate: "x.y", until: bench.now))
        bench.run(.seconds(4))
        #expect(bench.instance.state == .master)
        bench.give(.extendLease(gate: "a.b", until: bench.now))
        #expect(bench.instance.state == .backup)
    }

    @Test("a permission without a lease has no end, and nothing to extend")
    func noLease() {
        var bench = Self.asking(Self.config([GateConfig(name: "a.b")]))
        bench.answer("a.b", .allowed(until: nil))
        #expect(bench.give(.extendLease(gate: "a.b", until: bench.now)).isEmpty)
        #expect(bench.left(.lease) == nil)
    }

    @Test("the first lease that ends counts")
    func shortestLease() {
        var bench = Self.asking()
        bench.answer("a.b", .allowed(until: bench.now + .seconds(9)))
        bench.answer("c.d", .allowed(until: bench.now + .seconds(4)))
        #expect(bench.left(.lease) == .seconds(4))
        bench.give(.extendLease(gate: "c.d", until: bench.now + .seconds(20)))
        #expect(bench.left(.lease) == .seconds(9))
    }

    @Test("a lease that is over before the last gate has answered is no permission")
    func leaseTooShort() {
        var bench = Self.asking()
        bench.answer("a.b", .allowed(until: bench.now + .milliseconds(100)))
        bench.wait(.milliseconds(200))
        #expect(bench.answer("c.d", .allowed(until: nil)).brief.last == "tell denied")
        #expect(bench.instance.state == .backup)
    }

    @Test("a loop that wakes up after the lease ended steps down before it advertises again")
    func lateLoop() {
        var bench = Self.leased()
        bench.run(.milliseconds(4_500))
        bench.wait(.milliseconds(1_200))
        #expect(bench.give(.timer(.advert)).brief.prefix(2) == ["remove", "advert 0"])
    }

    @Test("after lost leases in a row the node waits longer each time, and an extension makes it trusting again")
    func backsOff() {
        var bench = Self.leased()
        let interval = bench.instance.ownMasterDownInterval
        var waits: [Duration] = []
        for _ in 0..<6 {
            bench.run(.seconds(5))
            waits.append(bench.left(.masterDown) ?? .zero)
            bench.expire(.masterDown)
            bench.answer("a.b", .allowed(until: bench.now + .seconds(5)))
        }
        #expect(waits == [1, 2, 4, 8, 8, 8].map { interval * $0 })
        bench.give(.extendLease(gate: "a.b", until: bench.now + .seconds(5)))
        bench.run(.seconds(5))
        #expect(bench.left(.masterDown) == interval)
    }

    @Test("the owner of the addresses asks at once, and holds nothing until it is allowed")
    func owner() {
        var bench = Bench(Self.config([GateConfig(name: "a.b")]) { $0.basePriority = 255 })
        #expect(bench.give(.startup).brief.suffix(3) == ["ask", "arm gate", "tell asked"])
        #expect(bench.answer("a.b", .allowed(until: nil)).transitions == ["BACKUP→MASTER owner"])
    }

    @Test("nothing asks before a mastership is given up")
    func givingUp() {
        var bench = Self.leased()
        let effects = bench.hear(200, from: Node.higher)
        #expect(effects.transitions == ["MASTER→BACKUP lost_election"] && !effects.brief.contains("ask"))
        #expect(bench.left(.lease) == nil)
    }

    @Test("in a sync group one member's gate speaks for all")
    func group() {
        var router = Router()
        let gated = router.add(Self.config([GateConfig(name: "a.b")]))
        let free = router.add(Bench.config { $0.name = "VI_2" })
        router.setGroups([SyncGroupConfig(name: "VG", members: [gated, free])])
        var now = Time(nanoseconds: 0)
        var effects: [AddressedEffect] = []
        func give(_ input: Input, _ id: InstanceID) { router.handle(input, for: id, now: now, into: &effects) }
        for id in router.ids { give(.startup, id) }
        now = now + .seconds(4)
        for id in router.ids { give(.timer(.masterDown), id) }
        #expect(router.ids.map { router[$0].state } == [.backup, .backup])
        let end = now + .seconds(2)
        give(.gateAnswered(question: 1, gate: "a.b", .allowed(until: end)), gated)
        #expect(router.ids.map { router[$0].state } == [.master, .master])
        now = end
        give(.timer(.lease), gated)
        #expect(router.ids.map { router[$0].state } == [.backup, .backup])
    }

    @Test("a permission that runs out while the member waits for its group is worth nothing")
    func groupWaits() {
        var router = Router()
        let gated = router.add(Self.config([GateConfig(name: "a.b")]))
        let other = router.add(Bench.config { $0.name = "VI_2" })
        router.setGroups([SyncGroupConfig(name: "VG", members: [gated, other])])
        var now = Time(nanoseconds: 0)
        var effects: [AddressedEffect] = []
        func give(_ input: Input, _ id: InstanceID) { router.handle(input, for: id, now: now, into: &effects) }
        for id in router.ids { give(.startup, id) }
        now = now + .seconds(4)
        give(.timer(.masterDown), gated)
        give(.gateAnswered(question: 1, gate: "a.b", .allowed(until: now + .seconds(1))), gated)
        #expect(router[gated].wantsMaster)
        now = now + .seconds(2)
        // Its timer is late: the look at the clock counts, not the tick.
        give(.timer(.masterDown), other)
        #expect(router.ids.map { router[$0].state } == [.backup, .backup])
        give(.timer(.lease), gated)
        #expect(!router[gated].wantsMaster)
    }
}

extension Bench {
    /// An answer to the question that was asked last.
    @discardableResult
    mutating func answer(_ gate: String, _ verdict: GateVerdict) -> [Effect] {
        give(.gateAnswered(question: instance.lastQuestion, gate: gate, verdict))
    }
}
