/// Gratuitous ARP and neighbour advertisements: when the neighbours are told where the addresses are.
import Wire

extension Instance {
    /// The timers of a mastership whose addresses have just been confirmed.
    mutating func startAnnouncing(_ now: Time, _ effects: inout [Effect]) {
        armAnnouncement(config.announce.repetitions, after: config.announce.delay, now, &effects)
        if config.announce.refresh > .zero { arm(.announceRefresh, at: now + config.announce.refresh, &effects) }
    }

    /// A losing master has taught the neighbours its own MAC; they must learn ours again.
    mutating func announceAgainst(_ now: Time, _ effects: inout [Effect]) {
        // Before the kernel has the addresses there is nothing to announce; the confirmation will do it.
        guard mastership.isServing else { return }
        let settings = config.announce
        let repetitions = settings.lowerPriorityRepetitions ?? settings.repetitions
        announce(.lowerPriorityHeard, repetitions, &effects)
        armAnnouncement(repetitions, after: settings.lowerPriorityDelay ?? settings.delay, now, &effects)
    }

    /// The second burst.
    mutating func announceAgain(_ effects: inout [Effect]) {
        announce(.delayed, mastership.delayedRepetitions, &effects)
    }

    mutating func announceRefresh(due: Time, _ now: Time, _ effects: inout [Effect]) {
        announce(.refresh, config.announce.refreshRepetitions, &effects)
        guard config.announce.refresh > .zero else { return }
        arm(.announceRefresh, at: Intervals.next(after: due, every: config.announce.refresh, now: now), &effects)
    }

    func announce(_ reason: AnnounceReason, _ repetitions: Int, _ effects: inout [Effect]) {
        if repetitions > 0 { effects.append(.announce(reason, repetitions: repetitions)) }
    }

    private mutating func armAnnouncement(
        _ repetitions: Int, after delay: Duration, _ now: Time, _ effects: inout [Effect]
    ) {
        guard delay > .zero, repetitions > 0 else { return }
        mastership.delayedRepetitions = repetitions
        arm(.announceDelay, at: now + delay, &effects)
    }
}
