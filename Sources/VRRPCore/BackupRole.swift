/// What a backup does: follows a master, counts its silence, and takes over.
import Wire

/// What only matters while listening.
struct BackupRole: Sendable {
    /// How the end of the waiting is computed from its beginning.
    enum Wait: UInt8, Hashable, Sendable {
        /// A whole master down interval.
        case masterDown
        /// After a goodbye: the skew time alone (M-07).
        case skew
        /// One interval and the least skew: somebody else may be there, but we expect to be the master (S-18).
        case short
        /// A whole master down interval, and twice as long for each lease lost in a row: a gate whose script gives
        /// leases and never extends them must not move the address to and fro.
        case afterLease
    }

    /// The interval of the master that is followed, or our own (M-05, M-06).
    var masterInterval: Duration
    /// When the present waiting began: at the last advert that was obeyed, never at a change of priority (S-19).
    var waitsSince = Time(nanoseconds: 0)
    var wait = Wait.masterDown
    /// The last advert was obeyed: somebody is master, and it is right that it is not us.
    var isFollowing = false
    /// The master of lower priority that has been heard, and not obeyed, since.
    var challenged: Master?
    /// The master that said goodbye.
    var departed: IPAddress?
    var departedAt = Time(nanoseconds: 0)
    /// The preempt delay has run out, so masters of lower priority are no longer obeyed (P-04).
    var isPreemptDelayOver = false
    /// The present hold on preemption has been made known.
    var isHoldKnown = false

    init(masterInterval: Duration) { self.masterInterval = masterInterval }

    mutating func begin(at now: Time, waiting wait: Wait) {
        self = BackupRole(masterInterval: masterInterval)
        waitsSince = now
        self.wait = wait
    }
}

extension Instance {
    /// When a silent master is given up, with the priority of now.
    var masterDownDeadline: Time {
        let interval = backup.masterInterval
        switch backup.wait {
        case .masterDown:
            return backup.waitsSince
                + Intervals.masterDown(
                    config.version, priority: priority, interval: interval, adverts: config.downTimerAdverts)
        case .skew:
            return backup.waitsSince + Intervals.skew(config.version, priority: priority, interval: interval)
        case .short:
            let least = Intervals.skew(config.version, priority: Election.ownerPriority, interval: interval)
            return backup.waitsSince + interval + least
        case .afterLease:
            let once = Intervals.masterDown(
                config.version, priority: priority, interval: interval, adverts: config.downTimerAdverts)
            return backup.waitsSince + .nanoseconds(once.inNanoseconds << Int64(max(lostLeases, 1) - 1))
        }
    }

    /// A master down interval with our own numbers.
    package var ownMasterDownInterval: Duration {
        Intervals.masterDown(
            config.version, priority: priority, interval: config.interval, adverts: config.downTimerAdverts)
    }

    /// How long a backup waits that has just become one.
    func firstWait(_ reason: TransitionReason) -> BackupRole.Wait {
        switch reason {
        case .startup:
            config.startsAsMaster ? .short : .masterDown
        case .overslept:
            // The addresses are gone already; only a master that took over meanwhile has to be heard first (M-10).
            .short
        case .lostElection, .fault, .recovered, .syncGroup, .shutdown, .masterDown, .masterLeft, .masterUnfit,
            .preempting, .owner, .deafPeer:
            .masterDown
        case .leaseExpired:
            .afterLease
        case .addressLost, .addressRefused:
            // keepalived waits only one skew here, wins again and loses the address again. This node has just shown
            // that it cannot hold the address: whoever else can has a whole interval to take it.
            .masterDown
        }
    }

    /// S-07 … S-09.
    mutating func follow(_ advert: ReceivedAdvert, _ now: Time, _ effects: inout [Effect]) {
        guard advert.priority > 0 else {
            count(advert)
            hearGoodbye(of: advert.source, now, &effects)
            return
        }
        let mustObey = Election.mustObey(advert, priority: priority, preempts: config.preempts)
        if mustObey || isHeldOff(by: advert.source, now, &effects) {
            obey(advert, now, &effects)
        } else {
            backup.isFollowing = false
            backup.departed = nil
            backup.challenged = Master(advert, heard: now)
            notice(advert, now, &effects)
        }
    }

    /// The master is silent for long enough (S-06), or was never obeyed.
    mutating func takeOver(_ now: Time, _ effects: inout [Effect]) {
        if followsAfterAll(now, &effects) { return }
        let reason: TransitionReason =
            if let departed = backup.departed {
                .masterLeft(departed)
            } else if let challenged = backup.challenged {
                .preempting(challenged.address, priority: challenged.priority)
            } else {
                .masterDown(last: master?.address)
            }
        seekMastership(reason, now, &effects)
    }

    /// A master was not obeyed, because its priority was the lower one. When ours has sunk below it since, it is obeyed
    /// after all, from its last advert on.
    mutating func followsAfterAll(_ now: Time, _ effects: inout [Effect]) -> Bool {
        guard let challenged = backup.challenged, challenged.priority >= priority else { return false }
        backup.challenged = nil
        backup.waitsSince = challenged.lastHeard
        backup.wait = .masterDown
        guard masterDownDeadline > now else { return false }
        backup.isFollowing = true
        arm(.masterDown, at: masterDownDeadline, &effects)
        return true
    }

    /// Remembers who is master, without obeying.
    mutating func notice(_ advert: ReceivedAdvert, _ now: Time, _ effects: inout [Effect]) {
        count(advert)
        guard advert.priority > 0 else {
            if master?.address == advert.source { master = nil }
            return
        }
        let isNew = master?.address != advert.source
        master = Master(advert, heard: now)
        if isNew { effects.append(.publish(.masterChanged(to: advert.source, priority: advert.priority))) }
    }

    mutating func count(_ advert: ReceivedAdvert) {
        statistics.advertisementsReceived += 1
        if advert.priority == 0 { statistics.priorityZeroReceived += 1 }
    }

    /// Takes over the master's interval in version 3 (M-06). Version 2 has dropped an advert with another one.
    mutating func adoptInterval(of advert: ReceivedAdvert) -> Event? {
        guard config.version == .v3, advert.interval != backup.masterInterval else { return nil }
        backup.masterInterval = advert.interval
        return advert.interval == config.interval ? nil : .intervalAdopted(advert.interval, from: advert.source)
    }

    private mutating func obey(_ advert: ReceivedAdvert, _ now: Time, _ effects: inout [Effect]) {
        var news: [Event] = []
        if let adopted = adoptInterval(of: advert) { news.append(adopted) }
        if question != nil {
            closeQuestion(&effects)
            news.append(.questionDropped(by: advert.source))
        }
        if advert.priority >= priority {
            // The delay starts anew with the next master of lower priority, as in keepalived.
            disarm(.preemptDelay, &effects)
            backup.isPreemptDelayOver = false
        }
        backup.isFollowing = true
        backup.departed = nil
        backup.challenged = nil
        wish = nil
        endLeases(&effects)
        backup.waitsSince = now
        backup.wait = .masterDown
        arm(.masterDown, at: masterDownDeadline, &effects)
        armSuspicion(&effects)
        endSuspicion(now, &effects)
        publish(news, &effects)
        notice(advert, now, &effects)
    }

    /// RFC 9568 §6.4.2: the timer becomes the skew time. It never becomes longer than it was: a second goodbye is no
    /// reason to wait again.
    mutating func hearGoodbye(of source: IPAddress, _ now: Time, _ effects: inout [Effect]) {
        master = nil
        backup.isFollowing = false
        backup.departed = source
        backup.departedAt = now
        backup.challenged = nil
        // What it said before does not count any more: a goodbye may come from whoever has cleared up after a dead daemon.
        guarding.peers.noteGoodbye(of: source)
        let skew = Intervals.skew(config.version, priority: priority, interval: backup.masterInterval)
        // While the gates are asked there is nothing left to wait for.
        guard let deadline = timers[.masterDown], now + skew < deadline else { return }
        backup.waitsSince = now
        backup.wait = .skew
        arm(.masterDown, at: masterDownDeadline, &effects)
        armSuspicion(&effects)
    }

    /// Whether a master of lower priority is left alone for now. Nothing holds the owner off (P-01).
    private mutating func isHeldOff(by master: IPAddress, _ now: Time, _ effects: inout [Effect]) -> Bool {
        if guarding.deafness.isHolding(master, at: now) { return true }
        guard priority != Election.ownerPriority else { return false }
        if config.preemptDelay > .zero, !backup.isPreemptDelayOver {
            if timers[.preemptDelay] == nil { arm(.preemptDelay, at: now + config.preemptDelay, &effects) }
            return true
        }
        guard config.dampsFlapping, let left = damping.remaining(at: now) else { return false }
        if !backup.isHoldKnown {
            backup.isHoldKnown = true
            effects.append(.publish(.flapDamped(left)))
        }
        return true
    }
}
