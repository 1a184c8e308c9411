/// Nothing grows without bound, whatever strangers send; and where nothing is wrong, nobody holds an address twice.
import VRRPCore

/// RES-1, for what a simulation can see: what is waiting, and what one input leads to.
package final class ResourceChecker: Checker {
    /// Frames on their way, and everything else that is planned.
    private static let mostEvents = 50_000
    /// One input of one instance.
    private static let mostEffects = 200

    package private(set) var violations: [Violation] = []
    private var effects = 0

    package init() {}

    package func observe(_ record: Record, in world: World) {
        switch record {
        case .effect: effects += 1
        case .handled:
            if effects > Self.mostEffects { report("one input leads to a bounded number of effects", effects, world) }
            if world.queue.count > Self.mostEvents { report("no queue grows without bound", world.queue.count, world) }
            effects = 0
        case .acted, .processStarted, .processEnded, .held, .released, .expired: break
        }
    }

    package func finish(_ world: World) {}

    private func report(_ promise: String, _ count: Int, _ world: World) {
        violations.append(Violation(promise: promise, details: "\(count)", time: world.now))
        world.halt()
    }
}

/// SAFE-3: without a single fault no address has two holders for longer than it takes to hear of it.
package final class PeaceChecker: Checker {
    /// A round trip, and a kernel that releases after the goodbye.
    private static let longest = Duration.milliseconds(10)

    package private(set) var violations: [Violation] = []
    private let holding = HoldingLog()
    private let isPeaceful: Bool

    package init(isPeaceful: Bool) { self.isPeaceful = isPeaceful }

    package func observe(_ record: Record, in world: World) {
        if isPeaceful { holding.observe(record, in: world) }
    }

    package func finish(_ world: World) {
        holding.finish(at: world.now)
        guard isPeaceful, holding.longestDual > Self.longest else { return }
        violations.append(
            Violation(
                promise: "without faults no address has two holders", details: holding.longestDual.milliseconds,
                time: world.now))
    }
}
