/// The counters of one virtual router, with the names of RFC 6527.

/// Counted since the instance was made; they never go back.
package struct Statistics: Hashable, Sendable {
    package var masterTransitions: UInt64 = 0

    package init() {}
}
