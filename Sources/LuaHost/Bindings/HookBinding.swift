/// halua.on.master, backup, fault, stop, change: registers a hook; and the event object it is called with.
import CLua
import CLuaGlue

enum HookBinding {
    static let functions: [HostFunction] =
        HookDefinition.Moment.allCases.map { moment in
            HostFunction("on.\(moment.rawValue)", .loading, fields: ["instance", "timeout", "run"]) {
                call throws(ScriptFault) in try register(call, moment)
            }
        } + [HostFunction("Event:__index", body: property)]

    private static func register(
        _ call: HostCall, _ moment: HookDefinition.Moment
    ) throws(ScriptFault) -> HostReturn {
        let program = call.program
        var hook = HookDefinition(
            moment: moment, instance: nil, timeout: program.limits.hookTimeout, run: 0, place: place(of: call.stack))
        if call.stack.kind(1) == .function {
            call.stack.pushCopy(of: 1)
            hook.run = call.stack.keep()
        } else {
            let fields = try call.fields()
            hook.instance = try fields.string("instance")
            hook.timeout = try fields.duration("timeout") ?? hook.timeout
            hook.run = try fields.required("run", fields.function("run"))
        }
        program.hooks.append(hook)
        return .values(0)
    }

    // MARK: The event

    private static let eventKindKey = "halua.Event"

    /// Pushes the metatable of events, which lives in the registry.
    static func pushEventKind(_ stack: Stack) {
        if stack.pushField(eventKindKey, of: halua_registry) == .table { return }
        stack.pop()
        stack.pushTable()
        stack.push(false)
        stack.setField("__metatable", of: -2)
        stack.pushCopy(of: -1)
        stack.setField(eventKindKey, of: halua_registry)
    }

    /// Pushes the event object of a transition. `dropped`: how many transitions were left out right before it.
    static func pushEvent(_ transition: TransitionMessage, dropped: Int, program: Program, on stack: Stack) {
        let instance = transition.instance
        stack.pushTable()
        InstanceBinding.pushInstance(instance.name, program: program, on: stack)
        stack.setField("instance", of: -2)
        let texts = [
            ("from", transition.from), ("to", transition.to), ("reason", transition.reason),
            ("sentence", transition.sentence),
        ]
        for (name, value) in texts {
            stack.push(value)
            stack.setField(name, of: -2)
        }
        stack.push(instance.priority)
        stack.setField("priority", of: -2)
        stack.push(list: instance.virtualAddresses)
        stack.setField("vips", of: -2)
        if let master = instance.master {
            stack.push(master)
            stack.setField("peer", of: -2)
        }
        stack.push(transition.from == "MASTER" && transition.to != "MASTER")
        stack.setField("vips_removed", of: -2)
        stack.push(Int(clamping: transition.sequence))
        stack.setField("seq", of: -2)
        stack.push(Double(transition.atNanoseconds) / 1e9)
        stack.setField("at", of: -2)
        stack.push(dropped)
        stack.setField("dropped", of: -2)
        pushEventKind(stack)
        lua_setmetatable(stack.pointer, -2)
    }

    /// `ev.current`: false as soon as a newer transition of the instance exists. Other absent fields are nil.
    private static func property(_ call: HostCall) -> HostReturn {
        let stack = call.stack
        guard stack.string(2) == "current", stack.kind(1) == .table else {
            stack.pushNil()
            return .values(1)
        }
        stack.pushField("instance", of: 1)
        let instance = call.program.object(InstanceHandle.self, at: -1, of: stack)
        stack.pushField("seq", of: 1)
        let newest = instance.flatMap { call.program.scheduler?.newest[$0.name] }
        stack.push(newest.map { stack.integer(-1) == Int(clamping: $0) } ?? false)
        return .values(1)
    }
}
