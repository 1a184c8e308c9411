/// The checks of a node as a table for people.

/// A check that several instances track stands there once, with what it does to each.
package func checksText(_ report: StatusReport) -> String {
    var names: [String] = []
    var found: [String: (check: CheckStatus, effects: [String])] = [:]
    for instance in report.instances {
        for check in instance.checks {
            if found[check.name] == nil {
                names.append(check.name)
                found[check.name] = (check, [])
            }
            found[check.name]?.effects.append("\(instance.name) \(effect(of: check))")
        }
    }
    guard !names.isEmpty else { return "no check is tracked (track_lua, track_script, track_process)" }
    let width = names.map(\.count).max() ?? 0
    return names.compactMap { found[$0] }.map { check, effects in
        var lines = [
            "\(check.name)\(String(repeating: " ", count: width - check.name.count))  \(check.state)"
                + (check.reason.isEmpty ? "" : ": \(check.reason)")
        ]
        let age = check.lastRunMs.map { ", last \(span($0)) ago" } ?? ""
        let took = check.lastDurationUs.map { " in \(span(microseconds: $0))" } ?? ""
        lines.append("  \(check.runs) runs, \(check.failures) failed\(age)\(took)")
        if check.rise > 1 || check.fall > 1 {
            lines.append("  up after \(check.rise) in a row, down after \(check.fall)")
        }
        lines.append("  " + effects.joined(separator: "; "))
        return lines.joined(separator: "\n")
    }.joined(separator: "\n")
}

private func effect(of check: CheckStatus) -> String {
    let bad = check.isReversed ? "up" : "down"
    if check.weight == 0 { return "is in FAULT while it is \(bad)" }
    return check.weight < 0
        ? "loses \(-check.weight) while it is \(bad)"
        : "gains \(check.weight) while it is \(check.isReversed ? "down" : "up")"
}
