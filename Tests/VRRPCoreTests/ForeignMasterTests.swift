/// Masters that advertise our address under other terms: when they are forgotten, and what is said of it.
import Testing
import Wire

@testable import VRRPCore

@Suite("Masters under other terms")
struct ForeignMasterTests {
    @Test("a foreign master that says goodbye holds nothing any more")
    func goodbye() {
        var bench = Bench.started(Bench.guarded())
        bench.run(.seconds(3))
        bench.hear(foreign: 90, from: Node.lower, .virtualRouterID(52))
        bench.hear(foreign: 0, from: Node.lower, .virtualRouterID(52))
        #expect(bench.instance.guarding.evidence.foreign.isEmpty)
        let effects = bench.run(.seconds(1))
        #expect(effects.transitions == ["BACKUP→MASTER master_down"])
        #expect(!effects.brief.contains("tell promotion_held"))
    }

    @Test("a hold ends with the truth about its reason")
    func reasonOfTheEnd() {
        var bench = Bench.started(Bench.guarded())
        var effects: [Effect] = []
        for _ in 0..<12 {
            bench.hear(foreign: 90, from: Node.lower, .virtualRouterID(52))
            effects += bench.runClaimed(.seconds(1), by: 9, host: Node.lower)
        }
        #expect(bench.instance.state == .backup)
        // It has left; what its kernel said a moment ago is another matter, whose time is over.
        bench.hear(foreign: 0, from: Node.lower, .virtualRouterID(52))
        effects = bench.run(.seconds(1))
        let ends = effects.compactMap { effect -> Bool? in
            if case .publish(.guarded(.holdEnded(_, _, let isGone))) = effect { isGone } else { nil }
        }
        #expect(ends == [true])
        #expect(effects.transitions == ["BACKUP→MASTER master_down"])
    }
}
