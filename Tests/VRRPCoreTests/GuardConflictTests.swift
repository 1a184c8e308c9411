/// What a master does about others that use, or advertise, its addresses.
import Testing
import Wire

@testable import VRRPCore

@Suite("The guard of a master")
struct GuardConflictTests {
    static func master(_ change: (inout InstanceConfig) -> Void = { _ in }) -> Bench {
        var bench = Bench.master(Bench.guarded(priority: 100, change))
        bench.run(.seconds(20))
        return bench
    }

    // MARK: Claims

    @Test("a claim is answered with an announcement, at most once an interval")
    func defence() {
        var bench = Self.master()
        #expect(bench.claim(by: 9).brief == ["arm probe"])
        #expect(bench.expire(.probe).brief == ["announce lowerPriorityHeard 1", "tell vip_claim"])
        bench.wait(.milliseconds(10))
        #expect(bench.claim(by: 9).isEmpty)
        bench.run(.seconds(1))
        #expect(bench.claim(by: 9).brief == ["arm probe"])
        #expect(bench.expire(.probe).brief == ["announce lowerPriorityHeard 1", "tell vip_claim"])
    }

    @Test("a claim within an interval of the takeover is answered and not told of")
    func formerMaster() {
        var bench = Bench.master(Bench.guarded())
        bench.wait(.milliseconds(300))
        bench.claim(by: 9)
        #expect(bench.expire(.probe).brief == ["announce lowerPriorityHeard 1"])
    }

    @Test("a node that takes over and announces the address before its advert arrives has the last word about it")
    func winnersWord() {
        var bench = Bench.master(Bench.guarded())
        bench.wait(.seconds(2))
        bench.claim(by: 9)
        bench.wait(.milliseconds(10))
        let effects = bench.hear(250, from: Node.higher)
        #expect(bench.instance.state == .backup)
        #expect(!effects.brief.contains { $0.hasPrefix("announce") || $0 == "tell vip_claim" })
        #expect(!bench.run(.milliseconds(500)).brief.contains { $0.hasPrefix("announce") })
    }

    @Test("claims alone, however many, do not take mastership away")
    func hostileClaims() {
        var bench = Self.master()
        for octet in UInt8(1)...200 {
            bench.wait(.milliseconds(1))
            #expect(bench.claim(by: octet).transitions.isEmpty)
        }
        #expect(bench.instance.guarding.evidence.claims.count <= Evidence.mostClaims)
    }

    // MARK: Foreign adverts

    @Test("a foreign advert is told of, and its sender is asked for")
    func foreignAdvert() {
        var bench = Self.master()
        #expect(
            bench.hear(foreign: 200, from: Node.higher, .virtualRouterID(52)).brief
                == ["tell vrid_mismatch", "probe \(Node.higher)"])
        bench.wait(.milliseconds(10))
        #expect(bench.hear(foreign: 200, from: Node.higher, .virtualRouterID(52)).brief == ["tell vrid_mismatch"])
        #expect(bench.instance.state == .master)
    }

    @Test("a foreign master with the better claim that really has the address is yielded to", arguments: [true, false])
    func yields(claimFirst: Bool) {
        var bench = Self.master()
        bench.hear(foreign: 200, from: Node.lower, .virtualRouterID(52))
        var effects = claimFirst ? bench.claim(by: 9) : bench.hostAnswers(Node.lower, 9)
        #expect(effects.transitions.isEmpty)
        effects = claimFirst ? bench.hostAnswers(Node.lower, 9) : bench.claim(by: 9)
        #expect(effects.transitions == ["MASTER→BACKUP lost_election"])
        #expect(effects.brief.contains("say yielded \(Node.lower)"))
    }

    @Test("a foreign master with the worse claim is defended against")
    func defends() {
        var bench = Self.master()
        bench.hear(foreign: 90, from: Node.higher, .virtualRouterID(52))
        bench.hostAnswers(Node.higher, 9)
        #expect(bench.claim(by: 9).transitions.isEmpty)
        #expect(bench.instance.state == .master)
    }

    @Test("forged adverts of the highest priority do not take mastership away")
    func forgery() {
        var bench = Self.master()
        var probes = 0
        for _ in 0..<3000 {
            probes += bench.hear(foreign: 255, from: Node.higher, .password).count { $0.isProbe }
            bench.run(.milliseconds(1))
        }
        #expect(bench.instance.state == .master)
        #expect(probes <= 3)
    }

    @Test("after yielding to a foreign master the node stays backup while it lives")
    func staysBackup() {
        var bench = Self.master()
        bench.hear(foreign: 200, from: Node.lower, .virtualRouterID(52))
        bench.hostAnswers(Node.lower, 9)
        bench.claim(by: 9)
        for _ in 0..<30 {
            bench.hear(foreign: 200, from: Node.lower, .virtualRouterID(52))
            _ = bench.runClaimed(.seconds(1), by: 9, host: Node.lower)
        }
        #expect(bench.instance.state == .backup)
    }

    // MARK: Heartbeats

    @Test("two masters that meet on the guard channel only are ranked like any two")
    func election() {
        var bench = Self.master()
        #expect(bench.hear(beat: .master, 50, from: Node.lower).brief.contains("advert 100"))
        #expect(bench.hear(beat: .master, 200, from: Node.lower).transitions == ["MASTER→BACKUP lost_election"])
    }

    @Test("a node that said a moment ago that it is backup preempts: it is no second master")
    func preemption() {
        var bench = Self.master()
        bench.hear(beat: .backup, 200, from: Node.lower)
        bench.wait(.milliseconds(900))
        let preempted = bench.hear(200, from: Node.lower)
        #expect(preempted.transitions == ["MASTER→BACKUP lost_election"])
        #expect(!preempted.brief.contains("tell dual, yielding"))
    }

    @Test("a node that was not heard for two intervals, or said that it is master all along, is a second master")
    func healedSplit() {
        for (beat, silence) in [(State.backup, 2_100), (.master, 0)] {
            var bench = Self.master()
            bench.hear(beat: beat, 90, from: Node.lower)
            bench.wait(.milliseconds(silence))
            #expect(bench.hear(200, from: Node.lower).brief.contains("tell dual, yielding"), "\(beat)")
        }
    }

    @Test("the winner announces once more when the loser has let go")
    func lastWord() {
        var bench = Self.master()
        #expect(
            bench.hear(beat: .backup, 50, from: Node.lower, .yielded).brief
                == ["announce lowerPriorityHeard 5", "arm announceDelay"])
    }

    @Test("a peer that falls silent is told of once, and again when it is back")
    func silentPeer() {
        var bench = Self.master()
        bench.hear(beat: .backup, 50, from: Node.lower)
        let effects = bench.run(.seconds(20))
        #expect(effects.brief.count { $0 == "tell peer_silent" } == 1)
        #expect(bench.hear(beat: .backup, 50, from: Node.lower).brief == ["tell peer_silent"])
    }

    // MARK: A deaf master

    /// A losing master advertises every interval, whatever it is told.
    static func withDeafPeer(answers: Bool, _ change: (inout InstanceConfig) -> Void = { _ in }) -> (Bench, [Effect]) {
        var bench = master(change)
        var effects: [Effect] = []
        for _ in 0..<6 where bench.instance.state == .master {
            effects += bench.hear(50, from: Node.lower)
            if answers, effects.contains(where: \.isProbe) { effects += bench.hostAnswers(Node.lower, 9) }
            effects += bench.run(.seconds(1))
        }
        return (bench, effects)
    }

    @Test("who hears gives way to a master that hears nobody")
    func deafPeer() {
        var (bench, effects) = Self.withDeafPeer(answers: true)
        #expect(effects.transitions == ["MASTER→BACKUP deaf_peer"])
        #expect(effects.brief.contains("tell peer_deaf"))
        #expect(!effects.brief.contains("advert 0"))
        // And it does not take the address back at the next advert, although it preempts.
        bench.instance.config.preempts = true
        for _ in 0..<25 {
            bench.hear(50, from: Node.lower)
            bench.run(.seconds(1))
        }
        #expect(bench.instance.state == .backup)
    }

    @Test("a preempting node tries again after half a minute, and then waits longer")
    func noFlapping() {
        var bench = Self.withDeafPeer(answers: true) { $0.preempts = true }.0
        var masterSpans: [Duration] = []
        var became: Time?
        let start = bench.now
        for _ in 0..<300 {
            let effects = bench.hear(50, from: Node.lower)
            if effects.contains(where: \.isProbe) { bench.hostAnswers(Node.lower, 9) }
            bench.run(.seconds(1))
            if bench.instance.state == .master, became == nil {
                became = bench.now
                masterSpans.append(bench.now - start)
            } else if bench.instance.state == .backup {
                became = nil
            }
        }
        #expect(masterSpans.count <= 4, "\(masterSpans)")
        #expect(masterSpans.first.map { $0 > .seconds(25) } ?? false, "\(masterSpans)")
    }

    @Test("with deaf_peer defend the better claim stays")
    func defend() {
        let (_, effects) = Self.withDeafPeer(answers: true) { $0.guarding?.deafPeer = .defend }
        #expect(effects.transitions.isEmpty)
        #expect(effects.brief.contains("tell peer_deaf"))
    }

    @Test("a losing master whose host does not answer serves nobody, and is no reason to give way")
    func unreachable() {
        let (bench, effects) = Self.withDeafPeer(answers: false)
        #expect(bench.instance.state == .master)
        #expect(!effects.brief.contains("tell peer_deaf"))
    }

    @Test("a losing master that yields at the first answer is no deaf one")
    func honestLoser() {
        var bench = Self.master()
        for _ in 0..<10 {
            let asks = bench.hear(50, from: Node.lower).contains(where: \.isProbe)
            #expect(!asks)
            bench.run(.seconds(60))
        }
    }

    @Test("two losing adverts are no proof of deafness, however many of ours went out between them")
    func twoAdverts() {
        var bench = Self.master()
        bench.hear(50, from: Node.lower)
        bench.run(.milliseconds(2900))
        let asks = bench.hear(50, from: Node.lower).contains(where: \.isProbe)
        #expect(!asks)
    }

    @Test("a heartbeat shows that the other node hears, so nobody gives way to it")
    func hearingPeer() {
        var bench = Self.master()
        for _ in 0..<3 {
            bench.hear(50, from: Node.lower)
            bench.run(.milliseconds(900))
        }
        bench.hostAnswers(Node.lower, 9)
        bench.hear(beat: .backup, 50, from: Node.lower)
        bench.run(.seconds(1))
        #expect(bench.instance.state == .master)
    }

    // MARK: The tap

    @Test("a master listens before its firewall")
    func tap() {
        var bench = Bench.started(Bench.guarded())
        let effects = bench.run(.seconds(4))
        #expect(effects.brief.count { $0 == "tap" } == 1)
        bench.confirm()
        let advert = ReceivedAdvert(priority: 200, interval: .seconds(1), source: Node.higher)
        let answer = bench.learn(.tapped(advert))
        #expect(answer.transitions == ["MASTER→BACKUP lost_election"])
        #expect(answer.brief.contains("tell local_firewall_drops_vrrp"))
    }
}
