/// halua.check{}: registers a check while the plugin is loaded.

enum CheckBinding {
    static let functions = [
        HostFunction(
            "check", .loading,
            fields: ["name", "interval", "timeout", "rise", "fall", "weight", "wake_on", "on_bug", "run"], body: check)
    ]

    private static let defaultInterval = Duration.seconds(5)
    /// A check is no busy loop.
    private static let shortestInterval = Duration.milliseconds(10)

    private static func check(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let program = call.program
        let fields = try call.fields()
        let name = try fields.required("name", fields.string("name"))
        guard isName(name) else {
            throw call.fault("\"\(name)\" is no name of a check: letters, digits, _ and - are allowed")
        }
        guard !program.checks.contains(where: { $0.name == name }) else {
            throw call.fault("the check \"\(name)\" is registered twice")
        }
        let interval = try fields.duration("interval") ?? defaultInterval
        let timeout = try fields.duration("timeout") ?? interval
        guard interval >= shortestInterval, timeout >= shortestInterval else {
            throw call.fault("interval and timeout must be at least \(Durations.describe(shortestInterval))")
        }
        var policy = BugPolicy.keep
        if let word = try fields.string("on_bug") {
            guard let known = BugPolicy(rawValue: word) else {
                throw call.fault("on_bug must be \"keep\" or \"fail\", not \"\(word)\"")
            }
            policy = known
        }
        program.checks.append(
            CheckDefinition(
                name: name, run: try fields.required("run", fields.function("run")), interval: interval,
                timeout: timeout, rise: try fields.integer("rise", in: 1...255) ?? 1,
                fall: try fields.integer("fall", in: 1...255) ?? 1,
                weight: try fields.integer("weight", in: -253...253), onBug: policy,
                wakeOn: try fields.wakeSource("wake_on")))
        fields.keep("wake_on")
        return .values(0)
    }

    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
    }
}
