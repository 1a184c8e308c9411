/// `halua status` for people.

/// The whole report, or some of its instances.
package func statusText(_ report: StatusReport, _ instances: [InstanceStatus]? = nil, _ paint: Paint = .off) -> String {
    var lines = [
        "haluad \(report.version) on \(report.host), pid \(report.processID), up \(span(report.uptimeMs)), \(report.configurationFile)"
    ]
    for instance in instances ?? report.instances {
        lines.append("")
        lines.append(contentsOf: statusLines(instance, paint))
    }
    if let silence = report.scriptSilenceMs {
        lines.append("")
        lines.append("plugins: \(report.plugins.joined(separator: ", ")) (script thread heard \(span(silence)) ago)")
    }
    let lost = report.lostNotices.filter { $0.count > 0 }
    if !lost.isEmpty {
        lines.append("")
        lines.append("lost notices: " + lost.map { "\($0.name) \($0.count)" }.joined(separator: ", "))
    }
    let drops = report.drops.filter { $0.count > 0 }
    if !drops.isEmpty {
        lines.append("")
        lines.append("dropped packets: " + drops.map { "\($0.name) \($0.count)" }.joined(separator: ", "))
    }
    return lines.joined(separator: "\n")
}

/// One instance, a line for each thing that there is to say.
package func statusLines(_ instance: InstanceStatus, _ paint: Paint = .off) -> [String] {
    var lines = [
        "\(paint.bold(instance.name))  \(paint.state(instance.state)) for \(span(instance.stateAgeMs))  (\(instance.lastTransition))"
    ]
    func add(_ label: String, _ text: String) {
        lines.append("  " + label + String(repeating: " ", count: max(1, 12 - label.count)) + text)
    }
    add(
        "router",
        "VRRPv\(instance.vrrpVersion) id \(instance.virtualRouterID) on \(instance.interface), every \(span(instance.intervalMs)), master down after \(span(instance.masterDownIntervalMs))\(instance.preempts ? "" : ", nopreempt")"
    )
    add(
        "addresses",
        instance.addresses.joined(separator: ", ") + (instance.holdsAddresses ? "  held here" : "  not held here"))
    add("priority", instance.priorityExplanation)
    add("source", instance.source ?? "none")
    if let master = instance.master {
        let age = master.lastHeardMs.map { ", heard \(span($0)) ago" } ?? ""
        add("master", "\(master.address), priority \(master.priority)\(age)")
    }
    if let group = instance.group { add("group", "\(group): \(instance.groupMembers.joined(separator: ", "))") }
    for fault in instance.faults { add("fault", paint.bad(fault)) }
    if let request = instance.operatorRequest { add("operator", paint.warning(describe(request))) }
    for check in instance.checks { add("check", describe(check, age: "ran ", paint)) }
    for gate in instance.gates { add("gate", describe(gate)) }
    if !instance.isGuarded { add("guard", "off") }
    for note in instance.guardNotes { add("guard", paint.bad(note)) }
    for peer in instance.guardPeers { add("peer", describe(peer)) }
    let drops = instance.drops.filter { $0.count > 0 }
    if !drops.isEmpty { add("dropped", drops.map { "\($0.name) \($0.count)" }.joined(separator: ", ")) }
    return lines
}

/// "mycat.backends down weight -20: 1 of 2 is lost (7 runs, ran 400 ms ago)"; `age` stands before the span.
func describe(_ check: CheckStatus, age: String, _ paint: Paint) -> String {
    let weight = check.weight == 0 ? "" : " weight \(check.weight)"
    let last = check.lastRunMs.map { ", \(age)\(span($0)) ago" } ?? ""
    let reason = check.reason.isEmpty ? "" : ": \(check.reason)"
    return "\(check.name) \(paint.check(check.state))\(weight)\(reason) (\(check.runs) runs\(last))"
}

/// "demoted by alice (uid 0) 20 s ago, for another 9 min 40 s: new disk"
private func describe(_ request: OperatorStatus) -> String {
    let what = request.kind == .demoted ? "demoted" : "priority lowered"
    let who = request.by.isEmpty ? "uid \(request.user)" : "\(request.by) (uid \(request.user))"
    let reason = request.reason.isEmpty ? "" : ": \(request.reason)"
    return "\(what) by \(who) \(span(request.sinceMs)) ago, \(request.ending)\(reason)"
}

/// "192.168.4.195 BACKUP, priority 100, heard 210 ms ago on eth0, never on eth1"
private func describe(_ peer: GuardPeerStatus) -> String {
    let paths = peer.paths.map { path in (path.heardMs.map { "\(span($0)) ago" } ?? "never") + " on \(path.interface)" }
    return "\(peer.address) \(peer.state), priority \(peer.priority), heard \(paths.joined(separator: ", "))"
}

/// "lock.vip allowed 3 s ago, lease ends in 4.2 s"
private func describe(_ gate: GateStatus) -> String {
    var text = "\(gate.name) \(gate.state)"
    if let deadline = gate.deadlineMs {
        text += ", \(span(max(0, deadline))) left"
    } else if let answered = gate.answeredMs {
        text += " \(span(answered)) ago"
    }
    if !gate.reason.isEmpty { text += (gate.deadlineMs == nil ? ": " : ", before: ") + gate.reason }
    if let lease = gate.leaseMs { text += ", lease ends in \(span(max(0, lease)))" }
    return text
}

extension OperatorStatus {
    /// "for another 9 min 40 s"
    var ending: String { remainingMs.map { "for another \(span($0))" } ?? "until it is restored" }
}
