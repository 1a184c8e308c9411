/// What the guard of an instance remembers, and where its news arrive.
import Wire

/// State of the guard beside the state machine. All of it is bounded, and none of it is touched by an ordinary advert.
struct GuardRole: Sendable {
    var evidence = Evidence()
    /// Backup: the master has been silent for one interval and a half, or this node has just started; questions are asked.
    var isSuspicious = false
    /// When the questions began.
    var suspiciousSince = Time(nanoseconds: 0)
    /// Backup: the promotion that is held, since when, and why.
    var hold: (reason: HoldReason, since: Time)?
    /// This outage has had its hold; there is no second one.
    var hasHeld = false
    /// The node whose adverts this host's firewall drops.
    var firewalled: IPAddress?
    /// The node that is heard by its heartbeats only, as far as is known by now.
    var unheard: UnheardMaster?
    /// The interface passes frames, as far as is known.
    var isCarrying = true
    /// What is read before the firewall is asked for.
    var isTapOpen = false
    var peers = GuardPeerList()
    var contender: Contender?
    var deafness = DeafHold()
    /// Master: the last announcement against a claim, and the last question about a foreign advert.
    var lastDefence: Time?
    /// Master: the claim that is answered in a moment.
    var defended: AddressClaim?
    var lastQuestion: Time?
}

extension Instance {
    /// Something the guard has learned. Without a guard nobody asks, and what comes is not believed.
    mutating func learn(_ news: GuardNews, _ now: Time, _ effects: inout [Effect]) {
        if case .carrying(let isCarrying) = news { guarding.isCarrying = isCarrying }
        guard config.guarding != nil, state != .initialize else { return }
        switch news {
        case .claim(let claim): hear(claim, now, &effects)
        case .hostAnswered(let address, let hardware):
            guarding.evidence.note(host: address, hardware, now)
            settleWithForeigner(hardware, now, &effects)
        case .decoyAnswered(let hardware):
            if guarding.evidence.note(proxy: hardware) { publish(.proxyAnswers(hardware), &effects) }
        case .foreignAdvert(let advert): hear(advert, now, &effects)
        case .heartbeat(let heartbeat): hear(heartbeat, now, &effects)
        case .carrying: break
        case .tapped(let advert): hearBeforeFirewall(advert, now, &effects)
        }
    }

    func publish(_ event: GuardEvent, _ effects: inout [Effect]) { effects.append(.publish(.guarded(event))) }

    /// A master hears others in spite of its firewall at no cost, for healthy nodes do not send to it. A backup listens
    /// there only while it misses adverts, so that none is read twice on a healthy day; also when heartbeats stand for
    /// them, for this host's own firewall may be why.
    mutating func settleTap(_ effects: inout [Effect]) {
        let missesAdverts = guarding.isSuspicious || guarding.firewalled != nil || guarding.unheard != nil
        let isWanted = config.guarding != nil && (state == .master || (state == .backup && missesAdverts))
        guard isWanted != guarding.isTapOpen else { return }
        guarding.isTapOpen = isWanted
        effects.append(.listenBeforeFirewall(isWanted))
    }

    /// What belongs to a mastership ends with it.
    mutating func forgetConflicts(_ effects: inout [Effect]) {
        disarm(.probe, &effects)
        guarding.contender = nil
        guarding.lastDefence = nil
        guarding.defended = nil
        guarding.lastQuestion = nil
        guarding.evidence.forgetClaims()
    }

    // MARK: Before the firewall

    /// The kernel took the advert from the wire and the firewall kept it from us. It is as good as any other; the operator
    /// must know, because nobody without a tap would have heard it.
    private mutating func hearBeforeFirewall(_ advert: ReceivedAdvert, _ now: Time, _ effects: inout [Effect]) {
        if guarding.firewalled != advert.source {
            guarding.firewalled = advert.source
            publish(.localFirewall(advert.source, isDropping: true), &effects)
        }
        if config.guarding?.obeysTap ?? false {
            // Now it is known why, and nothing has to stand for its adverts.
            if let unheard = guarding.unheard, unheard.source == advert.source, !unheard.isTold {
                guarding.unheard = nil
            }
            hear(advert, now, &effects)
        }
        settleTap(&effects)
    }

    /// An advert that came the ordinary way.
    mutating func hearOrdinary(_ advert: ReceivedAdvert, _ now: Time, _ effects: inout [Effect]) {
        noteOrdinary(advert, &effects)
        hear(advert, now, &effects)
    }

    /// The ordinary way works (again) for this node.
    private mutating func noteOrdinary(_ advert: ReceivedAdvert, _ effects: inout [Effect]) {
        if guarding.firewalled == advert.source {
            guarding.firewalled = nil
            publish(.localFirewall(advert.source, isDropping: false), &effects)
            settleTap(&effects)
        }
        if let unheard = guarding.unheard, unheard.source == advert.source {
            guarding.unheard = nil
            if unheard.isTold { publish(.advertsLost(advert.source, isLost: false), &effects) }
            settleTap(&effects)
        }
    }

    /// An advert of our virtual router, by whatever way it came.
    mutating func hear(_ advert: ReceivedAdvert, _ now: Time, _ effects: inout [Effect]) {
        switch state {
        case .initialize: break
        case .backup: follow(advert, now, &effects)
        case .master: contest(advert, now, &effects)
        case .fault: notice(advert, now, &effects)
        }
    }
}
