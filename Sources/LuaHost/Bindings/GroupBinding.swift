/// halua.all, any, and with_timeout: several things at a time, and things that may not take too long.
import CLua
import LinuxIO

enum GroupBinding {
    static let functions = [
        HostFunction("all", .running, waits: true) { call throws(ScriptFault) in try group(call, .all) },
        HostFunction("any", .running, waits: true) { call throws(ScriptFault) in try group(call, .any) },
        HostFunction("with_timeout", .running, waits: true, body: withTimeout),
    ]

    /// all{fns} → a list of what each returned first, with their number as n; nil and the error of the first that fails.
    ///
    /// any{fns} → what the first returned whose first value is true; nil and an error that names the reasons.
    private static func group(_ call: HostCall, _ rule: TaskGroup.Rule) throws(ScriptFault) -> HostReturn {
        let functions = try keepFunctions(call)
        let program = call.program
        defer { for function in functions { program.release(function) } }
        if functions.isEmpty, rule == .any { throw call.fault("takes a list of at least one function") }
        let scheduler = call.scheduler
        var made: TaskGroup?
        let result = try call.wait(call.path) { wakeup throws(ScriptFault) in
            let group = TaskGroup(rule, wakeup, scheduler)
            guard group.start(functions) else {
                // Nothing can be cancelled from within script code; not one of them has run yet.
                scheduler.loop.post { group.cancel() }
                throw call.fault("there are \(program.limits.tasks) tasks already (lua_task_limit)")
            }
            made = group
            return { group.cancel() }
        }
        scheduler.current?.pending?.waitsFor = { [weak made] in made?.unfinished }
        return result
    }

    /// Keeps the functions of the list at index 1.
    private static func keepFunctions(_ call: HostCall) throws(ScriptFault) -> [Int32] {
        let stack = call.stack
        guard stack.kind(1) == .table else {
            throw call.fault("argument 1 must be a list of functions, not \(stack.kind(1).word)")
        }
        let count = Int(lua_rawlen(stack.pointer, 1))
        guard count <= call.program.limits.tasks else {
            throw call.fault("takes at most \(call.program.limits.tasks) functions (lua_task_limit)")
        }
        var functions: [Int32] = []
        for index in 0..<count {
            lua_rawgeti(stack.pointer, 1, lua_Integer(index + 1))
            guard stack.kind(-1) == .function else {
                let word = stack.kind(-1).word
                stack.pop()
                for function in functions { call.program.release(function) }
                throw call.fault("element \(index + 1) of the list must be a function, not \(word)")
            }
            functions.append(stack.keep())
        }
        return functions
    }

    /// with_timeout(duration, function, …) → what the function returned; nil and an error of the kind timeout that says
    /// where it was.
    private static func withTimeout(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let span = try call.duration(1)
        try call.function(2)
        try call.requireWaiting()
        let task = try TaskBinding.startChild(call, function: 2, timeout: span)
        let scheduler = call.scheduler
        let result = try call.wait("with_timeout") { wakeup throws(ScriptFault) in
            task.joiners.append(wakeup)
            return { scheduler.cancel(task) }
        }
        scheduler.current?.pending?.waitsFor = { [weak task] in task?.state == .ended ? nil : task }
        return result
    }
}
