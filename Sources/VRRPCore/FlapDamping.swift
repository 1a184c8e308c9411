/// Holds preemption off when an instance changes its role too often (P-09).

/// Three role changes within a minute hold preemption off for 30 seconds, doubling each time up to ten minutes.
///
/// It never keeps an instance from becoming master when nobody else is: it only makes a backup content with a master of
/// lower priority. After ten minutes without a new hold, the next one is short again.
struct FlapDamping: Sendable {
    private var previous: Time?
    private var beforePrevious: Time?
    private var hold = Duration.zero
    private var heldUntil: Time?

    static let window = Duration.seconds(60)
    static let shortestHold = Duration.seconds(30)
    static let longestHold = Duration.seconds(600)

    /// The instance became master, or stopped being it.
    mutating func roleChanged(at now: Time) {
        if let third = beforePrevious, now - third <= Self.window {
            startHold(at: now)
            // The next hold needs three changes of its own.
            previous = nil
            beforePrevious = nil
        } else {
            beforePrevious = previous
            previous = now
        }
    }

    /// How long preemption is still held off; nil when it is not.
    func remaining(at now: Time) -> Duration? {
        guard let heldUntil, now < heldUntil else { return nil }
        return heldUntil - now
    }

    private mutating func startHold(at now: Time) {
        let isQuiet = heldUntil.map { now - $0 > Self.longestHold } ?? true
        hold = isQuiet ? Self.shortestHold : min(hold * 2, Self.longestHold)
        heldUntil = now + hold
    }
}
