/// Promotion gates: who is asked before an instance becomes master, and what each of them said.

/// What counts when a gate gives no answer of its own.
package enum GateDefault: UInt8, Hashable, Sendable {
    case deny
    case allow
}

/// One gate of an instance. The daemon takes it from the configuration and from what the plugin registered.
package struct GateConfig: Hashable, Sendable {
    /// "plugin.gate", as the operator knows it.
    package var name: String
    /// How long the gate may think, at most `longestTimeout`.
    package var timeout: Duration
    /// What its silence means.
    package var onTimeout: GateDefault
    /// What it means when the gate itself fails.
    package var onError: GateDefault

    /// No question stays open for longer, whatever a plugin asks for.
    package static let longestTimeout = Duration.seconds(60)

    package init(
        name: String, timeout: Duration = .seconds(1), onTimeout: GateDefault = .deny, onError: GateDefault = .deny
    ) {
        self.name = name
        self.timeout = timeout
        self.onTimeout = onTimeout
        self.onError = onError
    }
}

/// What a gate answers.
package enum GateVerdict: Hashable, Sendable {
    /// It may become master; with a lease, it may be master until then and no longer, unless the lease is extended.
    case allowed(until: Time?)
    /// It must stay backup; the reason is the gate's own.
    case denied(String)
    /// It ran out of its time; the words say where it waited.
    case timedOut(String)
    /// It could not decide: an operating error, or a bug in its script.
    case failed(String)
}

/// What came of an answer, or of its absence.
package enum GateOutcome: Hashable, Sendable {
    case allowed
    /// It gave no answer of its own, and its configuration says that this is none of the node's harm; why.
    case excused(String)
    case denied(String)
}

/// One gate, and what is known of it.
package struct Gate: Hashable, Sendable {
    package let config: GateConfig
    /// The last answer that counted, and when it came; nil before the first.
    package internal(set) var outcome: GateOutcome?
    package internal(set) var answered: Time?
    /// The question is open and this gate has not answered it: when its silence counts.
    package internal(set) var deadline: Time?
    /// Until when the present permission is good; nil while there is none, or when it is good without an end.
    package internal(set) var leaseEnd: Time?

    init(_ config: GateConfig) { self.config = config }
}

/// A question that is open: may this node become master?
package struct Question: Hashable, Sendable {
    /// Tells its answers from those to other questions; counted for the life of the instance.
    package let number: UInt32
    package let asked: Time
    /// Why the node would become master.
    let reason: TransitionReason
}
