/// Runs tasks by turns on the script thread: slices, budgets, deadlines, cancelling.
import CLua
import CLuaGlue
import LinuxIO

/// The tasks of one running generation.
final class Scheduler {
    let loop: EventLoop
    let limits: ScriptLimits
    let post: (FromScript) -> Void
    /// Tells what is running, for a main thread that finds this one stuck.
    let note: (String?) -> Void
    /// The instances as the daemon described them last.
    var instances: [String: InstanceSnapshot] = [:]
    /// The newest event of each source.
    var newest: [HookEvent.Source: UInt64] = [:]
    /// The process watches of all plugins.
    let processes: ProcessMonitor
    /// The watched files of all plugins.
    let files: FileNotices
    /// Requests with a time to live.
    let lapses: Lapses
    /// Requests on their way to the main thread.
    let requests: RequestOutbox
    /// What plugins count and measure.
    let metrics: MetricStore
    /// Starts programs for all plugins.
    let commands: ChildStarter
    /// What connections by TLS share.
    let contexts = TLSContexts()
    /// What ARP and neighbour discovery are heard by.
    let ears: NeighborEars
    /// Told of every step of every task, for tools that show where a run waits; nil when nobody watches.
    var trace: ((TaskStep) -> Void)?
    /// The task whose code runs right now.
    private(set) var current: ScriptTask?

    private var ready: [ScriptTask] = []
    private var isScheduled = false
    private var tasks: [ObjectIdentifier: ScriptTask] = [:]

    init(
        loop: EventLoop, limits: ScriptLimits, lapses: Lapses, commands: ChildStarter? = nil,
        metrics: MetricStore? = nil,
        post: @escaping (FromScript) -> Void,
        note: @escaping (String?) -> Void
    ) {
        self.loop = loop
        self.limits = limits
        self.lapses = lapses
        let requests = RequestOutbox(loop: loop, post: post)
        self.requests = requests
        lapses.lapsed = { [weak requests] in requests?.forget($0) }
        self.commands = commands ?? ChildStarter(loop: loop)
        self.post = post
        self.metrics = metrics ?? MetricStore(loop: loop, post: post)
        self.note = note
        ears = NeighborEars(loop: loop)
        processes = ProcessMonitor(loop: loop)
        files = FileNotices(loop: loop)
    }

    var isIdle: Bool { tasks.isEmpty }

    // MARK: Starting

    /// Starts a task: `function` is kept by the program, `arguments` pushes what it is called with.
    ///
    /// `timeout`: nil for a task that may live as long as its generation. nil is returned when the plugin has too many.
    @discardableResult
    func start(
        _ program: Program, name: String, function: Int32, timeout: Duration?, parent: ScriptTask? = nil,
        arguments: (Stack) -> Int32 = { _ in 0 }, onEnd: ((ScriptTask, TaskOutcome) -> Void)? = nil
    ) -> ScriptTask? {
        guard program.taskCount < limits.tasks else { return nil }
        var reference: Int32 = 0
        guard let thread = halua_new_task(program.state, &reference) else { return nil }
        let stack = Stack(pointer: thread)
        stack.pushKept(function)
        let task = ScriptTask(
            program: program, name: name, stack: stack, reference: reference, values: arguments(stack))
        task.onEnd = onEnd
        task.parent = parent
        task.countsFromWait = timeout == nil && parent == nil
        parent?.children.append(task)
        program.taskCount += 1
        tasks[ObjectIdentifier(task)] = task
        if let timeout {
            let token = loop.after(timeout) { [weak self, weak task] in
                if let task { self?.timeOut(task, after: timeout) }
            }
            task.disarm = { [loop] in loop.cancel(token) }
        }
        makeReady(task)
        return task
    }

    func makeReady(_ task: ScriptTask) {
        task.state = .ready
        ready.append(task)
        guard !isScheduled else { return }
        isScheduled = true
        loop.post { [weak self] in self?.runReady() }
    }

    // MARK: Running

    /// One slice for each task that is ready; those that want more get it in the next turn, after I/O and timers.
    private func runReady() {
        isScheduled = false
        let batch = ready
        ready.removeAll(keepingCapacity: true)
        for task in batch where task.state == .ready { runSlice(of: task) }
    }

    private func runSlice(of task: ScriptTask) {
        let program = task.program
        task.state = .running
        current = task
        note(task.name)
        trace?(TaskStep(task, .goesOn))
        var used: Int64 = 0
        var results: Int32 = 0
        let budget = limits.computing.wholeNanoseconds - task.computed
        let outcome = halua_resume(
            program.state, task.stack.pointer, task.values, task.raises, limits.slice.wholeNanoseconds, budget, &used,
            &results)
        note(nil)
        current = nil
        task.values = 0
        task.raises = false
        task.computed += used
        program.collectReleased()
        let isOver = halua_was_stopped(program.state) || task.computed >= limits.computing.wholeNanoseconds
        switch outcome {
        case HALUA_DONE:
            finish(task, .returned(results))
        case HALUA_FAILED:
            if halua_was_stopped(program.state) {
                finish(task, .stopped(computedTooMuch(task)))
            } else {
                finish(task, Self.outcome(of: ScriptError.take(from: task.stack, of: program)))
            }
        case HALUA_WAITING where !task.isCancelRequested:
            task.state = .waiting
            if let trace {
                trace(TaskStep(task, .waits(in: task.pending?.name ?? "", place: place(of: task.stack))))
            }
            if task.countsFromWait { task.computed = 0 }
        case _ where task.isCancelRequested:
            finish(task, .cancelled)
        case _ where isOver:
            finish(task, .stopped(computedTooMuch(task)))
        default:
            makeReady(task)
        }
        if let timeout = task.overdue { timeOut(task, after: timeout) }
    }

    private static func outcome(of error: ScriptError) -> TaskOutcome {
        switch error {
        case .operating(let error): .failed(error)
        case .bug(let message): .broken(message)
        }
    }

    private func computedTooMuch(_ task: ScriptTask) -> String {
        let line = place(of: task.stack)
        task.stoppedAt = line
        let sentence = "computed for more than \(Durations.describe(limits.computing))"
        return (line.isEmpty ? sentence : "\(sentence) (\(line))")
            + ": do less in one run, or raise lua_computing_limit"
    }

    // MARK: Ending

    private func timeOut(_ task: ScriptTask, after timeout: Duration) {
        guard task.state != .ended else { return }
        if task.state == .ready, task.overdue == nil {
            // On a machine that overslept the answer and the deadline come in the same turn; the answer was first.
            task.overdue = timeout
            return
        }
        var sentence = "timed out after \(Durations.describe(timeout))"
        let innermost = task.innermost
        if let name = innermost.pending?.name { sentence += " in \(name)" }
        let line = place(of: innermost.stack)
        task.stoppedAt = line
        if !line.isEmpty { sentence += " (\(line))" }
        finish(task, .stopped(sentence))
    }

    /// Cancels a task from within script code; it ends a moment later, and runs not one instruction more.
    func requestCancel(_ task: ScriptTask) {
        guard task.state != .ended, !task.isCancelRequested else { return }
        task.isCancelRequested = true
        loop.post { [weak self] in self?.cancel(task) }
    }

    /// Cancels a task now. Never from within script code.
    func cancel(_ task: ScriptTask) {
        guard task.state != .ended else { return }
        precondition(current == nil, "a task is cancelled between slices, never from within one")
        finish(task, .cancelled)
    }

    /// Ends a task whose stack has no room for what it waited for.
    func overflow(_ task: ScriptTask) {
        loop.post { [weak self] in
            guard task.state != .ended else { return }
            let line = place(of: task.stack)
            self?.finish(task, .broken("stack overflow\(line.isEmpty ? "" : " (\(line))")"))
        }
    }

    func cancelAll() {
        for task in Array(tasks.values) { cancel(task) }
    }

    /// The one way in which tasks end.
    private func finish(_ task: ScriptTask, _ outcome: TaskOutcome) {
        task.state = .ended
        trace?(TaskStep(task, .ended(computed: .nanoseconds(task.computed))))
        task.generation &+= 1
        task.outcome = outcome
        task.disarm?()
        task.disarm = nil
        let pending = task.pending
        task.pending = nil
        pending?.cancel()
        if case .returned = outcome {
        } else {
            note(task.name)
            halua_cancel(task.program.state, task.stack.pointer, limits.closing.wholeNanoseconds)
            note(nil)
        }
        // Children that nobody waits for any more end with their parent.
        for child in task.children { cancel(child) }
        task.children = []
        task.parent?.children.removeAll { $0 === task }
        // Who is told may start the next one in its place.
        tasks.removeValue(forKey: ObjectIdentifier(task))
        task.program.taskCount -= 1
        if let onEnd = task.onEnd { onEnd(task, outcome) } else if task.joiners.isEmpty { report(task, outcome) }
        task.onEnd = nil
        let joiners = task.joiners
        task.joiners = []
        for joiner in joiners { Self.answer(joiner, with: task) }
        if !task.isHeld { forget(task) }
    }

    /// A spawned task that nobody joined: its failure would be lost.
    private func report(_ task: ScriptTask, _ outcome: TaskOutcome) {
        let (level, message): (LogLevel, String)
        switch outcome {
        case .returned, .cancelled: return
        case .failed(let error): (level, message) = (.warning, error.description)
        case .stopped(let sentence): (level, message) = (.warning, sentence)
        case .broken(let text): (level, message) = (.error, text)
        }
        let fields = [LogField(key: "task", value: task.name)]
        post(.log(level, plugin: task.program.name, message: message, fields: fields))
    }

    /// Frees an ended task's coroutine.
    func forget(_ task: ScriptTask) { halua_release(task.program.state, task.reference) }

    /// Gives an ended task's results to one that joined it: they belong to the same plugin, so to the same Lua state.
    static func answer(_ joiner: Wakeup, with task: ScriptTask) {
        // The joiner keeps the handle of the task, and that its stack; without it the collector may have taken both.
        guard joiner.isAwaited else { return }
        switch task.outcome {
        case .returned(let count):
            guard count <= Stack.most, task.stack.reserve(count) else {
                joiner.raise("join: the task returned too many values")
                return
            }
            joiner.resume { stack in
                for _ in 0..<count { task.stack.pushCopy(of: -count) }
                lua_xmove(task.stack.pointer, stack.pointer, count)
                return count
            }
        case .failed(let error): joiner.fail(error)
        case .stopped: joiner.fail(task.stopError)
        case .broken(let message): joiner.raise(message)
        case .cancelled, nil: joiner.fail(OperatingError(.cancelled, "the task was cancelled"))
        }
    }
}
