/// halua.every(interval, function): registers a recurring task; and the handle that ends it.
import CLua

enum EveryBinding {
    static let functions = [
        HostFunction("every", .loading, body: every),
        HostFunction("Recurring:cancel", body: cancel),
    ]

    /// A recurring task is no busy loop.
    private static let shortest = Duration.milliseconds(10)

    /// every(interval, function) → a handle with `:cancel()`.
    private static func every(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let interval = try call.duration(1)
        guard interval >= shortest else {
            throw call.fault("the interval must be at least \(Durations.describe(shortest))")
        }
        try call.function(2)
        let limit = call.program.limits.tasks
        guard call.program.recurring.count < limit else {
            throw call.fault("there are \(limit) already (lua_task_limit)")
        }
        call.stack.pushCopy(of: 2)
        let recurring = Recurring(
            program: call.program, interval: interval, function: call.stack.keep(), place: place(of: call.stack))
        call.program.recurring.append(recurring)
        _ = call.program.pushHandle(recurring, on: call.stack)
        return .values(1)
    }

    private static func cancel(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.object(Recurring.self).cancel()
        return .values(0)
    }
}
