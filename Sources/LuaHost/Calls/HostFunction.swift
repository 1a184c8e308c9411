/// A function of the API: its name as scripts see it, and what Swift does when it is called.
import CLua
import CLuaGlue

/// What a host function has done.
enum HostReturn {
    /// That many values on top of the stack are the results.
    case values(Int32)
    /// The task waits; what it is resumed with are the results. Made by `HostCall.wait`.
    case wait
}

/// One function of the API.
struct HostFunction: Sendable {
    typealias Body = @Sendable (HostCall) throws(ScriptFault) -> HostReturn

    /// When a function may be called.
    enum Phase: Sendable {
        case loading, running, always
    }

    /// "sleep", "tcp.connect", or for methods "Connection:send"; metamethods are methods too.
    var path: String
    var phase: Phase
    /// Whether it may let the task wait.
    var waits: Bool
    /// The names that its table argument may have; empty when it takes no such table.
    var fields: [String]
    /// Whether its arguments arrive as text.
    var takesText: Bool
    var body: Body

    init(
        _ path: String, _ phase: Phase = .always, waits: Bool = false, fields: [String] = [], takesText: Bool = false,
        body: @escaping Body
    ) {
        self.path = path
        self.phase = phase
        self.waits = waits
        self.fields = fields
        self.takesText = takesText
        self.body = body
    }
}

/// One call of a host function: its arguments, and the plugin that made it.
struct HostCall {
    let stack: Stack
    let program: Program
    let path: String
    let knownFields: [String]
    /// As the function says.
    let mayWait: Bool

    // MARK: Arguments

    func fault(_ message: String) -> ScriptFault { ScriptFault("\(path): \(message)") }

    private func wrong(_ index: Int32, _ wanted: String) -> ScriptFault {
        fault("argument \(index) must be \(wanted), not \(stack.kind(index).word)")
    }

    func string(_ index: Int32, _ what: String) throws(ScriptFault) -> String {
        guard let value = stack.string(index) else { throw wrong(index, "\(what) (a string)") }
        return value
    }

    func integer(_ index: Int32, _ what: String) throws(ScriptFault) -> Int {
        guard let value = stack.integer(index) else { throw wrong(index, "\(what) (a whole number)") }
        return value
    }

    func function(_ index: Int32) throws(ScriptFault) {
        guard stack.kind(index) == .function else { throw wrong(index, "a function") }
    }

    func duration(_ index: Int32) throws(ScriptFault) -> Duration {
        guard let span = Self.duration(stack, index) else {
            throw wrong(index, "a duration (seconds, or a string such as \"250ms\")")
        }
        return span
    }

    static func duration(_ stack: Stack, _ index: Int32) -> Duration? {
        if let seconds = stack.number(index) { return Durations.seconds(seconds) }
        return stack.string(index).flatMap { Durations.parse($0) }
    }

    /// The table argument of functions that take named fields.
    func fields(at index: Int32 = 1) throws(ScriptFault) -> Fields {
        guard stack.kind(index) == .table else { throw wrong(index, "a table of named fields") }
        return try Fields(self, knownFields, at: index)
    }

    /// The table argument of functions whose table is a list as well.
    func fieldsWithElements() throws(ScriptFault) -> Fields {
        guard stack.kind(1) == .table else { throw wrong(1, "a table") }
        return try Fields(self, knownFields, at: 1, takesList: true)
    }

    /// The same where the table may be left out: nil then.
    func optionalFields(at index: Int32) throws(ScriptFault) -> Fields? {
        stack.isNothing(index) ? nil : try fields(at: index)
    }

    /// The table of named options after the positional arguments; every field is absent when it is left out.
    func options(at index: Int32) throws(ScriptFault) -> Fields {
        if let fields = try optionalFields(at: index) { return fields }
        return try Fields(self, knownFields, at: index)
    }

    /// The object behind a method's `self`.
    func object<Object: HandleObject>(_ type: Object.Type) throws(ScriptFault) -> Object {
        let identifier = halua_handle(stack.pointer, 1, Object.kind.rawValue)
        guard identifier != 0, let object = program.objects[identifier] as? Object else {
            throw fault("must be called with a colon on \(Object.kind.article) \(Object.kind)")
        }
        return object
    }

    // MARK: Results

    /// Returns `nil, err` to the script.
    func fail(_ error: OperatingError) -> HostReturn {
        stack.pushNil()
        located(error).push(on: stack)
        return .values(2)
    }

    /// The error with the script's own line.
    func located(_ error: OperatingError) -> OperatingError {
        var error = error
        if error.place.isEmpty { error.place = place(of: stack) }
        return error
    }

    func none() -> HostReturn { .values(0) }

    func push(_ value: Bool) -> HostReturn {
        stack.push(value)
        return .values(1)
    }

    // MARK: Waiting

    /// The scheduler; only functions of the running phase may ask.
    var scheduler: Scheduler {
        guard let scheduler = program.scheduler else {
            preconditionFailure("the dispatcher lets no function of the running phase through while loading")
        }
        return scheduler
    }

    /// Suspends the task. `start` begins the operation and returns what ends it when the task is cancelled; the
    /// operation resumes the task by the wake-up it is given, once, from the loop and never from within `start`.
    func wait(
        _ name: String, _ start: (Wakeup) throws(ScriptFault) -> () -> Void
    ) throws(ScriptFault) -> HostReturn {
        // Documents are made from what a function says about itself.
        assert(mayWait, "\(path) waits: say so by waits: true in its HostFunction")
        try requireWaiting()
        guard let task = scheduler.current else { throw fault("cannot wait outside of a task") }
        let wakeup = Wakeup(task: task, generation: task.generation, place: place(of: stack))
        let cancel = try start(wakeup)
        task.pending = PendingOperation(name: name, cancel: cancel)
        return .wait
    }

    /// Throws where a wait would have to cross C: a sort comparator, a gsub callback, a `__close` of a cancelled task.
    func requireWaiting() throws(ScriptFault) {
        guard halua_can_wait(stack.pointer) else {
            throw fault(
                "cannot wait here (inside a sort comparator, a gsub function, a metamethod called by the library, or"
                    + " the closing of a cancelled run)")
        }
    }
}
