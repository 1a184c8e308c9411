/// Runs the hooks: for each hook and instance one at a time in the order of the transitions, each pair on its own.
import LinuxIO

/// The queues of all hooks of a generation.
final class HookRunner {
    private struct Lane: Hashable {
        var program: ObjectIdentifier
        /// Which of the plugin's hooks.
        var hook: Int
        var instance: String
    }

    private struct Queue {
        var waiting: [TransitionMessage] = []
        /// Transitions that were left out since the last one that ran.
        var dropped = 0
        var isRunning = false
    }

    private let programs: [Program]
    private let scheduler: Scheduler
    private var queues: [Lane: Queue] = [:]
    private var isStopped = false

    init(_ programs: [Program], scheduler: Scheduler) {
        self.programs = programs
        self.scheduler = scheduler
    }

    /// No hook runs or waits.
    var isIdle: Bool { queues.values.allSatisfy { !$0.isRunning && $0.waiting.isEmpty } }

    /// Starts nothing any more.
    func stop() {
        isStopped = true
        queues = [:]
    }

    /// Gives a transition to every hook that wants it.
    func receive(_ transition: TransitionMessage) {
        let instance = transition.instance.name
        scheduler.newest[instance] = max(scheduler.newest[instance] ?? 0, transition.sequence)
        for program in programs {
            for (index, hook) in program.hooks.enumerated()
            where hook.moment.includes(transition) && (hook.instance ?? instance) == instance {
                enqueue(transition, Lane(program: ObjectIdentifier(program), hook: index, instance: instance), program)
            }
        }
    }

    private func enqueue(_ transition: TransitionMessage, _ lane: Lane, _ program: Program) {
        var queue = queues[lane] ?? Queue()
        queue.waiting.append(transition)
        while queue.waiting.count > scheduler.limits.hookQueue {
            queue.waiting.removeFirst()
            queue.dropped += 1
        }
        queues[lane] = queue
        runNext(lane, program)
    }

    private func runNext(_ lane: Lane, _ program: Program) {
        guard !isStopped, var queue = queues[lane], !queue.isRunning, !queue.waiting.isEmpty else { return }
        let transition = queue.waiting.removeFirst()
        let dropped = queue.dropped
        queue.dropped = 0
        queue.isRunning = true
        queues[lane] = queue
        let hook = program.hooks[lane.hook]
        let started = scheduler.start(
            program, name: "\(program.name) on.\(hook.moment.rawValue) \(lane.instance)", function: hook.run,
            timeout: hook.timeout,
            arguments: { stack in
                HookBinding.pushEvent(transition, dropped: dropped, program: program, on: stack)
                return 1
            },
            onEnd: { [weak self] _, outcome in
                self?.report(outcome, hook, transition, program)
                self?.queues[lane]?.isRunning = false
                self?.runNext(lane, program)
            })
        if started == nil {
            queues[lane]?.isRunning = false
            log(program, .error, "there are too many tasks: the hook was left out", hook, transition)
        }
    }

    private func report(
        _ outcome: TaskOutcome, _ hook: HookDefinition, _ transition: TransitionMessage, _ program: Program
    ) {
        switch outcome {
        case .returned, .cancelled: break
        case .failed(let error): log(program, .warning, error.description, hook, transition)
        case .stopped(let sentence): log(program, .warning, sentence, hook, transition)
        case .broken(let message): log(program, .error, message, hook, transition)
        }
    }

    private func log(
        _ program: Program, _ level: LogLevel, _ message: String, _ hook: HookDefinition,
        _ transition: TransitionMessage
    ) {
        let fields = [
            LogField(key: "hook", value: "on.\(hook.moment.rawValue)"),
            LogField(key: "instance", value: transition.instance.name),
            LogField(key: "registered", value: hook.place),
            LogField(key: "to", value: transition.to),
        ]
        scheduler.post(.log(level, plugin: program.name, message: message, fields: fields))
    }
}
