/// A new configuration for a living instance: what is unchanged keeps its state and its timers (S-20).
import Wire

extension Instance {
    /// Takes the new configuration. It causes no transition by itself; only a check that is now a fault does.
    mutating func reconfigure(_ new: InstanceConfig, _ now: Time, _ effects: inout [Effect]) {
        precondition(
            new.virtualRouterID == config.virtualRouterID && new.version == config.version
                && new.family == config.family,
            "Another number, version or address family is another virtual router: remove it and add the new one.")
        guard new != config else { return }
        let old = config
        let formerPriority = priority
        let formerChecks = checks
        let formerInterfaces = zip(old.trackedInterfaces, trackedInterfaces).map { ($0.name, $1) }
        config = new
        rebuildTracking(from: formerChecks, interfaces: formerInterfaces)
        rebuildGates(now, &effects)
        switch state {
        case .initialize, .fault: backup.masterInterval = new.interval
        case .backup: continueWaiting(after: old, formerPriority, now, &effects)
        case .master: continueServing(after: old, formerPriority, now, &effects)
        }
        if (new.guarding == nil) != (old.guarding == nil) { switchGuard(now, &effects) }
        if priority != formerPriority {
            effects.append(.publish(.priority(effective: priority, explanation: explanation)))
        }
        if new.checks != old.checks { review(now, &effects) }
    }

    /// Makes checks and ledger from the configuration; checks and interfaces with a known name keep what they know.
    mutating func rebuildTracking(from formerChecks: [TrackedCheck], interfaces former: [(name: String, isUp: Bool?)]) {
        checks = config.checks.map { checkConfig in
            guard var check = formerChecks.first(where: { $0.config.name == checkConfig.name }) else {
                return TrackedCheck(checkConfig)
            }
            check.adopt(checkConfig)
            return check
        }
        trackedInterfaces = config.trackedInterfaces.map { interface in
            former.first { $0.name == interface.name }?.isUp
        }
        ledger.rebase(config.basePriority)
        for (index, check) in checks.enumerated() {
            ledger.set(.check(index), to: check.contribution, label: check.config.name)
        }
        for (index, interface) in config.trackedInterfaces.enumerated() {
            guard let isUp = trackedInterfaces[index] else { continue }
            ledger.set(.interface(index), to: interface.contribution(whenUp: isUp), label: interface.name)
        }
    }

    private mutating func continueWaiting(
        after old: InstanceConfig, _ formerPriority: UInt8, _ now: Time, _ effects: inout [Effect]
    ) {
        // The interval of a master that is being followed in version 3 is that master's affair.
        let isOurs = config.version == .v2 || backup.masterInterval == old.interval
        if isOurs { backup.masterInterval = config.interval }
        if config.preemptDelay == .zero { disarm(.preemptDelay, &effects) }
        let isSame =
            config.interval == old.interval && config.downTimerAdverts == old.downTimerAdverts
            && priority == formerPriority
        if !isSame, question == nil { arm(.masterDown, at: max(masterDownDeadline, now), &effects) }
    }

    private mutating func continueServing(
        after old: InstanceConfig, _ formerPriority: UInt8, _ now: Time, _ effects: inout [Effect]
    ) {
        let isListNew = config.virtualAddresses != old.virtualAddresses
        let isIntervalNew = config.interval != old.interval
        if isListNew || isIntervalNew || priority != formerPriority { sendAdvert(priority, &effects) }
        // Which addresses are new and which are gone is a question to the kernel, which the daemon asks.
        if isListNew { askForAddresses(&effects) }
        if isIntervalNew {
            backup.masterInterval = config.interval
            arm(.advert, at: Intervals.firstAdvert(after: now, interval: config.interval), &effects)
        }
        if config.announce.refresh != old.announce.refresh, mastership.isServing {
            disarm(.announceRefresh, &effects)
            if config.announce.refresh > .zero { arm(.announceRefresh, at: now + config.announce.refresh, &effects) }
        }
    }
}
