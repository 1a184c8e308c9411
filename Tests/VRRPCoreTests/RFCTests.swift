/// One test for each MUST of RFC 9568, RFC 5798 and RFC 3768 that the state machine owns, named by section.
import Testing
import Wire

@testable import VRRPCore

@Suite("RFC 9568 §6.4.1 Initialize")
struct InitializeRFCTests {
    @Test("Startup with priority 255: advert, addresses announced, Adver_Timer, Active")
    func owner() {
        var bench = Bench(Bench.config(priority: 255))
        #expect(bench.give(.startup).brief == ["advert 255", "add", "arm advert", "INIT→MASTER owner"])
        #expect(bench.confirm().brief.first == "announce becameMaster 5")
    }

    @Test("Startup otherwise: Active_Adver_Interval is our own, Active_Down_Timer is set, Backup")
    func other() {
        var bench = Bench(Bench.config(interval: .seconds(2)))
        #expect(bench.give(.startup).brief == ["arm masterDown", "INIT→BACKUP startup"])
        #expect(bench.left(.masterDown) == .seconds(6) + .nanoseconds(156 * 7_812_500))
    }
}

@Suite("RFC 9568 §6.4.2 Backup")
struct BackupRFCTests {
    @Test("sends no adverts and asks for no addresses, whatever it hears")
    func silence() {
        var bench = Bench.started()
        for priority: UInt8 in [0, 1, 99, 100, 101, 255] {
            let effects = bench.hear(priority, from: Node.higher)
            #expect(!effects.brief.contains { $0.hasPrefix("advert") || $0 == "add" })
        }
    }

    @Test("Shutdown: cancel the timer, Initialize")
    func shutdown() {
        var bench = Bench.started()
        #expect(bench.give(.shutdown).brief == ["disarm masterDown", "BACKUP→INIT shutdown"])
    }

    @Test("Active_Down_Timer fires: advert, announcements, Adver_Timer, Active")
    func activeDown() {
        var bench = Bench.started()
        #expect(bench.expire(.masterDown).brief == ["advert 100", "add", "arm advert", "BACKUP→MASTER master_down"])
    }

    @Test("priority 0: the timer becomes Skew_Time")
    func zero() {
        var bench = Bench.started()
        bench.hear(0, from: Node.lower)
        #expect(bench.left(.masterDown) == .microseconds(609_375))
    }

    @Test("Preempt_Mode False, or a priority that is not lower: adopt the interval and set Active_Down_Timer")
    func reset() {
        for (config, priority) in [(Bench.config(), 100), (Bench.config { $0.preempts = false }, 1)]
            as [(InstanceConfig, UInt8)]
        {
            var bench = Bench.started(config)
            bench.wait(.seconds(1))
            bench.hear(priority, from: Node.lower, interval: .milliseconds(500))
            #expect(bench.left(.masterDown) == .milliseconds(1_500) + .nanoseconds(156 * 1_953_125))
        }
    }

    @Test("Preempt_Mode True and a lower priority: discard, the timer runs on")
    func discard() {
        var bench = Bench.started()
        let deadline = bench.instance.deadline(of: .masterDown)
        bench.wait(.seconds(1))
        bench.hear(99, from: Node.higher)
        #expect(bench.instance.deadline(of: .masterDown) == deadline)
    }
}

@Suite("RFC 9568 §6.4.3 Active")
struct ActiveRFCTests {
    @Test("Shutdown: advert with priority 0, Initialize")
    func shutdown() {
        var bench = Bench.master()
        let effects = bench.give(.shutdown)
        #expect(effects.contains(.sendAdvert(priority: 0)) && effects.contains(.removeAddresses))
        #expect(bench.instance.state == .initialize && bench.instance.nextTimer == nil)
    }

    @Test("Adver_Timer fires: advert, and the timer again")
    func tick() {
        var bench = Bench.master()
        #expect(bench.expire(.advert).brief == ["advert 100", "arm advert"])
        #expect(bench.left(.advert) == .seconds(1))
    }

    @Test("priority 0: an advert at once, and the timer again")
    func zero() throws {
        var bench = Bench.master()
        bench.wait(.milliseconds(500))
        #expect(bench.hear(0, from: Node.higher).brief == ["advert 100", "arm advert"])
        #expect(try #require(bench.left(.advert)) > .milliseconds(874))
    }

    @Test("a greater priority, or the same and a greater address: adopt its interval, Backup")
    func greater() {
        for (priority, source) in [(101, Node.lower), (100, Node.higher)] as [(UInt8, IPAddress)] {
            var bench = Bench.master()
            bench.hear(priority, from: source, interval: .seconds(2))
            #expect(bench.instance.state == .backup)
            #expect(bench.left(.masterDown) == .seconds(6) + .nanoseconds(156 * 7_812_500))
        }
    }

    @Test("everything else: discard, and an advert at once")
    func lower() {
        for (priority, source) in [(99, Node.higher), (100, Node.lower)] as [(UInt8, IPAddress)] {
            var bench = Bench.master()
            #expect(bench.hear(priority, from: source).first == .sendAdvert(priority: 100))
            #expect(bench.instance.state == .master)
        }
    }

    @Test("§6.4.3 of RFC 5798 and RFC 3768: discard in silence, where that is configured")
    func silent() {
        var bench = Bench.master(Bench.config { $0.answersLowerPriority = false })
        #expect(!bench.hear(99, from: Node.higher).contains(.sendAdvert(priority: 100)))
    }
}

@Suite("RFC 9568 §5 and §6.1, RFC 3768 §6.1: priorities and spans")
struct ParameterRFCTests {
    @Test("§5.2.4: the priority that is sent is 255 for the owner and 1 … 254 for all others, 0 only to leave")
    func sentPriorities() {
        for (base, delta, sent) in [(255, -200, 255), (1, -200, 1), (254, 200, 254)] as [(UInt8, Int, UInt8)] {
            var bench = Bench(Bench.config(priority: base))
            bench.give(.adjustPriority(key: "k", delta: delta, reason: ""))
            bench.give(.startup)
            if bench.instance.state == .backup { bench.expire(.masterDown) }
            #expect(bench.expire(.advert).first == .sendAdvert(priority: sent))
        }
    }

    @Test("§6.1: the owner preempts, independent of Preempt_Mode")
    func ownerPreempts() {
        var bench = Bench.started(
            Bench.config(priority: 255) {
                $0.preempts = false
                $0.preemptDelay = .seconds(60)
            })
        bench.hear(255, from: Node.higher)
        let deadline = bench.instance.deadline(of: .masterDown)
        bench.wait(.seconds(1))
        bench.hear(254, from: Node.higher)
        #expect(bench.instance.deadline(of: .masterDown) == deadline)
    }

    @Test("§6.1: Skew_Time and Active_Down_Interval follow the interval of the Active Router")
    func version3() {
        var bench = Bench.started(Bench.config(priority: 1))
        bench.hear(200, from: Node.higher, interval: .milliseconds(40_950))
        #expect(bench.left(.masterDown) == .nanoseconds(3 * 40_950_000_000 + 255 * 40_950_000_000 / 256))
    }

    @Test("RFC 3768 §6.1: Skew_Time is in seconds, and the interval is never adopted")
    func version2() {
        var bench = Bench.started(Bench.config(.v2, interval: .seconds(10)))
        bench.hear(200, from: Node.higher, interval: .seconds(3))
        #expect(bench.left(.masterDown) == .seconds(30) + .microseconds(609_375))
    }

    @Test("§6.3: the timers of a state run in that state and no other")
    func timers() {
        var bench = Bench.started()
        #expect(bench.left(.masterDown) != nil && bench.left(.advert) == nil)
        bench.expire(.masterDown)
        #expect(bench.left(.masterDown) == nil && bench.left(.advert) != nil)
        bench.hear(200, from: Node.higher)
        #expect(bench.left(.masterDown) != nil && bench.left(.advert) == nil)
    }
}

@Suite("RFC 9568 §7.1 and RFC 3768 §7.1: receiving")
struct ReceivingRFCTests {
    @Test("MUST verify that the TTL or hop limit is 255")
    func timeToLive() {
        #expect(ReceiveCheckTests.reason(ReceiveCheckTests.packet { $0.timeToLive = 254 }) == .timeToLive)
    }

    @Test("MUST verify that the VRID is configured on the receiving interface")
    func virtualRouterID() {
        let packet = ReceiveCheckTests.packet { $0.advert.virtualRouterID = 1 }
        #expect(ReceiveCheckTests.reason(packet) == .unknownVirtualRouter)
    }

    @Test("MUST verify the version")
    func version() {
        #expect(ReceiveCheckTests.reason(ReceiveCheckTests.packet(.v2), .v3) == .version)
    }

    @Test("RFC 3768: MUST verify the authentication type, and the interval, else discard")
    func version2() {
        let other = ReceiveCheckTests.packet(.v2) { $0.advert.authentication = .other(1) }
        #expect(ReceiveCheckTests.reason(other, .v2) == .authenticationType)
        let slow = ReceiveCheckTests.packet(.v2) { $0.advert.interval = .seconds(2) }
        #expect(ReceiveCheckTests.reason(slow, .v2) == .intervalDiffers)
    }

    @Test("RFC 9568: another interval is no reason to discard, and SHOULD be logged")
    func version3() {
        var router = Router()
        let id = router.add(Bench.config())
        var effects: [AddressedEffect] = []
        router.handle(.startup, for: id, now: Time(nanoseconds: 0), into: &effects)
        let packet = ReceiveCheckTests.packet { $0.advert.interval = .seconds(3) }
        _ = router.receive(packet, for: id, now: Time(nanoseconds: 0), into: &effects)
        #expect(
            effects.contains(AddressedEffect(id, .publish(.intervalAdopted(.seconds(3), from: Node.higher)))))
    }

    @Test("erratum 8298: the owner does not discard, it takes part in the election")
    func owner() {
        let verdict = Bench.config(priority: 255).verdict(on: ReceiveCheckTests.packet { $0.advert.priority = 255 })
        let advert = ReceivedAdvert(priority: 255, interval: .seconds(1), source: Node.higher)
        #expect(verdict == .accept(advert, .ownerConflict))
    }

    @Test("errata 8299 and 8301: no address, and an interval of 0, are discarded")
    func errata() {
        #expect(ReceiveCheckTests.reason(ReceiveCheckTests.packet { $0.advert.addressCount = 0 }) == .noAddresses)
        #expect(ReceiveCheckTests.reason(ReceiveCheckTests.packet { $0.advert.interval = .zero }) == .intervalZero)
    }
}
