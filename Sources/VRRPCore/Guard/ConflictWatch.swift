/// What a master does about others who use or advertise its addresses, and about a master that does not hear it.
import Wire

/// A master of lower rank that has been answered and goes on.
struct Contender: Sendable {
    var source: IPAddress
    /// How many of its adverts came since the first answer, and how many of ours went out by then.
    var adverts = 0
    var sentBefore: UInt64
    var heard: Time
    /// It was asked whether it lives and hears.
    var asked: Time?

    /// So many of our adverts it must have missed, and so many of its own it must have sent, before it is asked.
    static let missed: UInt64 = 3
    static let repeated = 2
    /// It has so long to answer.
    static let answerSpan = Duration.milliseconds(100)
}

/// Keeps a node that gave way to a deaf one from preempting it at once (no flapping).
struct DeafHold: Sendable {
    private var peer: IPAddress?
    private var until: Time?
    private var length = Duration.zero

    static let shortest = Duration.seconds(30)
    static let longest = Duration.seconds(600)

    mutating func begin(for peer: IPAddress, at now: Time) {
        let isQuiet = until.map { now - $0 > Self.longest } ?? true
        length = isQuiet ? Self.shortest : min(length * 2, Self.longest)
        self.peer = peer
        until = now + length
    }

    /// The node has shown that it hears.
    mutating func end(for peer: IPAddress) {
        if self.peer == peer { self.peer = nil }
    }

    func isHolding(_ source: IPAddress, at now: Time) -> Bool {
        guard peer == source, let until else { return false }
        return now < until
    }
}

extension Instance {
    // MARK: Claims and foreign adverts

    mutating func hear(_ claim: AddressClaim, _ now: Time, _ effects: inout [Effect]) {
        guard state == .master else {
            // A backup that hears its master has no use for who has the address.
            if state == .backup, guarding.isSuspicious { _ = guarding.evidence.note(claim, now) }
            return
        }
        guard mastership.isServing, guarding.evidence.note(claim, now) else { return }
        settleWithForeigner(claim.hardware, now, &effects)
        guard state == .master, isDue(guarding.lastDefence, now) else { return }
        guarding.lastDefence = now
        guarding.defended = claim
        // A node that takes over announces the address, and its advert may come a moment later. An answer in between
        // would be the last word about the address, and the wrong one.
        if timers[.probe] == nil { arm(.probe, at: now + min(Contender.answerSpan, config.interval), &effects) }
    }

    /// The claim was not explained by an advert of somebody better: the address is ours, and everybody hears it again.
    private mutating func defend(_ now: Time, _ effects: inout [Effect]) {
        guard state == .master, let claim = guarding.defended else { return }
        guarding.defended = nil
        announce(.lowerPriorityHeard, config.announce.lowerPriorityRepetitions ?? 1, &effects)
        // What the former master's kernel says within an interval of the change is no news.
        if now - since > config.interval { publish(.addressClaimed(claim), &effects) }
    }

    mutating func hear(_ advert: ForeignAdvert, _ now: Time, _ effects: inout [Effect]) {
        guard advert.priority > 0 else { return guarding.evidence.forget(foreign: advert.source) }
        publish(.mismatch(advert), &effects)
        switch state {
        case .initialize, .fault: break
        case .backup: guarding.evidence.note(advert, now)
        case .master:
            guarding.evidence.note(advert, now)
            // Anybody can send an advert. It counts when its sender really uses the address.
            guard isDue(guarding.lastQuestion, now) else { return }
            guarding.lastQuestion = now
            effects.append(.probe(Probe(asksForAddresses: config.guarding?.probes ?? false, host: advert.source)))
        }
    }

    /// H5: two masters of one address under different terms are ranked as if the terms were the same.
    ///
    /// Looked at when a station claims an address, and when the sender of a foreign advert is found out to be one.
    mutating func settleWithForeigner(_ hardware: MACAddress, _ now: Time, _ effects: inout [Effect]) {
        let evidence = guarding.evidence
        guard state == .master, evidence.isClaimed(by: hardware, since: now - config.interval),
            let foreign = evidence.livingForeigners(now).last(where: { evidence.hardware(of: $0.source) == hardware })
        else { return }
        let advert = ReceivedAdvert(priority: foreign.priority, interval: foreign.interval, source: foreign.source)
        guard Election.standing(of: advert, priority: priority, source: sourceAddress) == .outranksUs else { return }
        publish(.yieldingToForeign(foreign), &effects)
        become(.backup, .lostElection(to: foreign.source, priority: foreign.priority), now, &effects)
        guarding.evidence.note(foreign, now)
    }

    /// At most one in an interval, however much somebody sends.
    private func isDue(_ last: Time?, _ now: Time) -> Bool { last.map { now - $0 >= config.interval } ?? true }

    // MARK: A master that does not hear

    /// A losing advert was answered. When its sender goes on and on, it is asked by other ways whether it hears at all.
    mutating func noteContender(_ source: IPAddress, _ now: Time, _ effects: inout [Effect]) {
        guard config.guarding != nil else { return }
        guard var contender = guarding.contender, contender.source == source,
            now - contender.heard < ownMasterDownInterval
        else {
            guarding.contender = Contender(
                source: source, sentBefore: statistics.advertisementsSent, heard: now)
            return
        }
        contender.adverts += 1
        contender.heard = now
        let missed = statistics.advertisementsSent - contender.sentBefore
        if contender.asked == nil, contender.adverts >= Contender.repeated, missed >= Contender.missed {
            contender.asked = now
            effects.append(.probe(Probe(asksForAddresses: false, host: source)))
            effects.append(.tellPeer(.state, source))
            arm(.probe, at: now + min(Contender.answerSpan, config.interval), &effects)
        }
        guarding.contender = contender
    }

    /// What was left open for a moment is decided now.
    mutating func settleConflicts(_ now: Time, _ effects: inout [Effect]) {
        judgeContender(now, &effects)
        defend(now, &effects)
    }

    /// H4. Its guard answered: it knows now, and yields. Only its kernel answered: it serves clients and will never yield,
    /// so this node does, because it is the one that can. Nobody answered: it serves nobody.
    private mutating func judgeContender(_ now: Time, _ effects: inout [Effect]) {
        guard let contender = guarding.contender, let asked = contender.asked else { return }
        guarding.contender = nil
        // What a deaf daemon says by itself is no answer.
        guard guarding.peers.fresh(contender.source, since: asked)?.beat.hearsUs != true,
            let answered = guarding.evidence.heard(host: contender.source), answered >= asked
        else { return }
        let yields = config.guarding?.deafPeer == .yield
        publish(.peerDeaf(contender.source, yielding: yields), &effects)
        guard yields else { return }
        // A deaf node does not announce what it thinks it has had all the time, and the neighbours heard this one last.
        if let hardware = guarding.evidence.hardware(of: contender.source) {
            effects.append(.announceElsewhere(hardware))
        }
        guarding.deafness.begin(for: contender.source, at: now)
        become(.backup, .deafPeer(contender.source), now, &effects)
    }
}
