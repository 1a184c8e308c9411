/// A master's dealings with the kernel, the neighbours and the wire; and the order of what it does.
import Testing
import Wire

@testable import VRRPCore

@Suite("Order of effects")
struct OrderTests {
    @Test("promotion: the advert, the addresses, the schedule, then the news (S-21)")
    func promotion() {
        var bench = Bench.started()
        #expect(bench.expire(.masterDown).brief == ["advert 100", "add", "arm advert", "BACKUP→MASTER master_down"])
    }

    @Test("nothing is announced, and nobody is told that the addresses serve, before the kernel has confirmed them")
    func confirmation() {
        var bench = Bench.started(Bench.config { $0.announce.refresh = .seconds(60) })
        bench.expire(.masterDown)
        #expect(!bench.instance.isServing)
        #expect(
            bench.confirm().brief
                == ["announce becameMaster 5", "arm announceDelay", "arm announceRefresh", "tell serving"])
        #expect(bench.instance.isServing)
    }

    @Test("demotion: the addresses go first, then the goodbye, then the news (S-22)")
    func demotion() {
        var bench = Bench.master()
        #expect(
            bench.give(.shutdown).brief
                == ["remove", "advert 0", "disarm advert", "disarm announceDelay", "MASTER→INIT shutdown"])
    }

    @Test("who loses an election says no goodbye")
    func noGoodbye() {
        var bench = Bench.master()
        #expect(!bench.hear(200, from: Node.higher).contains(.sendAdvert(priority: 0)))
    }

    @Test("transitions are numbered without gaps, and know when they happened")
    func sequence() {
        var bench = Bench.master()
        #expect(bench.instance.sequence == 2)
        bench.wait(.milliseconds(10))
        bench.give(.faultBegan(.linkDown("eth0")))
        bench.give(.faultEnded(.linkDown("eth0")))
        #expect(bench.instance.sequence == 4)
        #expect(bench.instance.since == bench.now)
    }
}

@Suite("Addresses")
struct AddressTests {
    @Test("the answer to an earlier request is ignored")
    func lateToken() {
        var bench = Bench.started()
        bench.expire(.masterDown)
        let old = bench.instance.mastership.lastToken
        bench.hear(200, from: Node.higher)
        bench.expire(.masterDown)
        #expect(bench.give(.addressesAdded(token: old, .done)).isEmpty)
        #expect(!bench.instance.isServing)
        #expect(bench.confirm().brief.contains("tell serving"))
    }

    @Test("a refused address ends the mastership; it is tried again after a whole master down interval")
    func refused() {
        var bench = Bench.started()
        bench.expire(.masterDown)
        let effects = bench.confirm(.failed("RTM_NEWADDR: Operation not permitted"))
        #expect(
            effects.brief == ["remove", "advert 0", "disarm advert", "arm masterDown", "MASTER→BACKUP address_refused"])
        #expect(bench.left(.masterDown) == .seconds(3) + .microseconds(609_375))
        #expect(bench.expire(.masterDown).transitions == ["BACKUP→MASTER master_down"])
    }

    @Test("an address that was taken away is put back and announced three times, the fourth loss ends the mastership")
    func lost() {
        var bench = Bench.master()
        for attempt in 1...3 {
            let effects = bench.give(.addressLost(Node.virtual))
            #expect(effects.last == .publish(.addressLost(Node.virtual, attempt: attempt)))
            #expect(bench.confirm().brief == ["announce restored 5"])
        }
        #expect(bench.give(.addressLost(Node.virtual)).transitions == ["MASTER→BACKUP address_lost"])
        // Others get the time: not one skew, as in keepalived.
        #expect(bench.left(.masterDown) == .seconds(3) + .microseconds(609_375))
    }

    @Test("losses far apart never add up")
    func lostSlowly() {
        var bench = Bench.master()
        for _ in 0..<10 {
            bench.run(.seconds(11))
            bench.give(.addressLost(Node.virtual))
            bench.confirm()
        }
        #expect(bench.instance.state == .master)
    }

    @Test("ten addresses that vanish at once are one loss, and the request after the answer covers them")
    func lostTogether() {
        var bench = Bench.master()
        #expect(bench.give(.addressLost(Node.virtual)).brief == ["add", "tell lost"])
        for _ in 0..<9 { #expect(bench.give(.addressLost(Node.virtual)).isEmpty) }
        #expect(bench.confirm().brief == ["announce restored 5", "add", "tell lost"])
        #expect(bench.confirm().brief == ["announce restored 5"])
    }
}

@Suite("Announcements")
struct AnnouncementTests {
    @Test("a second burst follows after the delay, and refreshes on a schedule")
    func bursts() {
        var bench = Bench.started(
            Bench.config {
                $0.announce.delay = .seconds(2)
                $0.announce.repetitions = 3
                $0.announce.refresh = .seconds(10)
                $0.announce.refreshRepetitions = 2
            })
        bench.expire(.masterDown)
        bench.confirm()
        let announcements = bench.run(.seconds(21)).brief.filter { $0.hasPrefix("announce") }
        #expect(announcements == ["announce delayed 3", "announce refresh 2", "announce refresh 2"])
    }

    @Test("a losing master is answered with announcements now and after their own delay (A-06)")
    func lowerPriority() {
        var bench = Bench.master(
            Bench.config {
                $0.announce.delay = .zero
                $0.announce.lowerPriorityDelay = .milliseconds(300)
                $0.announce.lowerPriorityRepetitions = 2
            })
        #expect(
            bench.hear(90, from: Node.lower).brief
                == ["advert 100", "announce lowerPriorityHeard 2", "arm announceDelay", "tell dual"])
        #expect(bench.run(.milliseconds(300)).brief == ["announce delayed 2"])
    }

    @Test("zero repetitions announce nothing")
    func silent() {
        var bench = Bench.started(Bench.config { $0.announce.repetitions = 0 })
        bench.expire(.masterDown)
        #expect(bench.confirm().brief == ["tell serving"])
    }
}

@Suite("Faults")
struct FaultTests {
    @Test("the last of several causes ends the fault, through BACKUP with a full interval (S-16)")
    func causes() {
        var bench = Bench.master()
        bench.give(.faultBegan(.linkDown("eth0")))
        #expect(bench.give(.faultBegan(.linkDown("eth0"))).isEmpty)
        bench.give(.faultBegan(.noSourceAddress("eth0")))
        #expect(bench.instance.faults == ["interface eth0 is down", "interface eth0 has no address to send from"])
        #expect(bench.give(.faultEnded(.linkDown("eth0"))).brief == ["tell faults"])
        #expect(bench.give(.faultEnded(.noSourceAddress("eth0"))).transitions == ["FAULT→BACKUP recovered"])
        #expect(bench.left(.masterDown) == .seconds(3) + .microseconds(609_375))
    }

    @Test("the owner comes back as master at once")
    func owner() {
        var bench = Bench.master(Bench.config(priority: 255))
        bench.give(.faultBegan(.linkDown("eth0")))
        #expect(bench.give(.faultEnded(.linkDown("eth0"))).transitions == ["FAULT→MASTER owner"])
    }

    @Test("a demotion is kept by its key: the last reason counts, and one return ends it")
    func demotion() {
        var bench = Bench.master()
        #expect(bench.give(.faultBegan(.demoted(key: "k", reason: "a"))).transitions == ["MASTER→FAULT demoted"])
        bench.give(.faultBegan(.demoted(key: "k", reason: "b")))
        #expect(bench.instance.faults == ["demoted by k: b"])
        #expect(bench.give(.faultEnded(.demoted(key: "k", reason: ""))).transitions == ["FAULT→BACKUP recovered"])
    }

    @Test("causes that begin before the start lead from INIT to FAULT")
    func beforeStart() {
        var bench = Bench(Bench.config())
        #expect(bench.give(.faultBegan(.interfaceMissing("eth0"))).isEmpty)
        #expect(bench.give(.startup).transitions == ["INIT→FAULT link_down"])
        bench.hear(200, from: Node.higher)
        #expect(bench.instance.master?.address == Node.higher)
        bench.hear(0, from: Node.higher)
        #expect(bench.instance.master == nil)
    }

    @Test("one advert that cannot be sent is an accident, two in a row are a fault (T-11)")
    func sendFailures() {
        var bench = Bench.master()
        bench.give(.sendFailed("EPERM"))
        bench.give(.sendFailed("EPERM"))  // Another word about the same advert.
        bench.expire(.advert)
        bench.expire(.advert)
        bench.give(.sendFailed("EPERM"))
        #expect(bench.instance.state == .master)
        bench.expire(.advert)
        #expect(bench.give(.sendFailed("EPERM")).transitions == ["MASTER→FAULT send_failed"])
        #expect(bench.instance.faults == ["adverts cannot be sent: EPERM"])
    }

    @Test("after a master down interval sending is tried again, and then the first failure decides")
    func sendRetry() {
        var bench = Bench.master()
        bench.expire(.advert)
        bench.give(.sendFailed("EPERM"))
        bench.expire(.advert)
        bench.give(.sendFailed("EPERM"))
        bench.give(.sendFailed("EPERM"))
        #expect(bench.left(.sendRetry) == .seconds(3) + .microseconds(609_375))
        #expect(bench.expire(.sendRetry).brief == ["arm masterDown", "FAULT→BACKUP recovered"])
        bench.expire(.masterDown)
        #expect(bench.give(.sendFailed("EPERM")).transitions == ["MASTER→FAULT send_failed"])
        bench.expire(.sendRetry)
        bench.expire(.masterDown)
        bench.confirm()
        bench.expire(.advert)
        bench.give(.sendFailed("EPERM"))
        #expect(bench.instance.state == .master)
    }

    @Test("the retry does not end other causes")
    func retryWithOtherCause() {
        var bench = Bench.master()
        bench.give(.sendFailed("ENETDOWN"))
        bench.expire(.advert)
        bench.give(.sendFailed("ENETDOWN"))
        bench.give(.faultBegan(.linkDown("eth0")))
        #expect(bench.expire(.sendRetry).brief == ["tell faults"])
        #expect(bench.give(.faultEnded(.linkDown("eth0"))).transitions == ["FAULT→BACKUP recovered"])
    }

    @Test("a shutdown forgets the fault of sending, and a new start begins clean")
    func shutdown() {
        var bench = Bench.master()
        bench.give(.sendFailed("x"))
        bench.expire(.advert)
        bench.give(.sendFailed("x"))
        #expect(bench.give(.shutdown).brief == ["disarm sendRetry", "FAULT→INIT shutdown"])
        #expect(bench.give(.startup).transitions == ["INIT→BACKUP startup"])
    }
}
