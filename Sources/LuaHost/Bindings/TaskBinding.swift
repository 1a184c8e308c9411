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
        guard let scheduler = program.scheduler else {
            guard stack.count == 1 else { throw call.fault("takes no arguments for the function while loading") }
            stack.pushCopy(of: 1)
            program.startup.append(BackgroundTask(function: stack.keep(), place: place(of: stack)))
            return .values(0)
        }
        let count = stack.count - 1
        guard count < Stack.most / 2 else { throw call.fault("takes at most \(Stack.most / 2) arguments") }
        guard let parent = scheduler.current else {
            throw call.fault("cannot start a task while a cancelled one closes")
        }
        stack.pushCopy(of: 1)
        let function = stack.keep()
        let task = scheduler.start(
            program, name: parent.name, function: function, timeout: nil, parent: parent,
            arguments: { target in
                _ = target.reserve(count)
                for index in 0..<count { stack.pushCopy(of: 2 + index) }
                lua_xmove(stack.pointer, target.pointer, count)
                return count
            })
        program.release(function)
        guard let task else { throw call.fault("there are \(program.limits.tasks) tasks already") }
        task.isHeld = true
        _ = program.pushHandle(TaskHandle(task: task), on: stack)
        return .values(1)
    }

    /// task:join() → what its function returned; nil and an error when it failed or was cancelled; raises its bug.
    private static func join(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let task = try call.object(TaskHandle.self).task
        let loop = call.scheduler.loop
        return try call.wait("join") { wakeup in
            if task.outcome != nil {
                loop.post { Scheduler.answer(wakeup, with: task) }
            } else {
                task.joiners.append(wakeup)
            }
            return {}
        }
    }

    private static func cancel(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let task = try call.object(TaskHandle.self).task
        guard task !== call.scheduler.current else { throw call.fault("a task cannot cancel itself; return instead") }
        call.scheduler.requestCancel(task)
        return .values(0)
    }
}
