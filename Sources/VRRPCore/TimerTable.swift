/// The timers of one instance: which are armed, and when each is due.

/// A fixed row of deadlines; no operation allocates.
struct TimerTable: Sendable {
    /// Nanoseconds by `Timer.rawValue`; `unarmed` where nothing is armed.
    private var deadlines = InlineArray<10, Int64>(repeating: Self.unarmed)

    private static let unarmed = Int64.max

    init() {
        precondition(Timer.allCases.count == deadlines.count, "Every timer needs a place in the table.")
    }

    /// When a timer is due; nil when it is not armed.
    subscript(timer: Timer) -> Time? {
        let deadline = deadlines[Int(timer.rawValue)]
        return deadline == Self.unarmed ? nil : Time(nanoseconds: deadline)
    }

    mutating func arm(_ timer: Timer, at deadline: Time) {
        deadlines[Int(timer.rawValue)] = deadline.nanoseconds
    }

    /// Disarms a timer and says whether it was armed.
    mutating func disarm(_ timer: Timer) -> Bool {
        let wasArmed = deadlines[Int(timer.rawValue)] != Self.unarmed
        deadlines[Int(timer.rawValue)] = Self.unarmed
        return wasArmed
    }

    /// Takes a timer that has run out and gives its deadline. Gives nil for a timer that is not armed, or that was moved
    /// into the future after its old deadline had already been queued: such a tick is late news and means nothing.
    mutating func expire(_ timer: Timer, at now: Time) -> Time? {
        guard let deadline = self[timer], deadline <= now else { return nil }
        deadlines[Int(timer.rawValue)] = Self.unarmed
        return deadline
    }
}
