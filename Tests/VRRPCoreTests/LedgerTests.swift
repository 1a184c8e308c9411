/// The effective priority and its explanation.
import Testing
import Wire

@testable import VRRPCore

@Suite("Priority ledger")
struct LedgerTests {
    static func ledger(_ base: UInt8, _ entries: (PriorityLedger.Source, Int, String)...) -> PriorityLedger {
        var ledger = PriorityLedger(base: base)
        for (source, delta, label) in entries { ledger.set(source, to: delta, label: label) }
        return ledger
    }

    @Test("explains the sum")
    func explanation() {
        let ledger = Self.ledger(200, (.check(0), -20, "mycat.backends"))
        #expect(ledger.effective == 180)
        #expect(ledger.explanation == "200 −20 mycat.backends = 180")
        #expect(PriorityLedger(base: 100).explanation == "100")
    }

    @Test("a long sum is cut, with the rest in one term")
    func longSum() {
        var ledger = PriorityLedger(base: 200)
        for number in 0..<10 { ledger.set(.check(number), to: -number - 1, label: "c\(number)") }
        #expect(
            ledger.explanation
                == "200 −1 c0 −2 c1 −3 c2 −4 c3 −5 c4 −6 c5 −7 c6 −8 c7 −19 of 2 others = 145")
    }

    @Test("names checks before interfaces before scripts, whatever happened first")
    func order() {
        let ledger = Self.ledger(
            100, (.script("b"), 1, "b"), (.interface(0), -10, "eth1"), (.check(1), 5, "two"), (.check(0), 5, "one"))
        #expect(ledger.explanation == "100 +5 one +5 two −10 eth1 +1 b = 101")
    }

    @Test("stays within 1 … 254 and says when it does")
    func clamp() {
        let low = Self.ledger(10, (.check(0), -20, "x"))
        #expect(low.effective == 1)
        #expect(low.explanation == "10 −20 x = −10, kept at 1")
        let high = Self.ledger(250, (.check(0), 253, "x"))
        #expect(high.effective == 254)
        #expect(high.explanation == "250 +253 x = 503, kept at 254")
    }

    @Test("adds up beyond the limits before it clamps, as keepalived does")
    func sumFirst() {
        #expect(Self.ledger(10, (.check(0), -50, "x"), (.check(1), 45, "y")).effective == 5)
    }

    @Test("never moves the owner (P-01)")
    func owner() {
        let ledger = Self.ledger(255, (.check(0), -253, "x"))
        #expect(ledger.effective == 255)
        #expect(ledger.explanation == "255 (owner)")
    }

    @Test("an adjustment is kept by its key: the last one wins, and 0 takes it back")
    func keys() {
        var bench = Bench.master()
        #expect(
            bench.give(.adjustPriority(key: "lag", delta: -30, reason: "12 s behind")).brief
                == ["advert 70", "tell priority"])
        #expect(bench.instance.explanation == "100 −30 lag (12 s behind) = 70")
        #expect(bench.give(.adjustPriority(key: "lag", delta: -30, reason: "13 s behind")).isEmpty)
        bench.give(.adjustPriority(key: "lag", delta: -5, reason: ""))
        bench.give(.adjustPriority(key: "other", delta: -6, reason: ""))
        #expect(bench.instance.priority == 89)
        bench.give(.adjustPriority(key: "lag", delta: 0, reason: ""))
        #expect(bench.instance.explanation == "100 −6 other = 94")
    }

    @Test("a master says its new priority at once, and the event carries the explanation")
    func event() {
        var bench = Bench.master(Bench.config(priority: 200) { $0.checks = [CheckConfig(name: "c", weight: -20)] })
        #expect(
            bench.give(.check(CheckID(0), .failed("refused"))) == [
                .sendAdvert(priority: 180), .publish(.checkChanged(CheckID(0), .down, reason: "refused")),
                .publish(.priority(effective: 180, explanation: "200 −20 c = 180")),
            ])
    }

    @Test("tracked interfaces count once they are known")
    func interfaces() {
        let config = Bench.config {
            $0.trackedInterfaces = [
                TrackedInterfaceConfig(name: "up", weight: 10), TrackedInterfaceConfig(name: "down", weight: -20),
                TrackedInterfaceConfig(name: "reverse", weight: 5, isReversed: true),
            ]
        }
        var bench = Bench(config)
        #expect(bench.instance.priority == 100)
        for index in 0..<3 { bench.give(.trackedInterface(index: index, isUp: true)) }
        #expect(bench.instance.explanation == "100 +10 up −5 reverse = 105")
        for index in 0..<3 { bench.give(.trackedInterface(index: index, isUp: false)) }
        #expect(bench.instance.explanation == "100 −20 down = 80")
        #expect(bench.give(.trackedInterface(index: 3, isUp: false)).isEmpty)
    }
}
