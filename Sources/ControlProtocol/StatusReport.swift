/// What `halua status` shows: one value on both sides of the socket.

package struct StatusReport: Hashable, Sendable {
    package var version: String
    package var processID: Int
    package var uptimeMs: Int
    package var host: String
    package var configurationFile: String
    package var instances: [InstanceStatus]
    /// Packets dropped before an instance was known, by reason.
    package var drops: [Counter]
    /// How halua learns of process exits on this host.
    package var processEvents: String
    /// Milliseconds since the script thread was last heard; nil when no plugin is loaded.
    package var scriptSilenceMs: Int?
    package var plugins: [String]
    /// Notify scripts that were left out and FIFO lines that nobody took, by lane ("VI_1") and path of the FIFO.
    package var lostNotices: [Counter]

    package init(
        version: String, processID: Int, uptimeMs: Int, host: String, configurationFile: String,
        instances: [InstanceStatus], drops: [Counter], processEvents: String, scriptSilenceMs: Int?, plugins: [String],
        lostNotices: [Counter] = []
    ) {
        self.version = version
        self.processID = processID
        self.uptimeMs = uptimeMs
        self.host = host
        self.configurationFile = configurationFile
        self.instances = instances
        self.drops = drops
        self.processEvents = processEvents
        self.scriptSilenceMs = scriptSilenceMs
        self.plugins = plugins
        self.lostNotices = lostNotices
    }
}

/// A counter under the name that the documentation gives it.
package struct Counter: Hashable, Sendable {
    package var name: String
    package var count: Int

    package init(_ name: String, _ count: Int) {
        self.name = name
        self.count = count
    }
}

package struct InstanceStatus: Hashable, Sendable {
    package var name: String
    package var state: String
    /// Milliseconds in this state.
    package var stateAgeMs: Int
    package var interface: String
    package var virtualRouterID: Int
    package var vrrpVersion: Int
    package var family: String
    package var priority: Int
    package var basePriority: Int
    /// "200 −20 mycat.backends = 180"
    package var priorityExplanation: String
    package var intervalMs: Int
    package var masterDownIntervalMs: Int
    package var preempts: Bool
    package var addresses: [String]
    /// True when the kernel holds the addresses because of this instance.
    package var holdsAddresses: Bool
    package var source: String?
    package var master: MasterStatus?
    package var faults: [String]
    package var checks: [CheckStatus]
    /// The promotion gates; their last answers, and where an open question stands.
    package var gates: [GateStatus]
    /// False when the guard is off.
    package var isGuarded: Bool
    /// What the guard has to say, a sentence each; empty when all is well.
    package var guardNotes: [String]
    /// The nodes that are heard on the guard channel.
    package var guardPeers: [GuardPeerStatus]
    package var lastTransition: String
    package var transitions: Int
    package var statistics: [Counter]
    /// Adverts for this instance that were dropped, by reason.
    package var drops: [Counter]
    /// The sync group, and all its members; nil and none without one.
    package var group: String?
    package var groupMembers: [String] = []
    /// What the core waits for.
    package var timers: [TimerStatus] = []
    /// How long a master of lower priority is left alone: the configured preempt delay, in milliseconds.
    package var preemptDelayMs = 0
    /// Milliseconds for which preemption is still held off because the instance changed its role too often.
    package var flapHoldMs: Int?
    /// What operators have asked of this instance.
    package var operatorRequest: OperatorStatus?

    package init(
        name: String, state: String, stateAgeMs: Int, interface: String, virtualRouterID: Int, vrrpVersion: Int,
        family: String, priority: Int, basePriority: Int, priorityExplanation: String, intervalMs: Int,
        masterDownIntervalMs: Int, preempts: Bool, addresses: [String], holdsAddresses: Bool, source: String?,
        master: MasterStatus?, faults: [String], checks: [CheckStatus], gates: [GateStatus] = [],
        isGuarded: Bool = false, guardNotes: [String] = [], guardPeers: [GuardPeerStatus] = [],
        lastTransition: String, transitions: Int, statistics: [Counter], drops: [Counter]
    ) {
        self.name = name
        self.state = state
        self.stateAgeMs = stateAgeMs
        self.interface = interface
        self.virtualRouterID = virtualRouterID
        self.vrrpVersion = vrrpVersion
        self.family = family
        self.priority = priority
        self.basePriority = basePriority
        self.priorityExplanation = priorityExplanation
        self.intervalMs = intervalMs
        self.masterDownIntervalMs = masterDownIntervalMs
        self.preempts = preempts
        self.addresses = addresses
        self.holdsAddresses = holdsAddresses
        self.source = source
        self.master = master
        self.faults = faults
        self.checks = checks
        self.gates = gates
        self.isGuarded = isGuarded
        self.guardNotes = guardNotes
        self.guardPeers = guardPeers
        self.lastTransition = lastTransition
        self.transitions = transitions
        self.statistics = statistics
        self.drops = drops
    }
}

package struct MasterStatus: Hashable, Sendable {
    package var address: String
    package var priority: Int
    /// Milliseconds since its last advert; nil for this node itself.
    package var lastHeardMs: Int?

    package init(address: String, priority: Int, lastHeardMs: Int?) {
        self.address = address
        self.priority = priority
        self.lastHeardMs = lastHeardMs
    }
}

package struct CheckStatus: Hashable, Sendable {
    package var name: String
    /// "up", "down", "unknown"; "error" when the script itself is broken.
    package var state: String
    package var weight: Int
    package var reason: String
    package var runs: Int
    package var lastRunMs: Int?
    /// Runs that failed.
    package var failures = 0
    /// How long the last run took, in microseconds.
    package var lastDurationUs: Int?
    /// So many successes in a row bring it up, so many failures in a row bring it down.
    package var rise = 1
    package var fall = 1
    /// Its success counts as the failure.
    package var isReversed = false

    package init(name: String, state: String, weight: Int, reason: String, runs: Int, lastRunMs: Int?) {
        self.name = name
        self.state = state
        self.weight = weight
        self.reason = reason
        self.runs = runs
        self.lastRunMs = lastRunMs
    }
}
