/// A backup that hears its master by heartbeats only: what stands for adverts, and what the operator is told.
import Testing
import Wire

@testable import VRRPCore

@Suite("Heartbeats in the place of adverts")
struct GuardHeartbeatTests {
    @Test("a master whose adverts are lost and whose heartbeats arrive stays master")
    func heartbeats() {
        var bench = Bench.follower()
        var effects: [Effect] = []
        for _ in 0..<60 {
            effects += bench.run(.seconds(1))
            effects += bench.hear(beat: .master, from: Node.higher)
        }
        #expect(bench.instance.state == .backup)
        #expect(effects.brief.count { $0 == "tell adverts_lost" } == 1)
        #expect(bench.hear(200, from: Node.higher).brief.contains("tell adverts_lost"))
    }

    @Test(
        "while heartbeats stand for adverts this host's own firewall is still looked at, and named when it is the reason"
    )
    func firewallBehindHeartbeats() {
        var bench = Bench.follower()
        bench.expire(.probe)
        #expect(!bench.hear(beat: .master, from: Node.higher).brief.contains("tell adverts_lost"))
        #expect(bench.instance.guarding.isTapOpen)
        let advert = ReceivedAdvert(priority: 200, interval: .seconds(1), source: Node.higher)
        let effects = bench.learn(.tapped(advert))
        #expect(effects.brief.contains("tell local_firewall_drops_vrrp"))
        #expect(bench.hear(beat: .master, from: Node.higher).isEmpty, "the tap's adverts do")
        let back = bench.hear(200, from: Node.higher).brief
        #expect(back.contains("tell local_firewall_drops_vrrp") && !back.contains("tell adverts_lost"))
        #expect(!bench.instance.guarding.isTapOpen)
    }

    @Test("adverts of another number are not called lost, although heartbeats stand for them")
    func heartbeatsOfForeigner() {
        var bench = Bench.started(Bench.guarded())
        var told: [String] = []
        for _ in 0..<20 {
            told += bench.hear(foreign: 200, from: Node.higher, .virtualRouterID(99)).brief
            told += bench.run(.milliseconds(500)).brief
            told += bench.hear(beat: .master, from: Node.higher).brief
            told += bench.run(.milliseconds(500)).brief
        }
        #expect(bench.instance.state == .backup)
        #expect(told.contains("tell vrid_mismatch") && !told.contains("tell adverts_lost"))
    }

    @Test("a heartbeat beside adverts changes nothing")
    func redundant() {
        var bench = Bench.follower()
        #expect(bench.hear(beat: .master, from: Node.higher).isEmpty)
    }
}
