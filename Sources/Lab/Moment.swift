/// Points in time as the lab's threads take them, and spans as people read them.
import Glibc
import LinuxIO

/// Nanoseconds on CLOCK_MONOTONIC, the same in every process and namespace of the machine.
package struct Moment: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static var now: Self { .init(nanoseconds: Clock.monotonic) }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
    package static func + (moment: Self, span: Duration) -> Self {
        .init(nanoseconds: moment.nanoseconds + span.wholeNanoseconds)
    }
    package static func - (moment: Self, span: Duration) -> Self {
        .init(nanoseconds: moment.nanoseconds - span.wholeNanoseconds)
    }
    package static func - (later: Self, earlier: Self) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }
}

extension Duration {
    package var inMilliseconds: Double { Double(wholeNanoseconds) / 1_000_000 }
    package var inMicroseconds: Double { Double(wholeNanoseconds) / 1_000 }
    package var inSeconds: Double { Double(wholeNanoseconds) / 1_000_000_000 }
}

/// Sleeps at least this long; signals do not cut it short.
package func pause(_ span: Duration) {
    let end = Moment.now + span
    var time = timespec(tv_sec: Int(end.nanoseconds / 1_000_000_000), tv_nsec: Int(end.nanoseconds % 1_000_000_000))
    while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
}

/// Asks again every few milliseconds until the answer is yes. Returns when it was, or nil after `limit`.
package func waitUntil(_ limit: Duration, every step: Duration = .milliseconds(2), _ condition: () -> Bool) -> Moment? {
    let end = Moment.now + limit
    while true {
        if condition() { return Moment.now }
        if Moment.now >= end { return nil }
        pause(step)
    }
}
