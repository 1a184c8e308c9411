/// What a backup does before it takes over: it looks around while it waits, and the verdict falls when the wait is over.
import Testing
import Wire

@testable import VRRPCore

@Suite("The guard before a promotion")
struct GuardPromotionTests {
    // MARK: Looking around

    @Test("a backup becomes suspicious after one interval and a half, and not before")
    func suspicion() {
        var bench = Bench.follower()
        #expect(bench.left(.probe) == .milliseconds(1500))
        bench.wait(.seconds(1))
        bench.hear(200, from: Node.higher)
        #expect(bench.left(.probe) == .milliseconds(1500))
        let effects = bench.expire(.probe)
        #expect(effects.brief == ["tap", "probe \(Node.higher)", "arm probe"])
    }

    @Test("questions are asked every half interval, and once more just before the verdict")
    func rounds() {
        var bench = Bench.follower()
        let start = bench.now
        var rounds: [Duration] = []
        while let (timer, deadline) = bench.instance.nextTimer, bench.instance.state == .backup {
            bench.now = deadline
            if bench.give(.timer(timer)).contains(where: \.isProbe) { rounds.append(bench.now - start) }
        }
        // Version 3, priority 100: 3 s and 156/256 s.
        #expect(bench.now - start == .nanoseconds(3_609_375_000))
        #expect(
            rounds == [
                .milliseconds(1500), .milliseconds(2000), .milliseconds(2500), .milliseconds(3000),
                .milliseconds(3500), .nanoseconds(3_579_375_000),
            ])
    }

    @Test("looking around costs no time: a master that is dead in every way is replaced when VRRP says so")
    func noDelay() {
        for guarding in [nil, GuardConfig()] {
            var bench = Bench.follower(Bench.guarded { $0.guarding = guarding })
            let start = bench.now
            let effects = bench.run(.seconds(5))
            #expect(effects.transitions.first == "BACKUP→MASTER master_down")
            #expect(bench.instance.since - start == .nanoseconds(3_609_375_000))
        }
    }

    @Test("an advert ends the suspicion")
    func relief() {
        var bench = Bench.follower()
        bench.expire(.probe)
        bench.claim(by: 9)
        let effects = bench.hear(200, from: Node.higher)
        #expect(effects.brief == ["arm masterDown", "arm probe", "untap"])
        #expect(bench.instance.guarding.evidence.claims.isEmpty)
    }

    @Test("a backup that hears its master does not care who claims the address")
    func indifference() {
        var bench = Bench.follower()
        #expect(bench.claim(by: 9).isEmpty)
        #expect(bench.instance.guarding.evidence.claims.isEmpty)
    }

    @Test(
        "where no master was heard, the host of whoever advertises our address is asked for, and each of several in turn"
    )
    func foreignHost() {
        var bench = Bench.started(Bench.guarded())
        bench.hear(foreign: 90, from: Node.lower, .virtualRouterID(99))
        #expect(bench.expire(.probe).brief.contains("probe \(Node.lower)"))
        bench.hostAnswers(Node.lower, 1)
        bench.hear(foreign: 90, from: Node.higher, .virtualRouterID(98))
        #expect(bench.expire(.probe).brief.contains("probe \(Node.higher)"))
        bench.wait(.milliseconds(1))
        bench.hostAnswers(Node.higher, 2)
        #expect(bench.expire(.probe).brief.contains("probe \(Node.lower)"))
    }

    @Test("a node that starts looks around before it is master, also with state MASTER", arguments: [true, false])
    func boot(startsAsMaster: Bool) {
        var bench = Bench.started(Bench.guarded { $0.startsAsMaster = startsAsMaster })
        let effects = bench.run(.seconds(4))
        let brief = effects.brief
        let promotion = brief.firstIndex(of: "BACKUP→MASTER master_down") ?? 0
        #expect(brief[..<promotion].count { $0 == "probe" } >= 2)
    }

    @Test("with probe off nobody is asked for addresses, and the peer's host still is")
    func withoutProbes() {
        var bench = Bench.follower(Bench.guarded { $0.guarding?.probes = false })
        #expect(bench.expire(.probe).brief == ["tap", "probe nobody \(Node.higher)", "arm probe"])
    }

    // MARK: The verdict

    @Test("a silent master whose host still answers for the address holds the promotion, at most twice as long")
    func staleAddress() {
        var bench = Bench.follower()
        let start = bench.now
        let effects = bench.runClaimed(.seconds(10), by: 9, host: Node.higher)
        #expect(
            effects.brief.filter { $0.hasPrefix("tell promotion") } == [
                "tell promotion_held", "tell promotion_hold_ended",
            ])
        #expect(effects.transitions == ["BACKUP→MASTER master_down"])
        #expect(bench.instance.since - start == .nanoseconds(2 * 3_609_375_000))
        #expect(
            effects.contains(
                .publish(
                    .guarded(
                        .promotionHeld(
                            .staleAddress(Node.virtual, of: Node.higher), limit: .nanoseconds(3_609_375_000))))))
    }

    @Test("the promotion follows within one round of questions when the claim stops")
    func claimStops() {
        var bench = Bench.follower()
        _ = bench.runClaimed(.seconds(4), by: 9, host: Node.higher)
        let stopped = bench.now
        let effects = bench.run(.seconds(3))
        #expect(effects.transitions == ["BACKUP→MASTER master_down"])
        #expect(bench.instance.since - stopped <= .milliseconds(1000))
        #expect(
            effects.contains {
                if case .publish(.guarded(.holdEnded(_, _, isGone: true))) = $0 { true } else { false }
            })
    }

    @Test(
        "an unknown station holds the promotion for as long as the operator says",
        arguments: [Duration.zero, .seconds(1)])
    func foreignClaim(longest: Duration) {
        var bench = Bench.follower(Bench.guarded { $0.guarding?.longestHold = longest })
        let start = bench.now
        _ = bench.runClaimed(.seconds(10), by: 9)
        #expect(bench.instance.state == .master)
        #expect(bench.instance.since - start == .nanoseconds(3_609_375_000) + longest)
    }

    @Test("with foreign_claim block an unknown station keeps the node backup for ever")
    func blocked() {
        var bench = Bench.follower(Bench.guarded { $0.guarding?.foreignClaim = .block })
        _ = bench.runClaimed(.seconds(60), by: 9)
        #expect(bench.instance.state == .backup)
        let effects = bench.run(.seconds(2))
        #expect(effects.transitions == ["BACKUP→MASTER master_down"])
    }

    @Test("an address that its dead holder's kernel removes before the verdict costs no time")
    func removedInTime() {
        var bench = Bench.follower()
        let start = bench.now
        _ = bench.runClaimed(.milliseconds(3400), by: 9, host: Node.higher)
        bench.run(.seconds(2))
        #expect(bench.instance.since - start == .nanoseconds(3_609_375_000))
    }

    @Test("a hold ends within two short rounds after the address is gone")
    func removedLater() {
        var bench = Bench.follower()
        let start = bench.now
        _ = bench.runClaimed(.milliseconds(4000), by: 9, host: Node.higher)
        #expect(bench.instance.state == .backup)
        bench.run(.seconds(2))
        let after = bench.instance.since - start
        #expect(after > .milliseconds(4000) && after < .milliseconds(4400))
    }

    @Test("a claim from before the last interval does not count")
    func oldClaim() {
        var bench = Bench.follower()
        bench.expire(.probe)
        bench.claim(by: 9)
        let start = bench.now
        bench.run(.seconds(5))
        #expect(bench.instance.since - start < .milliseconds(2110))
    }

    @Test("a proxy that answers for everything is nobody, before and after it is found out")
    func proxy() {
        var bench = Bench.follower()
        bench.expire(.probe)
        bench.claim(by: 9)
        #expect(bench.learn(.decoyAnswered(Bench.station(9))).brief == ["tell proxy_answers"])
        #expect(bench.learn(.decoyAnswered(Bench.station(9))).isEmpty)
        _ = bench.runClaimed(.seconds(3), by: 9)
        #expect(bench.instance.state == .master)
    }

    @Test("a proxy that is found out at the last moment holds nothing")
    func proxyFoundLate() {
        var bench = Bench.follower()
        _ = bench.runClaimed(.milliseconds(3600), by: 9)
        bench.learn(.decoyAnswered(Bench.station(9)))
        #expect(bench.expire(.masterDown).transitions == ["BACKUP→MASTER master_down"])
    }

    @Test("an outage has one hold: a second claim delays nothing")
    func oneHold() {
        var bench = Bench.follower(
            Bench.guarded { config in
                config.gates = [GateConfig(name: "a.b", timeout: .milliseconds(100))]
            })
        let start = bench.now
        _ = bench.runClaimed(.seconds(8), by: 9)
        // Held until twice the master down interval, then asked, denied by silence, and asked again without a hold.
        let effects = bench.runClaimed(.seconds(10), by: 9)
        #expect(!effects.brief.contains("tell promotion_held"))
        #expect(effects.brief.contains("ask"))
        #expect(bench.now - start > .seconds(10))
    }

    @Test("nothing holds a node that preempts: it knows who has the address")
    func preempting() {
        var bench = Bench.started(Bench.guarded { $0.preempts = true })
        bench.hear(50, from: Node.lower)
        let start = bench.now
        let end = start + .seconds(4)
        while bench.now < end, bench.instance.state == .backup, let (timer, deadline) = bench.instance.nextTimer {
            bench.now = deadline
            bench.hear(50, from: Node.lower)
            if bench.give(.timer(timer)).contains(where: \.isProbe) { bench.claim(by: 9) }
        }
        #expect(bench.instance.state == .master)
    }

    // MARK: Boot and reload

    @Test(
        "a node on whose interface nothing has arrived waits once more as long, and not for ever",
        arguments: [true, false])
    func silentInterface(frameComes: Bool) {
        var bench = Bench(Bench.guarded())
        bench.learn(.carrying(false))
        bench.give(.startup)
        let start = bench.now
        let effects = bench.run(.seconds(4))
        #expect(effects.brief.contains("tell promotion_held"))
        if frameComes { bench.learn(.carrying(true)) }
        bench.run(.seconds(5))
        let span = bench.instance.since - start
        #expect(bench.instance.state == .master)
        #expect(frameComes ? span <= .milliseconds(4600) : span == .nanoseconds(2 * 3_609_375_000))
    }

    @Test("a reload switches the guard on and off, without a transition")
    func reload() {
        var bench = Bench.follower()
        bench.expire(.probe)
        #expect(bench.give(.reconfigure(Bench.guarded { $0.guarding = nil })).brief == ["disarm probe", "untap"])
        #expect(bench.give(.reconfigure(Bench.guarded())).brief == ["arm probe"])
        var master = Bench.master(Bench.guarded())
        #expect(master.give(.reconfigure(Bench.guarded { $0.guarding = nil })).brief == ["untap"])
        #expect(master.give(.reconfigure(Bench.guarded())).brief == ["tap"])
    }

    // MARK: Goodbyes

    @Test("after a goodbye the former master's kernel has a moment to let go")
    func goodbye() {
        var bench = Bench.follower()
        bench.hear(0, from: Node.higher)
        #expect(bench.left(.probe) == .milliseconds(100))
        #expect(bench.left(.masterDown) == .nanoseconds(609_375_000))
        bench.wait(.milliseconds(50))
        bench.claim(by: 9)
        bench.run(.seconds(1))
        #expect(bench.instance.state == .master)
    }

    @Test("who says goodbye and keeps the address holds the promotion")
    func falseGoodbye() {
        var bench = Bench.follower()
        bench.hear(0, from: Node.higher)
        let effects = bench.runClaimed(.seconds(1), by: 9, host: Node.higher)
        #expect(bench.instance.state == .backup)
        #expect(effects.brief.contains("tell promotion_held"))
    }

    // MARK: Foreign adverts

    @Test("another virtual router's master that really has the address keeps this node backup as long as it advertises")
    func foreignMaster() {
        var bench = Bench.started(Bench.guarded())
        var effects: [Effect] = []
        for _ in 0..<60 {
            bench.hear(foreign: 90, from: Node.lower, .virtualRouterID(52))
            effects += bench.runClaimed(.seconds(1), by: 9, host: Node.lower)
        }
        #expect(bench.instance.state == .backup)
        #expect(effects.brief.count { $0 == "tell promotion_held" } == 1)
        effects = bench.run(.seconds(10))
        #expect(effects.transitions == ["BACKUP→MASTER master_down"])
    }

    @Test("foreign adverts whose sender does not have the address hold the promotion once, up to the limit")
    func forgedAdverts() {
        var bench = Bench.follower()
        let start = bench.now
        var promoted: Time?
        for _ in 0..<1000 where promoted == nil {
            bench.hear(foreign: 254, from: Node.lower, .password)
            bench.run(.milliseconds(10))
            if bench.instance.state == .master { promoted = bench.now }
        }
        let span = promoted.map { $0 - start } ?? .zero
        #expect(span >= .nanoseconds(2 * 3_609_375_000) && span <= .nanoseconds(2 * 3_609_375_000) + .milliseconds(10))
    }
}
