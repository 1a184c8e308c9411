/// A moment on the monotonic clock, given to the core from outside; the core never asks for it.

/// Nanoseconds since an arbitrary start. NTP steps never move it (requirement M-09).
package struct Time: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
    package static func + (time: Self, span: Duration) -> Self {
        .init(nanoseconds: time.nanoseconds + span.inNanoseconds)
    }
    package static func - (time: Self, span: Duration) -> Self {
        .init(nanoseconds: time.nanoseconds - span.inNanoseconds)
    }
    package static func - (later: Self, earlier: Self) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }
}

extension Duration {
    /// The whole nanoseconds of this span; VRRP spans are far from the limits of 64 bits (292 years).
    package var inNanoseconds: Int64 {
        let parts = components
        return parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000
    }
}
