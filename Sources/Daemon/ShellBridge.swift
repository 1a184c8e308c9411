/// Between the core and the shell scripts: results of checks become inputs, complaints become log lines.
import ControlProtocol
import KeepalivedConf
import LinuxIO
import Logging
import LuaHost
import ShellHost
import VRRPCore

/// Owns the thread of the shell scripts and speaks for it. Lives on the main thread.
final class ShellBridge {
    private let logger: Logger
    /// Hears of each notify script that has ended: its name, its lane, how long it took, what went wrong.
    var notifyEnded: (_ name: String, _ lane: String, _ took: Duration, _ failure: String?) -> Void = { _, _, _, _ in }
    private let mailbox: Mailbox<FromShell>
    private let runner: ShellRunner
    private weak var sink: (any InputSink)?
    /// Which instances track which script, and where in their list it stands.
    private var trackers: [String: [(InstanceID, CheckID)]] = [:]
    private(set) var records: [String: CheckRecord] = [:]
    /// What notify scripts and FIFOs have lost since the start; a reload changes nothing of it.
    fileprivate var lost: [ShellQueue: Int] = [:]
    private var onceEnded: [String: () -> Void] = [:]
    private var stopped: (() -> Void)?
    private unowned let loop: EventLoop
    private var shutdown: ShellSettings.Once?

    /// Throws: EMFILE and the like, from the mailbox.
    init(loop: EventLoop, logger: Logger, sink: any InputSink) throws(IOFailure) {
        self.logger = logger
        self.sink = sink
        self.loop = loop
        let mailbox = try Mailbox<FromShell>()
        self.mailbox = mailbox
        runner = ShellRunner { mailbox.send($0) }
        try mailbox.attach(to: loop) { [unowned self] in receive($0) }
    }

    /// Takes the settings of a configuration: at start and after each reload.
    func apply(_ settings: ShellSettings) {
        let plan = settings.plan
        shutdown = settings.shutdown
        let wanted = Set(plan.checks.map(\.name))
        records = records.filter { wanted.contains($0.key) }
        // No thread for a configuration without scripts.
        if !plan.isEmpty || runner.isRunning { runner.send(.apply(plan)) }
    }

    func setInstances(_ instances: [(id: InstanceID, name: String, checks: [CheckSource])]) {
        trackers = [:]
        for instance in instances {
            for (index, source) in instance.checks.enumerated() {
                guard case .script(let name) = source else { continue }
                trackers[name, default: []].append((instance.id, CheckID(index)))
            }
        }
    }

    func send(_ message: ToShell) { runner.send(message) }

    /// How much later than its time the end of a command is believed without the thread's word.
    private static let patience = Duration.seconds(2)

    /// Runs a command once; `finish` is called when it has ended or its time is over, also by a thread that cannot begin:
    /// the start and the end of the daemon wait for it.
    func runOnce(_ label: String, _ once: ShellSettings.Once, then finish: @escaping () -> Void) {
        onceEnded[label] = finish
        loop.after(once.timeout + Self.patience) { [weak self] in self?.onceEnded.removeValue(forKey: label)?() }
        logger.info("running \(label): \(once.command.text)")
        runner.send(.once(label: label, once.command, timeout: once.timeout))
    }

    /// Ends all scripts; those for the state STOP get `limit` to run.
    func stop(within limit: Duration, then finish: @escaping () -> Void) {
        guard runner.isRunning else { return finish() }
        stopped = finish
        runner.send(.stop(within: limit))
    }

    /// shutdown_script: the very last, when everything else has ended.
    func runShutdownScript(then finish: @escaping () -> Void) {
        guard let shutdown else { return finish() }
        runOnce("shutdown_script", shutdown, then: finish)
    }

    private func receive(_ message: FromShell) {
        switch message {
        case .checkResult(let name, let result, let took): record(name, result, took)
        case .log(let level, let text): logger.log(level: level.loggerLevel, "\(text)")
        case .lost(let queue, let count): lost[queue, default: 0] += count
        case .notifyEnded(let lane, let call, let took, let failure): notifyEnded(call, lane, took, failure)
        case .onceEnded(let label): onceEnded.removeValue(forKey: label)?()
        case .stopped:
            stopped?()
            stopped = nil
        }
    }

    private func record(_ name: String, _ result: ShellCheckResult, _ took: Duration) {
        // The late answer of a script that a reload took away.
        guard trackers[name] != nil else { return }
        let outcome: CheckOutcome =
            switch result {
            case .passed: .passed
            case .failed(let reason): .failed(reason)
            case .broken(let reason): .broken(reason)
            }
        var record = records[name] ?? CheckRecord()
        record.runs += 1
        record.lastRunNanoseconds = loop.now
        record.took = took
        records[name] = record
        for (id, check) in trackers[name] ?? [] { sink?.feed(.check(check, outcome), to: id) }
    }
}

extension ShellBridge {
    private var sortedLosses: [(queue: ShellQueue, count: Int)] {
        lost.map { ($0.key, $0.value) }.sorted { "\($0.queue)" < "\($1.queue)" }
    }

    /// For `halua status`.
    var losses: [Counter] {
        sortedLosses.map { queue, count in
            switch queue {
            case .lane(let name), .fifo(let name): Counter(name, count)
            }
        }
    }

    /// For `halua metrics`; a queue that has lost nothing has no line.
    var lossMetrics: [MetricFamily] {
        var scripts = MetricFamily(
            plugin: "", name: "notify_dropped_total", help: "Notify scripts that were left out because others ran.",
            kind: .counter)
        var lines = MetricFamily(
            plugin: "", name: "notify_fifo_lost_total", help: "Lines for a notify FIFO that nobody took.",
            kind: .counter)
        for (queue, count) in sortedLosses {
            switch queue {
            case .lane(let name):
                let label = LogField(key: "lane", value: name)
                scripts.samples.append(MetricSample(labels: [label], value: Double(count)))
            case .fifo(let path):
                let label = LogField(key: "fifo", value: path)
                lines.samples.append(MetricSample(labels: [label], value: Double(count)))
            }
        }
        return [scripts, lines].filter { !$0.samples.isEmpty }
    }
}

extension ShellLogLevel {
    fileprivate var loggerLevel: Logger.Level {
        switch self {
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
