/// Somebody holds each address while somebody is able to.
import VRRPCore

/// LIVE-1 without a guard: the first able node takes an abandoned address after its master down interval.
package final class ServiceChecker: Checker {
    package private(set) var violations: [Violation] = []
    /// By station: since when a node has been able to serve; nil while it is not.
    private var ableSince: [Time?] = []
    private let holding = HoldingLog()
    private var reported: Set<VirtualAddressID> = []

    package init() {}

    package func observe(_ record: Record, in world: World) {
        holding.observe(record, in: world)
        switch record {
        case .held(let id, _):
            reported.remove(id)
        case .handled(let name):
            judge(name.node, world)
            check(world)
        case .acted:
            for node in world.nodes { judge(node.id, world) }
        case .processStarted(let station), .processEnded(let station):
            judge(station, world)
        case .effect, .expired, .released:
            break
        }
    }

    package func finish(_ world: World) { check(world) }

    private func judge(_ station: StationID, _ world: World) {
        while ableSince.count < world.network.stationCount { ableSince.append(nil) }
        guard let node = world.node(station) else { return }
        let isAble =
            node.isAttentive(at: world.now)
            && node.standings.allSatisfy { $0.state == .backup || $0.state == .master } && world.isObliging(node)
        if !isAble {
            ableSince[station.index] = nil
        } else if ableSince[station.index] == nil {
            ableSince[station.index] = world.now
        }
    }

    private func check(_ world: World) {
        for id in world.addresses.ids where id.index < holding.vacantSince.count && !reported.contains(id) {
            guard let vacant = holding.vacantSince[id.index] else { continue }
            for node in world.nodes {
                guard node.id.index < ableSince.count, let able = ableSince[node.id.index],
                    let instance = world.instance(of: node, serving: id)
                else { continue }
                let since = max(max(vacant, able), node.disturbedAt)
                // The sums below cost more than this look.
                guard world.now - since > node.instances[instance.index].interval * 3 else { continue }
                guard world.now - since > patience(world) + hold(node, instance, since, world) else { continue }
                reported.insert(id)
                violations.append(
                    Violation(
                        promise: "an able node takes an address that nobody holds",
                        details: "\(world.claim(node, instance)) does not hold \(world.addresses[id]), "
                            + "vacant since \((vacant - Time(nanoseconds: 0)).milliseconds)",
                        time: world.now))
                return
            }
        }
    }

    /// How much longer a guard may wait: until its last round of questions tells that the claim is gone; and for a whole
    /// hold when strangers or nodes that misunderstand it give it a reason, or its interface has heard nothing.
    private func hold(_ node: Node, _ instance: InstanceID, _ since: Time, _ world: World) -> Duration {
        guard let guarding = node.instances[instance.index].guarding else { return .zero }
        let intervals = world.nodes.flatMap(\.instances).map(\.interval)
        let interval = intervals.max() ?? .seconds(1)
        let few = interval * 1.2 + .milliseconds(50)
        let isUnderstood = world.nodes.allSatisfy { other in
            other.instances.indices.contains(instance.index)
                && other.instances[instance.index].virtualRouterID == node.instances[instance.index].virtualRouterID
                && other.instances[instance.index].version == node.instances[instance.index].version
                && other.instances[instance.index].receive.authentication
                    == node.instances[instance.index].receive.authentication
        }
        guard !world.isFreeOfStrangers(since: since) || !isUnderstood || !node.isCarrying || node.carryingSince >= since
        else { return few }
        return few + (guarding.longestHold ?? interval * 4) * 1.05 + interval * 3
    }

    /// The longest master down interval of any instance, since version 3 learns the interval of others.
    private func patience(_ world: World) -> Duration {
        var longest = Duration.zero
        for node in world.nodes {
            for config in node.instances {
                longest = max(longest, config.interval * (config.downTimerAdverts + 1))
            }
        }
        return (longest + world.gatePatience(longest)) * 1.05 + .milliseconds(100) + world.network.slowestPassage
    }
}

extension World {
    /// Every gate of the node would allow it in time, unless another node has its lock.
    fileprivate func isObliging(_ node: Node) -> Bool {
        for index in node.instances.indices {
            for gate in node.instances[index].gates {
                let behaviour = node.behaviour(of: gate.name, InstanceID(index))
                guard !node.isScriptDead, behaviour.after < gate.timeout else { return false }
                switch behaviour.conduct {
                case .allow(nil), .lock: break
                case .allow, .deny, .fail, .silent: return false
                }
            }
        }
        return true
    }

    /// How much longer gates may keep an address vacant: the wait after lost leases, the lock of a holder that died, and
    /// the question itself.
    fileprivate func gatePatience(_ masterDown: Duration) -> Duration {
        var longest = Duration.zero
        for node in nodes {
            for index in node.instances.indices {
                for gate in node.instances[index].gates {
                    var span = gate.timeout + masterDown * 9
                    if case .lock(let lease) = node.behaviour(of: gate.name, InstanceID(index)).conduct {
                        span += SharedLock.kept(lease)
                    }
                    longest = max(longest, span)
                }
            }
        }
        return longest
    }
}
