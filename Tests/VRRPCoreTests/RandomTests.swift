/// Random inputs in random order: whatever happens, these things hold.
import Testing
import Wire

@testable import VRRPCore

/// A small generator with a seed (SplitMix64), so that a failure can be played again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// What the world believes about one instance, from its effects alone.
struct Witness {
    var state = State.initialize
    var holds = false
    var lastToken: UInt32 = 0
    var sequence: UInt64 = 0
    var armed: [Timer: Time] = [:]
    /// The question that is open: asked, and neither cancelled nor decided.
    var question: UInt32?
    /// Adverts are read before the firewall, too.
    var isTapOpen = false
    /// The timer that the last input said has run out; the loop has taken it off its queue.
    var popped: Timer?

    mutating func hear(_ input: Input, at now: Time) {
        popped = nil
        guard case .timer(let timer) = input, let deadline = armed[timer], deadline <= now else { return }
        armed[timer] = nil
        popped = timer
    }

    /// Follows the effects of one input and checks each against what went before.
    mutating func follow(_ effects: [Effect], _ instance: Instance, _ note: Comment) {
        let isStill = effects.transitions.isEmpty
        for (index, effect) in effects.enumerated() {
            switch effect {
            case .sendAdvert(let priority):
                let isPromotion = effects.dropFirst(index + 1).contains { $0.brief == "add" }
                #expect(priority == 0 || holds || isPromotion, "only a master advertises \(note)")
                #expect(priority > 0 || !holds, "a goodbye comes after the addresses have gone \(note)")
            case .addAddresses(let token):
                #expect(token > lastToken, "tokens are new \(note)")
                lastToken = token
                holds = true
            case .removeAddresses:
                #expect(holds, "only what is held is removed \(note)")
                holds = false
            case .announce, .announceElsewhere:
                #expect(holds && (instance.isServing || !isStill), "only confirmed addresses are announced \(note)")
            case .arm(let timer, let deadline): armed[timer] = deadline
            case .disarm(let timer):
                #expect(armed.removeValue(forKey: timer) != nil || timer == popped, "\(timer) was armed \(note)")
            case .publish(.transition(let from, let to, _, let number)):
                #expect(from == state && number == sequence + 1, "transitions form a chain \(note)")
                state = to
                sequence = number
            case .askGates(let number, _):
                #expect(!holds && question == nil, "only a backup without an open question asks \(note)")
                question = number
            case .cancelGates(let number):
                #expect(question == number, "only an open question is cancelled \(note)")
                question = nil
            case .listenBeforeFirewall(let isWanted):
                #expect(isWanted != isTapOpen, "the tap is opened once and closed once \(note)")
                isTapOpen = isWanted
            case .publish, .probe, .tellPeer, .removeStaleAddresses: break
            }
        }
        let wantsTap = instance.config.guarding != nil && state == .master
        #expect(isTapOpen || !wantsTap, "a master listens before its firewall \(note)")
        #expect(!isTapOpen || state == .master || state == .backup, "who does not take part listens to nothing \(note)")
        question = instance.question?.number
        #expect((question != nil) == (instance.deadline(of: .gate) != nil), "an open question has an end \(note)")
        #expect(question == nil || state == .backup, "only a backup asks \(note)")
        if state == .master {
            let first = instance.gates.compactMap(\.leaseEnd).min()
            #expect(first == instance.deadline(of: .lease), "the first lease that ends ends the mastership \(note)")
        }
        // An overslept master steps back before it looks at the input, which then has effects of its own.
        if !isStill, effects.transitions != ["MASTER→BACKUP overslept"] {
            #expect(effects.last?.isNews ?? false, "the news comes last \(note): \(effects.brief)")
        }
        #expect(state == instance.state && holds == (state == .master), "the state is what was told \(note)")
        let expected = Dictionary(
            uniqueKeysWithValues: Timer.allCases.compactMap { timer in
                instance.deadline(of: timer).map { (timer, $0) }
            })
        #expect(armed == expected, "the timers are those that were asked for \(note)")
        checkTimers(note)
    }

    /// Each state has its timers, and no others.
    private func checkTimers(_ note: Comment) {
        let timers = Set(armed.keys)
        switch state {
        case .initialize: #expect(timers.isSubset(of: [.startupDelay]), "\(note)")
        case .backup:
            #expect(timers.contains(.masterDown) != timers.contains(.gate), "it waits, or it asks \(note)")
            #expect(timers.isSubset(of: [.masterDown, .preemptDelay, .gate, .lease, .probe]), "\(note)")
        case .master:
            #expect(
                timers.contains(.advert)
                    && timers.isSubset(of: [.advert, .announceDelay, .announceRefresh, .lease, .probe]), "\(note)")
        case .fault: #expect(timers.isSubset(of: [.sendRetry]), "\(note)")
        }
    }
}

extension Effect {
    var isNews: Bool { if case .publish = self { true } else { false } }
}

@Suite("Random inputs")
struct RandomTests {
    static func config(_ name: String, _ random: inout SeededGenerator) -> InstanceConfig {
        var config = InstanceConfig(
            name: name, version: Bool.random(using: &random) ? .v2 : .v3, virtualRouterID: 51,
            basePriority: [1, 100, 100, 254, 255].randomElement(using: &random) ?? 100,
            interval: .seconds(Int.random(in: 1...3, using: &random)))
        config.preempts = Bool.random(using: &random)
        config.preemptDelay = Bool.random(using: &random) ? .zero : .seconds(4)
        config.startupDelay = Bool.random(using: &random) ? .zero : .seconds(2)
        config.startsAsMaster = Bool.random(using: &random)
        config.answersLowerPriority = Bool.random(using: &random)
        config.announce.refresh = Bool.random(using: &random) ? .zero : .seconds(7)
        config.checks = [CheckConfig(name: "plain"), CheckConfig(name: "weighted", weight: -20, rise: 2, fall: 2)]
        config.trackedInterfaces = [TrackedInterfaceConfig(name: "eth1", weight: 10)]
        config.virtualAddresses = [Node.virtual]
        if Int.random(in: 0..<3, using: &random) > 0 { config.guarding = guardConfig(&random) }
        for gate in ["a.b", "c.d"] where Int.random(in: 0..<3, using: &random) == 0 {
            config.gates.append(
                GateConfig(
                    name: gate, timeout: .milliseconds(500), onTimeout: Bool.random(using: &random) ? .deny : .allow))
        }
        return config
    }

    static func guardConfig(_ random: inout SeededGenerator) -> GuardConfig {
        var config = GuardConfig()
        config.probes = Int.random(in: 0..<5, using: &random) > 0
        config.longestHold = [nil, .zero, .seconds(2)].randomElement(using: &random) ?? nil
        config.foreignClaim = Bool.random(using: &random) ? .block : .takeOver
        config.deafPeer = Bool.random(using: &random) ? .yield : .defend
        config.obeysTap = Bool.random(using: &random)
        return config
    }

    /// Something that the guard may learn, true or not.
    static func guardNews(_ random: inout SeededGenerator) -> GuardNews {
        let source = [Node.lower, Node.own, Node.higher].randomElement(using: &random) ?? Node.lower
        let station = Bench.station(UInt8.random(in: 1...3, using: &random))
        let priorities: [UInt8] = [0, 1, 100, 254, 255]
        let priority = priorities.randomElement(using: &random) ?? 1
        switch Int.random(in: 0..<16, using: &random) {
        case 0...2: return .claim(AddressClaim(Node.virtual, by: station))
        case 3, 4: return .hostAnswered(source, station)
        case 5: return Bool.random(using: &random) ? .decoyAnswered(station) : .carrying(Bool.random(using: &random))
        case 6...8:
            return .foreignAdvert(
                ForeignAdvert(source: source, priority: priority, interval: .seconds(1), difference: .password))
        case 9, 10: return .tapped(ReceivedAdvert(priority: priority, interval: .seconds(1), source: source))
        default:
            let words: [Heartbeat.Word] = [.state, .state, .state, .yielded, .releaseRequest]
            return .heartbeat(
                Heartbeat(
                    words.randomElement(using: &random) ?? .state, source: source, virtualRouterID: 51,
                    state: State.allCases.randomElement(using: &random) ?? .backup, priority: max(1, priority),
                    interval: .seconds(1), isFit: Bool.random(using: &random), hearsUs: Bool.random(using: &random)))
        }
    }

    /// An answer, mostly to the open question and mostly a permission, or an extension.
    static func gateInput(_ instance: Instance, _ random: inout SeededGenerator) -> Input {
        let gate = ["a.b", "c.d", "c.d", "e.f"].randomElement(using: &random) ?? "a.b"
        let end = instance.since + .seconds(Int.random(in: 0...20, using: &random))
        let verdicts: [GateVerdict] = [
            .allowed(until: nil), .allowed(until: nil), .allowed(until: end), .allowed(until: end), .denied("no"),
            .failed("bug"), .timedOut("slow"),
        ]
        if Int.random(in: 0..<6, using: &random) == 0 { return .extendLease(gate: gate, until: end) }
        let number = (instance.question?.number ?? 0) &- (Int.random(in: 0..<6, using: &random) == 0 ? 1 : 0)
        let verdict = verdicts.randomElement(using: &random) ?? .allowed(until: nil)
        return .gateAnswered(question: number, gate: gate, verdict)
    }

    /// Any input, with a preference for what moves the state.
    static func input(_ instance: Instance, _ random: inout SeededGenerator) -> Input {
        let cause =
            [FaultCause.linkDown("eth0"), .noSourceAddress("eth0"), .demoted(key: "k", reason: "r")]
            .randomElement(using: &random) ?? .linkDown("eth0")
        let outcome =
            [CheckOutcome.passed, .passed, .failed("f"), .broken("b")].randomElement(using: &random) ?? .passed
        switch Int.random(in: 0..<36, using: &random) {
        case 30...35: return .guarding(guardNews(&random))
        case 24...28: return gateInput(instance, &random)
        case 0...5:
            let source = [Node.lower, Node.own, Node.higher].randomElement(using: &random) ?? Node.lower
            let priorities: [UInt8] = [0, 1, 99, 100, 101, 254, 255]
            let priority = priorities.randomElement(using: &random) ?? 0
            return .advert(ReceivedAdvert(priority: priority, interval: instance.config.interval, source: source))
        case 6...9: return .timer(Timer.allCases.randomElement(using: &random) ?? .advert)
        case 10...12:
            let token = instance.mastership.lastToken &- (Bool.random(using: &random) ? 0 : 1)
            return .addressesAdded(token: token, Int.random(in: 0..<5, using: &random) == 0 ? .failed("e") : .done)
        case 13: return .addressLost(Node.virtual)
        case 14: return .sourceAddress(Bool.random(using: &random) ? Node.own : nil)
        case 15: return .faultBegan(cause)
        case 16, 17: return .faultEnded(cause)
        case 18: return .check(CheckID(Int.random(in: 0...2, using: &random)), outcome)
        case 19: return .adjustPriority(key: "k", delta: Int.random(in: -60...60, using: &random), reason: "")
        case 20:
            return .trackedInterface(index: Int.random(in: 0...1, using: &random), isUp: Bool.random(using: &random))
        case 21: return .sendFailed("EPERM")
        case 22:
            var config = instance.config
            config.basePriority = [100, 200, 255].randomElement(using: &random) ?? 100
            config.interval = .seconds(Int.random(in: 1...3, using: &random))
            if Bool.random(using: &random) { config.virtualAddresses.append(Node.virtual) }
            if Int.random(in: 0..<3, using: &random) == 0 { config.gates = config.gates.reversed().dropLast() }
            return .reconfigure(config)
        default: return Int.random(in: 0..<4, using: &random) == 0 ? .shutdown : .startup
        }
    }

    @Test("one instance keeps its promises", arguments: UInt64(1)...40)
    func alone(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        var bench = Bench(Self.config("VI_1", &random))
        var witness = Witness()
        for step in 0..<300 {
            Self.pass(&bench.now, bench.instance.nextTimer?.1, &random)
            let input = Self.input(bench.instance, &random)
            witness.hear(input, at: bench.now)
            witness.follow(bench.give(input), bench.instance, "seed \(seed), step \(step)")
        }
    }

    @Test("a sync group keeps its promises and moves together", arguments: UInt64(1)...20)
    func grouped(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        var router = Router()
        var witnesses: [Witness] = []
        for number in 1...3 {
            _ = router.add(Self.config("VI_\(number)", &random))
            witnesses.append(Witness())
        }
        router.setGroups([SyncGroupConfig(name: "VG", members: router.ids)])
        var now = Time(nanoseconds: 0)
        var effects: [AddressedEffect] = []
        for step in 0..<300 {
            Self.pass(&now, router.ids.compactMap { router[$0].nextTimer?.1 }.min(), &random)
            let id = router.ids.randomElement(using: &random) ?? InstanceID(0)
            effects.removeAll(keepingCapacity: true)
            let input = Self.input(router[id], &random)
            witnesses[id.index].hear(input, at: now)
            router.handle(input, for: id, now: now, into: &effects)
            for member in router.ids {
                let own = effects.filter { $0.instance == member }.map(\.effect)
                witnesses[member.index].follow(own, router[member], "seed \(seed), step \(step), \(member)")
            }
            guard router.ids.contains(where: { router[$0].state == .master }) else { continue }
            for member in router.ids {
                let other = router[member]
                let isAgainst = other.hasOwnFault && other.state == .fault
                let isElsewhere = other.state == .backup && other.backup.isFollowing
                #expect(!isAgainst && !isElsewhere, "seed \(seed), step \(step), \(member)")
            }
        }
    }

    /// Time goes on: not at all, a little, to the next deadline, or far beyond it.
    private static func pass(_ now: inout Time, _ deadline: Time?, _ random: inout SeededGenerator) {
        switch Int.random(in: 0..<20, using: &random) {
        case 0...4: break
        case 5...9: now = now + .milliseconds(Int.random(in: 1...900, using: &random))
        case 10...18: now = max(now, deadline ?? now)
        default: now = now + .seconds(30)
        }
    }
}
