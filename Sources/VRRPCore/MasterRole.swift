/// What a master does: advertises on schedule, answers other masters, keeps its addresses, and lets go.
import Wire

/// What only matters while holding the addresses.
struct MasterRole: Sendable {
    /// The kernel has confirmed the addresses.
    var isServing = false
    /// The last request for addresses, counted for the life of the instance so that no answer is taken for another's.
    var lastToken: UInt32 = 0
    /// The kernel has not answered this request yet.
    var openToken: UInt32?
    /// An address was taken away while a request was open; the answer to it cannot be trusted to cover that.
    var lostMeanwhile: IPAddress?
    var restoreAttempts = 0
    var firstLoss: Time?
    /// How often the next `.announceDelay` announces.
    var delayedRepetitions = 0
    /// Adverts in a row that could not be sent.
    var failedAdverts = 0
    /// The last advert is among them.
    var didLastAdvertFail = false

    /// What remains after a mastership: the numbers of the tokens, and whether adverts went out. So after a fault of
    /// sending, the first advert of the next try decides.
    var afterwards: Self {
        var next = MasterRole()
        next.lastToken = lastToken
        next.failedAdverts = failedAdverts
        next.didLastAdvertFail = didLastAdvertFail
        return next
    }

    /// So many times an address that was taken away is put back within `restoreWindow`.
    static let restoreLimit = 3
    static let restoreWindow = Duration.seconds(10)
    /// So many adverts in a row that cannot be sent are a fault (T-11).
    static let sendFailureLimit = 2
}

extension Instance {
    /// M-10: a master whose loop slept through three adverts must not go on as if nothing had happened.
    ///
    /// A peer has promoted itself by now, or is about to. The master steps back without a goodbye (nobody may be made to
    /// hurry), removes its addresses, and waits for one interval and the least skew. In that time it hears whoever took
    /// over: with `nopreempt` it stays backup, with a better claim it preempts in the ordinary way. Alone, it is back
    /// after that one interval. This is looked at before every input, so that no advert goes out first.
    mutating func stepBackIfOverslept(_ now: Time, _ effects: inout [Effect]) {
        guard state == .master, let due = timers[.advert], due < now else { return }
        let late = now - due
        guard late.inNanoseconds >= config.interval.inNanoseconds * Int64(config.downTimerAdverts) else { return }
        become(.backup, .overslept(late), now, &effects)
    }

    /// S-11 on the absolute schedule of M-08: late adverts are sent once, and the schedule does not move.
    mutating func advertise(due: Time, _ now: Time, _ effects: inout [Effect]) {
        sendAdvert(priority, &effects)
        arm(.advert, at: Intervals.next(after: due, every: config.interval, now: now), &effects)
        let late = now - due
        missPeers(now, &effects)
        if late > config.interval {
            statistics.lateAdvertisements += 1
            effects.append(.publish(.advertLate(late)))
        }
    }

    /// S-12 … S-15: another node sends adverts too.
    mutating func contest(_ advert: ReceivedAdvert, _ now: Time, _ effects: inout [Effect]) {
        count(advert)
        guard advert.priority > 0 else {
            sendAdvert(priority, &effects)
            arm(.advert, at: Intervals.firstAdvert(after: now, interval: config.interval), &effects)
            return
        }
        switch Election.standing(of: advert, priority: priority, source: sourceAddress) {
        case .outranksUs:
            yield(to: advert, now, &effects)
        case .ranksBelowUs:
            // RFC 9568 §6.4.3: answer at once, so that the other one lets go and the switches learn who is right.
            if config.answersLowerPriority { sendAdvert(priority, &effects) }
            announceAgainst(now, &effects)
            noteContender(advert.source, now, &effects)
            effects.append(
                .publish(.dualMaster(peer: advert.source, peerPriority: advert.priority, yielding: false)))
        case .indistinguishable:
            // Answering would make two such nodes answer each other without end. Both stay, as in keepalived.
            effects.append(.publish(.duplicateAddress(advert.source)))
        }
    }

    /// The kernel's answer to the last request.
    mutating func confirm(_ token: UInt32, _ answer: KernelAnswer, _ now: Time, _ effects: inout [Effect]) {
        guard mastership.openToken == token else { return }
        mastership.openToken = nil
        switch answer {
        case .failed(let sentence):
            // A master without its addresses serves nobody and keeps others from serving. As a backup it waits a master
            // down interval, longer than the skew its goodbye gives the others; alone, it tries again then.
            become(.backup, .addressRefused(sentence), now, &effects)
        case .done:
            let isFirst = !mastership.isServing
            mastership.isServing = true
            announce(isFirst ? .becameMaster : .restored, config.announce.repetitions, &effects)
            if isFirst { startAnnouncing(now, &effects) }
            if let address = mastership.lostMeanwhile {
                mastership.lostMeanwhile = nil
                restore(address, now, &effects)
            }
            if isFirst, state == .master { effects.append(.publish(.addressesServing)) }
        }
    }

    /// Puts an address back that somebody else has removed; after three times in ten seconds that somebody has won.
    mutating func restore(_ address: IPAddress, _ now: Time, _ effects: inout [Effect]) {
        guard mastership.openToken == nil else {
            mastership.lostMeanwhile = address
            return
        }
        if let first = mastership.firstLoss, now - first > MasterRole.restoreWindow { mastership.restoreAttempts = 0 }
        if mastership.restoreAttempts == 0 { mastership.firstLoss = now }
        mastership.restoreAttempts += 1
        guard mastership.restoreAttempts <= MasterRole.restoreLimit else {
            become(.backup, .addressLost(address), now, &effects)
            return
        }
        askForAddresses(&effects)
        effects.append(.publish(.addressLost(address, attempt: mastership.restoreAttempts)))
    }

    /// T-11. A retry that fails counts on from the failures before it, so the first one ends it.
    mutating func noteSendFailure(_ sentence: String, _ now: Time, _ effects: inout [Effect]) {
        guard !mastership.didLastAdvertFail else { return }
        statistics.sendErrors += 1
        mastership.didLastAdvertFail = true
        mastership.failedAdverts += 1
        guard mastership.failedAdverts >= MasterRole.sendFailureLimit else { return }
        let cause = FaultCause.sendFailed(sentence)
        sendFault = cause.sentence
        become(.fault, .fault(cause.kind, cause.sentence), now, &effects)
    }

    /// The priority of the last advert of a mastership; nil for none. 0 is a goodbye: others take over after their skew.
    /// Who lost an election leaves no gap and says nothing (RFC 9568 §6.4.3).
    func lastWord(_ reason: TransitionReason) -> UInt8? {
        switch reason {
        case .lostElection:
            // keepalived's higher_prio_send_advert: the winner hears us once more and announces its addresses again.
            config.sendsAdvertToHigherPriority ? priority : nil
        case .overslept, .startup, .recovered, .owner, .masterDown, .masterLeft, .masterUnfit, .preempting: nil
        // The other one is master already, and hears no goodbye.
        case .deafPeer: nil
        case .shutdown, .fault, .addressLost, .addressRefused, .syncGroup, .leaseExpired: 0
        }
    }

    mutating func askForAddresses(_ effects: inout [Effect]) {
        mastership.lastToken &+= 1
        mastership.openToken = mastership.lastToken
        effects.append(.addAddresses(token: mastership.lastToken))
    }

    mutating func sendAdvert(_ priority: UInt8, _ effects: inout [Effect]) {
        statistics.advertisementsSent += 1
        effects.append(.sendAdvert(priority: priority))
        guard priority > 0 else {
            // Nobody minds whether a goodbye got out, so it says nothing about the adverts before it.
            statistics.priorityZeroSent += 1
            return
        }
        // Nobody reported that the advert before this one failed: it went out.
        if !mastership.didLastAdvertFail { mastership.failedAdverts = 0 }
        mastership.didLastAdvertFail = false
    }

    mutating func noteMastership(_ reason: TransitionReason) {
        master = nil
        statistics.masterTransitions += 1
        switch reason {
        case .owner, .masterLeft, .masterUnfit: statistics.newMasterReason = .priority
        case .preempting: statistics.newMasterReason = .preempted
        case .masterDown, .startup, .recovered, .syncGroup, .shutdown, .lostElection, .fault, .addressLost,
            .addressRefused, .overslept, .leaseExpired, .deafPeer:
            statistics.newMasterReason = .masterNoResponse
        }
    }

    private mutating func yield(to advert: ReceivedAdvert, _ now: Time, _ effects: inout [Effect]) {
        let adopted = adoptInterval(of: advert)
        var news: [Event] = []
        // Who preempts looks like a second master. One that speaks on the guard channel has said what it was.
        if !guarding.peers.isNewMaster(advert.source, since: now - config.interval - config.interval) {
            news.append(.dualMaster(peer: advert.source, peerPriority: advert.priority, yielding: true))
        }
        if let adopted { news.append(adopted) }
        become(.backup, .lostElection(to: advert.source, priority: advert.priority), after: news, now, &effects)
        master = Master(advert, heard: now)
        backup.isFollowing = true
    }
}
