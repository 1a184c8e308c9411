/// Runs one check again and again: from start to start, never overlapping, and at once when its source fires.
import LinuxIO

/// The schedule and the current run of one check.
final class CheckRunner {
    /// "plugin.check"
    let name: String
    private let check: CheckDefinition
    private let program: Program
    private let scheduler: Scheduler
    private var interval: Duration
    private var timeout: Duration
    private var task: ScriptTask?
    private var timer: TimerToken?
    /// When the next run begins, in nanoseconds of the monotonic clock.
    private(set) var nextStart: Int64 = 0
    private var runs = 0
    /// Its source fired while it ran: what the run saw may be old already.
    private var runsAgain = false

    init(_ check: CheckDefinition, of program: Program, scheduler: Scheduler) {
        name = "\(program.name).\(check.name)"
        self.check = check
        self.program = program
        self.scheduler = scheduler
        interval = check.interval
        timeout = check.timeout
    }

    /// Begins, or goes on with new values.
    ///
    /// `nextStart`: of the same check in the former generation, so that a reload does not move its runs. A check that
    /// is new runs at once, because a node may wait for its answer before it starts, and then at a moment within a
    /// second that depends on the names of check and host, so that neither all checks of a host nor the same check of
    /// all hosts go on running together.
    func start(_ schedule: CheckSchedule, nextStart: Int64? = nil) {
        interval = schedule.interval ?? check.interval
        // Without a timeout of its own a check may take as long as its interval, the operator's too.
        let standard = check.timeout == check.interval ? interval : check.timeout
        timeout = schedule.timeout ?? standard
        stop()
        let now = scheduler.loop.time
        if let nextStart, nextStart > now, nextStart <= now + interval.wholeNanoseconds {
            self.nextStart = nextStart
        } else {
            let span = UInt64(min(interval, .seconds(1)).wholeNanoseconds)
            self.nextStart = now + Int64(Self.hash(name) % max(1, span))
            scheduler.loop.after(.zero) { [weak self] in self?.wake() }
        }
        arm()
        check.wakeOn?.listeners.append { [weak self] in self?.wake() }
    }

    /// Ends the current run and the schedule.
    func stop() {
        if let timer { scheduler.loop.cancel(timer) }
        timer = nil
        if let task {
            self.task = nil
            scheduler.cancel(task)
        }
    }

    private func arm() {
        timer = scheduler.loop.after(.nanoseconds(max(0, nextStart - scheduler.loop.time))) { [weak self] in
            self?.tick()
        }
    }

    /// FNV-1a over the check's and the host's name.
    private static func hash(_ name: String) -> UInt64 {
        let host = (try? FileReader.bytes("/proc/sys/kernel/hostname")) ?? []
        return (Array(name.utf8) + host).reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private func tick() {
        // The schedule is absolute; a tick that finds the last run still going on is left out, and so are those
        // that a stopped machine missed.
        let now = scheduler.loop.time
        let step = max(1, interval.wholeNanoseconds)
        nextStart += step * max(1, (now - nextStart) / step + 1)
        arm()
        guard task != nil else { return run() }
        scheduler.metrics.count(
            "check_overruns_total", "Times a check was due while its last run still went on.",
            [LogField(key: "check", value: name)])
    }

    private func wake() {
        guard timer != nil else { return }
        if task == nil { run() } else { runsAgain = true }
    }

    private func run() {
        runs += 1
        let began = scheduler.loop.time
        let deadline = Double(began + timeout.wholeNanoseconds) / 1e9
        task = scheduler.start(
            program, name: name, function: check.run, timeout: timeout,
            arguments: { [check, runs] stack in
                stack.pushTable()
                stack.push(check.name)
                stack.setField("name", of: -2)
                stack.push(runs)
                stack.setField("run", of: -2)
                stack.push(deadline)
                stack.setField("deadline", of: -2)
                return 1
            },
            onEnd: { [weak self] task, outcome in self?.ended(task, outcome, began) })
        if task == nil {
            report(.broken("the plugin has \(scheduler.limits.tasks) tasks already (lua_task_limit)"), .zero)
        }
    }

    private func ended(_ task: ScriptTask, _ outcome: TaskOutcome, _ began: Int64) {
        // Stopped by `stop`: nobody asks for the result any more.
        guard self.task === task else { return }
        self.task = nil
        let took = Duration.nanoseconds(scheduler.loop.time - began)
        switch outcome {
        case .returned(let count): report(Self.result(task.stack, count), took)
        case .failed(let error): report(.failed(error.description), took)
        case .broken(let message): report(.broken(message), took)
        case .stopped(let sentence): report(.failed(sentence), took)
        case .cancelled: break
        }
        if runsAgain {
            runsAgain = false
            run()
        }
    }

    /// What a run returned: true; false or nil and a reason.
    private static func result(_ stack: Stack, _ count: Int32) -> CheckResult {
        guard count > 0 else { return .broken("the check returned nothing; return true, or false and a reason") }
        if stack.boolean(-count) { return .passed }
        return .failed(count > 1 && !stack.isNothing(1 - count) ? stack.describe(1 - count) : "no reason given")
    }

    private func report(_ result: CheckResult, _ took: Duration) {
        var result = result
        if case .broken(let message) = result, check.onBug == .fail {
            result = .failed("bug in the script: \(message.prefix { $0 != "\n" })")
        }
        scheduler.post(.checkResult(name: name, result, took: took))
    }
}
