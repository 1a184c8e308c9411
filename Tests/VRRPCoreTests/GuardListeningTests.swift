/// What a backup makes of adverts that only the tap has seen, and of what others say on the guard channel.
import Testing
import Wire

@testable import VRRPCore

@Suite("The guard of a listener")
struct GuardListeningTests {
    // MARK: Before the firewall

    @Test("a backup obeys an advert that its firewall dropped, and says so once")
    func tap() {
        var bench = Bench.follower()
        bench.expire(.probe)
        let advert = ReceivedAdvert(priority: 200, interval: .seconds(1), source: Node.higher)
        #expect(
            bench.learn(.tapped(advert)).brief == ["tell local_firewall_drops_vrrp", "arm masterDown", "arm probe"])
        bench.wait(.seconds(1))
        #expect(bench.learn(.tapped(advert)).brief == ["arm masterDown", "arm probe"])
        // The ordinary way works again.
        #expect(
            bench.hear(200, from: Node.higher).brief
                == ["tell local_firewall_drops_vrrp", "untap", "arm masterDown", "arm probe"])
    }

    @Test("with tap log_only the firewall is told of and the advert is not obeyed")
    func tapLogOnly() {
        var bench = Bench.follower(Bench.guarded { $0.guarding?.obeysTap = false })
        bench.expire(.probe)
        let advert = ReceivedAdvert(priority: 200, interval: .seconds(1), source: Node.higher)
        #expect(bench.learn(.tapped(advert)).brief == ["tell local_firewall_drops_vrrp"])
        bench.run(.seconds(3))
        #expect(bench.instance.state == .master)
    }

    // MARK: Heartbeats

    @Test("a master that says FAULT is replaced at once in a pair", arguments: [State.fault, .initialize])
    func unfit(state: State) {
        var bench = Bench.follower()
        bench.hear(beat: .master, from: Node.higher)
        let effects = bench.hear(beat: state, from: Node.higher)
        #expect(effects.transitions == ["BACKUP→MASTER master_unfit"])
    }

    @Test("a master with a dead interface is replaced at once in a pair")
    func deadInterface() {
        var bench = Bench.follower()
        #expect(
            bench.hear(beat: .master, from: Node.higher, isFit: false).transitions == ["BACKUP→MASTER master_unfit"])
    }

    @Test("among more than two nodes FAULT is a goodbye, so that the best one takes over")
    func unfitAmongMany() {
        var bench = Bench.follower()
        bench.hear(beat: .backup, 150, from: Node.lower)
        let effects = bench.hear(beat: .fault, from: Node.higher)
        #expect(effects.brief == ["arm masterDown", "arm probe"])
        #expect(bench.left(.masterDown) == .nanoseconds(609_375_000))
    }

    @Test("another node's FAULT is nobody's goodbye")
    func foreignFault() {
        var bench = Bench.follower()
        #expect(bench.hear(beat: .fault, from: Node.lower).isEmpty)
    }

    @Test("a peer that is not master and still has the address is asked to let go, for a moment")
    func notReleased() {
        var bench = Bench.follower()
        let start = bench.now
        var effects: [Effect] = []
        while bench.instance.state == .backup, let (timer, deadline) = bench.instance.nextTimer {
            bench.now = max(bench.now, deadline)
            let answer = bench.give(.timer(timer))
            effects += answer
            guard answer.contains(where: \.isProbe) else { continue }
            bench.hostAnswers(Node.lower, 9)
            effects += bench.hear(beat: .backup, from: Node.lower)
            effects += bench.claim(by: 9)
        }
        #expect(effects.brief.contains("say releaseRequest \(Node.lower)"))
        #expect(bench.now - start == .nanoseconds(3_609_375_000) + .milliseconds(100))
    }

    @Test("who is asked to let go removes what it should not have")
    func releases() {
        var bench = Bench.follower()
        #expect(bench.hear(beat: .master, from: Node.higher, .releaseRequest).brief == ["remove stale"])
    }

    @Test("without a guard nothing that strangers say is believed")
    func off() {
        var bench = Bench.follower(Bench.config())
        for news in [
            GuardNews.claim(AddressClaim(Node.virtual, by: Bench.station(9))),
            .tapped(ReceivedAdvert(priority: 250, interval: .seconds(1), source: Node.lower)),
            .decoyAnswered(Bench.station(9)),
        ] {
            #expect(bench.learn(news).isEmpty)
        }
        #expect(bench.hear(beat: .fault, from: Node.higher).isEmpty)
    }
}
