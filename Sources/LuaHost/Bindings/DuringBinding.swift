/// halua.during.master and halua.during.backup: registers a task that lives as long as the state.
import CLua

enum DuringBinding {
    static let functions: [HostFunction] = DuringDefinition.State.allCases.map { state in
        HostFunction(state.path, .loading, fields: ["instance", "run"]) { call throws(ScriptFault) in
            try register(call, state)
        }
    }

    private static func register(
        _ call: HostCall, _ state: DuringDefinition.State
    ) throws(ScriptFault) -> HostReturn {
        var task = DuringDefinition(state: state, instance: nil, run: 0, place: place(of: call.stack))
        if call.stack.kind(1) == .function {
            call.stack.pushCopy(of: 1)
            task.run = call.stack.keep()
        } else {
            let fields = try call.fields()
            task.instance = try InstanceBinding.filter(fields)
            task.run = try fields.required("run", fields.function("run"))
        }
        call.program.durings.append(task)
        return .values(0)
    }
}
