/// A generation at work on the script thread: its tasks, checks and hooks.
import LinuxIO

final class RunningGeneration {
    private let programs: [Program]
    private let scheduler: Scheduler
    private let hooks: HookRunner
    private let durings: Durings
    private let gates: GateRunner
    private let vault: StoreVault
    private var checks: [String: CheckRunner] = [:]

    init(
        _ programs: [Program], loop: EventLoop, limits: ScriptLimits, control: ThreadControl, lapses: Lapses,
        commands: ChildStarter, vault: StoreVault, metrics: MetricStore, post: @escaping (FromScript) -> Void
    ) {
        self.programs = programs
        self.vault = vault
        scheduler = Scheduler(
            loop: loop, limits: limits, lapses: lapses, commands: commands, metrics: metrics, post: post
        ) { name in
            control.note.withLock { $0.running = name.map { ($0, Clock.monotonic) } }
        }
        hooks = HookRunner(programs, scheduler: scheduler)
        durings = Durings(programs, scheduler: scheduler)
        gates = GateRunner(programs, scheduler: scheduler)
    }

    /// Told of every step of every task; nil when nobody watches.
    var trace: ((TaskStep) -> Void)? {
        get { scheduler.trace }
        set { scheduler.trace = newValue }
    }

    /// What the next generation takes over.
    struct Inheritance {
        /// When each check would run next.
        var nextStarts: [String: Int64] = [:]
        /// Events that no hook has seen yet.
        var undelivered: [HookRunner.Lane: HookRunner.Queue] = [:]
    }

    private var nextStarts: [String: Int64] { checks.mapValues(\.nextStart) }

    var isHookless: Bool { hooks.isIdle }
    var isShutdownDone: Bool { hooks.isIdle(.shutdown) }

    func start(checks schedules: [CheckSchedule], instances: [InstanceSnapshot], after former: Inheritance) {
        for instance in instances { scheduler.instances[instance.name] = instance }
        vault.keepOnly(Set(programs.map(\.name)))
        for program in programs { StoreBinding.fill(program, from: vault) }
        scheduler.metrics.begin(programs)
        for program in programs {
            program.scheduler = scheduler
            for case let watch as any WakeSource in program.objects.values {
                guard let failure = watch.start(scheduler) else { continue }
                scheduler.post(.log(.warning, plugin: program.name, message: failure.description, fields: []))
            }
            for task in program.startup {
                scheduler.start(
                    program, name: "\(program.name) spawn \(task.place)", function: task.function, timeout: nil)
            }
            for recurring in program.recurring { recurring.start(scheduler) }
            sayUnknownInstances(program)
        }
        for instance in instances { durings.enter(instance.state, instance: instance.name) }
        startChecks(schedules, former.nextStarts)
        hooks.adopt(former.undelivered)
    }

    /// A hook for an instance that does not exist would be silent for ever.
    private func sayUnknownInstances(_ program: Program) {
        let named =
            program.hooks.map { ("on.\($0.moment.rawValue)", $0.instance, $0.place) }
            + program.durings.map { ($0.state.path, $0.instance, $0.place) }
            + program.gates.map { ("gate.promote", $0.instance, $0.place) }
        for (path, instance, place) in named {
            guard let instance, scheduler.instances[instance] == nil else { continue }
            let hint = Suggestion.text(for: instance, among: Array(scheduler.instances.keys))
            scheduler.post(
                .log(
                    .warning, plugin: program.name,
                    message: "\(path) (\(place)) is for the instance \"\(instance)\", which is not configured\(hint)",
                    fields: []))
        }
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
            durings.enter(transition.to, instance: transition.instance.name)
            hooks.receive(.transition(transition))
        case .event(let event):
            if let instance = event.instance { scheduler.instances[instance.name] = instance }
            hooks.receive(.news(event))
        case .snapshot(let snapshot):
            scheduler.instances[snapshot.name] = snapshot
        case .askGates(let question):
            gates.ask(question)
        case .cancelGates(let number):
            gates.cancel(number)
        case .shutdown, .stop:
            // The thread's own affairs.
            break
        }
    }

    /// Ends what runs by itself: checks, recurring tasks, tasks of a state.
    func stopChecks() {
        for runner in checks.values { runner.stop() }
        checks = [:]
        durings.stop()
        for recurring in programs.flatMap(\.recurring) { recurring.stop() }
    }

    /// Cancels every task, closes every descriptor, and lets go of the Lua states.
    @discardableResult
    func stop() -> Inheritance {
        var inheritance = Inheritance(nextStarts: nextStarts)
        stopChecks()
        inheritance.undelivered = hooks.stop()
        scheduler.cancelAll()
        scheduler.processes.stop()
        scheduler.ears.stop()
        scheduler.files.stop()
        for program in programs {
            for refusal in StoreBinding.save(program) {
                scheduler.post(.log(.warning, plugin: program.name, message: refusal, fields: []))
            }
            program.releaseObjects()
        }
        return inheritance
    }
}
