/// The page at `/`: what the daemon holds, for a person who opens the exporter's address.
import ControlProtocol

/// Plain HTML without scripts; everything that comes from the daemon is escaped.
package func page(_ status: Result<StatusReport, ControlFailure>) -> String {
    let body =
        switch status {
        case .success(let report): table(report)
        case .failure(let failure): "<p id=\"down\">haluad does not answer: \(escapedHTML(failure.description))</p>"
        }
    return """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <title>halua exporter</title>
        <style>
        body { font-family: sans-serif; margin: 2em; color: #222; background: #fff; }
        table { border-collapse: collapse; }
        th, td { text-align: left; padding: 0.3em 1em 0.3em 0; border-bottom: 1px solid #ccc; vertical-align: top; }
        .MASTER { color: #060; font-weight: bold; }
        .FAULT, #down { color: #a00; font-weight: bold; }
        </style>
        </head>
        <body>
        <h1>halua exporter</h1>
        \(body)
        <p><a href="/metrics">Metrics</a> for Prometheus. <a href="/healthz">Health</a> of the exporter itself.</p>
        </body>
        </html>

        """
}

private func table(_ report: StatusReport) -> String {
    let rows = report.instances.map { instance in
        """
        <tr><td>\(escapedHTML(instance.name))</td><td class="\(escapedHTML(instance.state))">\(escapedHTML(instance.state))</td>\
        <td>\(span(instance.stateAgeMs))</td><td>\(escapedHTML(instance.addresses.joined(separator: ", ")))</td>\
        <td>\(escapedHTML(instance.priorityExplanation))</td><td>\(escapedHTML(notes(instance)))</td></tr>
        """
    }
    return """
        <p>haluad \(escapedHTML(report.version)) on \(escapedHTML(report.host)), up \(span(report.uptimeMs))</p>
        <table id="instances">
        <thead><tr><th>Instance</th><th>State</th><th>For</th><th>Addresses</th><th>Priority</th><th>Why</th></tr></thead>
        <tbody>
        \(rows.joined(separator: "\n"))
        </tbody>
        </table>
        """
}

/// The last transition, then what is wrong now.
private func notes(_ instance: InstanceStatus) -> String {
    ([instance.lastTransition] + instance.faults + instance.guardNotes).joined(separator: "; ")
}
