/// One check in the foreground, for real: the configuration and its plugins are loaded, and only that check runs.
import Daemon
import KeepalivedConf
import LinuxIO
import LuaHost

/// One wait of a run: where it was, when it began after the run's beginning, and how long it lasted.
package struct RunWait: Hashable, Sendable {
    package var function: String
    package var place: String
    package var began: Duration
    package var lasted: Duration
}

/// What one run of a check came to.
package struct CheckRun: Hashable, Sendable {
    package var result: CheckResult
    package var took: Duration
    package var computed: Duration
    package var waits: [RunWait]
}

/// Hears of everything while it happens.
package protocol RunListener: AnyObject {
    func logged(_ level: LogLevel, plugin: String, _ message: String, _ fields: [LogField])
    /// The script asked for something that only a daemon can do; it was not done.
    func asked(_ sentence: String)
    /// Returns false when no more runs are wanted.
    func ended(_ run: CheckRun) -> Bool
}

/// A check that is ready to run.
package struct ForegroundCheck {
    /// "plugin.check"
    package let name: String
    /// What is known of it, with the operator's values.
    package let interval: Duration
    package let timeout: Duration

    private let generation: LoadedGeneration
    private let schedule: CheckSchedule
    private let instances: [InstanceSnapshot]
    private let limits: ScriptLimits

    /// A check of a configuration's plugins; it need not be tracked by an instance.
    ///
    /// Throws: what is wrong, for the person at the terminal.
    package init(_ name: String, configurationFile: String?, configurationID: String?) throws(TestComplaint) {
        let report = checkConfiguration(file: configurationFile, configurationID: configurationID)
        guard let ready = report.ready else {
            throw TestComplaint((report.messages + [report.summary]).joined(separator: "\n"))
        }
        let configured = schedules(ready.configuration).first { $0.name == name }
        let instances = ready.configuration.instances.map { instance in
            InstanceSnapshot(
                name: instance.name, state: "INIT", priority: Int(instance.priority),
                basePriority: Int(instance.priority), preempts: instance.preempts, interface: instance.interface,
                virtualAddresses: instance.addresses.map { "\($0.address)" },
                peers: instance.unicastPeers.map { "\($0.address)" }, sinceNanoseconds: Clock.monotonic)
        }
        try self.init(
            name, ready.generation, configured, instances, scriptLimits(ready.configuration.global.lua))
    }

    /// A check of a plugin's file. `name`: without the plugin's name; nil when the file has only one.
    ///
    /// Throws: what is wrong, for the person at the terminal.
    package init(file: String, check name: String?, options: [(key: String, value: String)]) throws(TestComplaint) {
        let last = file.split(separator: "/").last.map(String.init) ?? file
        let plugin = last.hasSuffix(".lua") ? String(last.dropLast(4)) : last
        var lines: [OptionLine] = []
        for option in options {
            if let index = lines.firstIndex(where: { $0.key == option.key }) {
                lines[index].values.append(option.value)
            } else {
                lines.append(
                    OptionLine(key: option.key, values: [option.value], file: "--option", line: 0, column: 0))
            }
        }
        // Modules are looked for beside the plugin, by whole paths.
        let path = TestFile.absolute(file)
        let spec = PluginSpec(name: plugin, path: path, options: lines, file: file)
        switch ScriptEngine.load([spec]) {
        case .failure(let failures):
            throw TestComplaint(failures.failures.map { "\($0)" }.joined(separator: "\n"))
        case .success(let generation):
            let names = generation.checks.map { String($0.name.dropFirst(plugin.count + 1)) }
            guard let chosen = name ?? (names.count == 1 ? names[0] : nil) else {
                throw TestComplaint(
                    names.isEmpty
                        ? "\(file) registers no check" : "\(file) has several checks: \(names.joined(separator: ", "))")
            }
            try self.init("\(plugin).\(chosen)", generation, nil, [], ScriptLimits())
        }
    }

    private init(
        _ name: String, _ generation: LoadedGeneration, _ configured: CheckSchedule?, _ instances: [InstanceSnapshot],
        _ limits: ScriptLimits
    ) throws(TestComplaint) {
        guard let registered = generation.checks.first(where: { $0.name == name }) else {
            let names = generation.checks.map(\.name).joined(separator: ", ")
            throw TestComplaint(
                "there is no check \(name); " + (names.isEmpty ? "no plugin registers any" : "there are: \(names)"))
        }
        self.name = name
        self.generation = generation
        self.instances = instances
        self.limits = limits
        schedule = configured ?? CheckSchedule(name: name)
        interval = schedule.interval ?? registered.interval
        timeout = schedule.timeout ?? (registered.timeout == registered.interval ? interval : registered.timeout)
    }

    /// Runs it on this thread, at once and then at its interval, until the listener has enough.
    ///
    /// Throws: EMFILE.
    package func run(_ listener: any RunListener) throws(IOFailure) {
        let loop = try EventLoop()
        let trace = RunTrace(name: name)
        let engine = DirectEngine(loop: loop, limits: limits, trace: { trace.note($0) }) { message in
            if case .checkResult(_, let result, let took) = message {
                if !listener.ended(trace.finish(result, took)) { loop.stop() }
            } else {
                tell(listener, message)
            }
        }
        engine.start(generation, checks: [schedule], instances: instances)
        loop.run()
        engine.end()
    }

    private func tell(_ listener: any RunListener, _ message: FromScript) {
        switch message {
        case .log(let level, let plugin, let text, let fields): listener.logged(level, plugin: plugin, text, fields)
        case .adjustPriority(_, let instance, let key, let delta, let reason):
            listener.asked("priority of \(instance ?? "its instances") by \(delta), as \(key): \(reason)")
        case .demote(_, let instance, let key, let reason):
            listener.asked("demotion of \(instance ?? "its instances"), as \(key): \(reason)")
        case .restore(_, let instance, let key):
            listener.asked("end of the demotion \(key) of \(instance ?? "its instances")")
        case .extendLease(let instance, let gate, _):
            listener.asked("more time for the lease of \(gate) on \(instance)")
        case .metrics, .checkResult, .hookEnded, .gateAnswer, .alive, .loaded, .started, .shutdownHooksEnded, .stopped:
            break
        }
    }
}

/// Collects the steps of one run after the other.
private final class RunTrace {
    /// More waits than anybody reads.
    private static let limit = 10_000

    private let name: String
    private var began: Int64?
    private var waits: [RunWait] = []
    private var computed = Duration.zero
    /// The wait that each task is in: its place in `waits`.
    private var open: [ObjectIdentifier: Int] = [:]

    init(name: String) { self.name = name }

    func note(_ step: TaskStep) {
        guard step.task == name else { return }
        let now = Clock.monotonic
        if began == nil { began = now }
        let since = Duration.nanoseconds(now - (began ?? now))
        switch step.kind {
        case .waits(let function, let place):
            guard waits.count < Self.limit else { return }
            open[step.identity] = waits.count
            waits.append(RunWait(function: function, place: place, began: since, lasted: .zero))
        case .goesOn, .ended:
            if let index = open.removeValue(forKey: step.identity) { waits[index].lasted = since - waits[index].began }
            if case .ended(let used) = step.kind { computed += used }
        }
    }

    /// The run that has just ended; the next begins afresh.
    func finish(_ result: CheckResult, _ took: Duration) -> CheckRun {
        defer {
            began = nil
            waits = []
            open = [:]
            computed = .zero
        }
        return CheckRun(result: result, took: took, computed: computed, waits: waits)
    }
}
