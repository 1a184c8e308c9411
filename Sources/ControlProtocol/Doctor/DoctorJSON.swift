/// `DoctorReport` to and from JSON. The member names are a contract with other programs: add, never rename.

extension DoctorReport {
    package var json: JSONValue {
        [
            "version": .string(version), "host": .string(host), "listened_ms": .integer(listenedMs),
            "instances": .array(instances.map(\.json)),
        ]
    }

    package init(json: JSONValue) throws(JSONError) {
        var instances: [DoctorInstance] = []
        for instance in json["instances"]?.array ?? [] { instances.append(try DoctorInstance(json: instance)) }
        self.init(
            version: try json.requiredString("version"), host: try json.requiredString("host"),
            listenedMs: try json.requiredInteger("listened_ms"), instances: instances)
    }
}

extension DoctorInstance {
    package var json: JSONValue {
        [
            "name": .string(name), "state": .string(state), "interface": .string(interface),
            "group": JSONValue(group), "virtual_router_id": .integer(virtualRouterID),
            "interval_ms": .integer(intervalMs), "source": JSONValue(source), "guarded": .boolean(isGuarded),
            "addresses": .array(addresses.map(\.json)), "nodes": .array(nodes.map(\.json)),
            "mismatches": .array(mismatches.map { .string($0) }), "proxies": .array(proxies.map { .string($0) }),
            "hold": JSONValue(hold), "faults": .array(faults.map { .string($0) }),
        ]
    }

    package init(json: JSONValue) throws(JSONError) {
        var addresses: [DoctorAddress] = []
        for address in json["addresses"]?.array ?? [] { addresses.append(try DoctorAddress(json: address)) }
        var nodes: [DoctorNode] = []
        for node in json["nodes"]?.array ?? [] { nodes.append(try DoctorNode(json: node)) }
        self.init(
            name: try json.requiredString("name"), state: try json.requiredString("state"),
            interface: try json.requiredString("interface"), group: json["group"]?.string,
            virtualRouterID: try json.requiredInteger("virtual_router_id"),
            intervalMs: try json.requiredInteger("interval_ms"), source: json["source"]?.string,
            isGuarded: json["guarded"]?.boolean ?? false, addresses: addresses, nodes: nodes,
            mismatches: json.strings("mismatches"), proxies: json.strings("proxies"), hold: json["hold"]?.string,
            faults: json.strings("faults"))
    }
}

extension DoctorAddress {
    package var json: JSONValue {
        [
            "address": .string(address), "held_here": .boolean(isHeldHere),
            "holders": .array(holders.map { .string($0) }),
        ]
    }

    package init(json: JSONValue) throws(JSONError) {
        self.init(
            try json.requiredString("address"), isHeldHere: json["held_here"]?.boolean ?? false,
            holders: json.strings("holders"))
    }
}

extension DoctorNode {
    package var json: JSONValue {
        [
            "address": .string(address), "hardware": JSONValue(hardware), "adverts": .integer(adverts),
            "adverts_before_firewall": .integer(advertsBeforeFirewall),
            "priority": priority.map { .integer($0) } ?? .null, "state": JSONValue(state),
            "heartbeat_ways": .array(heartbeatWays.map { .string($0) }),
            "hears_us": hearsUs.map { .boolean($0) } ?? .null, "alive": .boolean(isAlive),
            "foreign": .boolean(isForeign),
        ]
    }

    package init(json: JSONValue) throws(JSONError) {
        self.init(
            try json.requiredString("address"), hardware: json["hardware"]?.string,
            adverts: json["adverts"]?.integer ?? 0,
            advertsBeforeFirewall: json["adverts_before_firewall"]?.integer ?? 0,
            priority: json["priority"]?.integer, state: json["state"]?.string,
            heartbeatWays: json.strings("heartbeat_ways"), hearsUs: json["hears_us"]?.boolean,
            isAlive: json["alive"]?.boolean ?? false, isForeign: json["foreign"]?.boolean ?? false)
    }
}
