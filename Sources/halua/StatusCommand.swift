/// `halua status`: who holds the VIP on this host, and why.
import ArgumentParser
import ControlProtocol
import Glibc

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show every virtual router of this host: its state, its priority with the reasons, its checks.",
        discussion:
            "Exit status: 0 when every instance is MASTER or BACKUP, 1 when one is in FAULT or INIT, 2 when the daemon does not answer."
    )

    @Flag(help: "Print the whole report as JSON.")
    var json = false

    @Flag(help: "Print the state as keepalived's JSON dump has it, for exporters that read /tmp/keepalived.json.")
    var keepalivedJson = false

    @OptionGroup var control: ControlOptions

    func validate() throws {
        if json, keepalivedJson {
            throw ValidationError("--json and --keepalived-json are two forms: give one of them")
        }
    }

    func run() throws {
        if keepalivedJson { return try printKeepalivedDump() }
        guard case .status(let report) = try control.ask(.status) else {
            throw ToolError("the daemon did not answer with a status report")
        }
        print(json ? report.json.text(indented: true) : statusText(report))
        let isWell = report.instances.allSatisfy { $0.state == "MASTER" || $0.state == "BACKUP" }
        if !isWell { throw ExitCode(1) }
    }
}

extension StatusCommand {
    /// Always exit status 0, as keepalived's dump says nothing else.
    private func printKeepalivedDump() throws {
        guard case .keepalivedDump(let dump) = try control.ask(.keepalivedDump) else {
            throw ToolError("the daemon did not answer with a dump")
        }
        print(dump.text())
    }
}

/// The report for people.
func statusText(_ report: StatusReport) -> String {
    var lines = [
        "haluad \(report.version) on \(report.host), pid \(report.processID), up \(span(report.uptimeMs)), \(report.configurationFile)"
    ]
    for instance in report.instances {
        lines.append("")
        lines.append(contentsOf: describe(instance))
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

private func describe(_ instance: InstanceStatus) -> [String] {
    var lines = ["\(instance.name)  \(instance.state) for \(span(instance.stateAgeMs))  (\(instance.lastTransition))"]
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
    for fault in instance.faults { add("fault", fault) }
    if let request = instance.operatorRequest { add("operator", describe(request)) }
    for check in instance.checks {
        let weight = check.weight == 0 ? "" : " weight \(check.weight)"
        let age = check.lastRunMs.map { ", ran \(span($0)) ago" } ?? ""
        let reason = check.reason.isEmpty ? "" : ": \(check.reason)"
        add("check", "\(check.name) \(check.state)\(weight)\(reason) (\(check.runs) runs\(age))")
    }
    for gate in instance.gates { add("gate", describe(gate)) }
    if !instance.isGuarded { add("guard", "off") }
    for note in instance.guardNotes { add("guard", note) }
    for peer in instance.guardPeers { add("peer", describe(peer)) }
    let drops = instance.drops.filter { $0.count > 0 }
    if !drops.isEmpty { add("dropped", drops.map { "\($0.name) \($0.count)" }.joined(separator: ", ")) }
    return lines
}

/// "demoted by alice (uid 0) 20 s ago, for another 9 min 40 s: new disk"
private func describe(_ request: OperatorStatus) -> String {
    let what = request.kind == .demoted ? "demoted" : "priority lowered"
    let who = request.by.isEmpty ? "uid \(request.user)" : "\(request.by) (uid \(request.user))"
    let end = request.remainingMs.map { "for another \(span($0))" } ?? "until it is restored"
    let reason = request.reason.isEmpty ? "" : ": \(request.reason)"
    return "\(what) by \(who) \(span(request.sinceMs)) ago, \(end)\(reason)"
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
