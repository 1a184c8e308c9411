/// The doctor's report for people: the gravest finding first, and below it what to do.

extension DoctorReport {
    package var text: String {
        var lines = ["\(host) listened for \(span(listenedMs)) (halua \(version))"]
        for instance in instances {
            lines.append("")
            lines.append(
                "\(instance.name)  \(instance.state) on \(instance.interface), virtual router "
                    + "\(instance.virtualRouterID), from \(instance.source ?? "no address"), every "
                    + span(instance.intervalMs))
            for finding in instance.findings {
                lines.append("  \(finding.gravity.mark) \(finding.sentence)")
                if let advice = finding.advice { lines.append("        \(advice)") }
            }
        }
        return lines.joined(separator: "\n")
    }
}

extension Finding.Gravity {
    fileprivate var mark: String {
        switch self {
        case .fine: "ok   "
        case .warning: "warn "
        case .alarm: "WRONG"
        }
    }
}
