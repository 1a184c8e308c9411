/// The one way from BACKUP to MASTER: at once, with the sync group, or after every promotion gate has allowed it.
import Wire

extension Instance {
    /// Nobody else is master as far as VRRP can tell. Without gates that is enough.
    ///
    /// Every way into MASTER comes through here, also that of the owner (priority 255): a gate that one node passes by
    /// protects from nothing.
    mutating func seekMastership(_ reason: TransitionReason, _ now: Time, _ effects: inout [Effect]) {
        if holdsPromotion(reason, now, &effects) { return }
        if gates.isEmpty {
            claimMastership(reason, now, &effects)
        } else {
            ask(reason, now, &effects)
        }
    }

    /// A member of a sync group cannot go alone. It keeps its wish and asks again after another interval.
    private mutating func claimMastership(_ reason: TransitionReason, _ now: Time, _ effects: inout [Effect]) {
        guard group != nil else {
            become(.master, reason, now, &effects)
            return
        }
        wish = reason
        waitAgain(.masterDown, now, &effects)
        armLease(&effects)
    }

    /// Waits as if an advert had been heard now, without obeying anybody.
    private mutating func waitAgain(_ wait: BackupRole.Wait, _ now: Time, _ effects: inout [Effect]) {
        backup.isFollowing = false
        backup.waitsSince = now
        backup.wait = wait
        arm(.masterDown, at: masterDownDeadline, &effects)
        armSuspicion(&effects)
    }

    // MARK: The question

    /// Asks all gates at once. Until the last of them has allowed it, this node is a backup like any other: it sends
    /// nothing, holds nothing, and obeys whoever it has to.
    private mutating func ask(_ reason: TransitionReason, _ now: Time, _ effects: inout [Effect]) {
        lastQuestion &+= 1
        question = Question(number: lastQuestion, asked: now, reason: reason)
        var last = now
        for index in gates.indices {
            let deadline = now + min(gates[index].config.timeout, GateConfig.longestTimeout)
            gates[index].deadline = deadline
            last = max(last, deadline)
        }
        effects.append(.askGates(question: lastQuestion, until: last))
        armGateDeadline(&effects)
        effects.append(.publish(.gatesAsked(gates.map(\.config.name))))
    }

    /// One answer. Those to another question, of a stranger, or given twice are dropped.
    mutating func hear(
        _ verdict: GateVerdict, of name: String, to number: UInt32, _ now: Time, _ effects: inout [Effect]
    ) {
        guard let question, question.number == number,
            let index = gates.firstIndex(where: { $0.config.name == name }), gates[index].deadline != nil
        else { return }
        note(verdict, of: index, now, &effects)
        settle(now, &effects)
    }

    /// The time of at least one gate is over.
    mutating func countSilence(_ now: Time, _ effects: inout [Effect]) {
        for index in gates.indices {
            guard question != nil, let deadline = gates[index].deadline, deadline <= now else { continue }
            note(.timedOut("no answer within \(gates[index].config.timeout.inWords)"), of: index, now, &effects)
        }
        settle(now, &effects)
    }

    /// The deadlines decide by themselves, so a script that is stuck, gone or silent needs no further care.
    private mutating func note(
        _ verdict: GateVerdict, of index: Int, _ now: Time, _ effects: inout [Effect]
    ) {
        let config = gates[index].config
        gates[index].deadline = nil
        gates[index].answered = now
        gates[index].leaseEnd = nil
        switch verdict {
        case .allowed(let end):
            gates[index].outcome = .allowed
            gates[index].leaseEnd = end
        case .denied(let reason): gates[index].outcome = .denied(reason)
        case .timedOut(let why): gates[index].outcome = config.onTimeout.outcome(why)
        case .failed(let why): gates[index].outcome = config.onError.outcome(why)
        }
        if case .excused(let why) = gates[index].outcome {
            effects.append(.publish(.gateExcused(config.name, reason: why)))
        }
    }

    /// Decides as soon as it can: the first denial is enough, and so is the last permission.
    private mutating func settle(_ now: Time, _ effects: inout [Effect]) {
        guard let question else { return }
        for gate in gates where gate.deadline == nil {
            if case .denied(let reason) = gate.outcome {
                return refuse(gate.config.name, reason, now, &effects)
            }
            if let end = gate.leaseEnd, end <= now {
                return refuse(gate.config.name, "its lease had run out before the decision", now, &effects)
            }
        }
        guard gates.allSatisfy({ $0.deadline == nil }) else {
            armGateDeadline(&effects)
            return
        }
        self.question = nil
        disarm(.gate, &effects)
        if followsAfterAll(now, &effects) { return endLeases(&effects) }
        claimMastership(question.reason, now, &effects)
    }

    /// Remains backup, and asks again after a master down interval.
    private mutating func refuse(_ gate: String, _ reason: String, _ now: Time, _ effects: inout [Effect]) {
        closeQuestion(&effects)
        wish = nil
        endLeases(&effects)
        waitAgain(.masterDown, now, &effects)
        effects.append(.publish(.promotionDenied(gate: gate, reason: reason)))
    }

    /// Ends an open question without a decision.
    mutating func closeQuestion(_ effects: inout [Effect]) {
        guard let question else { return }
        self.question = nil
        disarm(.gate, &effects)
        guard gates.contains(where: { $0.deadline != nil }) else { return }
        for index in gates.indices { gates[index].deadline = nil }
        effects.append(.cancelGates(question: question.number))
    }

    private mutating func armGateDeadline(_ effects: inout [Effect]) {
        guard let next = gates.lazy.compactMap(\.deadline).min(), next != timers[.gate] else { return }
        arm(.gate, at: next, &effects)
    }

    // MARK: Leases

    /// A master may be master until the first of its leases ends. Looked at before every input, as oversleeping is: a
    /// script that is stuck, and a loop that came late, can lose mastership but never keep it.
    mutating func stepDownIfLeaseEnded(_ now: Time, _ effects: inout [Effect]) {
        guard state == .master, let end = timers[.lease], end <= now else { return }
        let gate = gates.first { $0.leaseEnd.map { $0 <= now } ?? false }
        lostLeases = min(lostLeases + 1, Self.lostLeasesThatCount)
        become(.backup, .leaseExpired(gate: gate?.config.name ?? ""), now, &effects)
    }

    /// Moves the end of a lease. Only one that exists: a permission without an end needs none, and what a former
    /// mastership asked for is void.
    mutating func extendLease(_ name: String, until end: Time, _ now: Time, _ effects: inout [Effect]) {
        guard let index = gates.firstIndex(where: { $0.config.name == name }), gates[index].leaseEnd != nil else {
            return
        }
        gates[index].leaseEnd = end
        if state == .master, end > now { lostLeases = 0 }
        guard state == .master || wish != nil else { return }
        armLease(&effects)
        stepDownIfLeaseEnded(now, &effects)
    }

    /// A member of a sync group that waits for the others has lost its permission; it will ask again.
    mutating func withdrawWish(_ now: Time, _ effects: inout [Effect]) {
        wish = nil
        for index in gates.indices {
            if let end = gates[index].leaseEnd, end <= now { gates[index].leaseEnd = nil }
        }
        armLease(&effects)
    }

    mutating func armLease(_ effects: inout [Effect]) {
        let end = gates.lazy.compactMap(\.leaseEnd).min()
        guard end != timers[.lease] else { return }
        if let end { arm(.lease, at: end, &effects) } else { disarm(.lease, &effects) }
    }

    mutating func endLeases(_ effects: inout [Effect]) {
        for index in gates.indices { gates[index].leaseEnd = nil }
        disarm(.lease, &effects)
    }

    /// So many leases lost in a row make the waiting longer, twice each time.
    private static let lostLeasesThatCount = 4

    // MARK: A new configuration

    /// Makes the gates of the new configuration; those that stay the same keep what they know.
    ///
    /// A question goes on only when nothing about it has changed. A master is not asked anew, for a reload causes no
    /// transition; the lease of a gate that is gone binds no longer.
    mutating func rebuildGates(_ now: Time, _ effects: inout [Effect]) {
        guard config.gates != gates.map(\.config) else { return }
        let former = gates
        if question != nil {
            closeQuestion(&effects)
            waitAgain(.masterDown, now, &effects)
            effects.append(.publish(.questionDropped(by: nil)))
        }
        gates = config.gates.map { config in
            guard let known = former.first(where: { $0.config.name == config.name }) else { return Gate(config) }
            var gate = Gate(config)
            gate.outcome = known.outcome
            gate.answered = known.answered
            gate.leaseEnd = known.leaseEnd
            return gate
        }
        if state == .backup { wish = nil }
        if state == .master { armLease(&effects) } else { endLeases(&effects) }
    }
}

extension GateDefault {
    fileprivate func outcome(_ why: String) -> GateOutcome {
        switch self {
        case .deny: .denied(why)
        case .allow: .excused(why)
        }
    }
}
