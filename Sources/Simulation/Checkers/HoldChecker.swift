/// What the guard holds back it holds back for no longer than it says, and once in an outage.
import VRRPCore

/// LIVE-5, by what the instances tell: a forger or a proxy costs at most one hold.
package final class HoldChecker: Checker {
    private struct Hold {
        var began: Time
        var limit: Duration?
    }

    package private(set) var violations: [Violation] = []
    private var holds: [InstanceName: Hold] = [:]
    /// A hold ended although its reason went on; the next thing must be a promotion, or somebody else's advert.
    private var spent: [InstanceName: Time] = [:]

    package init() {}

    package func observe(_ record: Record, in world: World) {
        switch record {
        case .effect(.publish(.guarded(.promotionHeld(_, let limit))), let name):
            let began = holds[name]?.began ?? world.now
            holds[name] = Hold(began: began, limit: limit)
            if spent[name] == world.now {
                report("an outage is held once", "held again", name, world)
            }
        case .effect(.publish(.guarded(.holdEnded(_, let span, let isGone))), let name):
            let hold = holds.removeValue(forKey: name)
            if !isGone { spent[name] = world.now }
            guard let limit = hold?.limit, let node = world.node(name.node), node.isAttentive(at: world.now),
                world.now - node.disturbedAt > span
            else { return }
            // The span is by the node's clock, which may run half a percent fast or slow.
            let round = node.instances[name.instance.index].interval / 2
            if span > limit * 1.01 + round + .milliseconds(1) {
                report(
                    "a hold ends when its time is over", "\(span.milliseconds) instead of \(limit.milliseconds)", name,
                    world)
            }
        case .processEnded(let station):
            holds = holds.filter { $0.key.node != station }
            spent = spent.filter { $0.key.node != station }
        case .effect, .acted, .processStarted, .held, .released, .expired, .handled:
            break
        }
    }

    package func finish(_ world: World) {}

    private func report(_ promise: String, _ details: String, _ name: InstanceName, _ world: World) {
        violations.append(
            Violation(promise: promise, details: "\(world.node(name.node)?.name ?? "?") \(details)", time: world.now))
    }
}
