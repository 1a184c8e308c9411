/// halua.sleep and halua.spawn, and the task that spawn returns.
import CLua
import LinuxIO

/// A spawned task as the script holds it.
final class TaskHandle: HandleObject {
    static let kind = HandleKind.task
    let task: ScriptTask

    init(task: ScriptTask) { self.task = task }

    func released() {
        task.isHeld = false
        if task.state == .ended { task.program.scheduler?.forget(task) }
    }
}

enum TaskBinding {
    static let functions = [
        HostFunction("sleep", .running, waits: true, body: sleep),
        HostFunction("spawn", body: spawn),
        HostFunction("Task:join", .running, waits: true, body: join),
        HostFunction("Task:cancel", .running, body: cancel),
    ]

    /// sleep(duration); sleep(0) lets the others run.
    private static func sleep(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let span = try call.duration(1)
        let loop = call.scheduler.loop
        return try call.wait("sleep") { wakeup in
            let token = loop.after(span) { wakeup.succeed() }
            return { loop.cancel(token) }
        }
    }

    /// spawn(function, …) → a task. Inside of a run it ends with the run; while loading it starts with the plugin and
    /// lives as long as it.
    private static func spawn(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.function(1)
        let stack = call.stack
        let program = call.program
        guard program.scheduler != nil else {
            guard stack.count == 1 else { throw call.fault("takes no arguments for the function while loading") }
            guard program.startup.count < program.limits.tasks else {
                throw call.fault("there are \(program.limits.tasks) tasks already (lua_task_limit)")
            }
            stack.pushCopy(of: 1)
            program.startup.append(BackgroundTask(function: stack.keep(), place: place(of: stack)))
            return .values(0)
        }
        let task = try startChild(call, function: 1, timeout: nil)
        task.isHeld = true
        _ = program.pushHandle(TaskHandle(task: task), on: stack)
        return .values(1)
    }

    /// Starts a task that ends with the calling one. Its function is at an index, its arguments are above that.
    static func startChild(
        _ call: HostCall, function index: Int32, timeout: Duration?
    ) throws(ScriptFault) -> ScriptTask {
        let stack = call.stack
        let count = stack.count - index
        guard count < Stack.most / 2 else { throw call.fault("takes at most \(Stack.most / 2) arguments") }
        guard let parent = call.scheduler.current else {
            throw call.fault("cannot start a task while a cancelled one closes")
        }
        stack.pushCopy(of: index)
        let function = stack.keep()
        defer { call.program.release(function) }
        let task = call.scheduler.start(
            call.program, name: parent.name, function: function, timeout: timeout, parent: parent,
            arguments: { target in
                _ = target.reserve(count)
                for argument in 0..<count { stack.pushCopy(of: index + 1 + argument) }
                stack.move(count, to: target)
                return count
            })
        guard let task else {
            throw call.fault("there are \(call.program.limits.tasks) tasks already (lua_task_limit)")
        }
        return task
    }

    /// task:join() → what its function returned; nil and an error when it failed or was cancelled; raises its bug.
    private static func join(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let task = try call.object(TaskHandle.self).task
        let scheduler = call.scheduler
        let result = try call.wait("join") { wakeup in
            if task.outcome != nil {
                scheduler.loop.post { Scheduler.answer(wakeup, with: task) }
            } else {
                task.joiners.append(wakeup)
            }
            // A task that lives for ever is joined by many that do not.
            return { task.joiners.removeAll { $0 == wakeup } }
        }
        // Two tasks that join each other wait for ever, but no message may.
        let waiting = scheduler.current
        waiting?.pending?.waitsFor = { [weak task, weak waiting] in
            guard let task, task.state != .ended, task.parent === waiting else { return nil }
            return task
        }
        return result
    }

    private static func cancel(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let task = try call.object(TaskHandle.self).task
        guard task !== call.scheduler.current else { throw call.fault("a task cannot cancel itself; return instead") }
        call.scheduler.requestCancel(task)
        return .values(0)
    }
}
