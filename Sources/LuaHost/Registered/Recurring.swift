/// halua.every: a function that runs again and again, never overlapping itself, whatever becomes of a single run.
import LinuxIO

/// One recurring task; also the handle that `halua.every` returns.
final class Recurring: HandleObject {
    static let kind = HandleKind.recurring

    /// Which keeps this object.
    private unowned let program: Program
    private let interval: Duration
    private let timeout: Duration
    private let function: Int32
    private let name: String
    private var scheduler: Scheduler?
    private var log: FailureLog?
    private var task: ScriptTask?
    private var timer: TimerToken?
    private var nextStart: Int64 = 0
    private var isCancelled = false

    /// `place`: where it was registered, its name in the log.
    init(program: Program, interval: Duration, function: Int32, place: String) {
        self.program = program
        self.interval = interval
        self.function = function
        // A run that hangs must not be the last one; one that is slow may be.
        timeout = max(interval, program.limits.hookTimeout)
        name = "\(program.name) every \(Durations.describe(interval)) (\(place))"
    }

    /// The program keeps it: the handle need not be kept.
    func released() {}

    /// Begins; the first run is one interval from now.
    func start(_ scheduler: Scheduler) {
        guard !isCancelled else { return }
        self.scheduler = scheduler
        log = FailureLog(name: name, plugin: program.name, post: scheduler.post)
        nextStart = scheduler.loop.time + interval.wholeNanoseconds
        arm(scheduler)
    }

    /// No further run; the present one goes on to its end, because it may be the one that asks.
    func cancel() {
        isCancelled = true
        if let timer { scheduler?.loop.cancel(timer) }
        timer = nil
    }

    /// Ends the present run, too. Never from within script code.
    func stop() {
        cancel()
        if let task { scheduler?.cancel(task) }
        scheduler = nil
    }

    private func arm(_ scheduler: Scheduler) {
        let wait = Duration.nanoseconds(max(0, nextStart - scheduler.loop.time))
        timer = scheduler.loop.after(wait) { [weak self] in self?.tick() }
    }

    private func tick() {
        guard let scheduler, !isCancelled else { return }
        // An absolute schedule; what a slow run or a stopped machine missed is left out.
        let now = scheduler.loop.time
        let step = max(1, interval.wholeNanoseconds)
        nextStart += step * max(1, (now - nextStart) / step + 1)
        arm(scheduler)
        guard task == nil else { return }
        task = scheduler.start(
            program, name: name, function: function, timeout: timeout,
            onEnd: { [weak self] _, outcome in
                self?.task = nil
                self?.log?.note(outcome, next: "it goes on at its interval")
            })
        if task == nil {
            log?.note(
                .failed(
                    OperatingError(.denied, "the plugin has \(scheduler.limits.tasks) tasks already (lua_task_limit)")),
                next: "it goes on at its interval")
        }
    }
}
