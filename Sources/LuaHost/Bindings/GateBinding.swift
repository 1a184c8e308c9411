/// halua.gate.promote{}: registers a promotion gate; Instance:extend moves the end of the lease that one gave.
import CLua
import LinuxIO

enum GateBinding {
    static let functions = [
        HostFunction(
            "gate.promote", .loading, fields: ["name", "instance", "timeout", "on_timeout", "on_error", "run"],
            body: promote),
        HostFunction("Instance:extend", .running, body: extend),
    ]

    private static let defaultTimeout = Duration.seconds(1)
    /// Longer than this no node waits for a permission.
    private static let timeouts = Duration.milliseconds(10)...Duration.seconds(60)

    private static func promote(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let program = call.program
        let fields = try call.fields()
        let name = try fields.required("name", fields.string("name"))
        guard CheckBinding.isName(name) else {
            throw call.fault("\"\(name)\" is no name of a gate: letters, digits, _ and - are allowed")
        }
        guard !program.gates.contains(where: { $0.name == name }) else {
            throw call.fault("the gate \"\(name)\" is registered twice")
        }
        let timeout = try fields.duration("timeout") ?? defaultTimeout
        guard timeouts.contains(timeout) else {
            throw call.fault(
                "timeout must be \(Durations.describe(timeouts.lowerBound)) to \(Durations.describe(timeouts.upperBound))"
            )
        }
        program.gates.append(
            GateDefinition(
                name: name, instance: try InstanceBinding.filter(fields), timeout: timeout,
                onTimeout: try fallback("on_timeout", fields, call), onError: try fallback("on_error", fields, call),
                run: try fields.required("run", fields.function("run")), place: place(of: call.stack)))
        return .values(0)
    }

    private static func fallback(
        _ field: String, _ fields: Fields, _ call: HostCall
    ) throws(ScriptFault) -> GateFallback {
        guard let word = try fields.string(field) else { return .deny }
        guard let fallback = GateFallback(rawValue: word) else {
            throw call.fault("\(field) must be \"deny\" or \"allow\", not \"\(word)\"")
        }
        return fallback
    }

    /// instance:extend(gate, span): only for gates of one's own plugin, since nobody else knows what the lease stands for.
    private static func extend(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let instance = try call.object(InstanceHandle.self)
        let gate = try call.string(2, "the name of a gate")
        let span = try call.duration(3)
        let program = call.program
        guard program.gates.contains(where: { $0.name == gate }) else {
            let hint = Suggestion.text(for: gate, among: program.gates.map(\.name))
            throw call.fault("this plugin has no gate \"\(gate)\"\(hint)")
        }
        call.scheduler.post(
            .extendLease(
                instance: instance.name, gate: "\(program.name).\(gate)",
                untilNanoseconds: call.scheduler.loop.time + span.wholeNanoseconds))
        return .values(0)
    }
}
