/// What keeps an instance from serving: causes of FAULT, checks, and starting and mending.
import Wire

extension Instance {
    /// A sentence for each thing that keeps this instance from serving, also in Initialize.
    package var faults: [String] {
        var sentences = causes.map(\.sentence)
        if let sendFault { sentences.append(sendFault) }
        sentences += checks.compactMap(Self.sentence(ofFault:))
        sentences += checks.filter(\.isAwaited).map { "waiting for check \($0.config.name)" }
        return sentences
    }

    /// True when this instance itself cannot serve, whatever the other members of its sync group do.
    var hasOwnFault: Bool {
        let ownCause = causes.contains { cause in
            if case .groupMember = cause { false } else { true }
        }
        return ownCause || sendFault != nil || checks.contains { $0.isFault }
    }

    mutating func start(_ now: Time, _ effects: inout [Effect]) {
        guard !isStarted else { return }
        isStarted = true
        if config.startupDelay > .zero {
            arm(.startupDelay, at: now + config.startupDelay, &effects)
        } else {
            leaveInitialize(.startup, now, &effects)
        }
    }

    mutating func cancelStart(_ effects: inout [Effect]) {
        isStarted = false
        disarm(.startupDelay, &effects)
    }

    /// S-01, S-02, or FAULT; or nothing yet, while a check without weight has not answered.
    mutating func leaveInitialize(
        _ reason: TransitionReason, after news: [Event] = [], _ now: Time, _ effects: inout [Effect]
    ) {
        if let fault = firstFault {
            become(.fault, fault, after: news, now, &effects)
        } else if checks.contains(where: \.isAwaited) {
            publish(news + [.faultsChanged(faults)], &effects)
        } else {
            serve(reason, after: news, now, &effects)
        }
    }

    mutating func begin(_ cause: FaultCause, _ now: Time, _ effects: inout [Effect]) {
        if let index = causes.firstIndex(where: { $0.isSameCause(as: cause) }) {
            guard causes[index] != cause else { return }
            causes[index] = cause
        } else {
            causes.append(cause)
        }
        review(now, &effects)
    }

    mutating func end(_ cause: FaultCause, _ now: Time, _ effects: inout [Effect]) {
        guard let index = causes.firstIndex(where: { $0.isSameCause(as: cause) }) else { return }
        causes.remove(at: index)
        review(now, &effects)
    }

    /// One master down interval after adverts could not be sent: start again as backup and see. The first advert of the
    /// next mastership decides whether the fault is over.
    mutating func retrySending(_ now: Time, _ effects: inout [Effect]) {
        sendFault = nil
        review(now, &effects)
    }

    /// One answer of a check. A number without a check is the late answer of one that a reload took away.
    mutating func record(_ id: CheckID, _ outcome: CheckOutcome, _ now: Time, _ effects: inout [Effect]) {
        guard checks.indices.contains(id.index) else { return }
        let change = checks[id.index].record(outcome)
        guard change != .nothing else { return }
        let check = checks[id.index]
        var news: [Event] = []
        if change == .defect || change == .stateAndDefect {
            news.append(.checkBroken(id, reason: check.defect))
        }
        if change == .state || change == .stateAndDefect {
            news.append(.checkChanged(id, check.state, reason: check.state == .down ? check.reason : ""))
        }
        if check.config.weight == 0 {
            review(after: news, now, &effects)
        } else {
            movePriority(after: news, now, &effects) { ledger in
                ledger.set(.check(id.index), to: check.contribution, label: check.config.name)
            }
        }
    }

    /// Draws the conclusion after a cause or a check without weight has changed.
    mutating func review(after news: [Event] = [], _ now: Time, _ effects: inout [Effect]) {
        switch state {
        case .initialize:
            if isStarted, timers[.startupDelay] == nil {
                leaveInitialize(.startup, after: news, now, &effects)
            } else {
                publish(news, &effects)
            }
        case .backup, .master:
            if let fault = firstFault {
                become(.fault, fault, after: news, now, &effects)
            } else {
                publish(news, &effects)
            }
        case .fault:
            if firstFault == nil, !checks.contains(where: \.isAwaited) {
                serve(.recovered, after: news, now, &effects)
            } else {
                publish(news + [.faultsChanged(faults)], &effects)
            }
        }
    }

    /// To Backup; the owner at once to Master (S-01), unless a sync group has to agree first, or its gates.
    private mutating func serve(
        _ reason: TransitionReason, after news: [Event], _ now: Time, _ effects: inout [Effect]
    ) {
        let isOwner = priority == Election.ownerPriority
        if isOwner, group == nil, gates.isEmpty {
            become(.master, .owner, after: news, now, &effects)
            return
        }
        become(.backup, reason, after: news, now, &effects)
        guard isOwner else { return }
        if gates.isEmpty {
            wish = .owner
        } else {
            // The owner waits for nobody but its gates.
            disarm(.masterDown, &effects)
            seekMastership(.owner, now, &effects)
        }
    }

    private var firstFault: TransitionReason? {
        if let cause = causes.first {
            if case .groupMember(let group, let member) = cause { return .syncGroup(group, becauseOf: member) }
            return .fault(cause.kind, cause.sentence)
        }
        if let sendFault { return .fault(.send, sendFault) }
        return checks.lazy.compactMap(Self.sentence(ofFault:)).first.map { .fault(.check, $0) }
    }

    private static func sentence(ofFault check: TrackedCheck) -> String? {
        guard check.isFault else { return nil }
        let name = check.config.name
        if check.config.isReversed { return "check \(name) is up, which counts as the failure" }
        return check.reason.isEmpty ? "check \(name) is down" : "check \(name) is down: \(check.reason)"
    }
}

extension FaultCause {
    /// The same thing, although its words may differ: demotions are known by their key, the last one wins.
    fileprivate func isSameCause(as other: Self) -> Bool {
        if case (.demoted(let key, _), .demoted(let otherKey, _)) = (self, other) { return key == otherKey }
        return self == other
    }
}
