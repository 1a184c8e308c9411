/// The two ways a script can fail: the world said no (operating), or the script is wrong (a bug).
import CLua
import CLuaGlue

/// What went wrong outside of the script, as scripts get it: `nil, err`.
struct OperatingError: Error, Hashable, CustomStringConvertible {
    enum Kind: String, CaseIterable {
        case timeout, refused, unreachable, reset, closed, dns, auth, `protocol`, denied, cancelled
    }

    /// One of the words of `Kind`.
    var kind: String
    var message: String
    /// "mycat.lua:41"; empty when nobody knows.
    var place: String
    /// The number by which a server said no, where its protocol has such numbers and scripts decide by them.
    var code: Int?

    init(_ kind: Kind, _ message: String, code: Int? = nil) {
        self.kind = kind.rawValue
        self.message = message
        self.code = code
        place = ""
    }

    /// Reads an error object; nil when the value is none.
    init?(_ stack: Stack, _ index: Int32) {
        let index = lua_absindex(stack.pointer, index)
        guard halua_is_error(stack.pointer, index) else { return nil }
        kind = stack.stringField("kind", of: index) ?? ""
        message = stack.stringField("message", of: index) ?? ""
        place = stack.stringField("where", of: index) ?? ""
        stack.pushField("code", of: index)
        code = stack.integer(-1)
        stack.pop()
    }

    /// One line: the message, and where the call was.
    var description: String { place.isEmpty ? message : "\(message) (\(place))" }

    /// Pushes the error object that a script can read, raise, and print.
    func push(on stack: Stack) {
        stack.pushTable()
        stack.push(kind)
        stack.setField("kind", of: -2)
        stack.push(message)
        stack.setField("message", of: -2)
        stack.push(place)
        stack.setField("where", of: -2)
        if let code {
            stack.push(code)
            stack.setField("code", of: -2)
        }
        halua_push_error_kind(stack.pointer)
        lua_setmetatable(stack.pointer, -2)
    }
}

/// A call that no correct script makes: a wrong argument, a wait where none can be. Raised with file and line.
struct ScriptFault: Error {
    var message: String
    /// The message begins with file and line already.
    var isPlaced: Bool

    init(_ message: String, isPlaced: Bool = false) {
        self.message = message
        self.isPlaced = isPlaced
    }
}

/// How an error that ended a task counts.
enum ScriptError: Hashable {
    /// The API's own error object was raised: the check has failed.
    case operating(OperatingError)
    /// Anything else: the message with file, line and traceback.
    case bug(String)

    /// An error value in words, without running script code. Anything may be raised, nil too.
    static func words(for stack: Stack, _ index: Int32) -> String {
        if let error = OperatingError(stack, index) { return error.description }
        switch stack.kind(index) {
        case .string, .number: return stack.describe(index)
        case .table: return "the error value is a table without a message"
        case .none, .null, .boolean, .lightUserdata, .function, .userdata, .thread:
            return "the error value is no message but \(stack.describe(index))"
        }
    }

    private static let noMemory = "not enough memory"

    /// What Lua says about memory has neither a place nor advice.
    static func explained(_ message: String, _ task: Stack, _ limits: ScriptLimits) -> String {
        guard message.utf8.count < 256, message.hasSuffix(noMemory) else { return message }
        let line = message == noMemory ? place(of: task) : ""
        let megabytes = Durations.trimmed(Double(limits.memoryBytes) / 1_048_576)
        return (line.isEmpty ? message : "\(line): \(message)")
            + ": a plugin may have \(megabytes) MiB; keep less, or raise lua_memory_limit"
    }

    /// Takes the error value from the top of a failed task's stack, while the stack still shows where it happened.
    ///
    /// It is looked at on the builder's stack, because the task's own may be full.
    static func take(from task: Stack, of program: Program) -> ScriptError {
        let builder = program.builder
        lua_xmove(task.pointer, builder.pointer, 1)
        defer { builder.pop() }
        if let error = OperatingError(builder, -1) { return .operating(error) }
        let message = explained(words(for: builder, -1), task, program.limits)
        halua_push_traceback(builder.pointer, task.pointer, message)
        defer { builder.pop() }
        return .bug(builder.string(-1) ?? message)
    }
}

/// Where a task is: "mycat.lua:41", or an empty string.
func place(of stack: Stack) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        guard let start = buffer.baseAddress else { return "" }
        halua_where(stack.pointer, start, buffer.count)
        return String(cString: start)
    }
}
