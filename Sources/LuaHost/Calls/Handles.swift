/// Objects of Swift that scripts hold by a userdata: connections, watches, tasks, instances, adjustments.
import CLuaGlue

/// The kinds of handles, by the name their methods are registered under.
enum HandleKind: Int32, CaseIterable, CustomStringConvertible {
    case connection = 1
    case watch, task, instance, adjustment, recurring, fileWatch, metric, database, datagram

    var description: String {
        switch self {
        case .connection: "Connection"
        case .watch: "Watch"
        case .task: "Task"
        case .instance: "Instance"
        case .adjustment: "Adjustment"
        case .recurring: "Recurring"
        case .fileWatch: "FileWatch"
        case .metric: "Metric"
        case .database: "Database"
        case .datagram: "UDPSocket"
        }
    }

    var article: String { self == .instance || self == .adjustment ? "an" : "a" }

    /// Whether it holds something of the system's that is scarce.
    var isScarce: Bool {
        switch self {
        case .connection, .watch, .fileWatch, .database, .datagram: true
        case .task, .instance, .adjustment, .recurring, .metric: false
        }
    }
}

/// What a handle stands for.
protocol HandleObject: AnyObject {
    static var kind: HandleKind { get }
    /// No script can reach it any more: give back what it holds.
    func released()
}

extension Program {
    /// Pushes a userdata for the object. nil: the plugin holds too many already, and nothing was pushed.
    func pushHandle<Object: HandleObject>(_ object: Object, on stack: Stack) -> UInt64? {
        if Object.kind.isScarce {
            guard makeRoomForHandle() else { return nil }
            scarceHandles += 1
        }
        lastHandle += 1
        objects[lastHandle] = object
        halua_push_handle(stack.pointer, Object.kind.rawValue, lastHandle)
        return lastHandle
    }

    /// Whether one more scarce handle is allowed; looks for unused ones first.
    func makeRoomForHandle() -> Bool {
        if scarceHandles < limits.handles { return true }
        halua_collect(state)
        collectReleased()
        return scarceHandles < limits.handles
    }

    /// The object behind the handle at an index; nil when it is none of that type.
    func object<Object: HandleObject>(_ type: Object.Type, at index: Int32, of stack: Stack) -> Object? {
        let identifier = halua_handle(stack.pointer, index, Object.kind.rawValue)
        return identifier == 0 ? nil : objects[identifier] as? Object
    }

    /// Lets go of the objects whose userdata the collector found unused.
    func collectReleased() {
        var kind: Int32 = 0
        var identifier: UInt64 = 0
        while halua_next_released(state, &kind, &identifier) {
            if HandleKind(rawValue: kind)?.isScarce == true { scarceHandles -= 1 }
            objects.removeValue(forKey: identifier)?.released()
        }
    }
}
