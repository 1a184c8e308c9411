/// The nodes that speak on the guard channel, and what a node makes of their words.
import Wire

/// What is known of one node by its heartbeats.
struct HeardPeer: Sendable {
    var beat: Heartbeat
    var heard: Time
    /// When it last said that it is no master.
    var saidNoMaster: Time?
    var isSilent = false

    var source: IPAddress { beat.source }
}

/// A master whose heartbeats arrive while its adverts do not.
struct UnheardMaster: Sendable {
    var source: IPAddress
    /// Its first heartbeat without an advert.
    var since: Time
    var isTold = false
}

/// A short list; when it is full, the one that has been silent for longest goes.
struct GuardPeerList: Sendable {
    private(set) var peers: [HeardPeer] = []
    static let most = 8

    /// Returns whether the node was taken for silent until now.
    mutating func note(_ beat: Heartbeat, _ now: Time) -> Bool {
        var peer = HeardPeer(beat: beat, heard: now, saidNoMaster: beat.state == .master ? nil : now)
        if let index = peers.firstIndex(where: { $0.source == beat.source }) {
            let former = peers[index]
            if beat.state == .master { peer.saidNoMaster = former.saidNoMaster }
            peers[index] = peer
            return former.isSilent
        }
        if peers.count == Self.most, let oldest = peers.indices.min(by: { peers[$0].heard < peers[$1].heard }) {
            peers.remove(at: oldest)
        }
        peers.append(peer)
        return false
    }

    /// Until its next word this node is none that serves.
    mutating func noteGoodbye(of source: IPAddress) {
        if let index = peers.firstIndex(where: { $0.source == source }) { peers[index].beat.state = .initialize }
    }

    /// The best of those that said since then that they are master and serve.
    func master(since start: Time) -> HeardPeer? {
        peers.filter { $0.beat.state == .master && $0.beat.isFit && $0.heard >= start }
            .max { $0.beat.priority < $1.beat.priority }
    }

    func fresh(_ source: IPAddress, since start: Time) -> HeardPeer? {
        peers.first { $0.source == source && $0.heard >= start }
    }

    /// The node has said since then that it is no master: what it advertises now is a preemption, and no second master.
    func isNewMaster(_ source: IPAddress, since start: Time) -> Bool {
        peers.contains { peer in peer.source == source && peer.saidNoMaster.map { $0 >= start } ?? false }
    }

    /// Nodes besides this one that were not heard to leave. Backups need not speak to each other, so it may be long ago.
    func others(than source: IPAddress) -> Int {
        peers.count { $0.source != source && $0.beat.state != .initialize }
    }

    /// The first node that has been silent since then and was not known to be; it is, from now on. One that has said that
    /// it stops is as it should be.
    mutating func nextSilent(since start: Time) -> IPAddress? {
        let index = peers.firstIndex { !$0.isSilent && $0.beat.state != .initialize && $0.heard < start }
        guard let index else { return nil }
        peers[index].isSilent = true
        return peers[index].source
    }
}

extension Instance {
    mutating func hear(_ beat: Heartbeat, _ now: Time, _ effects: inout [Effect]) {
        if guarding.peers.note(beat, now) { publish(.peerSilent(beat.source, isSilent: false), &effects) }
        if beat.hearsUs { guarding.deafness.end(for: beat.source) }
        switch (state, beat.word) {
        case (.backup, .state): hearAsBackup(beat, now, &effects)
        case (.master, .state) where beat.state == .master && beat.isFit:
            if !isAnswered(beat, now) { contest(beat.advert, now, &effects) }
        // The last word on the wire must be ours: the other node announced the address a moment ago.
        case (.master, .yielded): announceAgainst(now, &effects)
        // A master has every right to its addresses; who else has them lets go as soon as it hears this one.
        case (.master, .releaseRequest): effects.append(.tellPeer(.state, beat.source))
        case (.backup, .releaseRequest), (.fault, .releaseRequest): effects.append(.removeStaleAddresses)
        case (.fault, .state) where beat.state == .master: notice(beat.advert, now, &effects)
        case (.master, .state), (.fault, .state), (.backup, .yielded), (.fault, .yielded), (.initialize, _): break
        }
    }

    private mutating func hearAsBackup(_ beat: Heartbeat, _ now: Time, _ effects: inout [Effect]) {
        if beat.state == .master, beat.isFit {
            // Adverts come first; only when they are missing a heartbeat stands for one.
            guard guarding.isSuspicious || guarding.unheard?.source == beat.source else { return }
            noteUnheard(beat, now, &effects)
            follow(beat.advert, now, &effects)
        } else if beat.source == master?.address || isFirstWord(after: beat) {
            leaveMaster(beat, now, &effects)
        }
    }

    /// The goodbye was heard, and this is the first time that its sender says that it cannot serve.
    private func isFirstWord(after beat: Heartbeat) -> Bool {
        beat.source == backup.departed && beat.state != .backup && backup.wait == .skew && guarding.hold == nil
    }

    /// The advert beside a losing master's heartbeat has been answered already.
    private func isAnswered(_ beat: Heartbeat, _ now: Time) -> Bool {
        guard let contender = guarding.contender, contender.source == beat.source else { return false }
        return now - contender.heard < beat.interval / 2
            && Election.standing(of: beat.advert, priority: priority, source: sourceAddress) == .ranksBelowUs
    }

    /// Obeyed at once, and told only when an advert has been missing for as long as it may take: a heartbeat overtakes the
    /// advert beside it easily, and the tap, which is open meanwhile, may show where the adverts stay. One whose adverts
    /// are known to be refused, or kept by the firewall, has been told of already.
    private mutating func noteUnheard(_ beat: Heartbeat, _ now: Time, _ effects: inout [Effect]) {
        guard var unheard = guarding.unheard, unheard.source == beat.source else {
            guarding.unheard = UnheardMaster(source: beat.source, since: now)
            return settleTap(&effects)
        }
        let isExplained =
            guarding.firewalled == beat.source
            || guarding.evidence.livingForeigners(now).contains { $0.source == beat.source }
        guard !unheard.isTold, !isExplained, now - unheard.since >= beat.interval else { return }
        unheard.isTold = true
        guarding.unheard = unheard
        publish(.advertsLost(beat.source, isLost: true), &effects)
    }

    /// The master that is followed says that it is none. In a pair there is nobody else to wait for; among more, and for a
    /// node that may have yielded to a third one, it is a goodbye like any other.
    private mutating func leaveMaster(_ beat: Heartbeat, _ now: Time, _ effects: inout [Effect]) {
        let isUnfit = beat.state != .backup
        guard isUnfit || guarding.isSuspicious else { return }
        let others = guarding.peers.others(than: beat.source)
        guard isUnfit, others == 0 else {
            hearGoodbye(of: beat.source, now, &effects)
            return
        }
        master = nil
        backup.isFollowing = false
        backup.departed = beat.source
        backup.departedAt = now
        backup.challenged = nil
        backup.waitsSince = now
        backup.wait = .skew
        guard question == nil else { return }
        disarm(.masterDown, &effects)
        seekMastership(.masterUnfit(beat.source), now, &effects)
    }

    /// Looks for nodes that have fallen silent on the guard channel; they may be about to take over.
    mutating func missPeers(_ now: Time, _ effects: inout [Effect]) {
        guard config.guarding != nil else { return }
        while let peer = guarding.peers.nextSilent(since: now - ownMasterDownInterval) {
            publish(.peerSilent(peer, isSilent: true), &effects)
        }
    }
}

extension Heartbeat {
    /// What the node's advert would have said.
    var advert: ReceivedAdvert { ReceivedAdvert(priority: priority, interval: interval, source: source) }
}
