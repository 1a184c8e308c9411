/// The scripts behind promotion gates: what each answers and when, and the locks that nodes share through them.
import VRRPCore

/// What a gate of a node does when it is asked.
package enum GateConduct: Hashable, Sendable {
    /// With a lease it says so once and never extends it.
    case allow(lease: Duration?)
    case deny(String)
    case fail(String)
    case silent
    /// Allows it to whoever gets the lock of the gate's name, which all nodes share by a third party that each of them
    /// always reaches. It renews the lock, and with it the lease, while its node is master.
    case lock(lease: Duration)
}

/// A gate's conduct, and how long it thinks first.
package struct GateBehaviour: Hashable, Sendable {
    package var conduct: GateConduct
    package var after: Duration

    package init(_ conduct: GateConduct, after: Duration = .zero) {
        self.conduct = conduct
        self.after = after
    }

    package static let standard = Self(.allow(lease: nil))
}

/// What happens on a node's script thread.
enum ScriptEvent {
    case answer(InstanceID, question: UInt32, gate: String)
    /// The lock of a gate is to be renewed, in the mastership with this number.
    case renew(InstanceID, gate: String, sequence: UInt64)
}

/// A lock in the third party: who has it, and until when.
struct SharedLock {
    var holder: StationID
    var until: Time

    /// The third party keeps a lock for half as long again as the lease that its holder is told: the margin for clocks
    /// that differ and for turns that begin late.
    static func kept(_ lease: Duration) -> Duration { lease * 1.5 }
}

/// One gate of one instance of a node.
struct GateName: Hashable {
    var instance: InstanceID
    var gate: String
}

extension Node {
    func behaviour(of gate: String, _ instance: InstanceID) -> GateBehaviour {
        gateBehaviours[GateName(instance: instance, gate: gate)] ?? .standard
    }
}

extension World {
    /// A message from one thread to the other takes so long.
    private static let passage = Duration.microseconds(50)

    func askGates(_ question: UInt32, _ instance: InstanceID, _ node: Node) {
        for gate in node.instances[instance.index].gates {
            let wait = node.behaviour(of: gate.name, instance).after + Self.passage
            add(.answer(instance, question: question, gate: gate.name), node, at: now + wait)
        }
    }

    /// A hook of the plugin: renews what it holds as long as its node is master, and gives it back afterwards.
    func tellScripts(from: State, to: State, _ sequence: UInt64, _ instance: InstanceID, _ node: Node) {
        guard !node.isScriptDead else { return }
        for gate in node.instances[instance.index].gates {
            guard case .lock = node.behaviour(of: gate.name, instance).conduct else { continue }
            if from == .master, locks[gate.name]?.holder == node.id { locks[gate.name] = nil }
            if to == .master {
                add(.renew(instance, gate: gate.name, sequence: sequence), node, at: now + Self.passage)
            }
        }
    }

    /// A fresh script thread takes up its work; what the former one had begun is lost.
    func startScripts(_ node: Node) {
        node.isScriptDead = false
        node.scriptGeneration += 1
        guard let router = node.router else { return }
        for index in node.instances.indices where router[InstanceID(index)].state == .master {
            tellScripts(
                from: .initialize, to: .master, router[InstanceID(index)].sequence, InstanceID(index), node)
        }
    }

    private func add(_ event: ScriptEvent, _ node: Node, at time: Time) {
        queue.add(
            .script(event, of: node.id, incarnation: node.incarnation, generation: node.scriptGeneration), at: time)
    }

    func play(_ event: ScriptEvent, _ node: Node, _ incarnation: UInt32, _ generation: UInt32) {
        guard node.isPowered, node.incarnation == incarnation, node.scriptGeneration == generation, !node.isScriptDead
        else { return }
        // A process that stands still has no thread that goes on.
        guard node.process == .running, node.busyUntil <= now else {
            let later = node.process == .running ? node.busyUntil : now + .milliseconds(1)
            queue.add(.script(event, of: node.id, incarnation: incarnation, generation: generation), at: later)
            return
        }
        switch event {
        case .answer(let instance, let question, let gate): answer(question, gate, instance, node)
        case .renew(let instance, let gate, let sequence): renew(gate, sequence, instance, node)
        }
    }

    private func answer(_ question: UInt32, _ gate: String, _ instance: InstanceID, _ node: Node) {
        let verdict: GateVerdict
        switch node.behaviour(of: gate, instance).conduct {
        case .allow(let lease): verdict = .allowed(until: lease.map { node.clock.local(now) + $0 })
        case .deny(let reason): verdict = .denied(reason)
        case .fail(let reason): verdict = .failed(reason)
        case .silent: return
        case .lock(let lease):
            // A question that was cancelled takes no lock.
            guard node.router?[instance].question?.number == question else { return }
            if let lock = locks[gate], lock.holder != node.id, lock.until > now {
                verdict = .denied("the lock is held by \(self.node(lock.holder)?.name ?? "another node")")
            } else {
                locks[gate] = SharedLock(holder: node.id, until: now + SharedLock.kept(lease))
                verdict = .allowed(until: node.clock.local(now) + lease)
            }
        }
        deliver(.gateAnswered(question: question, gate: gate, verdict), instance, node)
    }

    private func renew(_ gate: String, _ sequence: UInt64, _ instance: InstanceID, _ node: Node) {
        guard case .lock(let lease) = node.behaviour(of: gate, instance).conduct,
            let core = node.router?[instance], core.state == .master, core.sequence == sequence,
            let lock = locks[gate], lock.holder == node.id, lock.until > now
        else { return }
        locks[gate] = SharedLock(holder: node.id, until: now + SharedLock.kept(lease))
        deliver(.extendLease(gate: gate, until: node.clock.local(now) + lease), instance, node)
        add(.renew(instance, gate: gate, sequence: sequence), node, at: now + .nanoseconds(lease.inNanoseconds / 3))
    }

    /// The script's message reaches the main thread's mailbox. No disturbance: it is everyday work.
    private func deliver(_ input: Input, _ instance: InstanceID, _ node: Node) {
        node.inbox.notices.append((input, instance))
        attend(node)
    }
}
