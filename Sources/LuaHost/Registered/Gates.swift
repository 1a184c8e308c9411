/// Promotion gates as the daemon sees them: what plugins registered, what is asked, and what is answered.

/// What counts when a gate gives no answer of its own.
package enum GateFallback: String, Hashable, Sendable {
    case deny, allow
}

/// A gate that a plugin registered.
package struct RegisteredGate: Hashable, Sendable {
    /// "plugin.gate"
    package var name: String
    /// nil: every instance that names it.
    package var instance: String?
    package var timeout: Duration
    package var onTimeout: GateFallback
    package var onError: GateFallback

    package init(
        name: String, instance: String? = nil, timeout: Duration, onTimeout: GateFallback, onError: GateFallback
    ) {
        self.name = name
        self.instance = instance
        self.timeout = timeout
        self.onTimeout = onTimeout
        self.onError = onError
    }
}

/// A question to gates: may this node become master of the instance?
package struct GateQuestion: Hashable, Sendable {
    /// Chosen by the one who asks; answers carry it.
    package var number: UInt64
    package var instance: String
    /// "plugin.gate", each of them asked at once.
    package var gates: [String]

    package init(number: UInt64, instance: String, gates: [String]) {
        self.number = number
        self.instance = instance
        self.gates = gates
    }
}

package enum GateAnswer: Hashable, Sendable {
    /// With a lease: until when, on the monotonic clock. Counted from the moment in which the script answered, so that no
    /// delay on the way makes it longer.
    case allowed(untilNanoseconds: Int64?)
    case denied(String)
    /// Its time was over; the words say where it waited.
    case timedOut(String)
    /// An operating error, or a bug in the script.
    case failed(String)
}

/// A gate as the plugin described it.
struct GateDefinition {
    var name: String
    /// nil: every instance that names it.
    var instance: String?
    var timeout: Duration
    var onTimeout: GateFallback
    var onError: GateFallback
    var run: Int32
    /// Where it was registered, for messages: "mycat.lua:12".
    var place: String
}

extension RegisteredGate {
    init(_ gate: GateDefinition, of program: Program) {
        self.init(
            name: "\(program.name).\(gate.name)", instance: gate.instance, timeout: gate.timeout,
            onTimeout: gate.onTimeout, onError: gate.onError)
    }
}
