/// What heartbeats are worth beside adverts, before them and after them.
import Testing
import Wire

@testable import VRRPCore

@Suite("Heartbeats beside adverts")
struct HeartbeatTests {
    @Test("a heartbeat that overtakes its advert is no lost advert")
    func overtaking() {
        var bench = Bench.started(Bench.guarded())
        bench.expire(.probe)
        let first = bench.hear(beat: .master, from: Node.higher)
        #expect(!first.brief.contains("tell adverts_lost"))
        #expect(!bench.hear(200, from: Node.higher).brief.contains("tell adverts_lost"))
        #expect(bench.instance.guarding.unheard == nil)
    }

    @Test("adverts are lost when an interval of heartbeats has passed without one, and the tap is open until then")
    func lost() {
        var bench = Bench.follower()
        bench.expire(.probe)
        bench.hear(beat: .master, from: Node.higher)
        #expect(bench.instance.guarding.isTapOpen)
        bench.wait(.milliseconds(500))
        #expect(bench.hear(beat: .master, from: Node.higher).brief == ["arm masterDown", "arm probe"])
        bench.wait(.milliseconds(500))
        #expect(bench.hear(beat: .master, from: Node.higher).brief.first == "tell adverts_lost")
        #expect(bench.instance.guarding.isTapOpen)
    }

    @Test("adverts that the own firewall drops are not called lost")
    func firewalled() {
        var bench = Bench.follower()
        bench.expire(.probe)
        bench.hear(beat: .master, from: Node.higher)
        bench.wait(.milliseconds(500))
        let advert = ReceivedAdvert(priority: 200, interval: .seconds(1), source: Node.higher)
        #expect(bench.learn(.tapped(advert)).brief.first == "tell local_firewall_drops_vrrp")
        bench.wait(.seconds(1))
        bench.learn(.tapped(advert))
        #expect(bench.hear(beat: .master, from: Node.higher).isEmpty)
    }

    @Test("adverts that are refused are not called lost: their fault was told")
    func refused() {
        var bench = Bench.started(Bench.guarded())
        var effects: [Effect] = []
        for _ in 0..<10 {
            bench.run(.seconds(1))
            effects += bench.hear(foreign: 200, from: Node.higher, .password)
            effects += bench.hear(beat: .master, from: Node.higher)
        }
        #expect(bench.instance.state == .backup)
        #expect(!effects.brief.contains("tell adverts_lost"))
    }

    @Test("FAULT promotes at once also when the goodbye was heard first", arguments: [State.fault, .initialize])
    func faultAfterGoodbye(state: State) {
        var bench = Bench.follower()
        bench.hear(0, from: Node.higher)
        #expect(bench.hear(beat: state, from: Node.higher).transitions == ["BACKUP→MASTER master_unfit"])
    }

    @Test("who said goodbye and is backup now is waited for as VRRP says")
    func backupAfterGoodbye() {
        var bench = Bench.follower()
        bench.hear(0, from: Node.higher)
        #expect(bench.hear(beat: .backup, from: Node.higher).isEmpty)
        #expect(bench.left(.masterDown) == .nanoseconds(609_375_000))
    }

    @Test("a losing master's heartbeat is answered when its advert was not, and not a second time")
    func answeredOnce() {
        var bench = GuardConflictTests.master()
        bench.hear(50, from: Node.lower)
        bench.wait(.milliseconds(1))
        #expect(bench.hear(beat: .master, 50, from: Node.lower).isEmpty)
        // Its rank has risen meanwhile.
        #expect(bench.hear(beat: .master, 250, from: Node.lower).transitions == ["MASTER→BACKUP lost_election"])
    }

    @Test("a deaf node's own heartbeats do not make it a hearing one")
    func deafBeats() {
        var bench = GuardConflictTests.master()
        var effects: [Effect] = []
        for _ in 0..<6 where bench.instance.state == .master {
            effects += bench.hear(50, from: Node.lower)
            if effects.contains(where: \.isProbe) { effects += bench.hostAnswers(Node.lower, 9) }
            effects += bench.hear(beat: .master, 50, from: Node.lower, hearsUs: false)
            effects += bench.run(.milliseconds(50))
            effects += bench.hear(beat: .master, 50, from: Node.lower, hearsUs: false)
            effects += bench.run(.milliseconds(950))
        }
        #expect(effects.transitions == ["MASTER→BACKUP deaf_peer"])
    }

    @Test("who gives way to a deaf node tells the neighbours where the address is, before it is gone here")
    func announcesElsewhere() {
        let (_, effects) = GuardConflictTests.withDeafPeer(answers: true)
        let brief = effects.brief
        let told = brief.firstIndex(of: "announce elsewhere") ?? brief.endIndex
        let removed = brief.firstIndex(of: "remove") ?? brief.endIndex
        #expect(told < removed)
        #expect(effects.contains(.announceElsewhere(Bench.station(9))))
    }
}
