/// A loop whose time is moved by hand: everything that is due happens in its order, and nobody sleeps.

/// Where the time of a hand-cranked loop begins.
package struct HandClock: Hashable, Sendable {
    /// Nanoseconds of its monotonic clock.
    package var start: Int64
    /// Nanoseconds since 1970 at that moment.
    package var wallStart: Int64

    package init(start: Int64, wallStart: Int64) {
        self.start = start
        self.wallStart = wallStart
    }
}

extension EventLoop {
    /// Does everything that can be done at the present moment: what descriptors, mail and due timers cause, and what
    /// that causes in turn. Only for a loop with a hand clock.
    ///
    /// Returns false when `turns` do not bring it to an end: something goes on without time passing.
    package func settle(turns: Int) -> Bool {
        for _ in 0..<turns {
            // What a turn did may have made a descriptor ready, so only a turn without any work is the last.
            let hadWork = hasWork
            if turn(maximumWait: .zero) == 0, !hadWork, !hasWork { return true }
        }
        return false
    }
}
