/// What a strict gate promises: nodes that share one lock never hold an address together, whatever the network does.
import VRRPCore

/// Judges instances whose gates all nodes answer from the same lock. Neither cuts nor partitions excuse anything here; only
/// a process that is not running does, for its kernel keeps what it had.
package final class LockChecker: Checker {
    package private(set) var violations: [Violation] = []
    private var reported: Set<String> = []

    package init() {}

    package func observe(_ record: Record, in world: World) {
        switch record {
        case .held(let id, _):
            checkHolders(id, world)
        case .effect(.publish(.transition(_, .master, _, _)), let name):
            checkPromotion(name, world)
        case .handled:
            guard !world.locks.isEmpty else { return }
            for id in world.addresses.ids where world.addresses.holderCount(id) > 1 { checkHolders(id, world) }
        case .effect, .released, .expired, .acted, .processStarted, .processEnded:
            break
        }
    }

    package func finish(_ world: World) {}

    private func checkHolders(_ id: VirtualAddressID, _ world: World) {
        let holders = world.addresses.holders(id).compactMap { world.node($0) }.filter { node in
            guard node.process == .running, node.busyUntil < world.now, node.releasedBy < world.now,
                let instance = world.instance(of: node, serving: id)
            else { return false }
            return lock(of: node, instance) != nil
        }
        guard holders.count > 1 else { return }
        report(
            "nodes that share a lock never hold an address together",
            "\(world.addresses[id]) is at: " + holders.map(\.name).joined(separator: " "), world)
    }

    private func checkPromotion(_ name: InstanceName, _ world: World) {
        guard let node = world.node(name.node), let gate = lock(of: node, name.instance) else { return }
        if let lock = world.locks[gate], lock.holder == node.id, lock.until > world.now { return }
        report("a node becomes master only with its lock", node.name, world)
    }

    private func lock(of node: Node, _ instance: InstanceID) -> String? {
        node.instances[instance.index].gates.first { gate in
            guard case .lock = node.behaviour(of: gate.name, instance).conduct else { return false }
            return true
        }?.name
    }

    private func report(_ promise: String, _ details: String, _ world: World) {
        guard reported.insert(promise + details).inserted else { return }
        violations.append(Violation(promise: promise, details: details, time: world.now))
    }
}
