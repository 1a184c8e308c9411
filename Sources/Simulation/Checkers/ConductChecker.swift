/// Each node keeps the rules of its own conduct: what it sends, asks for and reports fits its state.
import VRRPCore

/// SAFE-5 and the small print of the core: effects are asked for in an order that a kernel and a hook can trust.
package final class ConductChecker: Checker {
    private struct Conduct {
        var state = State.initialize
        var sequence: UInt64 = 0
        /// Addresses were asked for and not removed since.
        var hasAsked = false
        /// The kernel or an operator took addresses away or changed their list, so asking again is right.
        var mayAskAgain = false
        /// A lifetime ended, and the news of it may come when the next mastership has asked already.
        var hasExpired = false
        /// A non-zero advert was sent, and the last report is of a state that is not master. On promotion the advert
        /// comes first.
        var hasSpoken = false
    }

    package private(set) var violations: [Violation] = []
    package private(set) var transitions = 0
    private var conducts: [InstanceName: Conduct] = [:]

    package init() {}

    package func observe(_ record: Record, in world: World) {
        switch record {
        case .effect(let effect, let name):
            judge(effect, name, world)
        case .handled(let name):
            judgeHolding(name, world)
        case .processStarted(let station), .processEnded(let station):
            conducts = conducts.filter { $0.key.node != station }
        case .released(_, let station):
            for name in conducts.keys where name.node == station { conducts[name]?.mayAskAgain = true }
        case .acted(.instance(let action, let target)):
            if case .reload = action, let (node, instance) = try? world.find(target) {
                conducts[InstanceName(node.id, instance)]?.mayAskAgain = true
            }
        case .expired(_, let station):
            for name in conducts.keys where name.node == station { conducts[name]?.hasExpired = true }
        case .acted, .held:
            break
        }
    }

    package func finish(_ world: World) {}

    private func judge(_ effect: Effect, _ name: InstanceName, _ world: World) {
        var conduct = conducts[name] ?? Conduct()
        switch effect {
        case .sendAdvert(let priority):
            if priority > 0 && conduct.state != .master { conduct.hasSpoken = true }
        case .addAddresses:
            if conduct.hasAsked && !conduct.mayAskAgain {
                if !conduct.hasExpired { report("addresses are not added twice without a removal", name, "", world) }
                conduct.hasExpired = false
            }
            conduct.hasAsked = true
            conduct.mayAskAgain = false
        case .removeAddresses:
            conduct.hasAsked = false
        case .publish(.transition(let from, let to, let reason, let sequence)):
            if from != conduct.state || sequence != conduct.sequence + 1 || from == to {
                report(
                    "transitions are told in order and without gaps", name,
                    "\(from)→\(to), number \(sequence), after \(conduct.state), number \(conduct.sequence): "
                        + reason.sentence, world)
            }
            transitions += 1
            if to == .master { conduct.hasSpoken = false }
            conduct.state = to
            conduct.sequence = sequence
        case .publish, .announce, .arm, .disarm, .askGates, .cancelGates, .probe, .listenBeforeFirewall, .tellPeer,
            .removeStaleAddresses, .announceElsewhere:
            break
        }
        conducts[name] = conduct
    }

    /// Judged when all effects of an input are done.
    private func judgeHolding(_ name: InstanceName, _ world: World) {
        guard let node = world.node(name.node), let conduct = conducts[name] else { return }
        if conduct.hasSpoken {
            if conduct.state != .master { report("only a master advertises", name, "it is \(conduct.state)", world) }
            conducts[name]?.hasSpoken = false
        }
        if node.router != nil, node.state(name.instance) != conduct.state {
            report("the state is the one that was told last", name, "it is \(node.state(name.instance))", world)
        }
        // A kernel that releases slowly is no misconduct of the daemon, and what expired has told so.
        guard conduct.state != .master, world.now >= node.releasedBy, node.releaseDelay == .zero else { return }
        for id in world.addresses.ids where world.addresses.isHeld(id, by: name.node) {
            guard node.instances[name.instance.index].virtualAddresses.contains(world.addresses[id]) else { continue }
            report("only a master holds the address", name, "it is \(conduct.state)", world)
        }
    }

    private func report(_ promise: String, _ name: InstanceName, _ details: String, _ world: World) {
        let node = world.node(name.node)
        let instance = node?.instances[name.instance.index].name ?? "?"
        violations.append(
            Violation(promise: promise, details: "\(node?.name ?? "?")/\(instance) \(details)", time: world.now))
    }
}
