/// halua.on.master, backup, fault, stop, change, priority, conflict, peer, guard, check, reload, shutdown: registers a hook.
import CLua
import CLuaGlue

enum HookBinding {
    static let functions: [HostFunction] = HookDefinition.Moment.allCases.map { moment in
        HostFunction("on.\(moment.rawValue)", .loading, fields: moment.fields) { call throws(ScriptFault) in
            try register(call, moment)
        }
    }

    private static func register(
        _ call: HostCall, _ moment: HookDefinition.Moment
    ) throws(ScriptFault) -> HostReturn {
        let program = call.program
        let check = moment == .check ? try takeCheck(call) : nil
        var hook = HookDefinition(
            moment: moment, instance: nil, check: check, timeout: program.limits.hookTimeout, run: 0,
            place: place(of: call.stack))
        if call.stack.kind(1) == .function {
            call.stack.pushCopy(of: 1)
            hook.run = call.stack.keep()
        } else {
            let fields = try call.fields()
            hook.instance = try InstanceBinding.filter(fields)
            hook.timeout = try fields.duration("timeout") ?? hook.timeout
            hook.run = try fields.required("run", fields.function("run"))
        }
        program.hooks.append(hook)
        return .values(0)
    }

    /// on.check([name,] …): takes the name out of the arguments. Without one it is about every check of the plugin;
    /// a name with a dot is another plugin's check.
    private static func takeCheck(_ call: HostCall) throws(ScriptFault) -> String {
        let plugin = call.program.name
        guard call.stack.kind(1) == .string else { return plugin + "." }
        let name = try call.string(1, "the name of a check")
        lua_rotate(call.stack.pointer, 1, -1)
        call.stack.pop()
        return name.contains(".") ? name : "\(plugin).\(name)"
    }
}
