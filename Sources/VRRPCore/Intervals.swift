/// The spans of the protocol: skew time, master down interval, and the schedule of the adverts.
import Wire

enum Intervals {
    /// How much sooner a higher priority gives up waiting (M-01 … M-03), in whole nanoseconds, never rounded to more.
    ///
    /// Version 2 (RFC 3768 §6.1) counts in 256ths of a second, version 3 (RFC 9568 §6.1) in 256ths of the interval of the
    /// master, which is then known from its adverts.
    static func skew(_ version: VRRPVersion, priority: UInt8, interval: Duration) -> Duration {
        let unit =
            switch version {
            case .v2: Int64(1_000_000_000)
            case .v3: interval.inNanoseconds
            }
        return .nanoseconds((256 - Int64(priority)) * unit / 256)
    }

    /// How long a backup waits for an advert before it takes over: three intervals (or `adverts` of them, M-11) and
    /// the skew time.
    static func masterDown(
        _ version: VRRPVersion, priority: UInt8, interval: Duration, adverts: Int
    ) -> Duration {
        .nanoseconds(interval.inNanoseconds * Int64(adverts)) + skew(version, priority: priority, interval: interval)
    }

    /// The first advert after a promotion is sent at once; this is when the second is due.
    ///
    /// Deadlines lie on a grid of an eighth of the interval, so that instances which were promoted together, or nearly,
    /// share one wake-up for ever after. It is never later than `now + interval`, the longest that RFC 9568 §6.4.2
    /// allows, and at most an eighth of the interval sooner.
    static func firstAdvert(after now: Time, interval: Duration) -> Time {
        let slot = max(interval.inNanoseconds / 8, 1)
        let latest = (now + interval).nanoseconds
        return Time(nanoseconds: latest - modulo(latest, slot))
    }

    /// The next moment of an absolute schedule after one that was due (M-08): a late tick does not move the schedule,
    /// and the ticks that were missed altogether are not made up for.
    static func next(after due: Time, every interval: Duration, now: Time) -> Time {
        let following = due + interval
        guard following <= now else { return following }
        let step = max(interval.inNanoseconds, 1)
        let missed = (now.nanoseconds - following.nanoseconds) / step + 1
        return Time(nanoseconds: following.nanoseconds + missed * step)
    }

    /// The remainder that is never negative, also for times before the arbitrary start of the clock.
    private static func modulo(_ value: Int64, _ divisor: Int64) -> Int64 {
        let remainder = value % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
