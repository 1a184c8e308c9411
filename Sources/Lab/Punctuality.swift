/// How regular adverts are: the gaps between one virtual router's adverts, compared with the interval.
import LinuxIO

package struct Punctuality: Hashable, Sendable {
    /// Adverts seen.
    package var seen: Int
    /// How far the gaps are from the interval, in either direction.
    package var median: Duration
    package var p99: Duration
    package var worst: Duration
    /// The longest gap itself.
    package var longestGap: Duration

    /// Of adverts of any number of virtual routers that all have the same interval.
    package init(of sightings: [AdvertCapture.Sighting], interval: Duration) {
        struct Router: Hashable {
            var link: Int
            var identifier: UInt8
        }
        var last: [Router: Int64] = [:]
        var gaps: [Int64] = []
        gaps.reserveCapacity(sightings.count)
        for sighting in sightings.sorted(by: { $0.at < $1.at }) {
            let router = Router(link: sighting.link, identifier: sighting.virtualRouterID)
            if let before = last.updateValue(sighting.at, forKey: router) { gaps.append(sighting.at - before) }
        }
        let due = interval.wholeNanoseconds
        let off = gaps.map { ($0 - due).magnitude }.sorted()
        func duration(_ place: Double) -> Duration {
            off.isEmpty ? .zero : .nanoseconds(Int64(off[Int((Double(off.count - 1) * place).rounded())]))
        }
        seen = sightings.count
        median = duration(0.5)
        p99 = duration(0.99)
        worst = duration(1)
        longestGap = .nanoseconds(gaps.max() ?? 0)
    }
}
