/// What `halua watch` shows at one moment: a pure function of what is known and of the terminal's size.

package struct WatchFrame: Sendable {
    package var report: StatusReport?
    /// Why the daemon does not answer, and for how long, in milliseconds; nil: it does.
    package var failure: (sentence: String, forMs: Int)?
    /// "17:35:01"
    package var clock: String
    package var columns: Int
    package var rows: Int
    package var paint: Paint

    package init(
        report: StatusReport?, failure: (sentence: String, forMs: Int)?, clock: String, columns: Int, rows: Int,
        paint: Paint
    ) {
        self.report = report
        self.failure = failure
        self.clock = clock
        self.columns = columns
        self.rows = rows
        self.paint = paint
    }

    /// As many lines as the terminal has, none longer than it is wide.
    package var lines: [String] {
        guard rows > 0 else { return [] }
        var all = [header]
        if let failure {
            all += ["", paint.bad(failure.sentence), paint.faint("for \(span(failure.forMs)); asking again")]
            if report != nil { all += ["", paint.faint("This is how it was:")] }
        }
        if let report {
            for instance in report.instances { all += [""] + section(instance) }
        }
        // The rest of the screen is told of: nobody takes a part for the whole.
        if all.count > rows - 1 {
            let missing = all.count - (rows - 2)
            all = Array(all.prefix(max(1, rows - 2))) + [paint.faint("… \(missing) lines more: make the window larger")]
        }
        all += Array(repeating: "", count: max(0, rows - 1 - all.count)) + [paint.faint("q: quit")]
        return all.prefix(rows).map { Paint.clip($0, columns) }
    }

    private var header: String {
        guard let report else { return "\(paint.bold("halua watch"))  \(clock)" }
        return "\(paint.bold(report.host))  haluad \(report.version), up \(span(report.uptimeMs))  \(clock)"
    }

    private func section(_ instance: InstanceStatus) -> [String] {
        var lines = [
            "\(paint.bold(instance.name))  \(paint.state(instance.state)) for \(span(instance.stateAgeMs))  "
                + "\(instance.addresses.joined(separator: ", "))"
                + (instance.holdsAddresses ? paint.good("  held here") : ""),
            "  \(paint.faint(instance.lastTransition))",
        ]
        lines += nodes(instance).map { "  \($0)" }
        lines += timers(instance).map { "  \($0)" }
        for fault in instance.faults { lines.append("  \(paint.bad(fault))") }
        for note in instance.guardNotes { lines.append("  \(paint.bad(note))") }
        if let request = instance.operatorRequest {
            lines.append("  \(paint.warning("\(request.kind.rawValue) by \(request.by), \(request.ending)"))")
        }
        lines += instance.checks.map { "  check \(describe($0, age: "", paint))" }
        lines += instance.gates.map { "  gate \($0.name) \($0.state)" + ($0.reason.isEmpty ? "" : ": \($0.reason)") }
        return lines
    }

    /// This node, and every other one that is heard, with what they say of themselves.
    private func nodes(_ instance: InstanceStatus) -> [String] {
        let own = instance.source ?? "this node"
        let width =
            ([own] + instance.guardPeers.map(\.address) + [instance.master?.address ?? ""]).map(\.count).max() ?? 0
        func row(_ address: String, _ state: String, _ priority: String, _ rest: String) -> String {
            let gap = String(repeating: " ", count: width - address.count)
            let stateGap = String(repeating: " ", count: max(0, 7 - state.count))
            return "\(address)\(gap)  \(paint.state(state))\(stateGap) \(priority)  \(rest)"
        }
        func counter(_ name: String) -> Int { instance.statistics.first { $0.name == name }?.count ?? 0 }
        let adverts =
            "adverts: \(counter("advertisements-sent")) sent, \(counter("advertisements-received")) received"
        var rows = [row(own, instance.state, instance.priorityExplanation, adverts)]
        for peer in instance.guardPeers {
            let heard = peer.paths.compactMap(\.heardMs).min().map { "heartbeat \(span($0)) ago" } ?? "silent"
            let advert = peer.address == instance.master?.address ? lastAdvert(instance) : nil
            rows.append(
                row(
                    peer.address, peer.state, "\(peer.priority)",
                    [advert, heard].compactMap { $0 }.joined(separator: ", ")))
        }
        if instance.state != "MASTER", let master = instance.master,
            !instance.guardPeers.contains(where: { $0.address == master.address })
        {
            rows.append(row(master.address, "MASTER", "\(master.priority)", lastAdvert(instance) ?? ""))
        }
        return rows
    }

    private func lastAdvert(_ instance: InstanceStatus) -> String? {
        guard let ms = instance.master?.lastHeardMs else { return nil }
        let text = "advert \(span(ms)) ago"
        // One and a half intervals: then this node looks around, too.
        return ms * 2 > instance.intervalMs * 3 ? paint.bad("\(text), overdue") : text
    }

    private func timers(_ instance: InstanceStatus) -> [String] {
        let words = instance.timers.map { "\($0.name.map { $0 == "_" ? " " : "\($0)" }.joined()) in \(span($0.dueMs))" }
        return words.isEmpty ? [] : [paint.faint("next: " + words.joined(separator: ", "))]
    }
}
