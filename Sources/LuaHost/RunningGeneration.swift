/// A generation at work on the script thread: its tasks, checks and hooks.
import LinuxIO

final class RunningGeneration {
    private let programs: [Program]
    private let scheduler: Scheduler
    private let hooks: HookRunner
    private var checks: [String: CheckRunner] = [:]

    init(
        _ programs: [Program], loop: EventLoop, limits: ScriptLimits, control: ThreadControl, lapses: Lapses,
        post: @escaping (FromScript) -> Void
    ) {
        self.programs = programs
        scheduler = Scheduler(loop: loop, limits: limits, lapses: lapses, post: post) { name in
            control.note.withLock { $0.running = name.map { ($0, Clock.monotonic) } }
        }
        hooks = HookRunner(programs, scheduler: scheduler)
    }

    /// Told of every step of every task; nil when nobody watches.
    var trace: ((TaskStep) -> Void)? {
        get { scheduler.trace }
        set { scheduler.trace = newValue }
    }

    /// When each check would run next: the following generation keeps to it.
    var nextStarts: [String: Int64] { checks.mapValues(\.nextStart) }

    var isHookless: Bool { hooks.isIdle }

    func start(checks schedules: [CheckSchedule], instances: [InstanceSnapshot], nextStarts: [String: Int64]) {
        for instance in instances { scheduler.instances[instance.name] = instance }
        for program in programs {
            program.scheduler = scheduler
            for case let watch as ProcessWatch in program.objects.values { watch.start(scheduler.processes) }
            for task in program.startup {
                scheduler.start(
                    program, name: "\(program.name) spawn \(task.place)", function: task.function, timeout: nil)
            }
        }
        startChecks(schedules, nextStarts)
    }

    /// Makes exactly the listed checks run.
    private func startChecks(_ schedules: [CheckSchedule], _ nextStarts: [String: Int64]) {
        for runner in checks.values { runner.stop() }
        checks = [:]
        for program in programs {
            for check in program.checks {
                let runner = CheckRunner(check, of: program, scheduler: scheduler)
                guard let schedule = schedules.first(where: { $0.name == runner.name }) else { continue }
                checks[runner.name] = runner
                runner.start(schedule, nextStart: nextStarts[runner.name])
            }
        }
    }

    func receive(_ message: ToScript) {
        switch message {
        case .start(let schedules):
            startChecks(schedules, nextStarts)
        case .transition(let transition):
            scheduler.instances[transition.instance.name] = transition.instance
            hooks.receive(transition)
        case .snapshot(let snapshot):
            scheduler.instances[snapshot.name] = snapshot
        case .stop:
            stop()
        }
    }

    func stopChecks() {
        for runner in checks.values { runner.stop() }
        checks = [:]
    }

    /// Cancels every task, closes every descriptor, and lets go of the Lua states.
    func stop() {
        stopChecks()
        hooks.stop()
        scheduler.cancelAll()
        scheduler.processes.stop()
        for program in programs { program.releaseObjects() }
    }
}
