/// A timeline for a terminal.
import ControlProtocol

extension Timeline {
    /// `columns`: how wide the charts are.
    package func text(columns: Int = 60) -> String {
        let width = width
        let events = entries.filter { $0.event != "alive" }.map { entry in
            "\(Moments.clock(entry.at, withMilliseconds: true))  \(padded(entry.node, width))  \(entry.sentence)"
        }
        return ([summary(columns: columns), ""] + events).joined(separator: "\n")
    }

    private var width: Int { (nodes + ["holders"]).map(\.count).max() ?? 0 }

    /// The charts and the holders, without the events.
    package func summary(columns: Int = 60) -> String {
        let width = width
        var lines = [
            "\(Moments.local(start)) to \(Moments.clock(end)), \(nodes.count == 1 ? "1 node" : "\(nodes.count) nodes"): "
                + nodes.joined(separator: ", ")
        ]
        for router in routers {
            lines += ["", router.name]
            for lane in router.lanes { lines.append("  \(padded(lane.node, width))  \(chart(lane, columns))") }
            lines.append("  \(padded("holders", width))  \(chart(router, columns))")
            lines += router.holders.map { "  \(describe($0))" }
        }
        lines += ["", "M master, b backup, F fault, i not taking part; holders: - none, 1 one, 2 two or more"]
        return lines.joined(separator: "\n")
    }

    private func describe(_ holders: TimelineRouter.Holders) -> String {
        let span = "for \(Self.span(holders.end - holders.start))"
        let who =
            switch holders.nodes.count {
            case 0: "nobody"
            case 1: holders.nodes[0]
            default: holders.nodes.joined(separator: " AND ")
            }
        let warning = holders.nodes.count > 1 ? "  <- two holders" : ""
        return "\(Moments.clock(holders.start, withMilliseconds: true))  \(who) \(span)\(warning)"
    }

    /// "250 µs", "12.5 ms", "3.2 s", "4 min 10 s"
    package static func span(_ microseconds: Int64) -> String {
        switch microseconds {
        case ..<1_000_000: return ControlProtocol.span(microseconds: Int(microseconds))
        case ..<60_000_000: return "\(microseconds / 1_000_000).\(microseconds % 1_000_000 / 100_000) s"
        default:
            let seconds = microseconds / 1_000_000
            return seconds < 3_600
                ? "\(seconds / 60) min \(seconds % 60) s" : "\(seconds / 3_600) h \(seconds / 60 % 60) min"
        }
    }

    private func cells(_ columns: Int, _ letter: (_ start: Int64, _ end: Int64) -> String) -> String {
        let length = end - start
        return (0..<columns).map { column in
            letter(
                start + length * Int64(column) / Int64(columns), start + length * Int64(column + 1) / Int64(columns))
        }.joined()
    }

    /// The state in which most of a cell was spent, but a master is never left out.
    private func chart(_ lane: TimelineLane, _ columns: Int) -> String {
        cells(columns) { start, end in
            let inside = lane.states.filter { $0.start < end && $0.end > start }
            if inside.contains(where: { $0.kind == .master }) { return "M" }
            let longest = inside.max {
                min($0.end, end) - max($0.start, start) < min($1.end, end) - max($1.start, start)
            }
            return switch longest?.kind {
            case .backup: "b"
            case .fault: "F"
            case .initialize: "i"
            default: " "
            }
        }
    }

    /// Two holders are never left out, and a cell without a holder only where there was none in all of it.
    private func chart(_ router: TimelineRouter, _ columns: Int) -> String {
        cells(columns) { start, end in
            let counts = router.holders.filter { $0.start < end && $0.end > start }.map(\.nodes.count)
            guard let most = counts.max() else { return " " }
            return most > 1 ? "2" : most == 1 ? "1" : "-"
        }
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
