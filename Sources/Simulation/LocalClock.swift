/// A node's own monotonic clock, which may run a little too fast or too slow.
import VRRPCore

/// Maps the world's time to the node's. Only the rate differs: VRRP never compares clocks of two nodes.
package struct LocalClock: Sendable {
    /// How much faster than the world's this clock runs; 100 is a tenth of a per mille.
    package private(set) var partsPerMillion: Int64 = 0
    private var worldBase = Time(nanoseconds: 0)
    private var localBase = Time(nanoseconds: 0)

    /// The clock goes on from where it is, at another rate.
    package mutating func setRate(partsPerMillion: Int64, at world: Time) {
        precondition(abs(partsPerMillion) < 500_000, "a clock that wrong is broken, not drifting")
        localBase = local(world)
        worldBase = world
        self.partsPerMillion = partsPerMillion
    }

    /// The clock of a process that does not know that it stood: it goes on from where it was.
    mutating func stand(for span: Duration, until world: Time) {
        let now = local(world).nanoseconds
        localBase = Time(nanoseconds: now - span.inNanoseconds)
        worldBase = world
    }

    package func local(_ world: Time) -> Time {
        let elapsed = world.nanoseconds - worldBase.nanoseconds
        return Time(nanoseconds: localBase.nanoseconds + elapsed + scaled(elapsed, partsPerMillion, 1_000_000))
    }

    /// The first moment of the world at which this clock shows at least `local`.
    package func world(_ local: Time) -> Time {
        let elapsed = local.nanoseconds - localBase.nanoseconds
        let guess = elapsed - scaled(elapsed, partsPerMillion, 1_000_000 + partsPerMillion)
        var world = Time(nanoseconds: worldBase.nanoseconds + guess)
        // Both divisions round, each by less than one nanosecond.
        while self.local(world) < local { world.nanoseconds += 1 }
        while self.local(Time(nanoseconds: world.nanoseconds - 1)) >= local { world.nanoseconds -= 1 }
        return world
    }

    /// `value * numerator / denominator` without leaving 64 bits, for values of many years.
    private func scaled(_ value: Int64, _ numerator: Int64, _ denominator: Int64) -> Int64 {
        numerator == 0
            ? 0 : value / denominator * numerator + value % denominator * numerator / denominator
    }
}
