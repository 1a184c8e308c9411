/// At most one holder among nodes that hear each other, and no promotion beside a healthy master.
import VRRPCore

/// SAFE-2, SAFE-4, SAFE-6 and SAFE-9: what VRRP keeps by itself, and what the guard adds.
package final class HolderChecker: Checker {
    package private(set) var violations: [Violation] = []
    /// Addresses with more than one holder now, and when the last of them came; nearly always none.
    private var dual: [VirtualAddressID: Time] = [:]
    private var reported: Set<VirtualAddressID> = []
    /// When an instance became backup last: in its start-up delay it drops what it hears.
    private var listeningSince: [InstanceName: Time] = [:]

    package init() {}

    package func observe(_ record: Record, in world: World) {
        switch record {
        case .held(let id, _):
            if world.addresses.holders(id).count > 1 { dual[id] = world.now }
        case .released(let id, _):
            if world.addresses.holders(id).count < 2 {
                dual[id] = nil
                reported.remove(id)
            }
        case .effect(.publish(.transition(_, .backup, _, _)), let name):
            listeningSince[name] = world.now
        case .effect(.publish(.transition(_, .master, let reason, _)), let name):
            checkPromotion(name, reason, world)
        case .handled:
            if !dual.isEmpty { checkAll(world) }
        case .effect, .expired, .acted, .processStarted, .processEnded:
            break
        }
    }

    package func finish(_ world: World) {
        checkAll(world)
    }

    private func checkAll(_ world: World) {
        for id in world.addresses.ids where !reported.contains(id) {
            if let began = dual[id] { checkHolders(id, began, world) }
        }
    }

    /// After a heal the loser hears the winner's next advert, or its heartbeat, and yields in the same turn (SAFE-2). When
    /// they do not understand each other, one more interval is needed to find that out (SAFE-9). When the loser is deaf, the
    /// winner finds out and gives way (H4).
    private func checkHolders(_ id: VirtualAddressID, _ began: Time, _ world: World) {
        let holders = world.addresses.holders(id).compactMap { world.node($0) }
        for (index, one) in holders.enumerated() {
            for other in holders[(index + 1)...] {
                guard let mine = world.instance(of: one, serving: id),
                    let theirs = world.instance(of: other, serving: id),
                    one.state(mine) == .master, other.state(theirs) == .master
                else { continue }
                let (left, right) = (one.standings[mine.index], other.standings[theirs.index])
                let isLeftBetter = world.outranks(one, mine, other, theirs)
                let (winner, winning) = isLeftBetter ? (one, mine) : (other, theirs)
                let (loser, losing) = isLeftBetter ? (other, theirs) : (one, mine)
                let since = max(max(began, left.since), right.since)
                let interval = max(one.instances[mine.index].interval, other.instances[theirs.index].interval)
                let slack = Duration.milliseconds(50) + world.network.slowestPassage
                func isOver(_ start: Time?, _ intervals: Double) -> Bool {
                    guard let start else { return false }
                    return world.now - max(start, since) > interval * intervals + slack
                }
                let promise: String
                if isOver(world.hearing(loser, losing, of: winner, winning), 1.1) {
                    promise = "two nodes that hear each other do not hold one address for longer than an interval"
                } else if isOver(world.exposure(loser, losing, of: winner, winning), 3.1) {
                    promise =
                        "nodes that misunderstand each other do not hold one address for longer than three intervals"
                } else if isOver(world.deafness(of: loser, losing, to: winner, winning), 5.1) {
                    promise = "a node that hears gives way to one that does not within five intervals"
                } else {
                    continue
                }
                reported.insert(id)
                report(
                    promise,
                    "\(world.claim(winner, winning)) and \(world.claim(loser, losing)) hold \(world.addresses[id]), "
                        + "since \((since - Time(nanoseconds: 0)).milliseconds)", world)
            }
        }
    }

    private func checkPromotion(_ name: InstanceName, _ reason: TransitionReason, _ world: World) {
        switch reason {
        // A group follows its member, and a member may have a reason that this instance has not. After a goodbye only the
        // skew time counts (M-07), and another master may be silent for longer than that.
        case .syncGroup, .masterLeft, .masterUnfit: return
        case .startup, .shutdown, .masterDown, .preempting, .lostElection, .owner, .fault, .recovered, .addressLost,
            .addressRefused, .overslept, .leaseExpired, .deafPeer:
            break
        }
        guard let node = world.node(name.node) else { return }
        let mine = node.instances[name.instance.index]
        for address in mine.virtualAddresses {
            guard let id = world.addresses.ids.first(where: { world.addresses[$0] == address }) else { continue }
            for holder in world.addresses.holders(id).compactMap({ world.node($0) }) where holder !== node {
                guard let theirs = world.instance(of: holder, serving: id), holder.state(theirs) == .master,
                    let heard = world.hearing(node, name.instance, of: holder, theirs),
                    let listening = listeningSince[name]
                else { continue }
                let claim = holder.standings[theirs.index]
                let since = max(max(heard, listening), claim.since)
                let interval = max(mine.interval, holder.instances[theirs.index].interval)
                guard world.now - since > interval * 2.6 + world.network.slowestPassage else { continue }
                let isBetter = node.standings[name.instance.index].priority > claim.priority
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
