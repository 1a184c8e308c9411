/// Everything that can happen to one virtual router instance.
import Wire

/// The timers of an instance. Each is armed at most once; arming again moves it.
package enum Timer: UInt8, Hashable, Sendable, CaseIterable {
    /// Master: the next advertisement is due. Its deadlines form an absolute schedule (M-08).
    case advert
    /// Backup: nobody advertised for a master down interval.
    case masterDown
    /// Backup: the preempt delay is over (P-04).
    case preemptDelay
    /// Master: the second burst of gratuitous ARPs is due (keepalived: garp_master_delay).
    case announceDelay
    /// Master: the periodic gratuitous ARPs are due (keepalived: garp_master_refresh).
    case announceRefresh
    /// Initialize: the start-up delay is over (keepalived: vrrp_startup_delay).
    case startupDelay
    /// Fault: adverts could not be sent, and it is time to try again (T-11).
    case sendRetry
    /// Backup: the time of a promotion gate that was asked is over.
    case gate
    /// Master: the permission to be it runs out. Backup: that of a member of a sync group that waits for the others.
    case lease
    /// Backup: it is time for a round of questions. Master: a node that seems deaf has had its time to answer.
    case probe
}

/// An advertisement that the receive checks have accepted for this instance.
package struct ReceivedAdvert: Hashable, Sendable {
    package var priority: UInt8
    /// The sender's advertisement interval; in version 3 a backup adopts it (M-06).
    package var interval: Duration
    /// The packet's IP source: the second half of the election.
    package var source: IPAddress

    package init(priority: UInt8, interval: Duration, source: IPAddress) {
        self.priority = priority
        self.interval = interval
        self.source = source
    }
}

/// Names one tracked check of one instance: its index in `InstanceConfig.checks`.
package struct CheckID: Hashable, Sendable {
    package var index: Int
    package init(_ index: Int) { self.index = index }
}

/// What one run of a check said.
package enum CheckOutcome: Hashable, Sendable {
    case passed
    /// With the reason, in the words of the check ("connection refused").
    case failed(String)
    /// The check itself is broken (a bug in the script): the last known state stays, and shows as ERROR.
    case broken(String)
}

/// The kernel's answer to a request of the core.
package enum KernelAnswer: Hashable, Sendable {
    case done
    /// The sentence of the errno and of the call, for the log.
    case failed(String)
}

/// Why an instance cannot serve, apart from its checks. Each cause holds FAULT until it is taken back.
package enum FaultCause: Hashable, Sendable {
    /// The interface does not exist.
    case interfaceMissing(String)
    /// The interface is administratively down or has no carrier.
    case linkDown(String)
    /// There is no usable source address on the interface (T-09; IPv6: no link-local address that passed DAD).
    case noSourceAddress(String)
    /// Adverts cannot be sent (T-11): an interface that is deaf-mute must not be master.
    case sendFailed(String)
    /// A script demoted the instance, under its own key.
    case demoted(key: String, reason: String)
    /// A tracked interface (weight 0) is down.
    case trackedInterface(String)
    /// Another member of the sync group is in FAULT. Only the router itself gives this cause.
    case groupMember(group: String, member: String)
}

/// What a sync group asks of its members. Only the router gives these, never the daemon.
package enum GroupDecision: Hashable, Sendable {
    /// Every member wants to be master: become master now.
    case promote(group: String)
    /// Another member is backup: follow it.
    case stepDown(group: String, becauseOf: String)
}

package enum Input: Hashable, Sendable {
    /// The daemon is ready: leave Initialize.
    case startup
    /// Leave for good: priority 0, addresses removed (S-05, S-10).
    case shutdown
    case advert(ReceivedAdvert)
    case timer(Timer)
    /// The kernel has answered the last `.addAddresses`; the number is the effect's token, older ones are ignored.
    case addressesAdded(token: UInt32, KernelAnswer)
    /// Somebody else removed one of the virtual addresses while this node is master.
    case addressLost(IPAddress)
    /// The address that adverts are sent from, which decides equal priorities; nil when there is none.
    case sourceAddress(IPAddress?)
    /// A cause of FAULT begins or ends. The core counts causes by value: beginning twice is one cause.
    case faultBegan(FaultCause)
    case faultEnded(FaultCause)
    case check(CheckID, CheckOutcome)
    /// A script moves the priority, under its own key; delta 0 takes it back.
    case adjustPriority(key: String, delta: Int, reason: String)
    /// A tracked interface with a weight changed (up: true).
    case trackedInterface(index: Int, isUp: Bool)
    /// An advert could not be sent, to the group or to any unicast peer; the sentence of the errno. The core decides
    /// when that is a fault (T-11).
    case sendFailed(String)
    /// A promotion gate has answered the question with this number.
    case gateAnswered(question: UInt32, gate: String, GateVerdict)
    /// A gate's script moves the end of the lease it gave.
    case extendLease(gate: String, until: Time)
    /// A new configuration for a living instance (S-20: what is unchanged keeps its state and timers).
    /// Indirect, so that every other input stays a few words long.
    indirect case reconfigure(InstanceConfig)
    /// What the guard has learned beside the adverts of this virtual router.
    case guarding(GuardNews)
    /// The sync group moves, and this member with it (S-24).
    case group(GroupDecision)
}
