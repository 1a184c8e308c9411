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

extension Duration {
    /// "20 s", "1.5 s", "100 ms": as a person would say it, to three digits after the point at most.
    package var inWords: String {
        let microseconds = inNanoseconds / 1_000
        return microseconds < 1_000_000
            ? Self.decimal(microseconds, per: 1_000) + " ms" : Self.decimal(microseconds / 1_000, per: 1_000) + " s"
    }

    /// A number of thousandths without trailing zeros.
    private static func decimal(_ value: Int64, per thousand: Int64) -> String {
        let rest = value % thousand
        guard rest != 0 else { return "\(value / thousand)" }
        var digits = String(thousand + rest).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(value / thousand).\(digits)"
    }
}
