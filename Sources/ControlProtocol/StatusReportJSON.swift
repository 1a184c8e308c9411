/// `StatusReport` to and from JSON. The member names are a contract with other programs: add, never rename.

extension StatusReport {
    package var json: JSONValue {
        [
            "version": .string(version),
            "pid": .integer(processID),
            "uptime_ms": .integer(uptimeMs),
            "host": .string(host),
            "configuration": .string(configurationFile),
            "instances": .array(instances.map(\.json)),
            "drops": counters(drops),
            "process_events": .string(processEvents),
            "script_silence_ms": scriptSilenceMs.map { .integer($0) } ?? .null,
            "plugins": .array(plugins.map { .string($0) }),
            "lost_notices": counters(lostNotices),
        ]
    }

    package init(json: JSONValue) throws(JSONError) {
        var instances: [InstanceStatus] = []
        for instance in json["instances"]?.array ?? [] { instances.append(try InstanceStatus(json: instance)) }
        self.init(
            version: try json.requiredString("version"), processID: try json.requiredInteger("pid"),
            uptimeMs: try json.requiredInteger("uptime_ms"), host: try json.requiredString("host"),
            configurationFile: try json.requiredString("configuration"), instances: instances,
            drops: readCounters(json["drops"]), processEvents: try json.requiredString("process_events"),
            scriptSilenceMs: json["script_silence_ms"]?.integer, plugins: json.strings("plugins"),
            lostNotices: readCounters(json["lost_notices"]))
    }
}

extension InstanceStatus {
    package var json: JSONValue {
        [
            "name": .string(name),
            "state": .string(state),
            "state_age_ms": .integer(stateAgeMs),
            "interface": .string(interface),
            "virtual_router_id": .integer(virtualRouterID),
            "vrrp_version": .integer(vrrpVersion),
            "family": .string(family),
            "priority": .integer(priority),
            "base_priority": .integer(basePriority),
            "priority_explanation": .string(priorityExplanation),
            "interval_ms": .integer(intervalMs),
            "master_down_interval_ms": .integer(masterDownIntervalMs),
            "preempts": .boolean(preempts),
            "addresses": .array(addresses.map { .string($0) }),
            "holds_addresses": .boolean(holdsAddresses),
            "source": JSONValue(source),
            "master": master?.json ?? .null,
            "faults": .array(faults.map { .string($0) }),
            "checks": .array(checks.map(\.json)),
            "gates": .array(gates.map(\.json)),
            "guard": .boolean(isGuarded),
            "guard_notes": .array(guardNotes.map { .string($0) }),
            "guard_peers": .array(guardPeers.map(\.json)),
            "last_transition": .string(lastTransition),
            "transitions": .integer(transitions),
            "statistics": counters(statistics),
            "drops": counters(drops),
            "group": JSONValue(group),
            "group_members": .array(groupMembers.map { .string($0) }),
            "timers": .array(timers.map(\.json)),
            "preempt_delay_ms": .integer(preemptDelayMs),
            "flap_hold_ms": flapHoldMs.map { .integer($0) } ?? .null,
            "operator": operatorRequest?.json ?? .null,
        ]
    }

    package init(json: JSONValue) throws(JSONError) {
        var checks: [CheckStatus] = []
        for check in json["checks"]?.array ?? [] { checks.append(try CheckStatus(json: check)) }
        var gates: [GateStatus] = []
        for gate in json["gates"]?.array ?? [] { gates.append(try GateStatus(json: gate)) }
        var peers: [GuardPeerStatus] = []
        for peer in json["guard_peers"]?.array ?? [] { peers.append(try GuardPeerStatus(json: peer)) }
        var master: MasterStatus?
        if let value = json["master"], value != .null { master = try MasterStatus(json: value) }
        self.init(
            name: try json.requiredString("name"), state: try json.requiredString("state"),
            stateAgeMs: try json.requiredInteger("state_age_ms"), interface: try json.requiredString("interface"),
            virtualRouterID: try json.requiredInteger("virtual_router_id"),
            vrrpVersion: try json.requiredInteger("vrrp_version"), family: try json.requiredString("family"),
            priority: try json.requiredInteger("priority"), basePriority: try json.requiredInteger("base_priority"),
            priorityExplanation: try json.requiredString("priority_explanation"),
            intervalMs: try json.requiredInteger("interval_ms"),
            masterDownIntervalMs: try json.requiredInteger("master_down_interval_ms"),
            preempts: json["preempts"]?.boolean ?? true, addresses: json.strings("addresses"),
            holdsAddresses: json["holds_addresses"]?.boolean ?? false, source: json["source"]?.string, master: master,
            faults: json.strings("faults"), checks: checks, gates: gates,
            isGuarded: json["guard"]?.boolean ?? false, guardNotes: json.strings("guard_notes"),
            guardPeers: peers,
            lastTransition: try json.requiredString("last_transition"),
            transitions: try json.requiredInteger("transitions"), statistics: readCounters(json["statistics"]),
            drops: readCounters(json["drops"]))
        group = json["group"]?.string
        groupMembers = json.strings("group_members")
        for timer in json["timers"]?.array ?? [] { timers.append(try TimerStatus(json: timer)) }
        preemptDelayMs = json["preempt_delay_ms"]?.integer ?? 0
        flapHoldMs = json["flap_hold_ms"]?.integer
        if let value = json["operator"], value != .null { operatorRequest = try OperatorStatus(json: value) }
    }
}

extension MasterStatus {
    package var json: JSONValue {
        [
            "address": .string(address), "priority": .integer(priority),
            "last_heard_ms": lastHeardMs.map { .integer($0) } ?? .null,
        ]
    }

    package init(json: JSONValue) throws(JSONError) {
        self.init(
            address: try json.requiredString("address"), priority: try json.requiredInteger("priority"),
            lastHeardMs: json["last_heard_ms"]?.integer)
    }
}

extension CheckStatus {
    package var json: JSONValue {
        [
            "name": .string(name), "state": .string(state), "weight": .integer(weight), "reason": .string(reason),
            "runs": .integer(runs), "last_run_ms": lastRunMs.map { .integer($0) } ?? .null,
            "failures": .integer(failures), "last_duration_us": lastDurationUs.map { .integer($0) } ?? .null,
            "rise": .integer(rise), "fall": .integer(fall), "reversed": .boolean(isReversed),
        ]
    }

    package init(json: JSONValue) throws(JSONError) {
        self.init(
            name: try json.requiredString("name"), state: try json.requiredString("state"),
            weight: try json.requiredInteger("weight"), reason: try json.requiredString("reason"),
            runs: try json.requiredInteger("runs"), lastRunMs: json["last_run_ms"]?.integer)
        failures = json["failures"]?.integer ?? 0
        lastDurationUs = json["last_duration_us"]?.integer
        rise = json["rise"]?.integer ?? 1
        fall = json["fall"]?.integer ?? 1
        isReversed = json["reversed"]?.boolean ?? false
    }
}

private func counters(_ counters: [Counter]) -> JSONValue {
    .object(counters.map { .init($0.name, .integer($0.count)) })
}

private func readCounters(_ json: JSONValue?) -> [Counter] {
    (json?.members ?? []).compactMap { member in member.value.integer.map { Counter(member.key, $0) } }
}

extension JSONValue {
    func requiredString(_ key: String) throws(JSONError) -> String {
        guard let text = self[key]?.string else { throw JSONError("the member \"\(key)\" is missing or no string") }
        return text
    }

    func requiredInteger(_ key: String) throws(JSONError) -> Int {
        guard let number = self[key]?.integer else { throw JSONError("the member \"\(key)\" is missing or no integer") }
        return number
    }

    func strings(_ key: String) -> [String] {
        (self[key]?.array ?? []).compactMap(\.string)
    }
}
