/// The spans and schedules of the requirements M-01 … M-13 and S-18, S-19.
import Testing
import Wire

@testable import VRRPCore

@Suite("Timers")
struct TimerTests {
    @Test("version 2: the skew is (256 − priority)/256 of a second, whatever the interval", arguments: UInt8(1)...255)
    func skewOfVersion2(priority: UInt8) {
        for interval in [1, 7, 255] {
            let skew = Intervals.skew(.v2, priority: priority, interval: .seconds(interval))
            #expect(skew == .nanoseconds((256 - Int64(priority)) * 3_906_250))
        }
    }

    @Test("version 3: the skew is (256 − priority)/256 of the interval", arguments: [1, 3, 100, 4095])
    func skewOfVersion3(centiseconds: Int64) {
        for priority in UInt8(1)...255 {
            let interval = Duration.milliseconds(centiseconds * 10)
            let exact = (256 - Int64(priority)) * centiseconds * 10_000_000
            let skew = Intervals.skew(.v3, priority: priority, interval: interval)
            #expect(skew.inNanoseconds == exact / 256)
            let down = Intervals.masterDown(.v3, priority: priority, interval: interval, adverts: 3)
            #expect(down == interval * 3 + skew)
        }
    }

    @Test("nothing is rounded: priority 200 waits 218.75 ms, not 210")
    func exact() {
        #expect(Intervals.skew(.v3, priority: 200, interval: .seconds(1)) == .microseconds(218_750))
    }

    @Test("a backup starts with its own interval (M-05) and the factor of the configuration (M-11)")
    func start() {
        let skew = Duration.microseconds(609_375)
        #expect(Bench.started().left(.masterDown) == .seconds(3) + skew)
        #expect(Bench.started(Bench.config { $0.downTimerAdverts = 5 }).left(.masterDown) == .seconds(5) + skew)
        #expect(Bench.started(Bench.config(.v2, interval: .seconds(2))).left(.masterDown) == .seconds(6) + skew)
    }

    @Test("the effective priority decides the skew (M-04)")
    func effective() {
        var bench = Bench(Bench.config())
        bench.give(.adjustPriority(key: "k", delta: -50, reason: ""))
        bench.give(.startup)
        #expect(bench.left(.masterDown) == .seconds(3) + .nanoseconds(206 * 3_906_250))
    }

    @Test("version 3 adopts the master's interval and says so once (M-06)")
    func adoption() {
        var bench = Bench.started()
        #expect(
            bench.hear(200, from: Node.higher, interval: .seconds(4)).brief
                == ["arm masterDown", "tell interval", "tell master"])
        #expect(bench.left(.masterDown) == .seconds(12) + .nanoseconds(156 * 15_625_000))
        #expect(bench.hear(200, from: Node.higher, interval: .seconds(4)).brief == ["arm masterDown"])
    }

    @Test("an interval learned from a master is forgotten with the state in which it was learned")
    func forgotten() {
        var bench = Bench.started()
        bench.hear(200, from: Node.higher, interval: .seconds(4))
        bench.give(.faultBegan(.linkDown("eth0")))
        bench.give(.faultEnded(.linkDown("eth0")))
        #expect(bench.left(.masterDown) == .seconds(3) + .microseconds(609_375))
    }

    @Test("a goodbye leaves the skew time, and never more than was left (M-07)")
    func goodbye() {
        var bench = Bench.started()
        bench.wait(.seconds(1))
        bench.hear(0, from: Node.higher)
        #expect(bench.left(.masterDown) == .microseconds(609_375))
        bench.wait(.milliseconds(500))
        #expect(bench.hear(0, from: Node.higher).brief == [])
        #expect(bench.left(.masterDown) == .microseconds(109_375))
        #expect(bench.expire(.masterDown).transitions == ["BACKUP→MASTER master_left"])
    }

    @Test("state MASTER waits one interval and the least skew (S-18)")
    func startsAsMaster() {
        let three = Bench.started(Bench.config(interval: .seconds(2)) { $0.startsAsMaster = true })
        #expect(three.left(.masterDown) == .seconds(2) + .nanoseconds(7_812_500))
        let two = Bench.started(Bench.config(.v2, interval: .seconds(2)) { $0.startsAsMaster = true })
        #expect(two.left(.masterDown) == .seconds(2) + .nanoseconds(3_906_250))
    }

    @Test("a change of priority moves the end of the waiting from the last advert, not from now (S-19)")
    func priorityChange() {
        var bench = Bench.started()
        bench.hear(200, from: Node.higher)
        let heard = bench.now
        bench.wait(.seconds(2))
        bench.give(.adjustPriority(key: "k", delta: 100, reason: ""))
        #expect(bench.instance.deadline(of: .masterDown) == heard + .seconds(3) + .nanoseconds(56 * 3_906_250))
        bench.give(.adjustPriority(key: "k", delta: 0, reason: ""))
        #expect(bench.instance.deadline(of: .masterDown) == heard + .seconds(3) + .nanoseconds(156 * 3_906_250))
    }

    @Test("a waiting that a better priority has already ended ends now")
    func overdue() {
        var bench = Bench.started()
        bench.wait(.milliseconds(3_400))
        let effects = bench.give(.adjustPriority(key: "k", delta: 154, reason: ""))
        #expect(effects.first == .arm(.masterDown, at: bench.now))
    }

    @Test("after a goodbye, too, a change of priority counts from the goodbye")
    func priorityChangeInSkew() {
        var bench = Bench.started()
        bench.hear(0, from: Node.higher)
        bench.give(.adjustPriority(key: "k", delta: 100, reason: ""))
        #expect(bench.left(.masterDown) == .nanoseconds(56 * 3_906_250))
    }

    @Test("adverts follow an absolute schedule: a late tick sends once and moves nothing (M-08)")
    func schedule() throws {
        var bench = Bench.master()
        let first = try #require(bench.instance.deadline(of: .advert))
        bench.now = first + .milliseconds(300)
        #expect(bench.give(.timer(.advert)).brief == ["advert 100", "arm advert"])
        #expect(bench.instance.deadline(of: .advert) == first + .seconds(1))
        bench.now = first + .milliseconds(2_500)
        #expect(bench.give(.timer(.advert)).brief == ["advert 100", "arm advert", "tell late"])
        #expect(bench.instance.deadline(of: .advert) == first + .seconds(3))
        #expect(bench.instance.statistics.lateAdvertisements == 1)
    }

    @Test(
        "the second advert is due on a grid of eighths, never later than one interval",
        arguments: [10, 100, 1000, 40950])
    func grid(milliseconds: Int64) {
        let interval = Duration.milliseconds(milliseconds)
        for offset in stride(from: Int64(-3_000_000_007), to: 5_000_000_000, by: 77_777_777) {
            let now = Time(nanoseconds: offset)
            let first = Intervals.firstAdvert(after: now, interval: interval)
            #expect(first <= now + interval)
            #expect(first > now + interval * 7 / 8 - .nanoseconds(1))
            #expect(first.nanoseconds % (interval.inNanoseconds / 8) == 0)
        }
    }

    @Test("instances promoted within the same eighth of an interval wake together for ever after")
    func together() {
        let start = Time(nanoseconds: 1_000_000_000_000)
        let deadlines = [0, 20, 60, 120].map { milliseconds in
            Intervals.firstAdvert(after: start + .milliseconds(milliseconds), interval: .seconds(1))
        }
        #expect(Set(deadlines).count == 1)
    }

    @Test("an hour of adverts does not drift (M-08)")
    func noDrift() throws {
        var bench = Bench.master(Bench.config { $0.announce.delay = .zero })
        let first = try #require(bench.instance.deadline(of: .advert))
        for tick in Int64(0)..<3600 {
            bench.now = first + .seconds(tick) + .microseconds(tick % 900)
            bench.give(.timer(.advert))
        }
        #expect(bench.instance.deadline(of: .advert) == first + .seconds(3600))
    }

    @Test("a master that overslept three adverts steps back without a goodbye and listens first (M-10)")
    func overslept() throws {
        var bench = Bench.master()
        let due = try #require(bench.instance.deadline(of: .advert))
        bench.now = due + .milliseconds(2_999)
        var patient = bench
        #expect(patient.give(.timer(.advert)).transitions == [])
        bench.now = due + .seconds(3)
        #expect(
            bench.give(.timer(.advert)).brief
                == ["remove", "disarm advert", "disarm announceDelay", "arm masterDown", "MASTER→BACKUP overslept"])
        #expect(bench.left(.masterDown) == .seconds(1) + .nanoseconds(3_906_250))
        #expect(bench.expire(.masterDown).transitions == ["BACKUP→MASTER master_down"])
    }

    @Test("an overslept master with nopreempt leaves the addresses to whoever took over, although it ranks higher")
    func oversleptNopreempt() throws {
        var bench = Bench.master(Bench.config { $0.preempts = false })
        bench.now = try #require(bench.instance.deadline(of: .advert)) + .seconds(60)
        // The queued advert is read before the timer: no advert may go out in answer to it.
        let effects = bench.hear(90, from: Node.lower)
        #expect(!effects.brief.contains { $0.hasPrefix("advert") })
        #expect(bench.instance.state == .backup)
        for _ in 0..<5 {
            bench.run(.seconds(1))
            bench.hear(90, from: Node.lower)
        }
        #expect(bench.instance.state == .backup)
    }

    @Test("a timer that was disarmed or moved after it had been queued means nothing")
    func staleTimers() {
        var bench = Bench.started()
        #expect(bench.give(.timer(.advert)).isEmpty)
        #expect(bench.give(.timer(.masterDown)).isEmpty)
        #expect(bench.instance.state == .backup)
    }

    @Test("the start-up delay keeps the instance in INIT; adverts are heard and dropped")
    func startupDelay() {
        var bench = Bench(Bench.config { $0.startupDelay = .seconds(10) })
        #expect(bench.give(.startup).brief == ["arm startupDelay"])
        bench.wait(.seconds(9))
        #expect(bench.hear(200, from: Node.higher).isEmpty)
        #expect(bench.give(.startup).isEmpty)
        #expect(bench.expire(.startupDelay).brief == ["arm masterDown", "INIT→BACKUP startup"])
        var stopped = Bench(Bench.config { $0.startupDelay = .seconds(10) })
        stopped.give(.startup)
        #expect(stopped.give(.shutdown).brief == ["disarm startupDelay"])
    }
}
