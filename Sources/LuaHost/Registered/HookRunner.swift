/// Runs the hooks: for each hook and instance one at a time in the order of the events, each pair on its own.
import LinuxIO

/// The queues of all hooks of a generation.
final class HookRunner {
    /// One hook and one instance, by names that the same hook has in the next generation too.
    struct Lane: Hashable {
        var plugin: String
        var moment: HookDefinition.Moment
        /// Which of the plugin's hooks for that moment.
        var ordinal: Int
        /// The instance or check; empty where there is neither.
        var subject: String
    }

    /// Events that wait for one hook.
    struct Queue {
        var waiting: [HookEvent] = []
        /// Events that were left out since the last one that ran.
        var dropped = 0
        var isRunning = false
    }

    private struct Hook {
        var program: Program
        var definition: HookDefinition
        var ordinal: Int
    }

    private static let retry = Duration.seconds(1)

    private let hooks: [Hook]
    private let scheduler: Scheduler
    private var queues: [Lane: Queue] = [:]
    private var isStopped = false

    init(_ programs: [Program], scheduler: Scheduler) {
        var counts: [String: Int] = [:]
        hooks = programs.flatMap { program in
            program.hooks.map { definition in
                let key = "\(program.name) \(definition.moment)"
                defer { counts[key, default: 0] += 1 }
                return Hook(program: program, definition: definition, ordinal: counts[key, default: 0])
            }
        }
        self.scheduler = scheduler
    }

    /// No hook runs or waits.
    var isIdle: Bool { queues.values.allSatisfy { !$0.isRunning && $0.waiting.isEmpty } }

    /// No hook for that moment runs or waits.
    func isIdle(_ moment: HookDefinition.Moment) -> Bool {
        queues.allSatisfy { lane, queue in lane.moment != moment || !queue.isRunning && queue.waiting.isEmpty }
    }

    /// Starts nothing any more. Returns what no hook has seen yet, for the hooks of the next generation.
    func stop() -> [Lane: Queue] {
        isStopped = true
        defer { queues = [:] }
        return queues.filter { !$0.value.waiting.isEmpty || $0.value.dropped > 0 }
    }

    /// Takes over what the hooks of the former generation have not seen. What no hook of this one wants is said.
    func adopt(_ undelivered: [Lane: Queue]) {
        for (lane, queue) in undelivered.sorted(by: { $0.key.plugin < $1.key.plugin }) {
            let hook = hooks.first {
                $0.program.name == lane.plugin && $0.definition.moment == lane.moment && $0.ordinal == lane.ordinal
            }
            if let hook, queue.waiting.allSatisfy({ hook.definition.wants($0) }) {
                queues[lane] = Queue(waiting: queue.waiting, dropped: queue.dropped)
                runNext(lane, hook)
                continue
            }
            let count = queue.waiting.count + queue.dropped
            let fields = [LogField(key: "hook", value: "on.\(lane.moment.rawValue)")]
            scheduler.post(
                .log(
                    .warning, plugin: lane.plugin,
                    message: "\(count) events waited for a hook that the reload took away: nobody hears of them",
                    fields: fields))
        }
    }

    /// Gives an event to every hook that wants it.
    func receive(_ event: HookEvent) {
        scheduler.newest[event.source] = max(scheduler.newest[event.source] ?? 0, event.sequence)
        for hook in hooks where hook.definition.wants(event) {
            let lane = Lane(
                plugin: hook.program.name, moment: hook.definition.moment, ordinal: hook.ordinal,
                subject: event.source.subject)
            enqueue(event, lane, hook)
        }
    }

    private func enqueue(_ event: HookEvent, _ lane: Lane, _ hook: Hook) {
        queues[lane, default: Queue()].waiting.append(event)
        dropExcess(lane)
        runNext(lane, hook)
    }

    private func dropExcess(_ lane: Lane) {
        while let queue = queues[lane], queue.waiting.count > scheduler.limits.hookQueue {
            queues[lane]?.waiting.removeFirst()
            queues[lane]?.dropped += 1
            scheduler.metrics.count(
                "hook_dropped_total", "Events that were left out because a hook was busy.",
                [
                    LogField(key: "hook", value: "on.\(lane.moment.rawValue)"),
                    LogField(key: "plugin", value: lane.plugin),
                ])
        }
    }

    private func runNext(_ lane: Lane, _ hook: Hook) {
        guard !isStopped, let queue = queues[lane], !queue.isRunning, let event = queue.waiting.first else { return }
        queues[lane] = Queue(waiting: Array(queue.waiting.dropFirst()), dropped: 0, isRunning: true)
        let began = scheduler.loop.time
        let started = scheduler.start(
            hook.program, name: "\(hook.program.name) on.\(lane.moment.rawValue) \(lane.subject)",
            function: hook.definition.run, timeout: hook.definition.timeout,
            arguments: { stack in
                EventObject.push(event, dropped: queue.dropped, program: hook.program, on: stack)
                return 1
            },
            onEnd: { [weak self] _, outcome in
                self?.report(outcome, hook, event)
                self?.tellEnd(outcome, hook, event, began)
                self?.queues[lane]?.isRunning = false
                self?.runNext(lane, hook)
            })
        guard started == nil else {
            if queue.dropped > 0 { sayDropped(queue.dropped, hook, event) }
            return
        }
        // Nothing is lost: the event keeps its place until there is room for a task.
        log(hook, .error, "there are too many tasks: the hook waits for one to end", event)
        let meanwhile = queues[lane]?.waiting ?? []
        queues[lane] = Queue(waiting: [event] + meanwhile, dropped: queue.dropped, isRunning: true)
        dropExcess(lane)
        scheduler.loop.after(Self.retry) { [weak self] in
            self?.queues[lane]?.isRunning = false
            self?.runNext(lane, hook)
        }
    }

    /// Once for each burst, when its length is known.
    private func sayDropped(_ count: Int, _ hook: Hook, _ event: HookEvent) {
        log(
            hook, .warning,
            "\(count) events before this one were left out: the hook was busy, and \(scheduler.limits.hookQueue) may wait (lua_hook_queue)",
            event)
    }

    private func count(_ name: String, _ help: String, _ hook: Hook, by step: Int = 1) {
        let labels = [
            LogField(key: "hook", value: "on.\(hook.definition.moment.rawValue)"),
            LogField(key: "plugin", value: hook.program.name),
        ]
        scheduler.metrics.count(name, help, labels, by: step)
    }

    private func tellEnd(_ outcome: TaskOutcome, _ hook: Hook, _ event: HookEvent, _ began: Int64) {
        let failure: String? =
            switch outcome {
            case .returned: nil
            case .cancelled: "ended before it was done"
            case .failed(let error): error.description
            case .stopped(let sentence): sentence
            case .broken(let message): String(message.prefix { $0 != "\n" })
            }
        scheduler.post(
            .hookEnded(
                plugin: hook.program.name, hook: "on.\(hook.definition.moment.rawValue)",
                instance: event.instance?.name,
                took: .nanoseconds(scheduler.loop.time - began), failure: failure))
    }

    private func report(_ outcome: TaskOutcome, _ hook: Hook, _ event: HookEvent) {
        count("hook_runs_total", "Hooks that were run.", hook)
        if case .returned = outcome {
        } else {
            count("hook_errors_total", "Hooks that failed, took too long, or were cancelled.", hook)
        }
        switch outcome {
        case .returned: break
        case .cancelled:
            log(hook, .warning, "ended before it was done: the plugins are replaced, or halua stops", event)
        case .failed(let error): log(hook, .warning, error.description, event)
        case .stopped(let sentence): log(hook, .warning, sentence, event)
        case .broken(let message): log(hook, .error, message, event)
        }
    }

    private func log(_ hook: Hook, _ level: LogLevel, _ message: String, _ event: HookEvent) {
        var fields = [
            LogField(key: "hook", value: "on.\(hook.definition.moment.rawValue)"),
            LogField(key: "registered", value: hook.definition.place),
            LogField(key: "seq", value: "\(event.sequence)"),
        ]
        if let instance = event.instance { fields.append(LogField(key: "instance", value: instance.name)) }
        if let check = event.check { fields.append(LogField(key: "check", value: check)) }
        if case .transition(let transition) = event { fields.append(LogField(key: "to", value: transition.to)) }
        scheduler.post(.log(level, plugin: hook.program.name, message: message, fields: fields))
    }
}
