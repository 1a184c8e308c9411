/// What follows when the priority of a living instance moves.
import Wire

extension Instance {
    /// The effective priority: what adverts carry and elections compare.
    package var priority: UInt8 { ledger.effective }
    /// "200 −20 mycat.backends = 180"
    package var explanation: String { ledger.explanation }

    /// A script's own adjustment, under its key.
    mutating func adjust(
        _ key: String, _ delta: Int, _ reason: String, _ now: Time, _ effects: inout [Effect]
    ) {
        movePriority(now, &effects) { ledger in
            ledger.set(.script(key), to: delta, label: reason.isEmpty ? key : "\(key) (\(reason))")
        }
    }

    /// A tracked interface with a weight went up or down. A number without an interface is late news after a reload.
    mutating func track(_ index: Int, _ isUp: Bool, _ now: Time, _ effects: inout [Effect]) {
        guard trackedInterfaces.indices.contains(index) else { return }
        trackedInterfaces[index] = isUp
        let interface = config.trackedInterfaces[index]
        movePriority(now, &effects) { ledger in
            ledger.set(.interface(index), to: interface.contribution(whenUp: isUp), label: interface.name)
        }
    }

    /// Changes the ledger and lets the change take effect.
    ///
    /// A master says its new priority at once instead of with the next advert: a peer with a better claim then takes over
    /// up to an interval sooner. A backup computes the end of its waiting anew, from the last advert and not from now,
    /// so that a change never grants a master more time (S-19).
    mutating func movePriority(
        after news: [Event] = [], _ now: Time, _ effects: inout [Effect], _ change: (inout PriorityLedger) -> Void
    ) {
        let former = priority
        change(&ledger)
        guard priority != former else {
            publish(news, &effects)
            return
        }
        switch state {
        case .master: sendAdvert(priority, &effects)
        case .backup where question == nil: arm(.masterDown, at: max(masterDownDeadline, now), &effects)
        case .backup: break  // It has waited long enough; its gates decide.
        case .initialize, .fault: break
        }
        publish(news, &effects)
        effects.append(.publish(.priority(effective: priority, explanation: explanation)))
    }
}

extension TrackedInterfaceConfig {
    /// What the interface adds to the priority, counted as keepalived counts it.
    func contribution(whenUp isUp: Bool) -> Int {
        let counts = isUp ? weight > 0 : weight < 0
        return counts ? (isReversed ? -weight : weight) : 0
    }
}
