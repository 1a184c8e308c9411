/// The daemon: inputs go into the core, effects come out and are done, one turn of the loop after the other.
import ControlProtocol
import Glibc
import KeepalivedConf
import LinuxIO
import Logging
import LuaHost
import VRRPCore
import Wire

/// Everything on the main thread hangs here. It decides nothing about VRRP.
package final class Daemon {
    let loop: EventLoop
    let logger: Logger
    let options: Options
    var router = Router()
    var runtimes: [InstanceID: InstanceRuntime] = [:]
    var configuration: Configuration

    let timers = CoreTimers()
    let netlink: Netlink
    let network: HostNetwork
    let addresses: AddressKeeper
    let deadMan: DeadMan
    let transmitter: Transmitter
    let announcer: Announcer
    let publisher: EventPublisher
    /// The group of `--control-group`; nil without one. Name services may be slow: they are asked once.
    let controlGroup: Result<gid_t, IOFailure>?
    let journal: EventJournal
    private(set) lazy var receivers = AdvertReceivers(loop: loop, logger: logger, sink: self)
    private(set) lazy var ears = GuardEars(loop: loop, logger: logger, sink: self)
    let prober: GuardProber
    let guardRecords = GuardRecords()
    private(set) lazy var channel = GuardChannel(
        loop: loop, logger: logger, sink: self, node: identity.node, nonce: identity.nonce)
    private let identity: (node: UInt64, nonce: UInt64)
    /// The interfaces that the channel speaks by, as they were when it was told.
    var channelPaths: Set<GuardPath> = []
    private(set) var scripts: ScriptBridge?
    private(set) var shell: ShellBridge?
    private(set) lazy var notifier = StateNotifier { [unowned self] in shell?.send($0) }
    var processes: ProcessTracker?
    var control: ControlServer?
    var reloading: Reload?
    /// nil without a service manager.
    var service: ServiceNotices?
    /// What operators have asked of instances.
    private(set) lazy var operators = OperatorRequests(loop: loop, logger: logger, sink: self, journal: journal)
    /// `halua switchover` is under way.
    var switchover: Switchover?
    /// `halua doctor` looks around at the moment.
    var examination: Examination?
    let startedNanoseconds: Int64
    /// Made once: a timer's tick allocates nothing.
    private(set) lazy var heldBackTimer: () -> Void = { [unowned self] in tellHeldBack() }
    var dropComplaints = RateLimit<DropComplaint>()

    /// What the core has asked for and is not done yet; reused, so that a turn allocates nothing.
    private var effects: [AddressedEffect] = []
    private var isRunningEffects = false
    /// Inputs that came up while effects were being done.
    private var postponed: [(Input, InstanceID)] = []

    /// Throws: EMFILE, or EPERM without CAP_NET_ADMIN and CAP_NET_RAW.
    package init(
        loop: EventLoop, configuration: Configuration, options: Options, logger: Logger
    ) throws(IOFailure) {
        self.loop = loop
        self.logger = logger
        self.options = options
        self.configuration = configuration
        startedNanoseconds = loop.now
        netlink = try Netlink(on: loop)
        network = HostNetwork(loop: loop, netlink: netlink, logger: logger)
        deadMan = try DeadMan(loop: loop, tableName: fenceTableName(options), logger: logger)
        addresses = AddressKeeper(netlink: netlink, network: network, deadMan: deadMan, logger: logger)
        transmitter = Transmitter(logger: logger)
        announcer = try Announcer(loop: loop, logger: logger)
        identity = (try NodeIdentity.node(), try NodeIdentity.nonce())
        prober = try GuardProber(loop: loop, logger: logger, network: network)
        publisher = EventPublisher(logger: logger)
        controlGroup = options.controlGroup.map { name in
            Result { () throws(IOFailure) in try ProcessIdentity.group(name) }
        }
        journal = EventJournal(logger: logger, node: hostName(), group: try? controlGroup?.get())
        publisher.journal = journal
        effects.reserveCapacity(1024)

        let scripts = try ScriptBridge(loop: loop, settings: configuration.global.lua, logger: logger, sink: self)
        self.scripts = scripts
        publisher.scripts = scripts
        shell = try ShellBridge(loop: loop, logger: logger, sink: self)
        publisher.notifier = notifier
        scripts.snapshots = { [unowned self] in
            router.ids.map { look(at: $0) }
        }
        scripts.gates.isOpen = { [unowned self] id, question in
            router.contains(id) && router[id].question?.number == question
        }
        connectNews()
        scripts.hookEnded = { [unowned self] in recordHook($0, of: $1, $2, $3) }
        shell?.notifyEnded = { [unowned self] in recordHook($0, of: $1, $2, $3) }
        transmitter.failed = { [unowned self] id, packets, sentence in
            // A unicast instance that still reaches one of its peers is heard.
            guard packets >= runtimes[id]?.templates.count ?? 0 else { return }
            feed(.sendFailed(sentence), to: id)
        }
        network.linksChanged = { [unowned self] in interfacesChanged($0) }
        network.addressRemoved = { [unowned self] in addressRemoved($0) }
        network.addressIsDuplicate = { [unowned self] in addressIsDuplicate($0) }
        prober.ears = ears
        deadMan.fenceClosed = { [unowned self] in deadManExpired($0, since: $1) }
        timers.expired = { [unowned self] id, timer in
            guard router.contains(id) else { return }
            router.handle(.timer(timer), for: id, now: now, into: &effects)
        }
        timers.finished = { [unowned self] in runEffects() }
        loop.timerSource = timers
        loop.afterTurn = { [unowned self] in
            transmitter.flush()
            channel.flush()
            addresses.flush()
            // What the kernel says about renewed lifetimes is read now: nobody needs a turn for it.
            if deadMan.flush() { network.readNotices() }
        }
    }

    var now: Time { Time(nanoseconds: loop.now) }

    // MARK: Inputs

    /// One input for one instance, and everything that follows from it.
    private func handle(_ input: Input, _ id: InstanceID) {
        guard router.contains(id) else { return }
        router.handle(input, for: id, now: now, into: &effects)
    }

    private func runEffects() {
        guard !isRunningEffects else { return }
        isRunningEffects = true
        var next = 0
        // Doing an effect may append more: `feed` inside leads to `postponed`, which is taken up when the list is done.
        while true {
            while next < effects.count {
                let effect = effects[next]
                next += 1
                run(effect)
            }
            effects.removeAll(keepingCapacity: true)
            next = 0
            guard !postponed.isEmpty else { break }
            let inputs = postponed
            postponed.removeAll(keepingCapacity: true)
            for (input, id) in inputs { handle(input, id) }
        }
        isRunningEffects = false
    }

    /// Say which instances move together from now on.
    func setGroups(_ groups: [SyncGroupConfig]) {
        router.setGroups(groups, now: now, into: &effects)
        runEffects()
    }

    // MARK: Effects

    private func run(_ addressed: AddressedEffect) {
        let id = addressed.instance
        guard let runtime = runtimes[id] else { return }
        switch addressed.effect {
        case .sendAdvert(let priority):
            transmitter.send(runtime, priority: priority)
            sendHeartbeat(for: id)
            if priority > 0 { deadMan.advertised(runtime) }
        case .addAddresses(let token):
            addresses.add(runtime) { [weak self] answer in
                self?.feed(.addressesAdded(token: token, answer), to: id)
            }
        case .removeAddresses:
            announcer.cancel(id)
            recordRelease(runtime)
            if isStopping && options.keepsAddressesAtStop {
                addresses.leave(runtime)
            } else {
                addresses.remove(runtime)
            }
        case .announce(_, let repetitions):
            announcer.announce(runtime, repetitions: repetitions, network: network)
        case .announceElsewhere(let station):
            announcer.announce(runtime, at: station, network: network)
        case .askGates(let question, _):
            scripts?.gates.ask(question, of: id, router[id].config)
        case .cancelGates(let question):
            scripts?.gates.cancel(question, of: id)
        case .probe(let probe):
            prober.ask(probe, of: runtime)
            if let host = probe.host { tell(.state, to: host, by: id) }
        case .listenBeforeFirewall(let isWanted):
            listenBeforeFirewall(isWanted, runtime)
            journal.noteLooking(isWanted, id, router[id], now: now)
        case .removeStaleAddresses:
            addresses.removeStale([runtime])
        case .tellPeer(let word, let peer):
            tell(word, to: peer, by: id)
        case .arm(let timer, let time):
            timers.arm(timer, of: id, at: time)
        case .disarm(let timer):
            timers.disarm(timer, of: id)
        case .publish(let event):
            // A new master has just advertised.
            if case .transition(_, let state, _, _) = event, state != .master { sendHeartbeat(for: id) }
            guardRecords.note(event, of: id, router[id], now: loop.now)
            switchover?.note(event, of: id, now: loop.now)
            publisher.publish(
                event, of: id, router[id], interface: runtime.settings.interface, now: loop.now)
            if case .transition = event { service?.stateChanged() }
        }
    }

    // MARK: Life

    var isStopping = false

    /// Stop as an orderly master does: priority 0 on the wire, addresses removed, then the scripts' last hooks.
    package func stop() {
        guard !isStopping else { return }
        isStopping = true
        notifier.isStopping = true
        logger.notice("stopping")
        journal.record("stop", "the daemon stops")
        guard let scripts, configuration.global.lua.runsStopHooksFirst else { return leave() }
        scripts.runShutdownHooks { [unowned self] in leave() }
    }

    /// Before it is done: whoever compares two nodes must not see an overlap that there was none of.
    private func recordRelease(_ runtime: InstanceRuntime) {
        guard !runtime.held.isEmpty, journal.isOn else { return }
        let addresses = runtime.held.map { "\($0.prefix.address)" }
        journal.record(
            "released", instance: runtime.settings.name, "lets go of \(addresses.joined(separator: ", "))",
            [.init("addresses", .array(addresses.map { .string($0) }))])
    }

    private func leave() {
        for id in router.ids { feed(.shutdown, to: id) }
        notifier.finish(router.ids.map { (router[$0].config.name, Int(router[$0].priority)) })
        transmitter.flush()
        channel.flush()
        netlink.flush()
        deadMan.removeFence()
        tellHeldBack(atEnd: true)
        control?.close()
        stopScripts { [self] in
            guard let shell else { return loop.stop() }
            shell.runShutdownScript { [loop] in loop.stop() }
        }
    }

    /// Ends plugins and shell scripts side by side; `finish` is called once, at the latest after three seconds: a hook
    /// that does not end must not keep a service manager waiting.
    private func stopScripts(then finish: @escaping () -> Void) {
        var isFinished = false
        var remaining = 2
        let once = {
            guard !isFinished else { return }
            isFinished = true
            finish()
        }
        let oneHasEnded = {
            remaining -= 1
            if remaining == 0 { once() }
        }
        loop.after(.seconds(3), once)
        if let scripts { scripts.stop(then: oneHasEnded) } else { oneHasEnded() }
        if let shell { shell.stop(within: .seconds(2), then: oneHasEnded) } else { oneHasEnded() }
    }
}

extension Daemon: InputSink {
    package func feed(_ input: Input, to id: InstanceID) {
        if isRunningEffects {
            postponed.append((input, id))
        } else {
            handle(input, id)
            runEffects()
        }
    }
}

extension Daemon: AdvertSink {
    func receive(_ packet: ReceivedPacket, for id: InstanceID) -> ReceiveVerdict {
        let verdict = router.receive(packet, for: id, now: now, into: &effects)
        runEffects()
        if case .accept(let advert, _) = verdict {
            channel.noteAdvert(from: packet.source, for: id)
            examination?.note(advert: advert, of: id)
        }
        return verdict
    }

    func verdict(on packet: ReceivedPacket, for id: InstanceID) -> ReceiveVerdict {
        router.verdict(on: packet, for: id)
    }

    func countUndecodable(_ error: DecodeError) { router.countUndecodable(error) }

    func countUnknownVirtualRouter() { router.countUnknownVirtualRouter() }

    func complain(_ reason: DropReason, _ packet: ReceivedPacket, _ id: InstanceID) {
        let line = dropComplaints.line(
            of: DropComplaint(id: id, reason: reason), now: loop.now, dropText(reason, packet, router[id].config))
        if let line { logger.warning("\(line)", metadata: ["instance": "\(router[id].config.name)"]) }
    }

    private func dropText(_ reason: DropReason, _ packet: ReceivedPacket, _ config: InstanceConfig) -> String {
        "\(config.name): dropped an advert: \(packet.source) \(reason.description)\(details(reason, packet, config))"
    }

    /// Both values, so that the operator sees at once which of the two nodes to change.
    private func details(_ reason: DropReason, _ packet: ReceivedPacket, _ config: InstanceConfig) -> String {
        switch reason {
        case .version: " (theirs \(packet.advert.version.rawValue), ours \(config.version.rawValue))"
        case .intervalDiffers: " (theirs \(packet.advert.interval.inWords), ours \(config.interval.inWords))"
        case .timeToLive: packet.timeToLive.map { " (\($0))" } ?? ""
        case .unknownVirtualRouter, .destination, .unknownPeer, .source, .authenticationType, .password, .intervalZero,
            .noAddresses, .notLinkLocalFirst, .addressListDiffers:
            ""
        }
    }
}

/// What a complaint about dropped adverts is limited by.
struct DropComplaint: Hashable {
    var id: InstanceID
    var reason: DropReason
}
