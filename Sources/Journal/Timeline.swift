/// Several nodes' journals as lanes: who held each virtual router's addresses when, and what happened beside it.

import ControlProtocol

/// A span of one lane. Moments are microseconds since 1970.
package struct TimelineSpan: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        /// States of an instance.
        case master, backup, fault, initialize
        /// The kernel of the node has the addresses.
        case holding
        /// It had them when its daemon ended without a word: they end by themselves, and nobody wrote down when.
        case fading
        /// Adverts of the master are overdue.
        case missed
        /// A check says down.
        case failing
        /// A hook or notify script runs.
        case hook
    }

    package var kind: Kind
    package var start: Int64
    package var end: Int64
    package var text: String

    package init(_ kind: Kind, _ start: Int64, _ end: Int64, _ text: String) {
        self.kind = kind
        self.start = start
        self.end = end
        self.text = text
    }
}

/// Something that takes no time.
package struct TimelineMark: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case alarm, order, reload, start, stop
    }

    package var kind: Kind
    package var at: Int64
    package var text: String
}

/// One node's part in one virtual router.
package struct TimelineLane: Hashable, Sendable {
    package var node: String
    package var states: [TimelineSpan] = []
    package var holds: [TimelineSpan] = []
    package var missed: [TimelineSpan] = []
    package var checks: [TimelineSpan] = []
    package var hooks: [TimelineSpan] = []
    package var marks: [TimelineMark] = []
}

/// One virtual router on all nodes.
package struct TimelineRouter: Hashable, Sendable {
    package struct Holders: Hashable, Sendable {
        package var start: Int64
        package var end: Int64
        /// None: nobody held the addresses.
        package var nodes: [String]
    }

    package var name: String
    package var lanes: [TimelineLane]
    /// Who held the addresses, from the first holder on: one span for each set of holders.
    package var holders: [Holders]

    package var overlaps: [Holders] { holders.filter { $0.nodes.count > 1 } }
    package var gaps: [Holders] { holders.filter(\.nodes.isEmpty) }
}

package struct Timeline: Hashable, Sendable {
    package var start: Int64
    package var end: Int64
    package var nodes: [String]
    package var routers: [TimelineRouter]
    package var entries: [JournalEntry]

    /// `entries` in any order; nil when there are none. `start`: what is older only tells how things stood then.
    package init?(_ entries: [JournalEntry], since start: Int64? = nil) {
        let sorted = entries.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            .map(\.element)
        guard let first = sorted.first, let last = sorted.last else { return nil }
        self.start = max(first.at, start ?? first.at)
        // A moment more: what happened last must be seen.
        end = max(last.at, self.start) + max(1_000, (max(last.at, self.start) - self.start) / 100)
        nodes = Array(Set(sorted.map(\.node))).sorted()
        self.entries = sorted.filter { $0.at >= start ?? first.at }
        let names = Array(Set(sorted.compactMap(\.instance))).sorted()
        let (beginning, limit) = (self.start, end)
        let everybody = nodes
        routers = names.map { name in
            let lanes = everybody.map { node -> TimelineLane in
                var reader = LaneReader(node, name, end: limit)
                for entry in sorted where entry.node == node { reader.read(entry) }
                return reader.finish()
            }
            return TimelineRouter(name: name, lanes: lanes, start: beginning, end: limit)
        }
    }
}

extension TimelineRouter {
    init(name: String, lanes: [TimelineLane], start: Int64, end: Int64) {
        var lanes = lanes
        // A daemon that died leaves its addresses to a kernel that drops them; at the latest when another node serves.
        for index in lanes.indices {
            for span in lanes[index].holds.indices where lanes[index].holds[span].kind == .fading {
                let fading = lanes[index].holds[span]
                let others = lanes.indices.filter { $0 != index }.flatMap { lanes[$0].holds }
                    .filter { $0.kind == .holding && $0.start >= fading.start && $0.start < fading.end }
                if let taken = others.map(\.start).min() { lanes[index].holds[span].end = taken }
            }
            lanes[index].clip(from: start)
        }
        self.name = name
        self.lanes = lanes
        holders = Self.holders(lanes, end: end)
    }

    private static func holders(_ lanes: [TimelineLane], end: Int64) -> [Holders] {
        let holds = lanes.flatMap { lane in lane.holds.map { (node: lane.node, span: $0) } }
        let moments = Set(holds.flatMap { [$0.span.start, $0.span.end] } + [end]).sorted()
        guard let first = holds.map(\.span.start).min() else { return [] }
        var result: [Holders] = []
        for (start, end) in zip(moments, moments.dropFirst()) where start >= first {
            let nodes = holds.filter { $0.span.start <= start && $0.span.end >= end && $0.span.end > $0.span.start }
                .map(\.node)
            if let last = result.last, last.nodes == nodes {
                result[result.count - 1].end = end
            } else {
                result.append(Holders(start: start, end: end, nodes: nodes))
            }
        }
        return result
    }
}

extension TimelineLane {
    fileprivate mutating func clip(from start: Int64) {
        func clipped(_ spans: [TimelineSpan]) -> [TimelineSpan] {
            spans.filter { $0.end > start }.map { TimelineSpan($0.kind, max($0.start, start), $0.end, $0.text) }
        }
        states = clipped(states)
        holds = clipped(holds)
        missed = clipped(missed)
        checks = clipped(checks)
        hooks = clipped(hooks)
        marks.removeAll { $0.at < start }
    }
}

/// Reads one node's entries, in their order, into the lane of one virtual router.
private struct LaneReader {
    private let name: String
    private let end: Int64
    private var lane: TimelineLane
    private var state: TimelineSpan?
    private var hold: TimelineSpan?
    private var overdue: TimelineSpan?
    private var failing: [String: TimelineSpan] = [:]
    /// The last sign of life of the node's daemon.
    private var lastAt: Int64 = 0
    private var isRunning = false

    init(_ node: String, _ name: String, end: Int64) {
        self.name = name
        self.end = end
        lane = TimelineLane(node: node)
    }

    mutating func read(_ entry: JournalEntry) {
        switch entry.event {
        case "start":
            if isRunning { breakOff(at: entry.at) }
            isRunning = true
            lane.marks.append(TimelineMark(kind: .start, at: entry.at, text: entry.text))
        case "stop":
            lane.marks.append(TimelineMark(kind: .stop, at: entry.at, text: entry.text))
        case "reload":
            lane.marks.append(TimelineMark(kind: .reload, at: entry.at, text: entry.text))
        default:
            if entry.instance == name || entry.instance == nil { readOwn(entry) }
        }
        if entry.event == "transition", entry["to"]?.string == "INIT", entry["reason"]?.string == "shutdown" {
            isRunning = false
        }
        lastAt = entry.at
    }

    private mutating func readOwn(_ entry: JournalEntry) {
        switch entry.event {
        case "transition":
            close(\.state, at: entry.at, into: \.states)
            if let kind = Self.kind(entry["to"]?.string) {
                state = TimelineSpan(kind, entry.at, end, entry.text)
            }
            if entry["to"]?.string != "BACKUP" { close(\.overdue, at: entry.at, into: \.missed) }
        case "serving":
            if hold == nil { hold = TimelineSpan(.holding, entry.at, end, "held by \(lane.node)") }
        case "released":
            close(\.hold, at: entry.at, into: \.holds)
        case "adverts_missed":
            if overdue == nil { overdue = TimelineSpan(.missed, entry.at, end, entry.text) }
        case "adverts_back": close(\.overdue, at: entry.at, into: \.missed)
        case "check": readCheck(entry)
        case "hook":
            let took = Int64(entry["took_us"]?.integer ?? 0)
            lane.hooks.append(TimelineSpan(.hook, entry.at - took, entry.at, entry.text))
        case "guard":
            if entry["guard"]?.string == "deadman_expired" { close(\.hold, at: entry.at, into: \.holds) }
            if entry["alarm"]?.boolean == true { mark(.alarm, entry) }
        case "dual_master", "duplicate_address", "address_lost", "advert_late", "flap_damped", "gate_denied",
            "gate_excused":
            mark(.alarm, entry)
        case "order": mark(.order, entry)
        default: break
        }
    }

    private mutating func mark(_ kind: TimelineMark.Kind, _ entry: JournalEntry) {
        lane.marks.append(TimelineMark(kind: kind, at: entry.at, text: entry.text))
    }

    private mutating func readCheck(_ entry: JournalEntry) {
        guard let check = entry["check"]?.string else { return }
        endCheck(check, at: entry.at)
        if entry["state"]?.string == "down" { failing[check] = TimelineSpan(.failing, entry.at, end, entry.text) }
    }

    private static func kind(_ state: String?) -> TimelineSpan.Kind? {
        switch state {
        case "MASTER": .master
        case "BACKUP": .backup
        case "FAULT": .fault
        case "INIT": .initialize
        default: nil
        }
    }

    private mutating func close(
        _ span: WritableKeyPath<LaneReader, TimelineSpan?>, at moment: Int64,
        into list: WritableKeyPath<TimelineLane, [TimelineSpan]>
    ) {
        guard var open = self[keyPath: span] else { return }
        open.end = max(moment, open.start)
        self[keyPath: span] = nil
        lane[keyPath: list].append(open)
    }

    private mutating func endCheck(_ check: String, at moment: Int64) {
        guard var span = failing.removeValue(forKey: check) else { return }
        span.end = max(moment, span.start)
        lane.checks.append(span)
    }

    /// The daemon ended without a word, some time after its last entry.
    private mutating func breakOff(at moment: Int64) {
        let last = lastAt
        close(\.state, at: last, into: \.states)
        if hold != nil {
            close(\.hold, at: last, into: \.holds)
            lane.holds.append(
                TimelineSpan(.fading, last, moment, "\(lane.node)'s daemon ended without a word; its kernel let go"))
        }
        close(\.overdue, at: last, into: \.missed)
        for check in failing.keys.sorted() { endCheck(check, at: last) }
    }

    /// A master writes a line a minute. Without one for longer than that the node is gone, and nobody knows since when.
    private static let patience: Int64 = 90_000_000

    mutating func finish() -> TimelineLane {
        if hold != nil, end - lastAt > Self.patience { breakOff(at: end) }
        close(\.state, at: end, into: \.states)
        close(\.hold, at: end, into: \.holds)
        close(\.overdue, at: end, into: \.missed)
        for check in failing.keys.sorted() { endCheck(check, at: end) }
        return lane
    }
}
