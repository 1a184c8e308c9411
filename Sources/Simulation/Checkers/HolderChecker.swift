/// At most one holder among nodes that hear each other, and no promotion beside a healthy master.
import VRRPCore

/// SAFE-2, SAFE-3 and SAFE-6, as far as VRRP alone can keep them.
package final class HolderChecker: Checker {
    package private(set) var violations: [Violation] = []
    /// Addresses with more than one holder now; nearly always none.
    private var dual: Set<VirtualAddressID> = []
    private var reported: Set<VirtualAddressID> = []

    package init() {}

    package func observe(_ record: Record, in world: World) {
        switch record {
        case .held(let id, _), .released(let id, _):
            if world.addresses.holders(id).count > 1 {
                dual.insert(id)
            } else {
                dual.remove(id)
                reported.remove(id)
            }
        case .effect(.publish(.transition(_, .master, let reason, _)), let name):
            checkPromotion(name, reason, world)
        case .handled:
            for id in dual where !reported.contains(id) { checkHolders(id, world) }
        case .effect, .acted, .processStarted, .processEnded:
            break
        }
    }

    package func finish(_ world: World) {
        for id in dual where !reported.contains(id) { checkHolders(id, world) }
    }

    /// After a heal the loser hears the winner's next advert and yields in the same turn.
    private func checkHolders(_ id: VirtualAddressID, _ world: World) {
        let holders = world.addresses.holders(id).compactMap { world.node($0) }
        for (index, one) in holders.enumerated() {
            for other in holders[(index + 1)...] {
                guard let since = world.undisturbedSince(one, other),
                    let (mine, theirs) = world.rivals(one, other, for: id)
                else { continue }
                let interval = max(one.instances[mine.index].interval, other.instances[theirs.index].interval)
                guard world.now - since > interval * 1.1 + .milliseconds(50) + world.network.slowestPassage else {
                    continue
                }
                reported.insert(id)
                report(
                    "two nodes that hear each other do not hold one address for longer than an interval",
                    "\(world.claim(one, mine)) and \(world.claim(other, theirs)) hold \(world.addresses[id]), "
                        + "undisturbed since \((since - Time(nanoseconds: 0)).milliseconds)", world)
            }
        }
    }

    private func checkPromotion(_ name: InstanceName, _ reason: TransitionReason, _ world: World) {
        // A group follows its member, and a member may have a reason that this instance has not.
        if case .syncGroup = reason { return }
        guard let node = world.node(name.node) else { return }
        let mine = node.instances[name.instance.index]
        for address in mine.virtualAddresses {
            guard let id = world.addresses.ids.first(where: { world.addresses[$0] == address }) else { continue }
            for holder in world.addresses.holders(id).compactMap({ world.node($0) }) where holder !== node {
                guard let since = world.undisturbedSince(node, holder),
                    let (_, theirs) = world.rivals(node, holder, for: id),
                    let claim = holder.router?[theirs], claim.state == .master,
                    world.now - since > mine.interval * 2 + world.network.slowestPassage
                else { continue }
                let isBetter = (node.router?[name.instance].priority ?? 0) > claim.priority
                if isBetter && mine.preempts || mine.basePriority == 255 { continue }
                report(
                    "nobody promotes itself beside a master that it hears",
                    "\(world.claim(node, name.instance)) beside \(world.claim(holder, theirs)), \(reason.sentence)",
                    world)
            }
        }
    }

    private func report(_ promise: String, _ details: String, _ world: World) {
        violations.append(Violation(promise: promise, details: details, time: world.now))
    }
}
