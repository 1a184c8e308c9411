/// One running piece of a script: a coroutine with a deadline, a budget, and something it may wait for.
import CLuaGlue

/// How a task ended.
enum TaskOutcome {
    /// That many results are on top of its stack.
    case returned(Int32)
    /// It raised one of the API's error objects.
    case failed(OperatingError)
    /// The script is wrong: message and traceback.
    case broken(String)
    /// Its time, or its computing, was over: the sentence says where.
    case stopped(String)
    case cancelled
}

/// What a waiting task waits for.
struct PendingOperation {
    /// As messages name it: "tcp.connect".
    var name: String
    /// Ends the operation because nobody waits for it any more.
    var cancel: () -> Void
    /// The task that it waits for in turn, so that a message can tell what really takes so long.
    var waitsFor: () -> ScriptTask? = { nil }
}

/// A coroutine of a plugin under the scheduler's care.
final class ScriptTask {
    enum State { case ready, running, waiting, ended }

    let program: Program
    /// As logs name it: "mycat.greeting".
    let name: String
    let stack: Stack
    let reference: Int32

    var state = State.ready
    /// Grows with every wait that ends, so that a late answer to an older wait finds nobody.
    var generation: UInt32 = 0
    var pending: PendingOperation?
    /// How many values on top of the stack it is resumed with, and whether the last one is raised.
    var values: Int32
    var raises = false
    /// Processor time used so far, in nanoseconds.
    var computed: Int64 = 0
    /// A task without a deadline may live for ever, so its computing is counted from wait to wait.
    var countsFromWait = false
    var isCancelRequested = false
    /// Its time was over just when it was to go on: it has one slice to end by itself. The timeout, for the message.
    var overdue: Duration?
    var outcome: TaskOutcome?
    /// Where it was when it was stopped; empty when nobody knows.
    var stoppedAt = ""

    weak var parent: ScriptTask?
    var children: [ScriptTask] = []
    var joiners: [Wakeup] = []
    /// A handle still wants to read its results.
    var isHeld = false
    /// Called once, after everything of the task is closed; results are still on its stack.
    var onEnd: ((ScriptTask, TaskOutcome) -> Void)?
    /// Takes the deadline off the loop.
    var disarm: (() -> Void)?

    init(program: Program, name: String, stack: Stack, reference: Int32, values: Int32) {
        self.program = program
        self.name = name
        self.stack = stack
        self.reference = reference
        self.values = values
    }
}

extension ScriptTask {
    /// The task itself, or what it waits for in the end.
    var innermost: ScriptTask {
        var task = self
        while let next = task.pending?.waitsFor() { task = next }
        return task
    }

    /// Why it was stopped, for the one who waits for it: the place is where it was, not where it is waited for.
    var stopError: OperatingError {
        guard case .stopped(var sentence) = outcome else { return OperatingError(.timeout, "the task was stopped") }
        if let place = sentence.firstRange(of: " (\(stoppedAt))") { sentence.removeSubrange(place) }
        var error = OperatingError(.timeout, sentence)
        error.place = stoppedAt
        return error
    }
}

/// The right to resume a waiting task, once.
struct Wakeup: Equatable {
    let task: ScriptTask
    let generation: UInt32
    /// Where the script called what it waits for.
    let place: String

    static func == (left: Self, right: Self) -> Bool {
        left.task === right.task && left.generation == right.generation
    }

    /// The task still waits for this.
    var isAwaited: Bool { task.state == .waiting && task.generation == generation && !task.isCancelRequested }

    /// Resumes the task with what `push` leaves on its stack, at most `Stack.most`; it returns how many values that is.
    ///
    /// Without effect when the task no longer waits for this.
    func resume(raising: Bool = false, _ push: (Stack) -> Int32) {
        guard isAwaited else { return }
        task.generation &+= 1
        task.pending = nil
        // The glue makes room before it lets a task wait; without any there is nothing to tell the script.
        guard task.stack.reserve(Stack.most) else { return task.program.scheduler?.overflow(task) ?? () }
        task.values = push(task.stack)
        task.raises = raising
        task.program.scheduler?.makeReady(task)
    }

    /// Resumes the task with `nil, err`, and what had arrived when that is given.
    func fail(_ error: OperatingError, partial: [UInt8]? = nil) {
        var error = error
        if error.place.isEmpty { error.place = place }
        resume { stack in
            stack.pushNil()
            error.push(on: stack)
            guard let partial else { return 2 }
            stack.push(partial)
            return 3
        }
    }

    /// Resumes the task by raising a message.
    func raise(_ message: String) {
        resume(raising: true) { stack in
            stack.push(message)
            return 1
        }
    }

    /// Resumes the task with `true`.
    func succeed() {
        resume { stack in
            stack.push(true)
            return 1
        }
    }
}
