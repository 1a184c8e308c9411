/// Who outranks whom, and how preemption is held off.
import Testing
import Wire

@testable import VRRPCore

@Suite("Election")
struct ElectionTests {
    static func advert(_ priority: UInt8, _ source: IPAddress) -> ReceivedAdvert {
        ReceivedAdvert(priority: priority, interval: .seconds(1), source: source)
    }

    @Test(
        "compares priorities first and addresses second",
        arguments: [
            (101, Node.lower, Standing.outranksUs), (99, Node.higher, .ranksBelowUs),
            (100, Node.higher, .outranksUs), (100, Node.lower, .ranksBelowUs), (100, Node.own, .indistinguishable),
        ] as [(UInt8, IPAddress, Standing)])
    func standing(priority: UInt8, source: IPAddress, standing: Standing) {
        #expect(Election.standing(of: Self.advert(priority, source), priority: 100, source: Node.own) == standing)
    }

    @Test("compares addresses as unsigned numbers: 192.0.2.1 is higher than 10.0.0.1")
    func unsigned() {
        let small = IPAddress.v4(IPv4Address(rawValue: 0x0A00_0001))
        #expect(Election.standing(of: Self.advert(100, Node.lower), priority: 100, source: small) == .outranksUs)
        let high = IPAddress.v6(IPv6Address(high: 0xFE80 << 48, low: UInt64.max))
        let low = IPAddress.v6(IPv6Address(high: 0xFE80 << 48, low: 1))
        #expect(Election.standing(of: Self.advert(100, high), priority: 100, source: low) == .outranksUs)
    }

    @Test("loses every tie without a source address of its own")
    func noSource() {
        #expect(Election.standing(of: Self.advert(100, Node.lower), priority: 100, source: nil) == .outranksUs)
    }

    @Test("a lower-addressed equal-priority master steps down when it hears the other one")
    func equalPriority() {
        var bench = Bench.master()
        #expect(bench.hear(100, from: Node.higher).transitions == ["MASTER→BACKUP lost_election"])
        var winner = Bench.master()
        #expect(winner.hear(100, from: Node.lower).transitions == [])
    }

    @Test("two masters resolve although neither preempts (P-03)")
    func nopreemptMaster() {
        var bench = Bench.master(Bench.config { $0.preempts = false })
        #expect(bench.hear(101, from: Node.lower).transitions == ["MASTER→BACKUP lost_election"])
    }

    @Test("two owners resolve by address (erratum 8298)")
    func owners() {
        var bench = Bench.master(Bench.config(priority: 255))
        #expect(bench.hear(255, from: Node.lower).transitions == [])
        #expect(bench.hear(255, from: Node.higher).transitions == ["MASTER→BACKUP lost_election"])
        // The winner dies: the other owner takes over in the ordinary way.
        #expect(bench.expire(.masterDown).transitions == ["BACKUP→MASTER master_down"])
    }

    @Test("the loser's last advert comes after it has let the addresses go (higher_prio_send_advert)")
    func lastWord() {
        var bench = Bench.master(Bench.config { $0.sendsAdvertToHigherPriority = true })
        #expect(Array(bench.hear(150, from: Node.higher).brief.prefix(2)) == ["remove", "advert 100"])
    }

    @Test("a backup does not preempt at once, but when the lower master has been ignored for a master down interval")
    func preemption() {
        var bench = Bench.started()
        for _ in 0..<3 {
            bench.wait(.seconds(1))
            bench.hear(90, from: Node.lower)
        }
        #expect(bench.instance.state == .backup)
        #expect(bench.expire(.masterDown).transitions == ["BACKUP→MASTER preempted"])
        #expect(bench.instance.statistics.newMasterReason == .preempted)
    }

    @Test("a backup that does not preempt follows a lower master for as long as it is there")
    func nopreemptBackup() {
        var bench = Bench.started(Bench.config { $0.preempts = false })
        for _ in 0..<10 {
            bench.run(.seconds(1))
            bench.hear(1, from: Node.lower)
        }
        #expect(bench.instance.state == .backup)
        bench.run(.seconds(4))
        #expect(bench.instance.state == .master)
    }
}

@Suite("Preempt delay and flap damping")
struct PreemptionTests {
    static let delayed = Bench.config { $0.preemptDelay = .seconds(5) }

    @Test("a lower master is left alone for the delay, and preempted a master down interval later")
    func delay() {
        var bench = Bench.started(Self.delayed)
        bench.hear(90, from: Node.lower)
        #expect(bench.left(.preemptDelay) == .seconds(5))
        var elapsed = Duration.zero
        while bench.instance.state == .backup, elapsed < .seconds(20) {
            bench.run(.seconds(1))
            elapsed += .seconds(1)
            if bench.instance.state == .backup { bench.hear(90, from: Node.lower) }
        }
        // Obeyed at 0 … 4 s, ignored from 5 s on: 4 s + 3.609 s.
        #expect(elapsed == .seconds(8))
    }

    @Test("the delay never keeps a backup waiting when nobody is master")
    func nobody() {
        var bench = Bench.started(Bench.config { $0.preemptDelay = .seconds(1000) })
        bench.hear(90, from: Node.lower)
        bench.run(.seconds(4))
        #expect(bench.instance.state == .master)
    }

    @Test("a better master ends the delay, and the next lower one begins it anew")
    func restart() {
        var bench = Bench.started(Self.delayed)
        bench.hear(90, from: Node.lower)
        bench.wait(.seconds(1))
        #expect(bench.hear(150, from: Node.higher).brief.contains("disarm preemptDelay"))
        bench.wait(.seconds(1))
        bench.hear(90, from: Node.lower)
        #expect(bench.left(.preemptDelay) == .seconds(5))
        // Also when the delay had run out.
        bench.expire(.preemptDelay)
        bench.hear(150, from: Node.higher)
        bench.hear(90, from: Node.lower)
        #expect(bench.left(.preemptDelay) == .seconds(5))
    }

    @Test("three role changes in a minute hold preemption off for 30 s, then 60 s, up to ten minutes (P-09)")
    func doubling() {
        var damping = FlapDamping()
        var now = Time(nanoseconds: 0)
        var holds: [Duration?] = []
        for _ in 0..<7 {
            for _ in 0..<3 {
                now = now + .seconds(1)
                damping.roleChanged(at: now)
            }
            holds.append(damping.remaining(at: now))
        }
        #expect(holds == [30, 60, 120, 240, 480, 600, 600].map { Duration.seconds($0) })
        #expect(damping.remaining(at: now + .seconds(600)) == nil)
        now = now + .seconds(1300)
        for _ in 0..<3 { damping.roleChanged(at: now) }
        #expect(damping.remaining(at: now) == .seconds(30))
    }

    @Test("three role changes in more than a minute hold nothing off")
    func slow() {
        var damping = FlapDamping()
        for second in [0, 31, 62, 93] { damping.roleChanged(at: Time(nanoseconds: 0) + .seconds(second)) }
        #expect(damping.remaining(at: Time(nanoseconds: 0) + .seconds(93)) == nil)
    }

    @Test("a flapping backup obeys a lower master, says so once, and still takes over from silence")
    func damped() {
        var bench = Bench.master()
        bench.hear(150, from: Node.higher)
        bench.expire(.masterDown)
        #expect(bench.hear(150, from: Node.higher).transitions == ["MASTER→BACKUP lost_election"])
        #expect(bench.hear(90, from: Node.lower).brief == ["tell damped", "arm masterDown", "tell master"])
        #expect(bench.hear(90, from: Node.lower).brief == ["arm masterDown"])
        bench.run(.seconds(4))
        #expect(bench.instance.state == .master)
    }

    @Test("damping can be switched off, and never binds the owner")
    func undamped() {
        for config in [Bench.config { $0.dampsFlapping = false }, Bench.config(priority: 255)] {
            var bench = Bench.master(config)
            for _ in 0..<3 {
                bench.hear(255, from: Node.higher)
                bench.expire(.masterDown)
            }
            bench.hear(255, from: Node.higher)
            #expect(bench.hear(90, from: Node.lower).brief == ["tell master"])
        }
    }
}
