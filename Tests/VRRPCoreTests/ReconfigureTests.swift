/// Reload: what is unchanged keeps its state and timers (S-20).
import Testing
import Wire

@testable import VRRPCore

@Suite("A new configuration for a living instance")
struct ReconfigureTests {
    @Test("the same configuration does nothing at all", arguments: [State.backup, .master, .fault])
    func same(state: State) {
        var bench = state == .master ? Bench.master() : Bench.started()
        if state == .fault { bench.give(.faultBegan(.linkDown("eth0"))) }
        bench.wait(.milliseconds(100))
        #expect(bench.give(.reconfigure(Bench.config())).isEmpty)
    }

    @Test("a new interval reschedules without a transition")
    func interval() {
        var bench = Bench.master()
        #expect(
            bench.give(.reconfigure(Bench.config(interval: .milliseconds(100)))).brief == ["advert 100", "arm advert"])
        #expect((bench.left(.advert) ?? .zero) <= .milliseconds(100))
        var backup = Bench.started()
        #expect(backup.give(.reconfigure(Bench.config(interval: .seconds(2)))).brief == ["arm masterDown"])
        #expect(backup.left(.masterDown) == .seconds(6) + .nanoseconds(156 * 7_812_500))
    }

    @Test("a backup of version 3 keeps the interval it has learned from its master")
    func learned() {
        var bench = Bench.started()
        bench.hear(200, from: Node.higher, interval: .seconds(4))
        bench.give(.reconfigure(Bench.config(interval: .seconds(2))))
        #expect(bench.left(.masterDown) == .seconds(12) + .nanoseconds(156 * 15_625_000))
    }

    @Test("a new priority is said at once by a master, and moves a backup's waiting from the last advert")
    func priority() {
        var bench = Bench.master()
        #expect(bench.give(.reconfigure(Bench.config(priority: 90))).brief == ["advert 90", "tell priority"])
        var backup = Bench.started()
        backup.wait(.seconds(1))
        backup.give(.reconfigure(Bench.config(priority: 200)))
        #expect(backup.left(.masterDown) == .seconds(2) + .microseconds(218_750))
    }

    @Test("new addresses are asked for and announced, and the mastership goes on")
    func addresses() {
        var bench = Bench.master()
        let more = Bench.config { $0.virtualAddresses = [Node.virtual, Node.higher] }
        #expect(bench.give(.reconfigure(more)).brief == ["advert 100", "add"])
        #expect(bench.confirm().brief == ["announce restored 5"])
        #expect(bench.instance.sequence == 2)
    }

    @Test("checks of the same name keep their state; scripts keep their adjustments")
    func carriedOver() {
        func config(_ weight: Int, _ names: String...) -> InstanceConfig {
            Bench.config { $0.checks = names.map { CheckConfig(name: $0, weight: weight, rise: 2, fall: 2) } }
        }
        var bench = Bench.started(config(-20, "a", "b"))
        bench.give(.check(CheckID(1), .failed("x")))
        bench.give(.adjustPriority(key: "k", delta: 5, reason: ""))
        bench.give(.reconfigure(config(-30, "b", "c")))
        #expect(bench.instance.explanation == "100 −30 b +5 k = 75")
        #expect(bench.instance.checks.map(\.state) == [.down, .unknown])
        // One success does not bring it up: it keeps counting, it does not begin anew.
        bench.give(.check(CheckID(0), .passed))
        #expect(bench.instance.checks[0].state == .down)
    }

    @Test("other numbers for rise and fall keep the state and count afresh")
    func otherCounts() {
        var check = TrackedCheck(CheckConfig(name: "c"))
        _ = check.record(.passed)
        check.adopt(CheckConfig(name: "c", fall: 3))
        #expect(check.state == .up)
        _ = check.record(.failed(""))
        _ = check.record(.failed(""))
        #expect(check.state == .up)
        _ = check.record(.failed(""))
        #expect(check.state == .down)
    }

    @Test("a new check without weight does not take a living master down while it has not answered")
    func newCheck() {
        var bench = Bench.master()
        let config = Bench.config { $0.checks = [CheckConfig(name: "a")] }
        #expect(bench.give(.reconfigure(config)).isEmpty)
        #expect(bench.give(.check(CheckID(0), .failed("x"))).transitions == ["MASTER→FAULT check_failed"])
    }

    @Test("taking away the check that held the fault mends it")
    func removedCheck() {
        var bench = Bench.started(Bench.config { $0.checks = [CheckConfig(name: "a")] })
        bench.give(.check(CheckID(0), .failed("x")))
        #expect(bench.instance.state == .fault)
        #expect(bench.give(.reconfigure(Bench.config())).transitions == ["FAULT→BACKUP recovered"])
    }

    @Test("tracked interfaces keep what is known of them by name")
    func interfaces() {
        func config(_ names: String...) -> InstanceConfig {
            Bench.config { $0.trackedInterfaces = names.map { TrackedInterfaceConfig(name: $0, weight: -10) } }
        }
        var bench = Bench.started(config("eth1", "eth2"))
        bench.give(.trackedInterface(index: 1, isUp: false))
        bench.give(.reconfigure(config("eth2")))
        #expect(bench.instance.explanation == "100 −10 eth2 = 90")
    }

    @Test("the refresh of announcements can be switched on and off")
    func refresh() {
        var bench = Bench.master()
        let on = Bench.config { $0.announce.refresh = .seconds(30) }
        #expect(bench.give(.reconfigure(on)).brief == ["arm announceRefresh"])
        #expect(bench.give(.reconfigure(Bench.config())).brief == ["disarm announceRefresh"])
    }

    @Test("a preempt delay that is no longer configured stops")
    func preemptDelay() {
        var bench = Bench.started(Bench.config { $0.preemptDelay = .seconds(60) })
        bench.hear(90, from: Node.lower)
        #expect(bench.give(.reconfigure(Bench.config())).brief == ["disarm preemptDelay"])
    }
}
