/// One simulated host: a process that runs the production router, and the kernel below it.
import VRRPCore
import Wire

/// What the operating system does with the daemon's process.
package enum ProcessState: Hashable, Sendable {
    /// Not started, or it has exited, or it was killed.
    case absent
    case running
    /// Stopped by SIGSTOP: the kernel goes on answering for the addresses and fills the socket buffers.
    case paused
}

/// What waits for the process until its event loop turns.
struct Inbox {
    /// What a socket buffer takes before the kernel drops frames (about 212,992 octets of small packets).
    static let frameLimit = 256

    /// Adverts.
    var frames: [Frame] = []
    /// What the guard hears: each kind of socket has a buffer of its own.
    var guardFrames: [Frame] = []
    var notices: [(input: Input, instance: InstanceID)] = []

    var isEmpty: Bool { frames.isEmpty && guardFrames.isEmpty && notices.isEmpty }
}

/// What the checkers ask of an instance after every input.
package struct Standing: Hashable, Sendable {
    package var state = State.initialize
    package var priority: UInt8 = 0
    package var since = Time(nanoseconds: 0)

    init() {}

    init(_ standing: (state: State, priority: UInt8, since: Time)) {
        state = standing.state
        priority = standing.priority
        since = standing.since
    }
}

package final class Node {
    package let id: StationID
    package let name: String
    package let address: IPAddress
    /// The configuration on disk: read when the process starts, and at a reload.
    package internal(set) var instances: [InstanceConfig] = []
    package internal(set) var groups: [SyncGroupConfig] = []

    /// What kind of daemon runs here, and what is built into the host.
    package internal(set) var traits = NodeTraits()

    package internal(set) var process = ProcessState.absent
    /// The living process; nil while there is none.
    package internal(set) var router: Router?
    /// Counts the processes, so that answers to a former one are recognised.
    package internal(set) var incarnation: UInt32 = 0
    package internal(set) var clock = LocalClock()

    /// The host has power; without it nothing holds an address and nothing is answered.
    package internal(set) var isPowered = true
    package internal(set) var isLinkUp = true
    /// The sentence with which sending fails, as a firewall rule on output makes it; nil: sending works.
    package internal(set) var sendError: String?
    /// The sentence with which the kernel refuses addresses; nil: it takes them.
    package internal(set) var addressError: String?
    /// How long the kernel takes to add addresses and to answer.
    package internal(set) var kernelDelay = Duration.microseconds(250)
    /// What the host's own firewall keeps from the daemon.
    package internal(set) var firewall = Firewall.open
    /// How long the kernel takes to remove addresses.
    package internal(set) var releaseDelay = Duration.zero
    /// Requests to remove addresses that were made before now are done by then.
    package internal(set) var releasedBy = Time(nanoseconds: 0)
    /// Every turn of the event loop begins up to this much late: a loaded machine.
    package internal(set) var loopLatency = Duration.zero
    /// A stall ends here; until then the loop does not turn.
    package internal(set) var busyUntil = Time(nanoseconds: 0)
    /// The last time something was done to this host that may legitimately disturb its service.
    package internal(set) var disturbedAt = Time(nanoseconds: 0)

    /// What the gates of the instances do; those that are not named allow at once.
    var gateBehaviours: [GateName: GateBehaviour] = [:]
    /// The script thread has died or hangs: it says nothing any more.
    package internal(set) var isScriptDead = false
    /// Counts the script threads, so that what a former one had begun is recognised.
    var scriptGeneration: UInt32 = 0

    /// What each instance is, as the router said it last.
    package internal(set) var standings: [Standing] = []
    var inbox = Inbox()
    /// The instances that read before the firewall.
    var openTaps: [Bool] = []
    /// A frame has arrived since the link came up.
    var isCarrying = true
    var carryingSince = Time(nanoseconds: 0)
    /// By station: when it was heard last on the wire or on the guard channel.
    var heard: [Time] = []
    var lifetimes = Lifetimes()
    /// Since when the process has been standing still; nil while it goes.
    var standsSince: Time?
    /// Deadlines by the node's own clock: `Timer.allCases.count` places for each instance.
    var deadlines: [Int64] = []
    /// The token of the newest request for addresses of each instance; nil when removal was asked for since.
    var wantedTokens: [UInt32?] = []
    /// The running number of the valid wake-up in the queue, and its time.
    var wakeTicket: UInt64 = 0
    var wakeTime = Node.never
    /// Reused at every input, so that a turn allocates nothing.
    var effects: [AddressedEffect] = []

    static let never = Time(nanoseconds: .max)
    static let timerCount = Timer.allCases.count

    init(id: StationID, name: String, address: IPAddress) {
        self.id = id
        self.name = name
        self.address = address
        effects.reserveCapacity(16)
    }

    /// The state of an instance; Initialize while there is no process.
    package func state(_ instance: InstanceID) -> State { standings[instance.index].state }

    /// Running and looking at its sockets without delay.
    package func isAttentive(at now: Time) -> Bool {
        process == .running && isPowered && isLinkUp && sendError == nil && addressError == nil && busyUntil <= now
            && loopLatency == .zero
    }

    /// Lets the living router decide, in place.
    func decide(_ body: (inout Router) -> Void) {
        guard var living = router else { return }
        // Taken out for the moment, so that the router is the only owner of its storage.
        router = nil
        body(&living)
        for index in standings.indices { standings[index] = Standing(living.standing(of: InstanceID(index))) }
        router = living
    }

    /// Clears what belongs to a process; the kernel's addresses stay.
    func forgetProcess() {
        process = .absent
        router = nil
        incarnation += 1
        inbox.frames.removeAll(keepingCapacity: true)
        inbox.guardFrames.removeAll(keepingCapacity: true)
        inbox.notices.removeAll(keepingCapacity: true)
        for index in deadlines.indices { deadlines[index] = Int64.max }
        for index in wantedTokens.indices { wantedTokens[index] = nil }
        for index in openTaps.indices { openTaps[index] = false }
        for index in standings.indices { standings[index] = Standing() }
        heard.removeAll(keepingCapacity: true)
        standsSince = nil
        wakeTicket += 1
        wakeTime = Node.never
        busyUntil = Time(nanoseconds: 0)
    }
}
