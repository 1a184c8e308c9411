/// A backup that misses adverts looks around while it waits, so that looking costs no time: questions on the wire from
/// one interval and a half on, and the verdict when the master down interval is over.
import Wire

extension Instance {
    /// The interval that a backup measures silence by.
    private var beat: Duration { backup.masterInterval }

    /// Between two rounds of questions.
    private var roundSpan: Duration { max(beat / 2, .milliseconds(5)) }

    /// Between two rounds while a promotion is held: it should follow soon when the reason is gone.
    private var holdSpan: Duration { max(beat / 8, .milliseconds(5)) }

    /// The last round leaves the answers a moment before the verdict.
    private var answerSpan: Duration { min(.milliseconds(30), beat / 4) }

    /// The waiting has begun, or begun anew: when to become suspicious.
    mutating func armSuspicion(_ effects: inout [Effect]) {
        guard config.guarding != nil else { return }
        switch backup.wait {
        case .masterDown, .afterLease: arm(.probe, at: backup.waitsSince + beat + beat / 2, &effects)
        case .short: arm(.probe, at: backup.waitsSince + beat / 2, &effects)
        // The kernel of a node that says goodbye may need a moment to let go.
        case .skew: arm(.probe, at: backup.waitsSince + (config.guarding?.releaseGrace ?? .zero), &effects)
        }
    }

    /// An advert was obeyed: all is well.
    mutating func endSuspicion(_ now: Time, _ effects: inout [Effect]) {
        guard config.guarding != nil else { return }
        endHold(isGone: true, now, &effects)
        guarding.hasHeld = false
        if guarding.isSuspicious {
            guarding.isSuspicious = false
            guarding.evidence.forgetClaims()
            settleTap(&effects)
        }
    }

    /// One round of questions, and when the next is due: every half interval, and once more just before the verdict.
    mutating func lookAround(_ now: Time, _ effects: inout [Effect]) {
        if !guarding.isSuspicious {
            guarding.isSuspicious = true
            guarding.suspiciousSince = now
            guarding.evidence.forgetClaims()
            settleTap(&effects)
        }
        ask(now, &effects)
        guard let verdict = timers[.masterDown] else { return }
        let last = verdict - answerSpan
        let next = now + roundSpan
        if next < last { arm(.probe, at: next, &effects) } else if last > now { arm(.probe, at: last, &effects) }
    }

    /// Whose host is asked for: the former master's, or that of whoever advertises our address under other terms, for
    /// only its own answer tells that the station with the address is the advertiser's.
    private func ask(_ now: Time, _ effects: inout [Effect]) {
        let host = master?.address ?? backup.departed ?? guarding.evidence.foreignerToAskFor(now)
        effects.append(.probe(Probe(asksForAddresses: config.guarding?.probes ?? false, host: host)))
    }

    // MARK: The verdict

    /// Whether something speaks against taking over now. VRRP alone would take over.
    ///
    /// A node that preempts knows who holds the address and that it will yield, and the owner asks nobody.
    mutating func holdsPromotion(_ reason: TransitionReason, _ now: Time, _ effects: inout [Effect]) -> Bool {
        guard let policy = config.guarding else { return false }
        guard mayBeHeld(reason) else {
            endHold(isGone: true, now, &effects)
            return false
        }
        if followsHeartbeat(now, &effects) || looksFirst(now, &effects) { return true }
        let found = findReason(now)
        guard let found, isWithinLimit(found, policy, now) else {
            let isSame = guarding.hold.map { found?.isSameKind(as: $0.reason) ?? false } ?? false
            endHold(isGone: !isSame, now, &effects)
            return false
        }
        hold(found, policy, now, &effects)
        return true
    }

    /// A loop that came late finds heartbeats of a living master beside the timer that gives it up.
    private mutating func followsHeartbeat(_ now: Time, _ effects: inout [Effect]) -> Bool {
        guard let peer = guarding.peers.master(since: now - beat - beat / 2),
            Election.mustObey(peer.beat.advert, priority: priority, preempts: config.preempts)
        else { return false }
        follow(peer.beat.advert, now, &effects)
        return true
    }

    /// A loop that came so late that it has not even asked: nothing is known, and the tap has only just been opened. An
    /// overslept master waits for an interval, too (M-10).
    private mutating func looksFirst(_ now: Time, _ effects: inout [Effect]) -> Bool {
        guard guarding.isSuspicious, backup.wait != .skew, now - guarding.suspiciousSince < answerSpan else {
            return false
        }
        arm(.masterDown, at: now + beat + answerSpan, &effects)
        return true
    }

    private func mayBeHeld(_ reason: TransitionReason) -> Bool {
        switch reason {
        case .preempting, .owner: false
        case .startup, .shutdown, .masterDown, .masterLeft, .masterUnfit, .lostElection, .fault, .recovered,
            .addressLost, .addressRefused, .syncGroup, .overslept, .leaseExpired, .deafPeer:
            true
        }
    }

    /// The gravest reason to wait that the evidence gives.
    private func findReason(_ now: Time) -> HoldReason? {
        let evidence = guarding.evidence
        // What answers neither of the last two rounds has let go meanwhile: the kernel of a dead node, for one.
        let start = now - (guarding.hold == nil ? roundSpan + answerSpan : holdSpan * 2)
        let living = evidence.livingForeigners(now)
        for advert in living {
            guard let hardware = evidence.hardware(of: advert.source) else { continue }
            if evidence.isClaimed(by: hardware, since: start) { return .foreignMaster(advert) }
        }
        let released = backup.departed != nil ? backup.departedAt + (config.guarding?.releaseGrace ?? .zero) : start
        if let claim = evidence.claims.last(where: { $0.heard >= max(start, released) })?.claim {
            return reason(for: claim, now)
        }
        if let advert = living.last { return .foreignAdvert(advert) }
        return guarding.isCarrying ? nil : .silentInterface
    }

    private func reason(for claim: AddressClaim, _ now: Time) -> HoldReason {
        guard let host = guarding.evidence.host(with: claim.hardware) else { return .foreignClaim(claim) }
        if let peer = guarding.peers.fresh(host, since: now - beat - beat / 2), peer.beat.state != .master {
            return .notReleased(claim.address, by: host)
        }
        return .staleAddress(claim.address, of: host)
    }

    /// nil: as long as the reason lasts.
    private func limit(of reason: HoldReason, _ policy: GuardConfig) -> Duration? {
        let longest = policy.longestHold ?? ownMasterDownInterval
        switch reason {
        case .foreignMaster: return nil
        case .foreignClaim where policy.foreignClaim == .block: return nil
        case .notReleased: return min(longest, policy.releaseGrace)
        case .staleAddress, .foreignAdvert, .foreignClaim, .silentInterface: return longest
        }
    }

    private func isWithinLimit(_ reason: HoldReason, _ policy: GuardConfig, _ now: Time) -> Bool {
        guard let limit = limit(of: reason, policy) else { return true }
        guard let hold = guarding.hold else { return !guarding.hasHeld && limit > .zero }
        return now - hold.since < limit
    }

    private mutating func hold(
        _ reason: HoldReason, _ policy: GuardConfig, _ now: Time, _ effects: inout [Effect]
    ) {
        let isNews = guarding.hold.map { !$0.reason.isSameKind(as: reason) } ?? true
        let since = guarding.hold?.since ?? now
        guarding.hold = (reason, since)
        guarding.hasHeld = true
        let limit = limit(of: reason, policy)
        if isNews {
            if case .notReleased(_, let host) = reason { effects.append(.tellPeer(.releaseRequest, host)) }
            publish(.promotionHeld(reason, limit: limit), &effects)
        }
        ask(now, &effects)
        let again = now + holdSpan
        arm(.masterDown, at: limit.map { min(again, since + $0) } ?? again, &effects)
    }

    private mutating func endHold(isGone: Bool, _ now: Time, _ effects: inout [Effect]) {
        guard let hold = guarding.hold else { return }
        guarding.hold = nil
        publish(.holdEnded(hold.reason, after: now - hold.since, isGone: isGone), &effects)
    }

    /// A reload switched the guard on or off.
    mutating func switchGuard(_ now: Time, _ effects: inout [Effect]) {
        if config.guarding == nil {
            forgetSuspicion(now, &effects)
            if state == .master { forgetConflicts(&effects) }
            guarding.firewalled = nil
            guarding.unheard = nil
        } else if state == .backup, question == nil {
            armSuspicion(&effects)
        }
        settleTap(&effects)
    }

    /// Leaves the waiting for good. What was learned of proxies and peers stays.
    mutating func forgetSuspicion(_ now: Time, _ effects: inout [Effect]) {
        endHold(isGone: false, now, &effects)
        disarm(.probe, &effects)
        guarding.hasHeld = false
        guarding.isSuspicious = false
        if let unheard = guarding.unheard, !unheard.isTold { guarding.unheard = nil }
        guarding.evidence.forgetClaims()
    }
}

extension HoldReason {
    /// The same matter, although details of it may differ; each matter is told once.
    fileprivate func isSameKind(as other: Self) -> Bool {
        switch (self, other) {
        case (.staleAddress, .staleAddress), (.notReleased, .notReleased), (.foreignMaster, .foreignMaster),
            (.foreignAdvert, .foreignAdvert), (.foreignClaim, .foreignClaim), (.silentInterface, .silentInterface):
            true
        case (.staleAddress, _), (.notReleased, _), (.foreignMaster, _), (.foreignAdvert, _), (.foreignClaim, _),
            (.silentInterface, _):
            false
        }
    }
}
