/// A promotion gate in the report of `halua status`, and its JSON.

package struct GateStatus: Hashable, Sendable {
    /// "plugin.gate"
    package var name: String
    /// "asking" while its answer is awaited; else its last answer: "allowed", "excused" (it gave none, which counts as a yes),
    /// "denied", or "not asked".
    package var state: String
    /// Why it denied, or gave no answer.
    package var reason: String
    /// Milliseconds since its last answer; nil when it gave none.
    package var answeredMs: Int?
    /// While its answer is awaited: milliseconds until its silence counts.
    package var deadlineMs: Int?
    /// Milliseconds until its lease ends; nil without one.
    package var leaseMs: Int?

    package init(name: String, state: String, reason: String, answeredMs: Int?, deadlineMs: Int?, leaseMs: Int?) {
        self.name = name
        self.state = state
        self.reason = reason
        self.answeredMs = answeredMs
        self.deadlineMs = deadlineMs
        self.leaseMs = leaseMs
    }
}

extension GateStatus {
    package var json: JSONValue {
        [
            "name": .string(name), "state": .string(state), "reason": .string(reason),
            "answered_ms": answeredMs.map { .integer($0) } ?? .null,
            "deadline_ms": deadlineMs.map { .integer($0) } ?? .null,
            "lease_ms": leaseMs.map { .integer($0) } ?? .null,
        ]
    }

    package init(json: JSONValue) throws(JSONError) {
        guard let name = json["name"]?.string, let state = json["state"]?.string else {
            throw JSONError("a gate without a name or a state")
        }
        self.init(
            name: name, state: state, reason: json["reason"]?.string ?? "", answeredMs: json["answered_ms"]?.integer,
            deadlineMs: json["deadline_ms"]?.integer, leaseMs: json["lease_ms"]?.integer)
    }
}
