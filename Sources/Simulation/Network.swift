/// The segment between the stations: every direction of every pair has faults of its own.
import VRRPCore

/// What one direction between two stations does to frames.
package struct LinkQuality: Hashable, Sendable {
    /// Nothing passes.
    package var isCut = false
    /// Multicast is dropped at the receiver, as `iptables -m pkttype --pkt-type multicast -j DROP` does.
    package var dropsMulticast = false
    /// Chances in millionths: lost, sent twice, held back by `reorderDelay`.
    package var loss = 0
    package var duplication = 0
    package var reordering = 0
    package var delay = Duration.microseconds(200)
    /// Added to the delay, evenly distributed from zero to this.
    package var jitter = Duration.zero
    package var reorderDelay = Duration.milliseconds(1500)

    package init() {}

    var longestPassage: Duration { delay + jitter + (reordering > 0 ? reorderDelay : .zero) }

    /// Whether this direction behaves as a healthy LAN does.
    package var isHealthy: Bool { self == LinkQuality() }
}

/// When the copies of one frame arrive: none, one, or two.
struct Deliveries {
    var first: Duration?
    var second: Duration?
}

/// All directions of the segment, as a square table, and the NIC of each station.
package struct Network: Sendable {
    private var links: [LinkQuality] = []
    /// The world's time of the last change of each direction.
    private var changes: [Time] = []
    private var groups: [Int] = []
    package private(set) var stationCount = 0
    /// The longest that any frame may have travelled so far, healthy links left out: what a checker must allow for.
    package private(set) var slowestPassage = Duration.zero

    mutating func addStation() {
        let old = self
        stationCount += 1
        links = Array(repeating: LinkQuality(), count: stationCount * stationCount)
        changes = Array(repeating: Time(nanoseconds: 0), count: stationCount * stationCount)
        groups.append(0)
        for from in 0..<old.stationCount {
            for to in 0..<old.stationCount {
                links[from * stationCount + to] = old.links[from * old.stationCount + to]
                changes[from * stationCount + to] = old.changes[from * old.stationCount + to]
            }
        }
    }

    package func quality(from: StationID, to: StationID) -> LinkQuality {
        links[from.index * stationCount + to.index]
    }

    package mutating func change(
        from: StationID, to: StationID, at now: Time, _ body: (inout LinkQuality) -> Void
    ) {
        body(&links[from.index * stationCount + to.index])
        changes[from.index * stationCount + to.index] = now
        slowestPassage = max(slowestPassage, links[from.index * stationCount + to.index].longestPassage)
    }

    /// Splits the segment: only stations of the same group reach each other.
    package mutating func partition(_ group: (StationID) -> Int, at now: Time) {
        for index in 0..<stationCount { groups[index] = group(StationID(index)) }
        for index in changes.indices { changes[index] = now }
    }

    /// Ends every fault of every direction and every partition.
    package mutating func heal(at now: Time) {
        for index in links.indices {
            let wasFaulty = !links[index].isHealthy || groups[index / stationCount] != groups[index % stationCount]
            if wasFaulty { changes[index] = now }
            links[index] = LinkQuality()
        }
        for index in groups.indices { groups[index] = 0 }
    }

    /// Since when this direction has been healthy; nil while it is not.
    package func healthySince(from: StationID, to: StationID) -> Time? {
        let index = from.index * stationCount + to.index
        guard links[index].isHealthy, groups[from.index] == groups[to.index] else { return nil }
        return changes[index]
    }

    /// Whether an answer can come back: nothing but loss stands between the two, in either direction.
    package func connects(_ one: StationID, _ other: StationID) -> Bool {
        groups[one.index] == groups[other.index] && !quality(from: one, to: other).isCut
            && !quality(from: other, to: one).isCut
    }

    /// Throws the dice for one frame.
    func deliveries(from: StationID, to: StationID, _ cast: Cast, _ random: inout RandomSource) -> Deliveries {
        let index = from.index * stationCount + to.index
        let isBlocked =
            links[index].isCut || groups[from.index] != groups[to.index]
            || (cast == .multicast && links[index].dropsMulticast)
        if isBlocked || random.happens(links[index].loss) { return Deliveries() }
        var result = Deliveries(first: Self.delay(links[index], &random))
        if random.happens(links[index].duplication) { result.second = Self.delay(links[index], &random) }
        return result
    }

    private static func delay(_ link: LinkQuality, _ random: inout RandomSource) -> Duration {
        var delay = link.delay
        if link.jitter > .zero { delay += random.span(from: .zero, to: link.jitter) }
        if random.happens(link.reordering) { delay += random.span(from: .zero, to: link.reorderDelay) }
        return delay
    }
}
