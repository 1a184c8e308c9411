/// The event object that a hook is called with: a plain table, and the live property `current`.
import CLua
import CLuaGlue

enum EventObject {
    static let functions = [HostFunction("Event:__index", body: property)]

    private static let kindKey = "halua.Event"

    /// Pushes the metatable of events, which lives in the registry.
    static func pushKind(_ stack: Stack) {
        if stack.pushField(kindKey, of: halua_registry) == .table { return }
        stack.pop()
        stack.pushTable()
        stack.push(false)
        stack.setField("__metatable", of: -2)
        stack.pushCopy(of: -1)
        stack.setField(kindKey, of: halua_registry)
    }

    /// Pushes the object. `dropped`: how many events of its kind were left out right before it.
    static func push(_ event: HookEvent, dropped: Int, program: Program, on stack: Stack) {
        stack.pushTable()
        let object = Writer(stack: stack)
        object.set("event", event.family.rawValue)
        object.set("seq", Int(clamping: event.sequence))
        object.set("at", Double(event.atNanoseconds) / 1e9)
        object.set("dropped", dropped)
        if let instance = event.instance {
            InstanceBinding.pushInstance(instance.name, program: program, on: stack)
            stack.setField("instance", of: -2)
            object.set("priority", instance.priority)
            object.set("vips", instance.virtualAddresses)
            if event.family != .guarding { object.set("peer", instance.master) }
        }
        switch event {
        case .transition(let transition): fill(object, transition)
        case .news(let news): fill(object, news.matter)
        }
        pushKind(stack)
        lua_setmetatable(stack.pointer, -2)
    }

    private static func fill(_ object: Writer, _ transition: TransitionMessage) {
        object.set("from", transition.from)
        object.set("to", transition.to)
        object.set("reason", transition.reason)
        object.set("sentence", transition.sentence)
        object.set("vips_removed", transition.from == "MASTER" && transition.to != "MASTER")
    }

    private static func fill(_ object: Writer, _ matter: EventMessage.Matter) {
        switch matter {
        case .priority(let from, let to, let explanation):
            object.set("from", from)
            object.set("to", to)
            object.set("priority", to)
            object.set("reason", explanation)
        case .conflict(let news):
            object.set("phase", news.phase.rawValue)
            object.set("kind", news.kind.rawValue)
            object.set("peer", news.peer)
            object.set("peer_priority", news.peerPriority)
            object.set("winner", news.winner)
            object.set("advice", news.advice)
        case .peer(let news):
            object.set("phase", news.phase.rawValue)
            object.set("peer", news.peer)
            object.set("peer_priority", news.peerPriority)
            object.set("former", news.former)
            object.set("reason", news.reason)
        case .check(let news):
            let parts = news.name.split(separator: ".", maxSplits: 1).map(String.init)
            object.set("plugin", parts.first)
            object.set("check", parts.last)
            object.set("name", news.name)
            object.set("ok", news.isGood)
            object.set("state", news.state.rawValue)
            object.set("reason", news.reason)
        case .guarding(let notice):
            object.set("kind", notice.word)
            object.set("sentence", notice.sentence)
            object.set("alarm", notice.isAlarm)
            object.set("peer", notice.peer)
            object.set("mac", notice.hardware)
            object.set("vip", notice.virtualAddress)
            object.set("reason", notice.reason)
        case .reload(let changes):
            object.set("changes", changes)
        case .shutdown:
            object.set("reason", "shutdown")
        }
    }

    /// Sets fields of the table on top of a stack; nil leaves the field out.
    private struct Writer {
        let stack: Stack

        func set(_ name: String, _ value: String?) {
            guard let value else { return }
            stack.push(value)
            stack.setField(name, of: -2)
        }

        func set(_ name: String, _ value: Int?) {
            guard let value else { return }
            stack.push(value)
            stack.setField(name, of: -2)
        }

        func set(_ name: String, _ value: Double) {
            stack.push(value)
            stack.setField(name, of: -2)
        }

        func set(_ name: String, _ value: Bool) {
            stack.push(value)
            stack.setField(name, of: -2)
        }

        func set(_ name: String, _ value: [String]) {
            stack.push(list: value)
            stack.setField(name, of: -2)
        }
    }

    /// `ev.current`: false as soon as there is a newer event of the same kind about the same instance or check. Other
    /// absent fields are nil.
    private static func property(_ call: HostCall) -> HostReturn {
        let stack = call.stack
        guard stack.string(2) == "current", stack.kind(1) == .table else {
            stack.pushNil()
            return .values(1)
        }
        stack.pushField("instance", of: 1)
        let instance = call.program.object(InstanceHandle.self, at: -1, of: stack)
        let family = stack.stringField("event", of: 1).flatMap(HookEvent.Family.init(rawValue:))
        let check = stack.stringField("name", of: 1)
        stack.pushField("seq", of: 1)
        let newest = family.flatMap {
            call.program.scheduler?.newest[HookEvent.Source(family: $0, subject: instance?.name ?? check ?? "")]
        }
        stack.push(newest.map { stack.integer(-1) == Int(clamping: $0) } ?? false)
        return .values(1)
    }
}
