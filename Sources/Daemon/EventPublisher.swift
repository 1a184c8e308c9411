/// Tells the log and the scripts what the core decided: the one place where events become lines and hooks.
import LinuxIO
import Logging
import LuaHost
import VRRPCore
import Wire

/// Lives on the main thread. Called only for events, never on the path of an advert.
package final class EventPublisher {
    private enum Repeated: Hashable {
        case dualMaster(InstanceID)
        case masterChanged(InstanceID)
        case duplicateAddress(InstanceID)
        case advertLate(InstanceID)
        case addressLost(InstanceID, IPAddress)
        case intervalAdopted(InstanceID)
        case gatesAsked(InstanceID)
        case promotionDenied(InstanceID, gate: String)
        case guarded(InstanceID, word: String, peer: String?)
    }

    /// A kind of guard events of one instance, whoever causes them.
    private struct GuardKind: Hashable {
        var id: InstanceID
        var word: String
    }

    private let logger: Logger
    private var limit = RateLimit<Repeated>()
    /// Apart from the others, so that made-up senders cannot push a kind out of the table.
    private var guardKinds = RateLimit<GuardKind>()
    /// Transitions to MASTER whose hooks wait until the kernel has confirmed the addresses.
    private var waiting: [InstanceID: TransitionMessage] = [:]
    private var lastTransitions: [InstanceID: String] = [:]
    private var transitions: [InstanceID: [TransitionCause: UInt64]] = [:]
    package weak var scripts: ScriptBridge?
    /// Runs work a little later. Between the kernel's setting of the addresses and the hook for MASTER nothing is
    /// formatted and no thread but the scripts' is woken.
    package var later: (@escaping () -> Void) -> Void = { $0() }
    /// Tells hooks of more than transitions.
    package var news: HookNews?
    weak var notifier: StateNotifier?
    /// Keeps every event that the log has a line for.
    package var journal: EventJournal?

    package init(logger: Logger) { self.logger = logger }

    /// The last transition of an instance in words, for `halua status`.
    package func lastTransition(of id: InstanceID) -> String { lastTransitions[id] ?? "not started" }

    /// How often an instance came to each state, and why.
    package func transitionCounts(of id: InstanceID) -> [TransitionCause: UInt64] { transitions[id] ?? [:] }

    package func publish(_ event: Event, of id: InstanceID, _ instance: Instance, interface: String, now: Int64) {
        var heldBack = 0
        if case .guarded(let event) = event {
            // Strangers can cause these at any rate and under any name; hooks are spared as the log is.
            guard let admitted = admit(event, id, instance.config, now) else { return }
            heldBack = admitted
        }
        // Hooks first: the line in the log can wait a moment longer than a service that waits for its address.
        tell(event, id, instance, interface, now)
        news?.note(event, of: id, instance, now: now)
        notifier?.receive(event, of: id, instance)
        let (config, priority) = (instance.config, instance.priority)
        let realtime = journal == nil ? 0 : Clock.realtime
        later { [self] in log(event, id, config, priority, now, heldBack, realtime) }
    }

    /// Two of a kind about one station, and eight about all of them, in ten seconds.
    private func admit(
        _ event: GuardEvent, _ id: InstanceID, _ config: InstanceConfig, _ now: Int64
    ) -> Int? {
        let key = Repeated.guarded(id, word: event.word, peer: event.peer ?? event.hardware.map { "\($0)" })
        guard let heldBack = limit.admit(key, now: now, burst: 2),
            guardKinds.admit(GuardKind(id: id, word: event.word), now: now, burst: 8) != nil
        else { return nil }
        limit.remember("\(config.name): \(event.sentence(in: config))", of: key)
        return heldBack
    }

    private func tell(_ event: Event, _ id: InstanceID, _ instance: Instance, _ interface: String, _ now: Int64) {
        switch event {
        case .transition(let from, let to, let reason, let sequence):
            lastTransitions[id] = "\(from.name) → \(to.name): \(reason.sentence)"
            transitions[id, default: [:]][TransitionCause(to: to, reason: reason.word), default: 0] += 1
            flush(id)
            let message = TransitionMessage(
                instance: look(id, instance, interface), from: from.name, to: to.name,
                reason: reason.word, sentence: reason.sentence, sequence: sequence, atNanoseconds: now)
            if to == .master { waiting[id] = message } else { scripts?.send(message) }
        case .addressesServing:
            flush(id)
        case .priority, .masterChanged:
            scripts?.send(look(id, instance, interface))
        case .checkChanged, .checkBroken, .addressLost, .dualMaster, .duplicateAddress, .intervalAdopted, .advertLate,
            .faultsChanged, .flapDamped, .gatesAsked, .gateExcused, .promotionDenied, .questionDropped,
            .guarded:
            break
        }
    }

    private func look(_ id: InstanceID, _ instance: Instance, _ interface: String) -> InstanceSnapshot {
        snapshot(of: instance, interface: interface, heard: news?.heard(by: id) ?? [])
    }

    /// Forget an instance that is gone.
    func forget(_ id: InstanceID) {
        news?.forget(id)
        flush(id)
        lastTransitions[id] = nil
        transitions[id] = nil
        journal?.forget(id)
    }

    private func flush(_ id: InstanceID) {
        if let message = waiting.removeValue(forKey: id) { scripts?.send(message) }
    }

    private func log(
        _ event: Event, _ id: InstanceID, _ config: InstanceConfig, _ priority: UInt8, _ now: Int64, _ before: Int,
        _ realtime: Int64
    ) {
        var heldBack = before
        let kind = Self.limit(of: event, id)
        if let kind {
            guard let count = limit.admit(kind.kind, now: now, burst: kind.burst) else { return }
            heldBack += count
        }
        var fields: Logger.Metadata = ["instance": .string(config.name)]
        if case .transition(let from, let to, let reason, let sequence) = event {
            fields["from"] = .string(from.name)
            fields["to"] = .string(to.name)
            fields["reason"] = .string(reason.word)
            fields["priority"] = .stringConvertible(priority)
            fields["sequence"] = .stringConvertible(sequence)
        }
        if case .guarded(let event) = event {
            fields["guard"] = .string(event.word)
            fields["peer"] = event.peer.map { .string($0) }
            fields["vip"] = event.virtualAddress.map { .string($0) }
        }
        let sentence = event.sentence(in: config)
        if let kind { limit.remember("\(config.name): \(sentence)", of: kind.kind) }
        journal?.record(event, of: config, id, priority: priority, sentence: sentence, at: realtime)
        logger.log(
            level: Self.level(of: event), "\(config.name): \(sentence)\(suffix(heldBack: heldBack))", metadata: fields)
    }

    /// How loud an event is.
    private static func level(of event: Event) -> Logger.Level {
        switch event {
        case .transition(_, let to, _, _): to == .fault ? .warning : .notice
        case .addressesServing, .priority: .notice
        case .checkChanged(_, let state, _): state == .down ? .warning : .notice
        case .checkBroken(_, let reason): reason == nil ? .notice : .error
        case .faultsChanged(let faults): faults.isEmpty ? .notice : .warning
        case .duplicateAddress: .error
        case .flapDamped, .dualMaster, .advertLate, .addressLost, .gateExcused, .promotionDenied: .warning
        case .masterChanged, .gatesAsked, .questionDropped, .intervalAdopted: .info
        case .guarded(let event): event.isAlarm ? .warning : .notice
        }
    }

    /// What may come again and again, and how often it may speak in ten seconds; nil: always.
    private static func limit(of event: Event, _ id: InstanceID) -> (kind: Repeated, burst: Int)? {
        switch event {
        case .masterChanged: (.masterChanged(id), 4)
        case .dualMaster: (.dualMaster(id), 2)
        case .duplicateAddress: (.duplicateAddress(id), 1)
        case .advertLate: (.advertLate(id), 1)
        case .addressLost(let address, _): (.addressLost(id, address), 1)
        case .gatesAsked: (.gatesAsked(id), 2)
        case .promotionDenied(let gate, _): (.promotionDenied(id, gate: gate), 2)
        case .intervalAdopted: (.intervalAdopted(id), 1)
        case .transition, .addressesServing, .priority, .checkChanged, .checkBroken, .faultsChanged, .flapDamped,
            .gateExcused, .questionDropped, .guarded:
            nil
        }
    }
}

extension EventPublisher {
    func tellHeldBack(now: Int64, atEnd: Bool) -> [String] { limit.tellHeldBack(now: now, atEnd: atEnd) }
}

/// What scripts see of an instance.
///
/// `heard`: nodes that were heard as master; peers are these and those of the configuration.
package func snapshot(of instance: Instance, interface: String, heard: [String] = []) -> InstanceSnapshot {
    let configured = instance.config.receive.peers.map { "\($0.address)" }
    return InstanceSnapshot(
        name: instance.config.name, state: instance.state.name, priority: Int(instance.priority),
        basePriority: Int(instance.config.basePriority), preempts: instance.config.preempts, interface: interface,
        virtualAddresses: instance.config.virtualAddresses.map { "\($0)" },
        peers: configured + heard.filter { !configured.contains($0) },
        master: instance.master.map { "\($0.address)" }, sinceNanoseconds: instance.since.nanoseconds)
}
