/// From what the doctor found to what it means and what to do: a pure function, so that each case has a test.

package struct Finding: Hashable, Sendable {
    package enum Gravity: Int, Hashable, Comparable, Sendable {
        /// As it should be.
        case fine
        /// Works, and would not survive something.
        case warning
        /// Clients suffer, or will at the next failure.
        case alarm

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    package var gravity: Gravity
    package var sentence: String
    /// What to do about it; nil when there is nothing to do.
    package var advice: String?

    init(_ gravity: Gravity, _ sentence: String, _ advice: String? = nil) {
        self.gravity = gravity
        self.sentence = sentence
        self.advice = advice
    }
}

extension DoctorInstance {
    /// The gravest finding first.
    package var findings: [Finding] {
        let found =
            addresses.flatMap(findings(about:)) + nodes.flatMap(findings(about:)) + remarks + aloneness
        return found.enumerated().sorted {
            $0.element.gravity != $1.element.gravity
                ? $0.element.gravity > $1.element.gravity : $0.offset < $1.offset
        }.map(\.element)
    }

    // MARK: Who has the addresses

    private func findings(about address: DoctorAddress) -> [Finding] {
        let others = address.holders.filter { !proxies.contains($0) }
        let names = others.map(name(of:)).joined(separator: " and ")
        switch (address.isHeldHere, others.count) {
        case (true, 0):
            return [Finding(.fine, "\(address.address) is held by this node, and nobody else answers for it")]
        case (true, _):
            return [
                Finding(
                    .alarm, "\(address.address) has two holders: this node and \(names)",
                    "this node defends it; end the other one's daemon or remove the address there")
            ]
        case (false, 0):
            return state == "MASTER"
                ? [Finding(.alarm, "this node is MASTER and \(address.address) is not set here", "look at its log")]
                : [Finding(.alarm, "nobody answers for \(address.address)", nobodyAdvice)]
        case (false, 1): return [judge(holder: others[0], of: address.address)]
        case (false, _):
            return [
                Finding(
                    .alarm, "\(address.address) has \(others.count) holders: \(names)",
                    "run halua doctor on each of them: the nodes do not hear each other")
            ]
        }
    }

    private var nobodyAdvice: String {
        if let hold { return "this node does not take over: \(hold)" }
        if let fault = faults.first { return "this node cannot serve: \(fault)" }
        return "a backup takes over within a master down interval; if this lasts, look at the log of each node"
    }

    private func judge(holder: String, of address: String) -> Finding {
        guard let node = nodes.first(where: { $0.hardware == holder }) else {
            return Finding(
                .alarm, "\(address) is used by \(holder), which no VRRP node is known to be",
                "find the host with that hardware address and remove \(address) from it")
        }
        if node.isForeign {
            return Finding(
                .alarm, "\(address) is held by \(node.address), which advertises it under other terms",
                "give both nodes the same terms; until then this node stays backup")
        }
        if node.adverts > 0 || node.state == "MASTER" || node.advertsBeforeFirewall > 0 {
            return Finding(.fine, "\(address) is held by \(node.address), the master")
        }
        return Finding(
            .alarm,
            "\(address) is still answered for by \(node.address), which advertises nothing: its daemon is dead or hangs",
            "restart its daemon, or remove the address there")
    }

    private func name(of hardware: String) -> String {
        nodes.first { $0.hardware == hardware }.map { "\($0.address) (\(hardware))" } ?? hardware
    }

    // MARK: Who hears whom

    private func findings(about node: DoctorNode) -> [Finding] {
        // What it advertises has a finding of its own.
        if node.isForeign { return [] }
        var found: [Finding] = []
        let traffic = group.map { "IP protocol 112 to \($0)" } ?? "IP protocol 112 from \(node.address)"
        if node.adverts == 0, node.advertsBeforeFirewall > 0 {
            found.append(
                Finding(
                    .alarm, "this host's firewall drops the adverts of \(node.address)",
                    "allow \(traffic) on \(interface), for example: "
                        + "iptables -I INPUT -i \(interface) -p 112 \(group.map { "-d \($0) " } ?? "")-j ACCEPT"))
        } else if node.adverts == 0, node.state == "MASTER" {
            found.append(
                Finding(
                    .alarm,
                    "\(node.address) is master and its adverts do not arrive here; its heartbeats do, by \(ways(node))",
                    "something between the nodes drops \(traffic): look at the switch and at its output rules"))
        }
        if node.hearsUs == false {
            found.append(
                Finding(
                    .alarm, "\(node.address) does not hear this node",
                    "look for what drops \(traffic) on \(node.address); run halua doctor there"))
        }
        if state == "MASTER", node.adverts + node.advertsBeforeFirewall > 0 {
            found.append(
                Finding(
                    .alarm, "\(node.address) is master, too\(node.priority.map { ", with priority \($0)" } ?? "")",
                    "the nodes do not hear each other in one direction: run halua doctor there"))
        }
        if found.isEmpty, node.adverts > 0 || node.state != nil {
            let says = node.state.map { ", says that it is \($0)" } ?? ""
            let channel = node.heartbeatWays.isEmpty ? "" : ", heartbeats by \(ways(node))"
            found.append(Finding(.fine, "\(node.address) is heard\(says)\(channel)"))
        } else if found.isEmpty, node.isAlive {
            found.append(
                Finding(
                    .warning, "the host \(node.address) lives, and no VRRP comes from it",
                    "a backup sends none; with halua on it, look whether its guard channel (UDP) is open"))
        } else if found.isEmpty {
            found.append(
                Finding(
                    .warning, "\(node.address) is silent and does not answer", "it is down, or the network between is"))
        }
        return found
    }

    private func ways(_ node: DoctorNode) -> String { node.heartbeatWays.joined(separator: " and ") }

    // MARK: The rest

    private var remarks: [Finding] {
        mismatches.map { Finding(.alarm, $0) }
            + proxies.map {
                Finding(
                    .warning, "\($0) answers for addresses that nobody has (proxy ARP), so its answers do not count",
                    "turn proxy ARP off on it, or write \"guard { probe off }\" if the network needs it")
            }
            + faults.map { Finding(.alarm, "this node cannot serve: \($0)") }
            + (hold.map { [Finding(.alarm, "this node would take over and waits: \($0)")] } ?? [])
            + (isGuarded
                ? [] : [Finding(.warning, "the guard is off here, so a split brain is neither prevented nor told of")])
    }

    /// A node that hears of nobody may be the only one, or cut off.
    private var aloneness: [Finding] {
        guard nodes.isEmpty, mismatches.isEmpty else { return [] }
        return [
            Finding(
                .warning, "no other node of virtual router \(virtualRouterID) was heard on \(interface)",
                "if there should be one: is it running, on the same segment, with the same virtual_router_id?")
        ]
    }
}
