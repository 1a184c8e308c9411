/// halua.instance(name), halua.instances(), their fields, and the three things a script may ask of an instance.
import CLua
import CLuaGlue
import LinuxIO

/// A virtual router instance by its name; its fields are read when they are asked for.
final class InstanceHandle: HandleObject {
    static let kind = HandleKind.instance
    let name: String

    init(name: String) { self.name = name }
    func released() {}
}

/// A change of priority that a script holds and may change again.
final class Adjustment: HandleObject {
    static let kind = HandleKind.adjustment
    let instance: String
    let key: String
    var reason: String
    /// The time after which it lapses, from each `set`.
    let lapse: Duration?

    init(instance: String, key: String, reason: String, lapse: Duration?) {
        self.lapse = lapse
        self.instance = instance
        self.key = key
        self.reason = reason
    }
    /// The request stays in force without the handle.
    func released() {}
}

enum InstanceBinding {
    static let functions = [
        HostFunction("instance", body: instance),
        HostFunction("instances", .running, body: instances),
        HostFunction("Instance:__index", body: field),
        HostFunction("Instance:adjust_priority", .running, body: adjust),
        HostFunction("Instance:demote", .running, body: demote),
        HostFunction("Instance:restore", .running, body: restore),
        HostFunction("Adjustment:set", .running, body: set),
        HostFunction("Adjustment:clear", .running, body: clear),
    ]

    static let fieldNames = [
        "name", "state", "priority", "base_priority", "preempts", "peers", "master", "interface", "vips", "since",
    ]

    /// Pushes the one userdata that stands for that instance in this state.
    static func pushInstance(_ name: String, program: Program, on stack: Stack) {
        if let reference = program.instanceHandles[name] {
            stack.pushKept(reference)
            return
        }
        let pushed = program.pushHandle(InstanceHandle(name: name), on: stack)
        precondition(pushed != nil, "handles of instances are not counted")
        stack.pushCopy(of: -1)
        program.instanceHandles[name] = stack.keep()
    }

    /// instance(name) → the instance, or nil and an error. While loading every name is accepted.
    private static func instance(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let name = try call.string(1, "the name of an instance")
        if let scheduler = call.program.scheduler, scheduler.instances[name] == nil {
            return call.fail(unknown(name, scheduler))
        }
        pushInstance(name, program: call.program, on: call.stack)
        return .values(1)
    }

    /// `halua.ANY`: an ordinary word, so that it can stand in a configuration too.
    static let any = "*"

    /// The field "instance": one name; nil for every instance.
    static func filter(_ fields: Fields) throws(ScriptFault) -> String? {
        guard let name = try fields.string("instance"), name != any else { return nil }
        return name
    }

    /// instances([name or list of names]) → all of them, or the named ones, in the order of their names.
    private static func instances(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let wanted = try names(call)
        let names = call.scheduler.instances.keys.filter { wanted?.contains($0) ?? true }.sorted()
        call.stack.pushTable()
        for (index, name) in names.enumerated() {
            pushInstance(name, program: call.program, on: call.stack)
            lua_rawseti(call.stack.pointer, -2, lua_Integer(index + 1))
        }
        return .values(1)
    }

    /// The names asked for; nil for all.
    private static func names(_ call: HostCall) throws(ScriptFault) -> [String]? {
        let stack = call.stack
        if stack.isNothing(1) { return nil }
        guard stack.kind(1) == .table else {
            let name = try call.string(1, "the name of an instance, or a list of names")
            return name == any ? nil : [name]
        }
        var names: [String] = []
        for index in 1...lua_rawlen(stack.pointer, 1) + 1 {
            defer { stack.pop() }
            if lua_rawgeti(stack.pointer, 1, lua_Integer(index)) == LUA_TNIL { break }
            guard let name = stack.string(-1) else {
                throw call.fault("argument 1 must be a list of names, not of a \(stack.kind(-1).word)")
            }
            names.append(name)
        }
        return names.contains(any) ? nil : names
    }

    private static func unknown(_ name: String, _ scheduler: Scheduler) -> OperatingError {
        let hint = Suggestion.text(for: name, among: Array(scheduler.instances.keys))
        return OperatingError(.denied, "there is no instance \"\(name)\"\(hint)")
    }

    private static func field(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let stack = call.stack
        let handle = try call.object(InstanceHandle.self)
        let name = stack.describe(2)
        guard fieldNames.contains(name) else {
            halua_push_kind(stack.pointer, HandleKind.instance.rawValue)
            stack.pushField("methods", of: -1)
            if stack.pushField(name, of: -1) == .function { return .values(1) }
            throw ScriptFault("an instance has no \"\(name)\"\(Suggestion.text(for: name, among: fieldNames))")
        }
        if name == "name" {
            stack.push(handle.name)
            return .values(1)
        }
        guard let instance = call.program.scheduler?.instances[handle.name] else {
            throw ScriptFault(
                call.program.scheduler == nil
                    ? "an instance has no \(name) while the plugin is loaded"
                    : "there is no instance \"\(handle.name)\"")
        }
        push(name, of: instance, on: stack)
        return .values(1)
    }

    private static func push(_ field: String, of instance: InstanceSnapshot, on stack: Stack) {
        switch field {
        case "state": stack.push(instance.state)
        case "priority": stack.push(instance.priority)
        case "base_priority": stack.push(instance.basePriority)
        case "preempts": stack.push(instance.preempts)
        case "peers": stack.push(list: instance.peers)
        case "interface": stack.push(instance.interface)
        case "vips": stack.push(list: instance.virtualAddresses)
        case "since": stack.push(Double(instance.sinceNanoseconds) / 1e9)
        case "master":
            if let master = instance.master { stack.push(master) } else { stack.pushNil() }
        default: stack.pushNil()
        }
    }

    // MARK: Requests

    /// The time after which a request lapses by itself, from an optional argument.
    private static func lapse(_ call: HostCall, at index: Int32) throws(ScriptFault) -> Duration? {
        call.stack.isNothing(index) ? nil : try call.duration(index)
    }

    private static func adjust(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let instance = try call.object(InstanceHandle.self)
        let key = try key(call)
        let delta = try delta(call, at: 3)
        let reason = try reason(call, at: 4)
        let lapse = try lapse(call, at: 5)
        let adjustment = Adjustment(instance: instance.name, key: key, reason: reason, lapse: lapse)
        try send(call, adjustment, delta)
        _ = call.program.pushHandle(adjustment, on: call.stack)
        return .values(1)
    }

    private static func delta(_ call: HostCall, at index: Int32) throws(ScriptFault) -> Int {
        let delta = try call.integer(index, "a change of the priority")
        guard (-253...253).contains(delta) else { throw call.fault("a priority changes by -253 to 253 at most") }
        return delta
    }

    private static func key(_ call: HostCall) throws(ScriptFault) -> String {
        let key = try call.string(2, "a key")
        guard key.utf8.count <= RequestOutbox.longestKey else {
            throw call.fault("a key has at most \(RequestOutbox.longestKey) octets")
        }
        return key
    }

    /// What is too long for a line of a status is cut: reasons are often made of what a peer has said.
    private static func reason(_ call: HostCall, at index: Int32) throws(ScriptFault) -> String {
        let reason = try call.string(index, "a reason")
        guard reason.utf8.count > RequestOutbox.longestReason else { return reason }
        return String(decoding: reason.utf8.prefix(RequestOutbox.longestReason), as: UTF8.self) + " …"
    }

    private static func send(_ call: HostCall, _ adjustment: Adjustment, _ delta: Int) throws(ScriptFault) {
        let request = Lapse(
            plugin: call.program.name, instance: adjustment.instance, key: adjustment.key, isDemotion: false)
        try pass(
            request, takesBack: delta == 0, of: call,
            .adjustPriority(
                plugin: call.program.name, instance: adjustment.instance, key: adjustment.key, delta: delta,
                reason: adjustment.reason))
        call.scheduler.lapses.arm(request, after: delta == 0 ? nil : adjustment.lapse)
    }

    private static func pass(
        _ request: Lapse, takesBack: Bool, of call: HostCall, _ message: FromScript
    ) throws(ScriptFault) {
        guard call.scheduler.requests.send(request, takesBack: takesBack, message) else {
            throw call.fault(
                "there are \(RequestOutbox.mostKeys) keys for \(request.instance) already: use one of them again, or"
                    + " take one back first")
        }
    }

    private static func set(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let adjustment = try call.object(Adjustment.self)
        let delta = try delta(call, at: 2)
        if !call.stack.isNothing(3) { adjustment.reason = try reason(call, at: 3) }
        try send(call, adjustment, delta)
        return .values(0)
    }

    private static func clear(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try send(call, try call.object(Adjustment.self), 0)
        return .values(0)
    }

    private static func demote(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let instance = try call.object(InstanceHandle.self)
        let key = try key(call)
        let reason = try reason(call, at: 3)
        let lapse = try lapse(call, at: 4)
        let request = Lapse(plugin: call.program.name, instance: instance.name, key: key, isDemotion: true)
        try pass(
            request, takesBack: false, of: call,
            .demote(plugin: call.program.name, instance: instance.name, key: key, reason: reason))
        call.scheduler.lapses.arm(request, after: lapse)
        return .values(0)
    }

    private static func restore(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let instance = try call.object(InstanceHandle.self)
        let key = try key(call)
        let request = Lapse(plugin: call.program.name, instance: instance.name, key: key, isDemotion: true)
        call.scheduler.lapses.arm(request, after: nil)
        try pass(
            request, takesBack: true, of: call,
            .restore(plugin: call.program.name, instance: instance.name, key: key))
        return .values(0)
    }
}
