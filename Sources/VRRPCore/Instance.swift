/// The state machine of one virtual router: an input and the time go in, effects come out.
import Wire

/// One virtual router. A value: it opens nothing, reads no clock, and does the same again for the same inputs.
package struct Instance: Sendable {
    package internal(set) var config: InstanceConfig
    package private(set) var state = State.initialize
    /// When the present state began.
    package private(set) var since = Time(nanoseconds: 0)
    /// How many transitions there were; the sequence number of the last one.
    package private(set) var sequence: UInt64 = 0
    /// The master that was last heard; nil before the first one, after it said goodbye, and while this node is master.
    package internal(set) var master: Master?
    package internal(set) var statistics = Statistics()
    /// The tracked checks, in the order of `config.checks`.
    package internal(set) var checks: [TrackedCheck] = []
    package internal(set) var ledger: PriorityLedger
    /// The address that adverts are sent from; nil when there is none.
    package internal(set) var sourceAddress: IPAddress?
    /// The promotion gates, in the order of `config.gates`.
    package internal(set) var gates: [Gate]
    /// The question to the gates that is open now.
    package internal(set) var question: Question?

    var timers = TimerTable()
    /// `.startup` has been heard. Until then nothing moves, whatever checks and links say.
    var isStarted = false
    /// The state of each tracked interface with a weight; nil until it is told.
    var trackedInterfaces: [Bool?] = []
    /// What was begun with `.faultBegan` and not ended.
    var causes: [FaultCause] = []
    /// Why adverts could not be sent, until it is time to try again (T-11).
    var sendFault: String?
    var backup: BackupRole
    var mastership = MasterRole()
    var damping = FlapDamping()
    /// The sync group, when there is one: then becoming master takes all members.
    package internal(set) var group: String?
    /// Why this member of a sync group would be master if it stood alone; nil when it would not.
    var wish: TransitionReason?
    /// The number of the last question to the gates.
    var lastQuestion: UInt32 = 0
    /// What the guard knows.
    var guarding = GuardRole()
    /// Leases that ran out one after the other, without a single extension between.
    var lostLeases = 0

    package init(_ config: InstanceConfig) {
        self.config = config
        ledger = PriorityLedger(base: config.basePriority)
        backup = BackupRole(masterInterval: config.interval)
        gates = config.gates.map(Gate.init)
        rebuildTracking(from: [], interfaces: [])
    }

    /// Decides what one input means now. Effects are appended in the order in which they must be done; the caller keeps
    /// the array, so that adverts and timers allocate nothing.
    package mutating func handle(_ input: Input, now: Time, into effects: inout [Effect]) {
        stepBackIfOverslept(now, &effects)
        stepDownIfLeaseEnded(now, &effects)
        guard let due = due(input, now) else { return }
        switch (state, input) {
        // Initialize: not started, in the start-up delay, or waiting for the first answer of a check.
        case (.initialize, .startup): start(now, &effects)
        case (.initialize, .timer(.startupDelay)): leaveInitialize(.startup, now, &effects)
        case (.initialize, .shutdown): cancelStart(&effects)

        // Backup: listening to a master, or waiting for its silence to last long enough.
        case (.backup, .advert(let advert)): hearOrdinary(advert, now, &effects)
        case (.backup, .timer(.masterDown)): takeOver(now, &effects)
        case (.backup, .timer(.preemptDelay)): backup.isPreemptDelayOver = true
        case (.backup, .timer(.probe)): lookAround(now, &effects)
        case (.backup, .group(.promote(let group))):
            become(.master, wish ?? .syncGroup(group, becauseOf: config.name), now, &effects)

        // Backup, with the promotion gates between it and mastership.
        case (.backup, .gateAnswered(let number, let gate, let verdict)):
            hear(verdict, of: gate, to: number, now, &effects)
        case (.backup, .timer(.gate)): countSilence(now, &effects)
        case (.backup, .timer(.lease)): withdrawWish(now, &effects)
        case (.backup, .extendLease(let gate, let end)), (.master, .extendLease(let gate, let end)):
            extendLease(gate, until: end, now, &effects)

        // Master: holding the addresses and saying so.
        case (.master, .timer(.advert)): advertise(due: due, now, &effects)
        case (.master, .timer(.announceDelay)): announceAgain(&effects)
        case (.master, .timer(.announceRefresh)): announceRefresh(due: due, now, &effects)
        case (.master, .advert(let advert)): hearOrdinary(advert, now, &effects)
        case (.master, .timer(.probe)): settleConflicts(now, &effects)
        case (.master, .addressesAdded(let token, let answer)): confirm(token, answer, now, &effects)
        case (.master, .addressLost(let address)): restore(address, now, &effects)
        case (.master, .sendFailed(let sentence)): noteSendFailure(sentence, now, &effects)
        case (.master, .group(.stepDown(let group, let member))):
            become(.backup, .syncGroup(group, becauseOf: member), now, &effects)

        // Fault: something is broken; the peer is still heard, so that the operator sees who serves.
        case (.fault, .advert(let advert)): notice(advert, now, &effects)
        case (.fault, .timer(.sendRetry)): retrySending(now, &effects)

        // The same everywhere: leaving, and what is known about this node.
        case (.backup, .shutdown), (.master, .shutdown), (.fault, .shutdown):
            become(.initialize, .shutdown, now, &effects)
        case (_, .sourceAddress(let address)): sourceAddress = address
        case (_, .faultBegan(let cause)): begin(cause, now, &effects)
        case (_, .faultEnded(let cause)): end(cause, now, &effects)
        case (_, .check(let id, let outcome)): record(id, outcome, now, &effects)
        case (_, .adjustPriority(let key, let delta, let reason)): adjust(key, delta, reason, now, &effects)
        case (_, .trackedInterface(let index, let isUp)): track(index, isUp, now, &effects)
        case (_, .reconfigure(let new)): reconfigure(new, now, &effects)
        case (_, .guarding(let news)): learn(news, now, &effects)

        // Late, foreign or meaningless in this state: safe to drop. A timer only runs in the state that armed it.
        case (.initialize, .advert): break  // S-03
        case (.backup, .startup), (.master, .startup), (.fault, .startup): break
        case (.initialize, .timer), (.backup, .timer), (.master, .timer), (.fault, .timer): break
        // The answer to a question of a mastership that is over. Its addresses are already asked to be removed.
        case (.initialize, .addressesAdded), (.backup, .addressesAdded), (.fault, .addressesAdded): break
        case (.initialize, .addressLost), (.backup, .addressLost), (.fault, .addressLost): break
        // The goodbye did not get out; there is nothing left to give up.
        case (.initialize, .sendFailed), (.backup, .sendFailed), (.fault, .sendFailed): break
        case (.initialize, .gateAnswered), (.master, .gateAnswered), (.fault, .gateAnswered): break
        case (.initialize, .extendLease), (.fault, .extendLease): break
        case (.initialize, .group), (.fault, .group), (.backup, .group(.stepDown)), (.master, .group(.promote)): break
        }
    }

    /// When what happens was due: a timer's own time, now for all else; nil for a timer that is not armed any more.
    private mutating func due(_ input: Input, _ now: Time) -> Time? {
        if case .timer(let timer) = input { timers.expire(timer, at: now) } else { now }
    }

    /// Leaves, then enters. What a state holds is given up in `leave` and taken in `enter`, so that no pair of states can
    /// forget half of it; the news comes last (S-22).
    mutating func become(
        _ next: State, _ reason: TransitionReason, after news: [Event] = [], _ now: Time, _ effects: inout [Effect]
    ) {
        precondition(next != state, "A transition leads to another state.")
        let previous = state
        leave(previous, reason, now, &effects)
        state = next
        since = now
        sequence += 1
        enter(next, reason, now, &effects)
        settleTap(&effects)
        publish(news, &effects)
        effects.append(.publish(.transition(from: previous, to: next, reason, sequence: sequence)))
    }

    private mutating func leave(
        _ previous: State, _ reason: TransitionReason, _ now: Time, _ effects: inout [Effect]
    ) {
        switch previous {
        case .initialize:
            disarm(.startupDelay, &effects)
        case .backup:
            disarm(.masterDown, &effects)
            disarm(.preemptDelay, &effects)
            backup.masterInterval = config.interval
            closeQuestion(&effects)
            forgetSuspicion(now, &effects)
            wish = nil
        case .master:
            // Addresses first: after the goodbye another node may take them at once (S-22).
            effects.append(.removeAddresses)
            if let priority = lastWord(reason) { sendAdvert(priority, &effects) }
            // The winner then announces the addresses once more: the last word about them is its own.
            if case .lostElection(let winner, _) = reason, config.guarding != nil {
                effects.append(.tellPeer(.yielded, winner))
            }
            disarm(.advert, &effects)
            disarm(.announceDelay, &effects)
            disarm(.announceRefresh, &effects)
            endLeases(&effects)
            forgetConflicts(&effects)
            mastership = mastership.afterwards
            damping.roleChanged(at: now)
        case .fault:
            disarm(.sendRetry, &effects)
        }
    }

    private mutating func enter(
        _ next: State, _ reason: TransitionReason, _ now: Time, _ effects: inout [Effect]
    ) {
        switch next {
        case .initialize:
            isStarted = false
            master = nil
            sendFault = nil
            endLeases(&effects)
        case .backup:
            backup.begin(at: now, waiting: firstWait(reason))
            arm(.masterDown, at: masterDownDeadline, &effects)
            armSuspicion(&effects)
        case .master:
            // The advert first: it lets the former master let go before the addresses are here too (S-21).
            sendAdvert(priority, &effects)
            askForAddresses(&effects)
            arm(.advert, at: Intervals.firstAdvert(after: now, interval: config.interval), &effects)
            armLease(&effects)
            noteMastership(reason)
            damping.roleChanged(at: now)
        case .fault:
            endLeases(&effects)
            if sendFault != nil { arm(.sendRetry, at: now + ownMasterDownInterval, &effects) }
        }
    }

}

extension Instance {
    /// True once the kernel has confirmed the virtual addresses of the present mastership.
    package var isServing: Bool { mastership.isServing }
    /// The interval that a backup measures silence by: the master's in version 3, where it is known.
    package var masterInterval: Duration { backup.masterInterval }
    /// True when this member of a sync group would be master if it stood alone.
    package var wantsMaster: Bool { wish != nil }
    /// The same, when the permission of its gates still holds.
    func mayBeMaster(at now: Time) -> Bool { wish != nil && timers[.lease].map { $0 > now } ?? true }
    /// How long preemption is held off because the role changed too often; nil: it is not.
    package func preemptionHold(at now: Time) -> Duration? { config.dampsFlapping ? damping.remaining(at: now) : nil }
    /// When a timer is due; nil when it is not armed.
    package func deadline(of timer: Timer) -> Time? { timers[timer] }

    mutating func arm(_ timer: Timer, at deadline: Time, _ effects: inout [Effect]) {
        timers.arm(timer, at: deadline)
        effects.append(.arm(timer, at: deadline))
    }

    mutating func disarm(_ timer: Timer, _ effects: inout [Effect]) {
        if timers.disarm(timer) { effects.append(.disarm(timer)) }
    }

    func publish(_ news: [Event], _ effects: inout [Effect]) {
        for event in news { effects.append(.publish(event)) }
    }
}
