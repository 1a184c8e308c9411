/// What an instance must know. The daemon makes it from the configuration; the core never sees a file.
import Wire

/// How a check counts, exactly as keepalived counts its track scripts.
package struct CheckConfig: Hashable, Sendable {
    /// "plugin.name", as the operator knows it.
    package var name: String
    /// 0: FAULT while down. Positive: added while up. Negative: taken off while down. -253…253.
    package var weight: Int
    /// keepalived's `reverse`: with weight 0 being up is the fault; otherwise the weight counts with the other sign.
    package var isReversed: Bool
    /// Successes in a row that bring the check up, failures in a row that bring it down; at least 1.
    package var rise: Int
    package var fall: Int
    /// keepalived's `init_fail`: counts as down until it has passed `rise` times.
    package var startsFailed: Bool

    package init(
        name: String, weight: Int = 0, isReversed: Bool = false, rise: Int = 1, fall: Int = 1,
        startsFailed: Bool = false
    ) {
        self.name = name
        self.weight = weight
        self.isReversed = isReversed
        self.rise = rise
        self.fall = fall
        self.startsFailed = startsFailed
    }
}

/// A tracked interface with a weight. Weight 0 arrives as a `FaultCause` instead.
package struct TrackedInterfaceConfig: Hashable, Sendable {
    package var name: String
    package var weight: Int
    package var isReversed: Bool

    package init(name: String, weight: Int, isReversed: Bool = false) {
        self.name = name
        self.weight = weight
        self.isReversed = isReversed
    }
}

/// Gratuitous ARP and neighbour advertisement, with keepalived's names and defaults.
package struct AnnounceConfig: Hashable, Sendable {
    /// garp_master_delay: the second burst; zero for none.
    package var delay: Duration = .seconds(5)
    /// garp_master_repeat
    package var repetitions: Int = 5
    /// garp_master_refresh: zero for none.
    package var refresh: Duration = .zero
    /// garp_master_refresh_repeat
    package var refreshRepetitions: Int = 1
    /// garp_lower_prio_delay; nil: as `delay`.
    package var lowerPriorityDelay: Duration?
    /// garp_lower_prio_repeat; nil: as `repetitions`.
    package var lowerPriorityRepetitions: Int?

    package init() {}
}

package struct InstanceConfig: Hashable, Sendable {
    package var name: String
    package var version: VRRPVersion
    package var family: AddressFamily
    package var virtualRouterID: UInt8
    /// 1…255; 255 is the owner.
    package var basePriority: UInt8
    package var interval: Duration
    /// `state MASTER`: starts with one interval plus the least skew instead of a master down interval (S-18).
    package var startsAsMaster = false
    /// False for keepalived's `nopreempt`.
    package var preempts = true
    package var preemptDelay: Duration = .zero
    /// keepalived's vrrp_startup_delay: adverts are heard and dropped, nothing is promoted.
    package var startupDelay: Duration = .zero
    /// down_timer_adverts: missed adverts before takeover (M-11).
    package var downTimerAdverts = 3
    /// False for keepalived's `lower_prio_no_advert`: a losing advert is answered at once (S-14).
    package var answersLowerPriority = true
    /// higher_prio_send_advert: one last advert before stepping down.
    package var sendsAdvertToHigherPriority = false
    package var announce = AnnounceConfig()
    package var checks: [CheckConfig] = []
    package var trackedInterfaces: [TrackedInterfaceConfig] = []
    /// All of them must allow it before this instance becomes master.
    package var gates: [GateConfig] = []
    package var virtualAddresses: [IPAddress] = []
    /// What a packet must satisfy before the state machine sees it (R-12 … R-21).
    package var receive = ReceivePolicy()
    /// How this instance looks around before it takes over, and after; nil: plain VRRP.
    package var guarding: GuardConfig?
    /// False: preempting is never held off because of many role changes (P-09).
    package var dampsFlapping = true

    package init(
        name: String, version: VRRPVersion, family: AddressFamily = .ipv4, virtualRouterID: UInt8,
        basePriority: UInt8 = 100, interval: Duration = .seconds(1)
    ) {
        self.name = name
        self.version = version
        self.family = family
        self.virtualRouterID = virtualRouterID
        self.basePriority = basePriority
        self.interval = interval
    }
}
