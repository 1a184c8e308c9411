/// Functions that run side by side for one task that waits for them: all of them, or the first that succeeds.
import LinuxIO

/// The children of one call of `all` or `any`. When the call is over, whichever way, none of them is left.
final class TaskGroup {
    enum Rule { case all, any }

    /// The most different reasons that a message of `any` repeats.
    private static let mostReasons = 4

    private let rule: Rule
    private let wakeup: Wakeup
    private let program: Program
    private let scheduler: Scheduler
    /// By position in the list; nil once it has ended.
    private var children: [ScriptTask?] = []
    /// What `all` has so far, kept in the plugin's state; nil for a nil.
    private var results: [Int32?] = []
    /// Why the functions of `any` did not succeed.
    private var reasons: [OperatingError?] = []
    private var left = 0
    private var isOver = false

    init(_ rule: Rule, _ wakeup: Wakeup, _ scheduler: Scheduler) {
        self.rule = rule
        self.wakeup = wakeup
        self.scheduler = scheduler
        program = wakeup.task.program
    }

    /// The first that still runs: what the waiting task waits for, in messages.
    var unfinished: ScriptTask? { children.compactMap(\.self).first }

    /// Starts the functions, each kept in the plugin's state. Returns false when there are too many tasks; then
    /// `cancel` must follow, later.
    func start(_ functions: [Int32]) -> Bool {
        results = Array(repeating: nil, count: functions.count)
        reasons = Array(repeating: nil, count: functions.count)
        left = functions.count
        for (index, function) in functions.enumerated() {
            let child = scheduler.start(
                program, name: wakeup.task.name, function: function, timeout: nil, parent: wakeup.task,
                onEnd: { [self] task, outcome in ended(index, task, outcome) })
            guard let child else { return false }
            children.append(child)
        }
        if functions.isEmpty { scheduler.loop.post { self.complete() } }
        return true
    }

    /// Ends what still runs; the waiting task hears nothing. Never from within script code.
    func cancel() {
        isOver = true
        for child in children { if let child { scheduler.cancel(child) } }
        children = []
        for case let reference? in results { program.release(reference) }
        results = []
    }

    private func ended(_ index: Int, _ task: ScriptTask, _ outcome: TaskOutcome) {
        guard !isOver else { return }
        left -= 1
        children[index] = nil
        switch outcome {
        case .returned(let count): returned(index, task.stack, count)
        case .failed(let error): failed(index, error)
        case .stopped: failed(index, task.stopError)
        case .broken(let message):
            wakeup.raise(message)
            cancel()
        case .cancelled: failed(index, OperatingError(.cancelled, "the task was cancelled"))
        }
        if !isOver, left == 0 { complete() }
    }

    private func returned(_ index: Int, _ stack: Stack, _ count: Int32) {
        let hasReason = count > 1 && !stack.isNothing(1 - count)
        switch rule {
        case .all:
            guard count > 0, !stack.isNothing(-count) else {
                if hasReason { pass(stack, 2, of: count) }
                return
            }
            stack.pushCopy(of: -count)
            results[index] = stack.keep()
        case .any:
            if count > 0, stack.boolean(-count) { return pass(stack, count, of: count) }
            if hasReason {
                reasons[index] =
                    OperatingError(stack, 1 - count) ?? OperatingError(.denied, stack.describe(1 - count))
            } else {
                reasons[index] = OperatingError(.denied, "function \(index + 1) gave no reason")
            }
        }
    }

    /// Ends the wait with the first `wanted` of the `count` values that a child returned.
    private func pass(_ source: Stack, _ wanted: Int32, of count: Int32) {
        guard wanted < Stack.most, source.reserve(wanted) else {
            wakeup.raise("a function returned too many values")
            return cancel()
        }
        wakeup.resume { stack in
            for _ in 0..<wanted { source.pushCopy(of: -count) }
            source.move(wanted, to: stack)
            return wanted
        }
        cancel()
    }

    private func failed(_ index: Int, _ error: OperatingError) {
        switch rule {
        case .all:
            wakeup.fail(error)
            cancel()
        case .any: reasons[index] = error
        }
    }

    private func complete() {
        switch rule {
        case .all:
            wakeup.resume { stack in
                stack.pushTable()
                for (index, reference) in results.enumerated() {
                    guard let reference else { continue }
                    stack.pushKept(reference)
                    stack.setElement(index + 1, of: -2)
                }
                stack.push(results.count)
                stack.setField("n", of: -2)
                return 1
            }
        case .any: wakeup.fail(reason())
        }
        cancel()
    }

    /// One error out of many: what they have in common as its kind, and each different message once.
    private func reason() -> OperatingError {
        let all = reasons.compactMap(\.self)
        var messages: [String] = []
        for error in all where !messages.contains(error.message) { messages.append(error.message) }
        let more = messages.count - Self.mostReasons
        var text = messages.prefix(Self.mostReasons).joined(separator: "; ")
        if more > 0 { text += "; and \(more) more" }
        guard var result = all.last else { return OperatingError(.denied, "there was nothing to run") }
        result.message = text
        // Where each of them failed is in no one place, so the place is that of the call.
        if all.count > 1 { result.place = "" }
        return result
    }
}
