/// A timeline as one HTML page that needs nothing else: no network, no script, no font.
import ControlProtocol

extension Timeline {
    package var page: String {
        var body = header
        for router in routers { body += section(router) }
        body += legend + table
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>halua timeline: \(escapedHTML(nodes.joined(separator: ", ")))</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            \(body)</body>
            </html>

            """
    }

    private var header: String {
        let overlaps = routers.flatMap(\.overlaps)
        let verdict =
            overlaps.isEmpty
            ? "<p id=\"verdict\" class=\"good\">No address had two holders.</p>"
            : "<p id=\"verdict\" class=\"bad\">Two holders: \(overlaps.count == 1 ? "once" : "\(overlaps.count) times"), "
                + "\(Self.span(overlaps.map { $0.end - $0.start }.reduce(0, +))) in all.</p>"
        return """
            <h1>halua timeline</h1>
            <p id="range">\(Moments.local(start)) to \(Moments.local(end)) · \(escapedHTML(nodes.joined(separator: ", ")))</p>
            \(verdict)
            <p class="note">Moments are those of each node's own clock.</p>

            """
    }

    // MARK: Lanes

    private func section(_ router: TimelineRouter) -> String {
        var text =
            "<section class=\"router\" data-router=\"\(escapedHTML(router.name))\">\n<h2>\(escapedHTML(router.name))</h2>\n"
        text += row("holders", "who held the addresses", holders(router), isSum: true)
        for lane in router.lanes {
            let bars =
                lane.states.map { bar("state \($0.kind.rawValue)", $0, data: lane.node) }
                + lane.holds.map { bar($0.kind.rawValue, $0, data: lane.node) }
                + lane.missed.map { bar("missed", $0, data: lane.node) }
                + lane.checks.map { bar("failing", $0, data: lane.node) }
                + lane.hooks.map { bar("hook", $0, data: lane.node) }
                + lane.marks.map { mark($0, lane.node) }
            text += row("lane", lane.node, bars.joined(), isSum: false)
        }
        return text + ruler + "</section>\n"
    }

    private func row(_ kind: String, _ label: String, _ bars: String, isSum: Bool) -> String {
        let data = isSum ? "" : " data-node=\"\(escapedHTML(label))\""
        return "<div class=\"\(kind)\"\(data)><span class=\"label\">\(escapedHTML(label))</span>"
            + "<div class=\"track\">\(bars)</div></div>\n"
    }

    private func holders(_ router: TimelineRouter) -> String {
        router.holders.map { holders in
            let kind = holders.nodes.isEmpty ? "gap" : holders.nodes.count > 1 ? "overlap" : "single"
            let who = holders.nodes.isEmpty ? "nobody" : holders.nodes.joined(separator: " and ")
            let text = "\(who) for \(Self.span(holders.end - holders.start))"
            return bar(kind, TimelineSpan(.holding, holders.start, holders.end, text), data: who)
        }.joined()
    }

    private func bar(_ kind: String, _ span: TimelineSpan, data: String) -> String {
        let title =
            "\(span.text) (\(Moments.clock(span.start, withMilliseconds: true)), \(Self.span(span.end - span.start)))"
        return "<i class=\"\(kind)\" data-node=\"\(escapedHTML(data))\" "
            + "style=\"left:\(percent(span.start - start));width:\(percent(span.end - span.start))\" "
            + "title=\"\(escapedHTML(title))\"></i>"
    }

    private func mark(_ mark: TimelineMark, _ node: String) -> String {
        let title = "\(Moments.clock(mark.at, withMilliseconds: true)) \(mark.text)"
        return "<b class=\"mark \(mark.kind.rawValue)\" data-node=\"\(escapedHTML(node))\" "
            + "style=\"left:\(percent(mark.at - start))\" title=\"\(escapedHTML(title))\"></b>"
    }

    private var ruler: String {
        let ticks = (0...5).map { tick in
            let at = start + (end - start) * Int64(tick) / 5
            let text = Moments.clock(at, withMilliseconds: end - start < 60_000_000)
            return "<i style=\"\(tick == 5 ? "right:0" : "left:\(tick * 20)%")\">\(text)</i>"
        }
        return "<div class=\"ruler\"><span class=\"label\"></span><div class=\"track\">\(ticks.joined())</div></div>\n"
    }

    private func percent(_ span: Int64) -> String {
        let share = Double(max(0, span)) / Double(max(1, end - start)) * 100
        let thousandths = Int64((share * 1_000).rounded())
        let rest = String(thousandths % 1_000)
        return "\(thousandths / 1_000).\(String(repeating: "0", count: 3 - rest.count))\(rest)%"
    }

    // MARK: Below

    private var legend: String {
        let words = [
            ("single", "one holder"), ("overlap", "two holders"), ("gap", "no holder"), ("state master", "MASTER"),
            ("state backup", "BACKUP"), ("state fault", "FAULT"), ("holding", "the kernel has the addresses"),
            ("fading", "the daemon died; the kernel let go"), ("missed", "adverts overdue"),
            ("failing", "a check fails"),
            ("hook", "a hook runs"),
        ]
        let items = words.map { "<li><i class=\"\($0.0)\"></i>\($0.1)</li>" }
        return "<ul class=\"legend\">\(items.joined())<li><b class=\"mark alarm\"></b>an alarm</li></ul>\n"
    }

    private var table: String {
        var text = "<table id=\"events\"><thead><tr><th>when</th><th>node</th><th>what</th></tr></thead><tbody>\n"
        for entry in entries where entry.event != "alive" {
            let isAlarm = entry["alarm"]?.boolean == true || entry.event == "dual_master"
            text +=
                "<tr data-event=\"\(escapedHTML(entry.event))\"\(isAlarm ? " class=\"bad\"" : "")>"
                + "<td>\(Moments.clock(entry.at, withMilliseconds: true))</td><td>\(escapedHTML(entry.node))</td>"
                + "<td>\(escapedHTML(entry.sentence))</td></tr>\n"
        }
        return text + "</tbody></table>\n"
    }

    private static let style = """

        :root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --faint: #e8ebf0; --line: #c5ccd6 }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #161a20; --faint: #262c35; --line: #3c4654 } }
        body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto; max-width: 75rem; padding: 0 1rem }
        h1 { font-size: 1.3rem } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem }
        .note { opacity: .7; font-size: .85rem } .good { color: #18794e } .bad { color: #c62828; font-weight: 600 }
        .lane, .holders, .ruler { display: flex; align-items: center; margin: 2px 0 }
        .label { flex: 0 0 11rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: .9rem }
        .track { position: relative; flex: 1; height: 2.4rem; background: var(--faint); border-radius: 3px; overflow: hidden }
        .holders .track { height: 1.3rem } .ruler .track { background: none; height: 1.2rem; overflow: visible }
        .ruler i { position: absolute; font: .75rem system-ui; border-left: 1px solid var(--line); padding-left: 3px }
        .track i[class], .legend i { position: absolute; display: block; box-sizing: border-box; min-width: 2px }
        .single, .gap, .overlap { top: 0; height: 100% }
        .single { background: #3d9a6a } .gap { background: repeating-linear-gradient(45deg, #9aa4b2 0 4px, transparent 4px 8px) }
        .overlap { background: rgb(211, 47, 47); min-width: 4px !important; z-index: 2 }
        .state { top: 0; height: 55% } .master { background: #2f6fdb } .backup { background: #a9bbd6 } .fault { background: #e08a1e } .initialize { background: var(--line) }
        .holding { top: 55%; height: 15%; background: #3d9a6a } .fading { top: 55%; height: 15%; background: repeating-linear-gradient(90deg, #3d9a6a 0 3px, transparent 3px 6px) }
        .missed { top: 0; height: 55%; background: #d08700; opacity: .8 } .failing { top: 72%; height: 12%; background: #e05252 } .hook { top: 86%; height: 12%; background: #8a63d2 }
        .mark { position: absolute; top: 0; width: 0; height: 0; border: 5px solid transparent; border-top-color: #1c2430; margin-left: -5px }
        .mark.alarm { border-top-color: #c62828 } .mark.order, .mark.reload { border-top-color: #8a63d2 } .mark.start { border-top-color: #18794e }
        .legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; font-size: .85rem; margin-top: 1.5rem }
        .legend i { position: static; display: inline-block; width: 1.2rem; height: .8rem; margin-right: .4rem; vertical-align: -1px }
        .legend .mark { position: static; display: inline-block; margin: 0 .4rem -3px 0 }
        table { border-collapse: collapse; margin-top: 1.2rem; width: 100%; font-size: .85rem } td, th { text-align: left; padding: 2px .8rem 2px 0; border-bottom: 1px solid var(--faint); vertical-align: top }
        td:first-child { font-variant-numeric: tabular-nums; white-space: nowrap } tr.bad td { color: #c62828; font-weight: 400 }

        """
}
