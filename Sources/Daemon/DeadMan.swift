/// Ends the service of a virtual address when this daemon no longer runs: by lifetimes in the kernel, and by a fence.
import KeepalivedConf
import LinuxIO
import Logging
import SystemPackage
import VRRPCore
import Wire

/// When lifetimes were last renewed, and when they end; in nanoseconds of the monotonic clock.
struct LifetimeSpan {
    var renewed: Int64
    var end: Int64
}

/// What the kernel was told about the addresses that an instance holds.
struct KernelHold {
    var terms: DeadMansTerms
    var renewal: AddressRenewal
    /// nil without a fence.
    var pass: FencePass?
    /// When the lifetimes were last renewed, in nanoseconds of the monotonic clock.
    var renewed: Int64
    /// When the fence was last extended, or opened.
    var extended: Int64
    /// The fence was found closed.
    var isClosed = false

    /// nil without lifetimes.
    var span: LifetimeSpan? {
        terms.lifetime.map { LifetimeSpan(renewed: renewed, end: renewed + $0.inNanoseconds) }
    }

    /// Nobody can extend the fence any more. What the kernel would refuse is not asked for: with the refusal it would hold
    /// everybody's requests up.
    func isOver(_ now: Int64) -> Bool {
        terms.opening.map { now - extended >= $0.inNanoseconds } ?? false
    }

    func isDue(_ now: Int64) -> Bool { terms.lifetime != nil && now - renewed >= terms.pace.inNanoseconds }
}

/// Renews what the kernel would end: after an advert, in the same turn, and never otherwise. Once it has grown to its
/// largest turn a renewal allocates nothing.
final class DeadMan {
    private let loop: EventLoop
    private let logger: Logger
    private let renewer: AddressRenewer
    private let tableName: String
    private var fence: AddressFence?
    private var isPrepared = false
    private var holders: [InstanceID: InstanceRuntime] = [:]
    /// Those that have advertised in this turn.
    private var waiting: ContiguousArray<InstanceRuntime> = []
    /// What the fence is asked at the end of the turn.
    private var changes: ContiguousArray<FenceChange> = []
    private var extensions: ContiguousArray<FenceChange> = []
    private var failures: [(tag: Int, failure: IOFailure)] = []
    private var refusals = RateLimit<Errno>()
    /// The fence of an instance had closed although it is master; nothing extended it since `since`.
    var fenceClosed: ((InstanceRuntime, _ since: Int64) -> Void)?

    /// `tableName`: of the fence's tables; no other daemon in this network namespace may use it.
    ///
    /// Throws: EMFILE.
    init(loop: EventLoop, tableName: String, logger: Logger) throws(IOFailure) {
        self.loop = loop
        self.tableName = tableName
        self.logger = logger
        renewer = try AddressRenewer()
        waiting.reserveCapacity(64)
        extensions.reserveCapacity(64)
    }

    func terms(of settings: InstanceSettings) -> DeadMansTerms {
        DeadMansTerms(settings, canFence: fence != nil)
    }

    /// Makes the fence's tables when some instance wants them, and takes them away when none does any more.
    func prepare(for instances: [InstanceSettings]) {
        let isWanted = instances.contains { DeadMansTerms($0, canFence: true).opening != nil }
        defer { isPrepared = true }
        guard isWanted else { return isPrepared ? removeFence() : removeForeignFence() }
        guard fence == nil else { return }
        do throws(IOFailure) {
            let new = try AddressFence(name: tableName)
            try new.install()
            fence = new
        } catch {
            logger.warning(
                "no fence around the virtual addresses, because the kernel's nftables cannot be used: \(error). Lifetimes of whole seconds remain; \"fence off\" in guard silences this"
            )
        }
    }

    /// Takes the fence's tables away. Nothing is fenced any more.
    func removeFence() {
        guard let fence else { return }
        self.fence = nil
        for runtime in holders.values { runtime.hold?.pass = nil }
        do throws(IOFailure) {
            try fence.remove()
        } catch {
            logger.warning("the fence's nftables tables were not removed: \(error)")
        }
    }

    /// A predecessor with another configuration may have died behind its fence, which would now shut this daemon out.
    private func removeForeignFence() {
        do throws(IOFailure) {
            let old = try AddressFence(name: tableName)
            guard old.isInstalled else { return }
            try old.remove()
            logger.notice("removed the nftables tables \(tableName), left behind by an earlier run")
        } catch {
            logger.debug("nothing is known of a fence that was left behind: \(error)")
        }
    }

    // MARK: Holding

    /// The instance is about to hold what its runtime says, on these terms. `settle` opens the fence for it.
    func take(_ runtime: InstanceRuntime, on terms: DeadMansTerms) {
        closeFence(of: runtime)
        let now = loop.time
        var hold = KernelHold(
            terms: terms, renewal: AddressRenewal(of: runtime.held, tag: runtime.id.index), renewed: now, extended: now)
        if fence != nil, let opening = terms.opening, !runtime.held.isEmpty {
            let pass = FencePass(
                table: tableName, runtime.held.map(\.prefix.address), opening: opening, guarding: terms.guarding,
                tag: runtime.id.index)
            changes.append(FenceChange(.open, pass))
            hold.pass = pass
        }
        runtime.hold = hold
        runtime.expiry = hold.span
        holders[runtime.id] = runtime
    }

    /// The instance holds its addresses no longer.
    func letGo(_ runtime: InstanceRuntime) {
        closeFence(of: runtime)
        runtime.hold = nil
        holders[runtime.id] = nil
        // What ended by itself meanwhile is yet to be heard of.
        if let expiry = runtime.expiry, loop.time < expiry.end { runtime.expiry = nil }
    }

    private func closeFence(of runtime: InstanceRuntime) {
        guard let pass = runtime.hold?.pass else { return }
        runtime.hold?.pass = nil
        changes.append(FenceChange(.close, pass))
    }

    /// Opens and takes away the fence as the turn has asked for, in one batch for all instances. To be called before an
    /// address is set that is to be fenced.
    func settle() {
        guard !changes.isEmpty else { return }
        defer { changes.removeAll(keepingCapacity: true) }
        guard let fence else { return }
        fence.carryOut(changes) { failures.append(($0, $1)) }
        guard !failures.isEmpty else { return }
        defer { failures.removeAll() }
        // Somebody has removed the tables. They are made again with everything that is open.
        if failures.contains(where: { $0.failure.errno == .noSuchFileOrDirectory }), mend(fence) { return }
        for (tag, failure) in failures { giveUpFence(tag, failure) }
    }

    /// The instance goes on without a fence. Said once: the fence may have been opened and closed in one turn.
    private func giveUpFence(_ tag: Int, _ failure: IOFailure) {
        guard let runtime = holders[InstanceID(tag)], runtime.hold?.pass != nil else { return }
        runtime.hold?.pass = nil
        logger.warning("\(runtime.settings.name): no fence around its addresses: \(failure)")
    }

    // MARK: Renewing

    /// The instance is master and has just advertised.
    func advertised(_ runtime: InstanceRuntime) {
        guard let hold = runtime.hold, hold.pass != nil || hold.isDue(loop.now) else { return }
        waiting.append(runtime)
    }

    /// Renews what is due; true when the kernel will tell of renewed lifetimes. The end of a turn, after its adverts.
    func flush() -> Bool {
        guard !waiting.isEmpty else { return false }
        defer { waiting.removeAll(keepingCapacity: true) }
        // Not the turn's time: this process may have been stopped since.
        let now = loop.time
        extendFences(now)
        return renewLifetimes(now)
    }

    private func extendFences(_ now: Int64) {
        guard let fence else { return }
        extensions.removeAll(keepingCapacity: true)
        for runtime in waiting {
            guard let hold = runtime.hold, let pass = hold.pass, !hold.isClosed else { continue }
            guard !hold.isOver(now) else {
                noteClosed(runtime, hold)
                continue
            }
            extensions.append(FenceChange(hold.isDue(now) ? .extendWithGuard : .extend, pass))
        }
        guard !extensions.isEmpty else { return }
        fence.carryOut(extensions) { failures.append(($0, $1)) }
        if !failures.isEmpty { explain(fence, now) }
        for runtime in waiting where runtime.hold?.isClosed == false { runtime.hold?.extended = now }
    }

    private func renewLifetimes(_ now: Int64) -> Bool {
        var next = 0
        var isSent = false
        renewer.send {
            while next < waiting.count {
                let runtime = waiting[next]
                next += 1
                // What has ended must not be made anew: whether this node is still master is for the core to say, which
                // hears of the end first.
                guard let hold = runtime.hold, hold.isDue(now), let span = hold.span, now < span.end else { continue }
                runtime.hold?.renewed = now
                runtime.expiry = runtime.hold?.span
                isSent = true
                return hold.renewal
            }
            return nil
        } refused: { _, errno in
            let line = refusals.line(
                of: errno, now: now, "the lifetime of a virtual address was not renewed: \(errno)")
            if let line { logger.warning("\(line)") }
        }
        return isSent
    }

    private func noteClosed(_ runtime: InstanceRuntime, _ hold: KernelHold) {
        runtime.hold?.isClosed = true
        fenceClosed?(runtime, hold.extended)
    }

    /// Sees why fences were not extended: they had closed, or somebody has taken the tables away.
    private func explain(_ fence: AddressFence, _ now: Int64) {
        defer { failures.removeAll() }
        if failures.contains(where: { $0.failure.errno == .noSuchFileOrDirectory }), !fence.isInstalled {
            _ = mend(fence)
            return
        }
        for (tag, failure) in failures {
            guard let runtime = holders[InstanceID(tag)], let hold = runtime.hold else { continue }
            if failure.errno == .noSuchFileOrDirectory {
                noteClosed(runtime, hold)
            } else if let line = refusals.line(
                of: failure.errno, now: now, "the fence could not be extended: \(failure)")
            {
                logger.warning("\(line)")
            }
        }
    }

    /// Makes tables again that somebody has removed, and opens them for everybody who holds addresses.
    private func mend(_ fence: AddressFence) -> Bool {
        guard !fence.isInstalled else { return false }
        logger.warning(
            "somebody has removed the nftables tables \(tableName), as \"nft flush ruleset\" does with all tables: making them again"
        )
        do throws(IOFailure) {
            try fence.install()
        } catch {
            logger.warning("the nftables tables \(tableName) could not be made again: \(error)")
            return false
        }
        var openings: ContiguousArray<FenceChange> = []
        for runtime in holders.values {
            guard let hold = runtime.hold, let pass = hold.pass, !hold.isClosed else { continue }
            openings.append(FenceChange(.open, pass))
        }
        fence.carryOut(openings, refused: giveUpFence)
        return true
    }
}

extension DeadMan {
    func tellHeldBack(now: Int64, atEnd: Bool) -> [String] { refusals.tellHeldBack(now: now, atEnd: atEnd) }
}
