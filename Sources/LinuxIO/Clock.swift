/// The kernel's clocks as nanoseconds.
import CLinux
import Glibc

/// Nanoseconds of one of the kernel's clocks (clock_gettime(2)). Reading costs no system call and no allocation.
package enum Clock {
    /// CLOCK_MONOTONIC: stands still while the machine is suspended, never steps. What all timers run on.
    package static var monotonic: Int64 { read(CLOCK_MONOTONIC) }
    /// CLOCK_BOOTTIME: runs on through a suspend, so the two together tell that the machine slept.
    package static var boottime: Int64 { read(CLOCK_BOOTTIME) }
    /// CLOCK_REALTIME: since 1970, steps with NTP. For logs and certificates only.
    package static var realtime: Int64 { read(CLOCK_REALTIME) }

    /// The tick of the kernel's coarse clocks and time-outs, 1 to 10 ms (clock_getres(2) of CLOCK_MONOTONIC_COARSE; CONFIG_HZ).
    package static let tick: Duration = {
        var step = timespec()
        let result = clock_getres(CLOCK_MONOTONIC_COARSE, &step)
        precondition(result == 0, "every kernel that runs this has clock \(CLOCK_MONOTONIC_COARSE)")
        return .seconds(step.tv_sec) + .nanoseconds(step.tv_nsec)
    }()

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        let result = clock_gettime(clock, &time)
        precondition(result == 0, "every kernel that runs this has clock \(clock)")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
