/// At most one holder among nodes that hear each other, and no promotion beside a healthy master.
import VRRPCore

/// SAFE-2, SAFE-3 and SAFE-6, as far as VRRP alone can keep them.
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

    /// After a heal the loser hears the winner's next advert and yields in the same turn.
    private func checkHolders(_ id: VirtualAddressID, _ began: Time, _ world: World) {
        let holders = world.addresses.holders(id).compactMap { world.node($0) }
        for (index, one) in holders.enumerated() {
            for other in holders[(index + 1)...] {
                guard let undisturbed = world.undisturbedSince(one, other),
                    let (mine, theirs) = world.rivals(one, other, for: id)
                else { continue }
                let since = max(undisturbed, began)
                let interval = max(one.instances[mine.index].interval, other.instances[theirs.index].interval)
                guard world.now - since > interval * 1.1 + .milliseconds(50) + world.network.slowestPassage else {
                    continue
                }
                reported.insert(id)
                report(
                    "two nodes that hear each other do not hold one address for longer than an interval",
                    "\(world.claim(one, mine)) and \(world.claim(other, theirs)) hold \(world.addresses[id]), "
                        + "undisturbed since \((undisturbed - Time(nanoseconds: 0)).milliseconds)", world)
            }
        }
    }

    private func checkPromotion(_ name: InstanceName, _ reason: TransitionReason, _ world: World) {
        switch reason {
        // A group follows its member, and a member may have a reason that this instance has not. After a goodbye only the
        // skew time counts (M-07), and another master may be silent for longer than that.
        case .syncGroup, .masterLeft: return
        case .startup, .shutdown, .masterDown, .preempting, .lostElection, .owner, .fault, .recovered, .addressLost,
            .addressRefused, .overslept, .leaseExpired, .masterUnfit, .deafPeer:
            break
        }
        guard let node = world.node(name.node) else { return }
        let mine = node.instances[name.instance.index]
        for address in mine.virtualAddresses {
            guard let id = world.addresses.ids.first(where: { world.addresses[$0] == address }) else { continue }
            for holder in world.addresses.holders(id).compactMap({ world.node($0) }) where holder !== node {
                guard let undisturbed = world.undisturbedSince(node, holder),
                    let (_, theirs) = world.rivals(node, holder, for: id),
                    let claim = holder.router?[theirs], claim.state == .master, let listening = listeningSince[name]
                else { continue }
                let since = max(max(undisturbed, listening), claim.since)
                let interval = max(mine.interval, holder.instances[theirs.index].interval)
                guard world.now - since > interval * 2 + world.network.slowestPassage else { continue }
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
