/// One node of a test: the production core in the simulator, the production script engine beside it, and its world.
import Daemon
import KeepalivedConf
import LinuxIO
import Logging
import LuaHost
import Simulation
import VRRPCore
import Wire

final class TestNode {
    /// A transition or a change of a check, as `node:events()` gives it.
    struct Happening: Hashable {
        var time: Int64
        var instance: String
        var event: Event
    }

    let name: String
    let simulated: Simulation.Node
    let world: ScriptedWorld
    private(set) var configuration: NodeConfiguration
    private(set) var happenings: [Happening] = []
    private(set) var adverts: [(time: Int64, instance: String, priority: UInt8)] = []
    private static let mostAdverts = 100_000
    private static let mostHappenings = 100_000

    private unowned let playground: Playground
    private let logger: Logger
    private let publisher: EventPublisher
    private var sources: [[CheckSource]] = []
    private var bridge: ScriptBridge?
    private var engine: DirectEngine?
    /// The last line of each check, without its digits.
    private var lastLines: [String: String] = [:]

    init(_ name: String, _ configuration: NodeConfiguration, address: IPAddress, in playground: Playground) {
        self.name = name
        self.configuration = configuration
        self.playground = playground
        let (timeline, node) = (playground.timeline, name)
        logger = Logger(label: name) { _ in TimelineLogHandler(timeline: timeline, node: node) }
        publisher = EventPublisher(logger: logger)
        simulated = playground.world.addNode(name, address: address)
        world = ScriptedWorld(node: name, loop: playground.loop)
    }

    // MARK: Life

    /// Starts the daemon: its instances, then its scripts.
    ///
    /// `withScripts`: false for a neighbour, which only advertises.
    func start(withScripts: Bool = true) throws(TestComplaint) {
        let generation = try configuration.load(into: world)
        try startCore(generation, gates: withScripts ? .silent : .allow(lease: nil))
        if withScripts { try startScripts(generation) }
    }

    /// Brings the node into a state as if all of its checks had passed so far; its scripts begin when it is reached.
    func start(into state: State, limit: Duration, withScripts: Bool = true) throws(TestComplaint) {
        let generation = try configuration.load(into: world)
        try startCore(generation, gates: .allow(lease: nil))
        for (index, instance) in simulated.instances.enumerated() {
            for (number, check) in instance.checks.enumerated() {
                for _ in 0..<check.rise { feed(.check(CheckID(number), .passed), to: InstanceID(index)) }
            }
        }
        let end = playground.loop.now + Int64(limit / .nanoseconds(1))
        try playground.settle()
        while !isAll(state) {
            guard let next = playground.nextEvent, next <= end else {
                let states = ids.map { "\(config(of: $0).name) is \(self.state(of: $0).name)" }
                throw TestComplaint(
                    "\(name) does not become \(state.name) within \(limit.inWords): \(states.joined(separator: ", "))")
            }
            try playground.step(to: next)
        }
        if withScripts {
            try setGates(.silent)
            try startScripts(generation)
        }
    }

    /// What the simulator answers for the gates: nothing, while the plugins answer for themselves.
    private func setGates(_ conduct: GateConduct) throws(TestComplaint) {
        for instance in simulated.instances {
            for gate in instance.gates {
                try act(.instance(.gate(name: gate.name, GateBehaviour(conduct)), of: Target(name, instance.name)))
            }
        }
    }

    private func isAll(_ state: State) -> Bool {
        ids.allSatisfy { id in
            self.state(of: id) == state && (state != .master || simulated.router?[id].isServing == true)
        }
    }

    private func startCore(_ generation: LoadedGeneration, gates: GateConduct) throws(TestComplaint) {
        let translated = configuration.translated(generation)
        if simulated.instances.isEmpty {
            for instance in translated { _ = playground.world.addInstance(instance.config, to: simulated) }
            addGroups()
        }
        sources = translated.map(\.checkSources)
        try setGates(gates)
        try act(.process(.start, of: name))
        playground.timeline.add(name, "the daemon starts")
        // Nobody watches real processes here; `node:track_process` says otherwise.
        for id in ids {
            for (number, source) in sources(of: id).enumerated() {
                if case .process = source { feed(.check(CheckID(number), .passed), to: id) }
            }
        }
    }

    private func addGroups() {
        for group in configuration.configuration.syncGroups {
            let members = group.members.compactMap { member in
                simulated.instances.firstIndex { $0.name == member }.map { InstanceID($0) }
            }
            playground.world.addGroup(SyncGroupConfig(name: group.name, members: members), to: simulated)
        }
    }

    private func startScripts(_ generation: LoadedGeneration) throws(TestComplaint) {
        let (loop, world) = (playground.loop, world)
        do throws(IOFailure) {
            let settings = configuration.configuration.global.lua
            let bridge = try ScriptBridge(loop: loop, settings: settings, logger: logger, sink: self) { limits, post in
                let engine = DirectEngine(loop: loop, limits: limits, world: world) { [weak self] message in
                    self?.note(message)
                    post(message)
                }
                self.engine = engine
                return engine
            }
            self.bridge = bridge
            publisher.scripts = bridge
            bridge.snapshots = { [unowned self] in ids.map { present($0) } }
            bridge.gates.isOpen = { [unowned self] id, question in
                simulated.router?[id].question?.number == question
            }
            bridge.setInstances(list)
            connectNews(bridge)
            begin(generation, bridge)
        } catch {
            throw TestComplaint("\(name) cannot start its scripts: \(error)")
        }
    }

    /// As `Daemon.startScripts` does it.
    private func begin(_ generation: LoadedGeneration, _ bridge: ScriptBridge) {
        let ready = ReadyConfiguration(
            configuration: configuration.configuration, specs: configuration.specs, generation: generation)
        bridge.listen(to: listenedChecks(ready))
        bridge.start(
            generation, specs: ready.specs,
            schedules: schedules(ready.configuration, listened: generation.listenedChecks))
    }

    private func connectNews(_ bridge: ScriptBridge) {
        let news = HookNews(loop: playground.loop)
        news.send = { [weak bridge] in bridge?.send($0) }
        news.look = { [unowned self] id in simulated.router.map { ($0[id], present(id)) } }
        publisher.news = news
    }

    private var list: [(id: InstanceID, name: String, checks: [CheckSource])] {
        ids.map { (id: $0, name: config(of: $0).name, checks: sources[$0.index]) }
    }

    /// Takes another configuration as `halua reload` does: refused as a whole, or taken without a transition.
    func reload(_ next: NodeConfiguration) throws(TestComplaint) {
        guard let bridge else { throw TestComplaint("\(name) does not run") }
        let generation = try next.load(into: world)
        let translated = next.translated(generation)
        guard translated.map(\.config.name) == simulated.instances.map(\.name) else {
            throw TestComplaint("a reload in a test keeps the instances; add or remove them by another node")
        }
        configuration = next
        sources = translated.map(\.checkSources)
        for instance in translated {
            try act(.instance(.reload(instance.config), of: Target(name, instance.config.name)))
        }
        bridge.setInstances(list)
        let files = bridge.changedSources(generation)
        begin(generation, bridge)
        bridge.sayReloaded(files)
        playground.timeline.add(name, "reloaded")
    }

    /// SIGTERM: goodbye, then the scripts' last hooks.
    func stop() throws(TestComplaint) {
        for id in ids { feed(.shutdown, to: id) }
        if let bridge {
            var isOver = false
            bridge.stop { isOver = true }
            let end = playground.loop.now + 3_000_000_000
            try playground.settle()
            while !isOver, let next = playground.nextEvent, next <= end { try playground.step(to: next) }
        }
        endScripts()
        try act(.process(.stop, of: name))
        playground.timeline.add(name, "the daemon has stopped")
    }

    /// SIGKILL: no goodbye, and the kernel keeps the addresses.
    func kill() throws(TestComplaint) {
        endScripts()
        try act(.process(.kill, of: name))
        playground.timeline.add(name, "the daemon was killed")
    }

    func endScripts() {
        engine?.end()
        engine = nil
        bridge = nil
        publisher.scripts = nil
        publisher.news = nil
    }

    func act(_ action: Action) throws(TestComplaint) {
        do throws(ActionError) {
            try playground.world.perform(action)
        } catch {
            throw TestComplaint(error.sentence)
        }
    }

    // MARK: What it does

    func observe(_ effect: Effect, of id: InstanceID) {
        let instance = config(of: id).name
        switch effect {
        case .sendAdvert(let priority):
            if adverts.count < Self.mostAdverts { adverts.append((playground.loop.now, instance, priority)) }
        case .publish(let event):
            guard let router = simulated.router else { return }
            if happenings.count < Self.mostHappenings {
                happenings.append(Happening(time: playground.loop.now, instance: instance, event: event))
            }
            publisher.publish(event, of: id, router[id], interface: interface(of: id), now: playground.loop.now)
        case .askGates(let question, _): bridge?.gates.ask(question, of: id, config(of: id))
        case .cancelGates(let question): bridge?.gates.cancel(question, of: id)
        // The simulator does it; on its wire kernels answer, and nodes with guards speak to each other.
        case .addAddresses, .removeAddresses, .removeStaleAddresses, .announce, .announceElsewhere, .arm, .disarm,
            .probe,
            .listenBeforeFirewall, .tellPeer:
            break
        }
    }

    /// A result that differs from the one before is worth a line; a hundred that differ in a number are not.
    private func note(_ message: FromScript) {
        guard case .checkResult(let check, let result, let took) = message else { return }
        let line =
            switch result {
            case .passed: "\(check) passed"
            case .failed(let reason): "\(check) failed after \(took.inWords): \(reason)"
            case .broken(let reason): "\(check) is broken: \(reason)"
            }
        let words = line.filter { !$0.isNumber }
        if lastLines.updateValue(words, forKey: check) != words { playground.timeline.add(name, line) }
    }

    // MARK: What it is

    /// Nanoseconds of the played clock.
    var now: Int64 { playground.loop.now }

    var ids: [InstanceID] { simulated.instances.indices.map { InstanceID($0) } }

    func config(of id: InstanceID) -> InstanceConfig { simulated.instances[id.index] }

    func interface(of id: InstanceID) -> String { configuration.configuration.instances[id.index].interface }

    func state(of id: InstanceID) -> State { simulated.state(id) }

    /// nil while its daemon does not run.
    func instance(_ id: InstanceID) -> Instance? { simulated.router?[id] }

    func holdsAddresses(_ id: InstanceID) -> Bool {
        let addresses = playground.world.addresses
        return addresses.ids.contains { address in
            config(of: id).virtualAddresses.contains(addresses[address]) && addresses.isHeld(address, by: simulated.id)
        }
    }

    func record(of check: String) -> CheckRecord? { bridge?.records[check] }

    /// The last transition in words.
    func lastTransition(of id: InstanceID) -> String { publisher.lastTransition(of: id) }

    func deliver(_ packet: ReceivedPacket, to id: InstanceID) -> ReceiveVerdict? {
        playground.world.deliver(packet, to: id, of: simulated)
    }

    func sources(of id: InstanceID) -> [CheckSource] { sources[id.index] }

    private func present(_ id: InstanceID) -> InstanceSnapshot {
        guard let instance = simulated.router?[id] else { preconditionFailure("scripts run in a running daemon only") }
        return snapshot(of: instance, interface: interface(of: id), heard: publisher.news?.heard(by: id) ?? [])
    }
}

extension TestNode: InputSink {
    func feed(_ input: Input, to id: InstanceID) { playground.world.deliver(input, to: id, of: simulated) }
}
