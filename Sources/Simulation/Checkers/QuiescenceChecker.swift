/// A cluster at rest: long after the last fault, one node holds each address, and the clients know it.
import VRRPCore
import Wire

/// LIVE-2 and SAFE-7. It knows the plan of the cluster, because what rest looks like depends on the options.
package final class QuiescenceChecker: Checker {
    package private(set) var violations: [Violation] = []
    private let cluster: ClusterPlan
    private var lastTransition = Time(nanoseconds: 0)
    /// A node gave way to a deaf one, and keeps from preempting it for a while.
    private var hasGivenWay = false

    package init(_ cluster: ClusterPlan) { self.cluster = cluster }

    package func observe(_ record: Record, in world: World) {
        guard case .effect(.publish(.transition(_, _, let reason, _)), _) = record else { return }
        lastTransition = world.now
        if case .deafPeer = reason { hasGivenWay = true }
    }

    package func finish(_ world: World) {
        let configs = cluster.hosts.flatMap(\.instances)
        // Damping may hold a preemption off for longer than the run lasts; then the order of claims is not yet reached.
        let isDamped = configs.contains { $0.dampsFlapping } || hasGivenWay
        let isAnnouncedAgain = configs.allSatisfy { $0.announce.refresh > .zero }
        if !isDamped, world.now - lastTransition < cluster.unit * 10 {
            report(
                "a cluster at rest stays as it is", "the last transition was at \(milliseconds(lastTransition))", world)
        }
        for id in world.addresses.ids {
            let holders = world.addresses.holders(id).compactMap { world.node($0) }
            let names = holders.map(\.name).joined(separator: " ")
            guard holders.count == 1 else {
                report(
                    "a cluster at rest has one holder of each address",
                    "\(world.addresses[id]) is at: \(names.isEmpty ? "nobody" : names)", world)
                continue
            }
            if !isDamped, let best = best(id, world), priority(holders[0], id, world) < priority(best, id, world) {
                report(
                    "a preempting cluster at rest is served by its best node",
                    "\(world.addresses[id]) is at \(names), not at \(best.name)", world)
            }
            guard isAnnouncedAgain else { continue }
            for client in world.clients where client.target == id && client.follows != holders[0].id {
                let follows = client.follows.flatMap { world.node($0)?.name } ?? "nobody"
                report("clients at rest know the holder", "\(client.name) asks \(follows), not \(names)", world)
            }
        }
    }

    /// The node with the highest priority, if all of them preempt; a sync group may hold a better member back, and so may
    /// a gate.
    private func best(_ id: VirtualAddressID, _ world: World) -> Node? {
        let configs = cluster.hosts.flatMap(\.instances)
        guard cluster.group == nil, cluster.hosts.allSatisfy(\.groups.isEmpty), cluster.mismatch == nil,
            configs.allSatisfy({ $0.preempts && $0.gates.isEmpty })
        else { return nil }
        return world.nodes.max { priority($0, id, world) < priority($1, id, world) }
    }

    private func priority(_ node: Node, _ id: VirtualAddressID, _ world: World) -> UInt8 {
        world.instance(of: node, serving: id).map { node.standings[$0.index].priority } ?? 0
    }

    private func milliseconds(_ time: Time) -> String { (time - Time(nanoseconds: 0)).milliseconds }

    private func report(_ promise: String, _ details: String, _ world: World) {
        violations.append(Violation(promise: promise, details: details, time: world.now))
    }
}
