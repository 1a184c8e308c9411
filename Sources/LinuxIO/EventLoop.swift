/// One thread's loop: wait, read the clock once, I/O, mail, timers last, then the effects of the whole turn.
import CLinux
import Glibc
import SystemPackage

/// A descriptor's place in a loop. A removed one never comes alive again, even if its slot is used anew.
package struct Registration: Hashable, Sendable {
    fileprivate var slot: UInt32
    fileprivate var generation: UInt32
}

/// A pending `after`. Cancelling one that has fired does nothing.
package struct TimerToken: Hashable, Sendable {
    fileprivate var identifier: Int
    fileprivate var generation: UInt32
}

/// A set of deadlines that its owner keeps; the loop only waits for it and calls it when something is due.
package protocol TimerSource: AnyObject {
    /// Nanoseconds of the monotonic clock; nil when nothing is armed.
    var nextDeadline: Int64? { get }
    /// Called last in a turn when `nextDeadline` is not after `now`.
    func fire(now: Int64)
}

/// An epoll loop. It belongs to the thread that runs it, so it is not Sendable; other threads use a `Mailbox`.
///
/// The order within a turn is a promise (timers last): a process that overslept first sees the packets that are waiting
/// and only then believes in a timeout. A turn allocates nothing.
package final class EventLoop {
    /// When in a turn a descriptor's handler runs.
    package enum Phase: Sendable {
        /// Packets, netlink, sockets.
        case io
        /// Mail from other threads, after all I/O.
        case mail
    }

    private struct Slot {
        var descriptor: Int32 = -1
        /// Changes when the slot is freed, so that an event fetched earlier in the turn is known to be stale.
        var generation: UInt32 = 0
        var phase = Phase.io
        var handler: ((Readiness) -> Void)?
    }

    private struct TimerSlot {
        var generation: UInt32 = 0
        var action: (() -> Void)?
    }

    /// The monotonic clock in nanoseconds, read once per turn after the wait.
    package private(set) var now: Int64
    /// Whose hand moves the time: the kernel's, or the owner's by `crank`.
    private var handClock: HandClock?
    /// How much later than the deadline it waited for the last wait came back; 0 when a descriptor ended it earlier.
    package private(set) var lateness: Int64 = 0
    /// The owner's timers, beside those of `after`. The loop does not keep the owner alive.
    package weak var timerSource: (any TimerSource)?
    /// Runs at the end of every turn: batched sends and effects go out here.
    package var afterTurn: (() -> Void)?

    private var epoll: Epoll
    private var slots: ContiguousArray<Slot> = []
    private var freeSlots: ContiguousArray<UInt32> = []
    private var timers: TimerQueue
    private var timerSlots: ContiguousArray<TimerSlot> = []
    private var freeTimers: ContiguousArray<Int> = []
    private var posted: ContiguousArray<() -> Void> = []
    private var working: ContiguousArray<() -> Void> = []
    private var running = false

    /// A loop that fetches at most `maximumEvents` per turn. Call it on the thread that will run it: the thread's timer
    /// slack becomes 1 ns, so that waits end when they should (prctl(2) PR_SET_TIMERSLACK).
    ///
    /// Throws: EMFILE, ENFILE, ENOMEM.
    package init(maximumEvents: Int = 256) throws(IOFailure) {
        epoll = try Epoll(maximumEvents: maximumEvents)
        timers = TimerQueue(capacity: 64)
        now = Clock.monotonic
        posted.reserveCapacity(64)
        working.reserveCapacity(64)
        _ = halua_set_timer_slack(1)
    }

    /// A loop whose time stands still until `crank` moves it: for tests that play minutes in milliseconds.
    ///
    /// Throws: EMFILE, ENFILE, ENOMEM.
    package convenience init(handClock: HandClock) throws(IOFailure) {
        try self.init()
        now = handClock.start
        self.handClock = handClock
    }

    /// The monotonic clock this very moment, also in the middle of a long turn. What code on this loop measures by.
    package var time: Int64 { handClock == nil ? Clock.monotonic : now }

    /// Nanoseconds since 1970.
    package var wallTime: Int64 { handClock.map { $0.wallStart + (now - $0.start) } ?? Clock.realtime }

    // MARK: Running

    /// Turns until `stop`.
    package func run() {
        running = true
        while running { turn() }
    }

    /// Ends `run` after the current turn. Only for the loop's own thread.
    package func stop() { running = false }

    /// One turn; waits for the nearest deadline, or `maximumWait` if that is earlier. Returns how many descriptors were
    /// ready.
    @discardableResult
    package func turn(maximumWait: Duration? = nil) -> Int {
        let deadline = nextDeadline
        let timeout = posted.isEmpty ? waitingTime(until: deadline, atMost: maximumWait) : 0
        let count = epoll.wait(timeout)
        if handClock == nil { now = Clock.monotonic }
        lateness = count == 0 && timeout != nil ? max(0, now - (deadline ?? now)) : 0
        dispatch(count, .io)
        dispatch(count, .mail)
        runPosted()
        runTimers()
        afterTurn?()
        return count
    }

    /// Steps the wall clock of a hand-cranked loop: nanoseconds since 1970.
    package func setWallTime(_ time: Int64) {
        guard var clock = handClock else { preconditionFailure("only a hand clock is set by hand") }
        clock.wallStart = time - (now - clock.start)
        handClock = clock
    }

    /// Something is to be done without waiting for the world: posted work, or a timer that is due.
    package var hasWork: Bool { !posted.isEmpty || nextDeadline.map { $0 <= now } ?? false }

    /// Moves the time of a hand-cranked loop forward, and does nothing else.
    package func crank(to moment: Int64) {
        precondition(handClock != nil, "only a hand clock is moved by hand")
        precondition(moment >= now, "time runs forward")
        now = moment
    }

    /// When the next timer is due; nil when none is armed.
    package var nextDeadline: Int64? {
        guard let source = timerSource?.nextDeadline else { return timers.nextDeadline }
        return timers.nextDeadline.map { min($0, source) } ?? source
    }

    private func waitingTime(until deadline: Int64?, atMost limit: Duration?) -> Int64? {
        var timeout = deadline.map { max(0, $0 - time) }
        if let limit { timeout = min(timeout ?? .max, max(0, limit.wholeNanoseconds)) }
        return timeout
    }

    private func dispatch(_ count: Int, _ phase: Phase) {
        for index in 0..<count {
            let (data, readiness) = epoll.event(index)
            let slot = Int(data >> 32)
            guard slots[slot].generation == UInt32(truncatingIfNeeded: data), slots[slot].phase == phase else {
                continue
            }
            // A copy, because the handler may add and remove descriptors.
            let handler = slots[slot].handler
            handler?(readiness)
        }
    }

    private func runPosted() {
        guard !posted.isEmpty else { return }
        swap(&posted, &working)
        for action in working { action() }
        working.removeAll(keepingCapacity: true)
    }

    private func runTimers() {
        while let identifier = timers.popDue(now) {
            let action = timerSlots[identifier].action
            release(timer: identifier)
            action?()
        }
        if let source = timerSource, let deadline = source.nextDeadline, deadline <= now { source.fire(now: now) }
    }

    // MARK: Descriptors

    /// Watches a descriptor. The caller keeps owning it and must `remove` it before closing it.
    ///
    /// The handler runs once per turn while the descriptor is ready; how much it does in one call is its own limit.
    /// Throws: ENOSPC (limit of watches), EPERM (a regular file), EEXIST (already watched), ENOMEM.
    @discardableResult
    package func add(
        _ descriptor: Int32, _ interest: Interest, phase: Phase = .io, _ handler: @escaping (Readiness) -> Void
    ) throws(IOFailure) -> Registration {
        let slot = freeSlots.last ?? UInt32(slots.count)
        let generation = slot < slots.count ? slots[Int(slot)].generation : 0
        let registration = Registration(slot: slot, generation: generation)
        try epoll.add(descriptor, interest, data: Self.data(registration))
        if slot < slots.count { freeSlots.removeLast() } else { slots.append(Slot()) }
        slots[Int(slot)] = Slot(descriptor: descriptor, generation: generation, phase: phase, handler: handler)
        return registration
    }

    /// Changes what a descriptor is watched for; an empty interest leaves errors and hang-ups only.
    ///
    /// Throws: ENOMEM.
    package func modify(_ registration: Registration, _ interest: Interest) throws(IOFailure) {
        guard isAlive(registration) else { return }
        try epoll.modify(slots[Int(registration.slot)].descriptor, interest, data: Self.data(registration))
    }

    /// Stops watching. Events of this turn that are not delivered yet are dropped. Twice does no harm.
    package func remove(_ registration: Registration) {
        guard isAlive(registration) else { return }
        let slot = Int(registration.slot)
        epoll.remove(slots[slot].descriptor)
        slots[slot] = Slot(generation: registration.generation &+ 1)
        freeSlots.append(registration.slot)
    }

    private func isAlive(_ registration: Registration) -> Bool {
        let slot = slots[Int(registration.slot)]
        return slot.generation == registration.generation && slot.handler != nil
    }

    private static func data(_ registration: Registration) -> UInt64 {
        UInt64(registration.slot) << 32 | UInt64(registration.generation)
    }

    // MARK: Work and timers

    /// Runs an action later in this turn (after I/O and mail), or in the next one if this one is past that point.
    package func post(_ action: @escaping () -> Void) { posted.append(action) }

    /// Runs an action once, `delay` from this very moment (not from the beginning of the turn).
    @discardableResult
    package func after(_ delay: Duration, _ action: @escaping () -> Void) -> TimerToken {
        let identifier: Int
        if let free = freeTimers.popLast() {
            identifier = free
        } else {
            identifier = timerSlots.count
            timerSlots.append(TimerSlot())
        }
        timerSlots[identifier].action = action
        timers.arm(identifier, at: time + max(0, delay.wholeNanoseconds))
        return TimerToken(identifier: identifier, generation: timerSlots[identifier].generation)
    }

    /// Forgets a pending `after`.
    package func cancel(_ token: TimerToken) {
        guard timerSlots[token.identifier].generation == token.generation else { return }
        timers.disarm(token.identifier)
        release(timer: token.identifier)
    }

    private func release(timer identifier: Int) {
        timerSlots[identifier].generation &+= 1
        timerSlots[identifier].action = nil
        freeTimers.append(identifier)
    }
}
