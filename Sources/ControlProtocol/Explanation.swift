/// `halua explain`: why an instance is what it is, and what would change it. A pure function of the status report.

extension InstanceStatus {
    /// Sentences, the most important first. The first one names the instance.
    package var explanation: [String] {
        var sentences = [headline]
        switch state {
        case "MASTER": sentences += masterReasons
        case "BACKUP": sentences += backupReasons
        case "FAULT": sentences += faultReasons
        default: sentences += initialReasons
        }
        sentences += orderReasons + checkReasons + gateReasons
        sentences += guardNotes.map { "The guard: \($0)." }
        return sentences
    }

    private var headline: String {
        "\(name) has been \(state) for \(span(stateAgeMs)) (\(lastTransition))."
    }

    private var ownPriority: String {
        priorityExplanation == "\(priority)" ? "Its priority is \(priority)." : "Its priority: \(priorityExplanation)."
    }

    // MARK: States

    private var masterReasons: [String] {
        var sentences = [
            holdsAddresses
                ? "It serves \(addresses.joined(separator: ", ")). \(ownPriority)"
                : "The kernel has not confirmed its addresses yet. \(ownPriority)"
        ]
        let ready = guardPeers.filter { $0.state == "BACKUP" }
        if let best = ready.max(by: { $0.priority < $1.priority }) {
            sentences.append(
                "If this node dies, \(best.address) (BACKUP, priority \(best.priority)) takes over after about "
                    + "\(span(masterDownIntervalMs)); if halua is stopped or a check fails here, at once.")
        } else if let peer = guardPeers.first {
            sentences.append("Nobody is ready to take over: \(peer.address) is \(peer.state).")
        } else if isGuarded {
            sentences.append(
                "No other node is heard on the guard channel: nobody is there, or it is a keepalived, which is silent as "
                    + "a backup.")
        }
        return sentences
    }

    private var backupReasons: [String] {
        guard let master else { return [ownPriority] + waiting }
        let heard = master.lastHeardMs.map { ", heard \(span($0)) ago" } ?? ""
        let them = "\(master.address) is master with priority \(master.priority)\(heard)."
        if priority < master.priority {
            return ["\(them) \(ownPriority) That is less, so this node waits."] + ifMasterFails
        }
        if priority == master.priority {
            return ["\(them) \(ownPriority) An equal one leaves a living master alone."] + ifMasterFails
        }
        guard preempts else {
            return ["\(them) \(ownPriority) That is more, but nopreempt leaves a living master alone."] + ifMasterFails
        }
        return ["\(them) \(ownPriority) That is more, so this node will take over."] + preemptionWaits
    }

    private var preemptionWaits: [String] {
        if let hold = flapHoldMs {
            return ["It changed its role too often: it does not preempt for another \(span(hold))."]
        }
        if let delay = due("preempt_delay") { return ["preempt_delay: it waits for another \(span(delay))."] }
        return waiting
    }

    /// What the core waits for before it is master.
    private var waiting: [String] {
        if let delay = due("startup_delay") {
            return ["vrrp_startup_delay: it takes part in elections in \(span(delay))."]
        }
        if gates.contains(where: { $0.state == "asking" }) { return ["It asks its promotion gates now."] }
        if let gate = due("gate") { return ["It asks its promotion gates again in \(span(gate))."] }
        if let wait = due("master_down") {
            return [
                master == nil
                    ? "No master is heard: it takes over in \(span(wait)) unless one is."
                    : "It takes over in \(span(wait))."
            ]
        }
        return []
    }

    private var ifMasterFails: [String] {
        guard let master else { return [] }
        let rivals = guardPeers.filter {
            $0.state == "BACKUP" && $0.priority > priority && $0.address != master.address
        }
        if let better = rivals.first {
            return ["If that one dies, \(better.address) with priority \(better.priority) is before this node."]
        }
        return ["If that one dies, this node takes over after \(span(masterDownIntervalMs))."]
    }

    private var faultReasons: [String] {
        let causes = faults.isEmpty ? ["nobody says why"] : faults
        let noun = causes.count == 1 ? "this is" : "all of these are"
        var sentences = ["It cannot serve: \(causes.joined(separator: "; ")). When \(noun) mended, it is BACKUP again."]
        if let master {
            sentences.append("Meanwhile \(master.address) is master with priority \(master.priority).")
        } else if let peer = guardPeers.first(where: { $0.state == "MASTER" }) {
            sentences.append("Meanwhile \(peer.address) is master with priority \(peer.priority).")
        } else {
            sentences.append("No master is heard: nobody may be serving \(addresses.joined(separator: ", ")).")
        }
        return sentences
    }

    private var initialReasons: [String] {
        let unknown = checks.filter { $0.state == "unknown" }.map(\.name)
        if !unknown.isEmpty { return ["It waits for the first word of \(unknown.joined(separator: ", "))."] }
        return waiting.isEmpty ? ["It does not take part."] : waiting
    }

    // MARK: What acts on it

    private var orderReasons: [String] {
        guard let request = operatorRequest else { return [] }
        let who = request.by.isEmpty ? "uid \(request.user)" : request.by
        let what = request.kind == .demoted ? "took it out of service" : "handed it over, so its priority is lowered"
        let end = request.remainingMs.map { "for another \(span($0))" } ?? "until \"halua restore \(name)\""
        let reason = request.reason.isEmpty ? "" : " (\(request.reason))"
        return ["\(who) \(what) \(span(request.sinceMs)) ago\(reason), \(end)."]
    }

    private var checkReasons: [String] {
        var sentences = checks.filter { $0.state == "down" && $0.weight != 0 }.map { check in
            let effect = check.weight < 0 ? "costs \(-check.weight)" : "would add \(check.weight)"
            return "\(check.name) is down and \(effect): \(check.reason)."
        }
        sentences += checks.filter { $0.state == "error" }.map { check in
            "\(check.name) cannot run, and its last word stays in force: \(check.reason)."
        }
        let fatal = checks.filter { $0.weight == 0 && $0.state == "up" }.map(\.name)
        if state != "FAULT", !fatal.isEmpty {
            sentences.append("FAULT when one of these fails: \(fatal.joined(separator: ", ")).")
        }
        return sentences
    }

    private var gateReasons: [String] {
        gates.compactMap { gate in
            if gate.state == "denied" { return "Gate \(gate.name) denies: \(gate.reason)." }
            if state == "MASTER", let lease = gate.leaseMs {
                return "Gate \(gate.name) lends mastership for another \(span(max(0, lease)))."
            }
            return nil
        }
    }

    private func due(_ timer: String) -> Int? { timers.first { $0.name == timer }?.dueMs }
}
