/// A master that leaves politely is replaced within the skew time.
import VRRPCore
import Wire

/// LIVE-4: from the goodbye of a master that is stopped to the next holder, when somebody follows it.
package final class HandOverChecker: Checker {
    private struct HandOver {
        var left: Time
        var limit: Duration
        var successor: StationID
    }

    package private(set) var violations: [Violation] = []
    private var open: [VirtualAddressID: HandOver] = [:]
    /// What each instance follows: the master that it told of last, while it is backup.
    private var followed: [InstanceName: (master: IPAddress, since: Time)] = [:]

    package init() {}

    package func observe(_ record: Record, in world: World) {
        switch record {
        case .effect(.publish(.masterChanged(let master, _)), let name):
            followed[name] = (master, world.now)
        case .effect(.publish(.transition(from: .master, to: _, .shutdown, _)), let name):
            begin(name, world)
        case .effect(.publish(.transition(_, let next, _, _)), let name):
            if next != .backup { followed[name] = nil }
        case .held(let id, _):
            open[id] = nil
        case .acted, .processEnded:
            // Whatever is done to the cluster now excuses the successor, unless it was the stop itself.
            open = open.filter { $0.value.left == world.now }
        case .handled:
            if !open.isEmpty { check(world) }
        case .effect, .processStarted, .released, .expired:
            break
        }
    }

    package func finish(_ world: World) { check(world) }

    private func begin(_ name: InstanceName, _ world: World) {
        guard let node = world.node(name.node), node.isAttentive(at: world.now), node.releaseDelay == .zero,
            node.instances.count == 1, world.isFreeOfStrangers(since: world.now)
        else { return }
        for id in world.addresses.ids where node.instances[0].virtualAddresses.contains(world.addresses[id]) {
            guard world.addresses.holders(id).isEmpty,
                let (successor, limit) = successor(of: node, world)
            else { continue }
            open[id] = HandOver(left: world.now, limit: limit, successor: successor)
        }
    }

    /// The first backup that is able, hears the master, has followed it for a while, and needs nobody's permission.
    private func successor(of node: Node, _ world: World) -> (StationID, Duration)? {
        for other in world.nodes where other !== node && other.instances.count == 1 {
            let name = InstanceName(other.id, InstanceID(0))
            let config = other.instances[0]
            let core = other.standings[0]
            guard core.state == .backup, config.gates.isEmpty,
                let since = world.hearing(other, InstanceID(0), of: node, InstanceID(0)), other.firewall == .open,
                let followed = followed[name], followed.master == node.address,
                world.undisturbedSince(node, other) != nil, node.instances[0].version == config.version,
                config.virtualRouterID == node.instances[0].virtualRouterID,
                config.receive.authentication == node.instances[0].receive.authentication,
                config.interval == node.instances[0].interval,
                world.now - max(since, followed.since) > config.interval * 5, core.priority <= 254
            else { continue }
            let unit = config.version == .v2 ? Duration.seconds(1) : config.interval
            let skew = Duration.nanoseconds((256 - Int64(core.priority)) * unit.inNanoseconds / 256)
            return (other.id, skew * 1.01 + .milliseconds(20) + world.network.slowestPassage)
        }
        return nil
    }

    private func check(_ world: World) {
        for (id, handOver) in open where world.now - handOver.left > handOver.limit {
            open[id] = nil
            violations.append(
                Violation(
                    promise: "a master that is stopped is replaced within the skew time",
                    details:
                        "\(world.node(handOver.successor)?.name ?? "?") did not take \(world.addresses[id]) within "
                        + handOver.limit.milliseconds, time: world.now))
        }
    }
}
