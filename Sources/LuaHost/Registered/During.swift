/// halua.during: a task that lives exactly as long as an instance is in one state.
import LinuxIO

/// A task of `halua.during.master` or `halua.during.backup` as the plugin described it.
struct DuringDefinition {
    enum State: String, CaseIterable {
        case master = "MASTER"
        case backup = "BACKUP"

        /// "during.master"
        var path: String { "during.\(rawValue.lowercased())" }
    }

    var state: State
    /// nil: every instance.
    var instance: String?
    var run: Int32
    var place: String
}

/// One such task for one instance: started on entry, cancelled at leaving, started again after a pause when it fails.
final class During {
    private static let firstPause = Duration.seconds(1)
    private static let longestPause = Duration.seconds(30)
    /// A task that ran so long before it failed begins with the first pause again.
    private static let longRun = Duration.seconds(60)

    private let program: Program
    private let definition: DuringDefinition
    private let instance: String
    private let scheduler: Scheduler
    private let name: String
    private var log: FailureLog
    private var task: ScriptTask?
    private var timer: TimerToken?
    private var pause = During.firstPause
    private var isInside = false

    init(_ definition: DuringDefinition, of program: Program, instance: String, scheduler: Scheduler) {
        self.definition = definition
        self.program = program
        self.instance = instance
        self.scheduler = scheduler
        name = "\(program.name) \(definition.state.path) \(instance)"
        log = FailureLog(name: name, plugin: program.name, post: scheduler.post)
    }

    /// Tells the state of the instance. Entering starts the task, leaving ends it at once.
    func enter(_ state: String) {
        guard (state == definition.state.rawValue) != isInside else { return }
        if isInside { return leave() }
        isInside = true
        pause = Self.firstPause
        log = FailureLog(name: name, plugin: program.name, post: scheduler.post)
        start()
    }

    /// Ends the task and everything it has open.
    func leave() {
        isInside = false
        if let timer { scheduler.loop.cancel(timer) }
        timer = nil
        if let task {
            self.task = nil
            scheduler.cancel(task)
        }
    }

    private func start() {
        let began = scheduler.loop.time
        task = scheduler.start(
            program, name: name, function: definition.run, timeout: nil,
            arguments: { [program, instance] stack in
                InstanceBinding.pushInstance(instance, program: program, on: stack)
                return 1
            },
            onEnd: { [weak self, loop = scheduler.loop] task, outcome in
                self?.ended(task, outcome, after: loop.time - began)
            })
        if task == nil {
            startAgain(
                .failed(
                    OperatingError(.denied, "the plugin has \(scheduler.limits.tasks) tasks already (lua_task_limit)")))
        }
    }

    private func ended(_ task: ScriptTask, _ outcome: TaskOutcome, after span: Int64) {
        guard self.task === task else { return }
        self.task = nil
        if span >= Self.longRun.wholeNanoseconds { pause = Self.firstPause }
        startAgain(outcome)
    }

    /// A task that returned is done until the state is entered again; one that failed is tried again.
    private func startAgain(_ outcome: TaskOutcome) {
        if case .returned = outcome { return log.note(outcome, next: "") }
        log.note(outcome, next: "started again after \(Durations.describe(pause))")
        timer = scheduler.loop.after(pause) { [weak self] in
            self?.timer = nil
            self?.start()
        }
        pause = min(pause * 2, Self.longestPause)
    }
}

/// All such tasks of a generation.
final class Durings {
    private let programs: [Program]
    private let scheduler: Scheduler
    private var running: [String: [During]] = [:]
    private var isStopped = false

    init(_ programs: [Program], scheduler: Scheduler) {
        self.programs = programs
        self.scheduler = scheduler
    }

    /// Tells that an instance is in a state.
    func enter(_ state: String, instance: String) {
        guard !isStopped else { return }
        for task in tasks(of: instance) { task.enter(state) }
    }

    func stop() {
        isStopped = true
        for task in running.values.joined() { task.leave() }
        running = [:]
    }

    private func tasks(of instance: String) -> [During] {
        if let known = running[instance] { return known }
        let made = programs.flatMap { program in
            program.durings.filter { ($0.instance ?? instance) == instance }.map {
                During($0, of: program, instance: instance, scheduler: scheduler)
            }
        }
        running[instance] = made
        return made
    }
}
