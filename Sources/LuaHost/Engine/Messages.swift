/// What the core's thread and the script thread say to each other: plain values, never references.

/// What a hook is told about an instance. A snapshot; scripts see it unchanged until they next wait.
package struct InstanceSnapshot: Hashable, Sendable {
    package var name: String
    /// "INIT", "BACKUP", "MASTER" or "FAULT".
    package var state: String
    package var priority: Int
    package var basePriority: Int
    /// False with `nopreempt`: no node takes the address from a master because its own priority is higher.
    package var preempts: Bool
    package var interface: String
    package var virtualAddresses: [String]
    package var peers: [String]
    /// The address of the current master, when one is known.
    package var master: String?
    /// Nanoseconds of the monotonic clock when the state began.
    package var sinceNanoseconds: Int64

    package init(
        name: String, state: String, priority: Int, basePriority: Int, preempts: Bool = true, interface: String,
        virtualAddresses: [String], peers: [String] = [], master: String? = nil, sinceNanoseconds: Int64
    ) {
        self.name = name
        self.state = state
        self.priority = priority
        self.basePriority = basePriority
        self.preempts = preempts
        self.interface = interface
        self.virtualAddresses = virtualAddresses
        self.peers = peers
        self.master = master
        self.sinceNanoseconds = sinceNanoseconds
    }
}

/// A transition, as hooks see it.
package struct TransitionMessage: Hashable, Sendable {
    package var instance: InstanceSnapshot
    package var from: String
    package var to: String
    /// One of the documented words: master_down, lost_election, check_failed, startup, …
    package var reason: String
    /// The whole sentence for people.
    package var sentence: String
    /// Per instance, gapless.
    package var sequence: UInt64
    package var atNanoseconds: Int64

    package init(
        instance: InstanceSnapshot, from: String, to: String, reason: String, sentence: String, sequence: UInt64,
        atNanoseconds: Int64
    ) {
        self.instance = instance
        self.from = from
        self.to = to
        self.reason = reason
        self.sentence = sentence
        self.sequence = sequence
        self.atNanoseconds = atNanoseconds
    }
}

/// How a check is to run: the operator's values over the plugin's.
package struct CheckSchedule: Hashable, Sendable {
    /// "plugin.check"
    package var name: String
    package var interval: Duration?
    package var timeout: Duration?

    package init(name: String, interval: Duration? = nil, timeout: Duration? = nil) {
        self.name = name
        self.interval = interval
        self.timeout = timeout
    }
}

package enum ToScript: Sendable {
    /// Start every registered check that is listed; the others never run.
    case start(checks: [CheckSchedule])
    /// A transition whose state is fully in force (for MASTER: the kernel confirmed the addresses).
    case transition(TransitionMessage)
    /// Other news for hooks.
    case event(EventMessage)
    /// The current values of an instance changed.
    case snapshot(InstanceSnapshot)
    /// Ask gates; each answers with `.gateAnswer`, unless the question is cancelled first.
    case askGates(GateQuestion)
    case cancelGates(question: UInt64)
    /// The daemon is about to stop: run the hooks of on.shutdown; answered by `.shutdownHooksEnded`.
    case shutdown(atNanoseconds: Int64)
    /// End all tasks and the thread. Runs the hooks of on.shutdown first, unless `.shutdown` did.
    case stop
}

package enum CheckResult: Hashable, Sendable {
    case passed
    /// An operating error or a false: the reason in words.
    case failed(String)
    /// A bug in the script, with file, line and traceback.
    case broken(String)
}

package enum LogLevel: Int, Sendable, Comparable {
    case debug, info, warning, error

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

package enum FromScript: Sendable {
    case checkResult(name: String, CheckResult, took: Duration)
    /// nil instance: every instance that tracks something of this plugin.
    /// Delta 0 takes the adjustment back.
    case adjustPriority(plugin: String, instance: String?, key: String, delta: Int, reason: String)
    case demote(plugin: String, instance: String?, key: String, reason: String)
    case restore(plugin: String, instance: String?, key: String)
    case gateAnswer(question: UInt64, gate: String, GateAnswer)
    /// A plugin moves the end of the lease that its gate gave, to a moment of the monotonic clock.
    case extendLease(instance: String, gate: String, untilNanoseconds: Int64)
    /// Metrics that have changed since they were told last; or all there are, and no others any more.
    case metrics([MetricFamily], replacesAll: Bool)
    case log(LogLevel, plugin: String, message: String, fields: [LogField])
    /// A hook has come to its end. `failure`: in words, nil when it did all it wanted.
    case hookEnded(plugin: String, hook: String, instance: String?, took: Duration, failure: String?)
    /// The heartbeat of the script thread: the core finds a stalled thread by its absence.
    case alive(atNanoseconds: Int64)
    /// The answer to `ScriptEngine.loadInBackground`.
    case loaded(token: UInt64, Result<LoadedGeneration, LoadFailures>)
    /// A generation has begun: what was said before came from the former one, what follows comes from this one.
    case started
    /// The hooks of on.shutdown are done, or their time is up.
    case shutdownHooksEnded
    /// The script thread has ended after `stop`.
    case stopped
}

package struct LogField: Hashable, Sendable {
    package var key: String
    package var value: String

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}
