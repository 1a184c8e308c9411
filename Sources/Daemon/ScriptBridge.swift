/// Between the core and the scripts: check results become inputs, transitions become hook calls. Nothing else knows both.
import KeepalivedConf
import LinuxIO
import Logging
import LuaHost
import VRRPCore
import Wire

/// Where inputs go. The daemon implements it; everything that produces inputs knows no more of the daemon than this.
package protocol InputSink: AnyObject {
    func feed(_ input: Input, to id: InstanceID)
}

/// One check as the operator sees it in `halua status`.
package struct CheckRecord {
    package var runs = 0
    package var failures = 0
    /// Runs that ended by a bug in the script.
    package var errors = 0
    package var lastResult: CheckResult?
    package var lastRunNanoseconds: Int64 = 0
    package var took: Duration = .zero
}

/// Owns the script engine and speaks for it. Lives on the main thread.
package final class ScriptBridge {
    private let loop: EventLoop
    private let logger: Logger
    private let mailbox: Mailbox<FromScript>
    private let engine: any ScriptRunner
    private weak var sink: (any InputSink)?
    /// Questions to promotion gates, and their answers.
    package let gates: GateBridge

    package typealias EngineMaker = (ScriptLimits, @escaping @Sendable (FromScript) -> Void) -> any ScriptRunner

    /// Which instances track which check, and where in their list it stands.
    private var trackers: [String: [(InstanceID, CheckID)]] = [:]
    /// Instances by name, for scripts that name one; and by plugin, for scripts that name none.
    private var instancesByName: [String: InstanceID] = [:]
    private var instancesByPlugin: [String: [InstanceID]] = [:]
    package private(set) var records: [String: CheckRecord] = [:]
    private let requests: ScriptRequests
    private var watch = CheckWatch()
    /// How long what a plugin asked for stays after a reload without being asked for again.
    private var graces: [String: Duration] = [:]
    private var sources: [String: UInt64] = [:]
    private var reloads: UInt64 = 0
    /// How many have been started.
    private var generations = 0
    private var shutdownHooksEnded: (() -> Void)?
    /// How long the running generation's hooks may go on at the end.
    private var stopping = ScriptLimits().stopping

    /// What plugins count and measure.
    package private(set) var metrics = MetricsTable()
    /// How often the script thread was given up.
    private(set) var stalls = 0
    /// Nothing has taken the place of the last one that was given up.
    private var isGivenUp = false

    private var specs: [PluginSpec] = []
    private var schedules: [CheckSchedule] = []
    private let stall: StallKeeper
    /// The instances that a stall of the script thread holds in FAULT.
    private var held: [InstanceID: FaultCause] = [:]
    private var loadToken: UInt64 = 0
    private var pendingLoads: [UInt64: (Result<LoadedGeneration, LoadFailures>) -> Void] = [:]
    private var stopped: (() -> Void)?
    /// A script thread exists; without plugins there is none.
    private var isRunning = false

    /// What `.start` needs of the present instances; asked whenever a generation begins.
    package var snapshots: () -> [InstanceSnapshot] = { [] }
    /// Hears of each hook that has ended: its name, its instance, how long it took, what went wrong.
    package var hookEnded: (_ name: String, _ instance: String?, _ took: Duration, _ failure: String?) -> Void = {
        _, _, _, _ in
    }

    /// - Parameter makeEngine: makes what runs the scripts; the daemon's own is a thread.
    ///
    /// Throws: EMFILE and the like, from the mailbox.
    package init(
        loop: EventLoop, settings: LuaSettings, logger: Logger, sink: any InputSink,
        makeEngine: EngineMaker = { ScriptEngine(limits: $0, post: $1) }
    ) throws(IOFailure) {
        self.loop = loop
        self.logger = logger
        self.sink = sink
        let mailbox = try Mailbox<FromScript>()
        self.mailbox = mailbox
        let engine = makeEngine(scriptLimits(settings)) { mailbox.send($0) }
        self.engine = engine
        gates = GateBridge(logger: logger, sink: sink) { engine.send($0) }
        requests = ScriptRequests(loop: loop, sink: sink)
        stall = StallKeeper(loop: loop, logger: logger, settings: settings)
        try mailbox.attach(to: loop) { [unowned self] in receive($0) }
    }

    /// How long the script thread has been silent; nil when no plugin runs.
    var silence: Duration? { specs.isEmpty ? nil : stall.silence }

    /// The script thread hangs, and nothing has taken its place.
    var isStalled: Bool { isGivenUp }

    package var pluginNames: [String] { specs.map(\.name) }

    // MARK: Generations

    /// Make a loaded generation the running one, with the checks that the configuration tracks.
    package func start(
        _ generation: LoadedGeneration, specs: [PluginSpec], schedules: [CheckSchedule], settings: LuaSettings? = nil
    ) {
        if let settings { stall.adopt(settings) }
        generations += 1
        stopping = generation.limits.stopping
        // Nothing is left that could hang, nor a thread that could give a sign of life.
        if specs.isEmpty { stall.hearSignOfLife() }
        self.specs = specs
        self.schedules = schedules
        isGivenUp = false
        let wanted = Set(schedules.map(\.name))
        records = records.filter { wanted.contains($0.key) }
        sources = generation.sources
        graces = Self.graces(specs, generation.checks, schedules)
        guard !specs.isEmpty || isRunning else { return }
        if !isRunning {
            isRunning = true
            watchForStalls()
        }
        engine.start(generation, checks: schedules, instances: snapshots())
        gates.askAgain()
    }

    /// A check that goes on repeating what it asks for has done so after its interval and its timeout.
    private static func graces(
        _ specs: [PluginSpec], _ checks: [RegisteredCheck], _ schedules: [CheckSchedule]
    ) -> [String: Duration] {
        var graces = Dictionary(specs.map { ($0.name, shortestGrace) }) { first, _ in first }
        for check in checks {
            guard let schedule = schedules.first(where: { $0.name == check.name }) else { continue }
            let span = (schedule.interval ?? check.interval) + (schedule.timeout ?? check.timeout)
            let plugin = String(check.name.prefix { $0 != "." })
            graces[plugin] = max(graces[plugin] ?? shortestGrace, span)
        }
        return graces
    }

    private static let shortestGrace = Duration.seconds(5)

    /// Which of these checks hooks want to hear of.
    package func listen(to checks: [CheckConfig]) { watch.listen(to: checks) }

    /// In words, whose files have changed since the running generation was loaded.
    package func changedSources(_ generation: LoadedGeneration) -> [String] {
        generation.sources.filter { sources[$0.key] != nil && sources[$0.key] != $0.value }.keys.sorted().map {
            "plugin \($0) has a new file"
        }
    }

    /// Tell the hooks of the new generation what the reload has changed.
    package func sayReloaded(_ changes: [String]) {
        reloads += 1
        send(EventMessage(.reload(changes: changes), sequence: reloads, atNanoseconds: loop.time))
    }

    /// Run the hooks of on.shutdown before anything else ends; `finish` is called once, soon even when they hang.
    package func runShutdownHooks(then finish: @escaping () -> Void) {
        guard isRunning else { return finish() }
        shutdownHooksEnded = finish
        engine.send(.shutdown(atNanoseconds: loop.time))
        // The script thread ends them after `stopping`; a thread that is stuck must not keep the addresses here.
        loop.after(stopping + .milliseconds(500)) { [weak self] in self?.endShutdownHooks() }
    }

    private func endShutdownHooks() {
        let finish = shutdownHooksEnded
        shutdownHooksEnded = nil
        finish?()
    }

    /// Load plugins without delaying an advert; the answer comes on the main thread.
    package func load(_ specs: [PluginSpec], then finish: @escaping (Result<LoadedGeneration, LoadFailures>) -> Void) {
        loadToken += 1
        pendingLoads[loadToken] = finish
        engine.loadInBackground(specs, token: loadToken)
    }

    /// Who tracks what, after start and after each reload.
    package func setInstances(_ instances: [(id: InstanceID, name: String, checks: [CheckSource])]) {
        trackers = [:]
        instancesByPlugin = [:]
        instancesByName = Dictionary(instances.map { ($0.name, $0.id) }) { first, _ in first }
        gates.setInstances(instancesByName)
        for instance in instances {
            for (index, source) in instance.checks.enumerated() {
                guard case .lua(let name) = source else { continue }
                trackers[name, default: []].append((instance.id, CheckID(index)))
                let plugin = String(name.prefix { $0 != "." })
                if instancesByPlugin[plugin]?.contains(instance.id) != true {
                    instancesByPlugin[plugin, default: []].append(instance.id)
                }
            }
        }
    }

    /// End all scripts; `finish` runs when their stop hooks are done or their time is up.
    package func stop(then finish: @escaping () -> Void) {
        guard isRunning else { return finish() }
        stopped = finish
        engine.stop()
    }

    // MARK: To the scripts

    package func send(_ transition: TransitionMessage) { engine.send(.transition(transition)) }

    package func send(_ event: EventMessage) { engine.send(.event(event)) }

    package func send(_ snapshot: InstanceSnapshot) { engine.send(.snapshot(snapshot)) }

    // MARK: From the scripts

    private func receive(_ message: FromScript) {
        switch message {
        case .checkResult(let name, let result, let took): record(name, result, took)
        case .adjustPriority(let plugin, let instance, let key, let delta, let reason):
            forEach(plugin, instance) {
                requests.adjust($0, key: "\(plugin).\(key)", delta: delta, reason: reason)
            }
        case .demote(let plugin, let instance, let key, let reason):
            forEach(plugin, instance) { requests.demote($0, key: "\(plugin).\(key)", reason: reason) }
        case .gateAnswer(let number, let gate, let answer): gates.answer(number, gate, answer)
        case .extendLease(let instance, let gate, let end): gates.extend(gate, of: instance, until: end)
        case .restore(let plugin, let instance, let key):
            forEach(plugin, instance) { requests.restore($0, key: "\(plugin).\(key)") }
        case .log(let level, let plugin, let message, let fields): log(level, plugin, message, fields)
        case .hookEnded(let plugin, let hook, let instance, let took, let failure):
            hookEnded("\(plugin) \(hook)", instance, took, failure)
        case .metrics(let families, let replacesAll): metrics.apply(families, replacesAll: replacesAll)
        case .alive: stall.hearSignOfLife()
        case .started:
            requests.inherit(graces: graces)
            watch.tellAgain()
        case .shutdownHooksEnded: endShutdownHooks()
        case .loaded(let token, let result): pendingLoads.removeValue(forKey: token)?(result)
        case .stopped:
            stopped?()
            stopped = nil
        }
    }

    /// Forget what scripts asked of an instance that is gone.
    func forget(_ id: InstanceID) {
        requests.forget(id)
        held[id] = nil
    }

    private func record(_ name: String, _ result: CheckResult, _ took: Duration) {
        var record = records[name] ?? CheckRecord()
        record.runs += 1
        record.lastResult = result
        record.lastRunNanoseconds = loop.now
        record.took = took
        switch result {
        case .passed: break
        case .failed: record.failures += 1
        case .broken: record.errors += 1
        }
        records[name] = record
        let outcome: CheckOutcome =
            switch result {
            case .passed: .passed
            case .failed(let reason): .failed(reason)
            case .broken(let reason): .broken(reason)
            }
        for (id, check) in trackers[name] ?? [] { sink?.feed(.check(check, outcome), to: id) }
        if let news = watch.record(name, outcome, now: loop.time) { send(news) }
    }

    private func forEach(_ plugin: String, _ instance: String?, _ body: (InstanceID) -> Void) {
        guard let instance else {
            for id in instancesByPlugin[plugin] ?? [] { body(id) }
            return
        }
        guard let id = instancesByName[instance] else {
            logger.warning("plugin \(plugin) names the instance \(instance), which is not configured here")
            return
        }
        body(id)
    }

    private func log(_ level: LuaHost.LogLevel, _ plugin: String, _ message: String, _ fields: [LogField]) {
        var metadata: Logger.Metadata = ["plugin": .string(plugin)]
        for field in fields { metadata[field.key] = .string(field.value) }
        let swiftLevel: Logger.Level =
            switch level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        logger.log(level: swiftLevel, "\(message)", metadata: metadata)
    }

    // MARK: A stalled script thread

    private func watchForStalls() {
        stall.begin(
            .init(
                isNeeded: { [weak self] in self?.specs.isEmpty == false },
                running: { [weak self] in self?.engine.running?.name },
                replace: { [weak self] mayRestart in self?.replaceThread(mayRestart) },
                hold: { [weak self] reason in self?.hold(reason) }))
    }

    private func replaceThread(_ mayRestart: Bool) {
        engine.abandon()
        stalls += 1
        isGivenUp = true
        guard mayRestart else {
            specs = []
            return
        }
        let present = generations
        load(specs) { [weak self] result in
            // A reload may have been quicker, and has brought a generation of its own.
            guard let self, generations == present else { return }
            switch result {
            case .success(let generation): start(generation, specs: specs, schedules: schedules)
            case .failure(let failures):
                for failure in failures.failures { logger.error("plugin: \(failure)") }
            }
        }
    }

    /// lua_stall_action fault: every instance that tracks a Lua check, until the thread lives again.
    private func hold(_ reason: String?) {
        for (id, cause) in held { sink?.feed(.faultEnded(cause), to: id) }
        held = [:]
        guard let reason else { return }
        let cause = FaultCause.demoted(key: "lua_stall", reason: reason)
        for id in Set(trackers.values.joined().map(\.0)) {
            held[id] = cause
            sink?.feed(.faultBegan(cause), to: id)
        }
    }
}
