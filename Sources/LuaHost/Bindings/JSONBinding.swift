/// halua.json: encode, decode, and what JSON knows and Lua does not: null and the empty array.
import CLua

enum JSONBinding {
    static let functions = [
        HostFunction("json.encode", fields: ["pretty", "sort"], body: encode),
        HostFunction("json.decode", fields: ["nulls"], body: decode),
        HostFunction("json.array", body: array),
    ]

    /// json.null, into the table `halua` on top of the stack.
    static func installConstants(_ stack: Stack) {
        stack.pushField("json", of: -1)
        lua_pushlightuserdata(stack.pointer, nil)
        stack.setField("null", of: -2)
        stack.pop()
    }

    /// encode(value [, {pretty, sort}]) → text, or nil and an error when the value holds what JSON cannot say.
    private static func encode(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        guard call.stack.kind(1) != .none else { throw call.fault("argument 1, the value, is missing") }
        let options = try call.options(at: 2)
        let pretty = try options.boolean("pretty") ?? false
        let sorted = try options.boolean("sort") ?? false
        do throws(JSONRefusal) {
            call.stack.push(try JSONWriter.text(call.stack, 1, pretty: pretty, sorted: sorted))
            return .values(1)
        } catch {
            return call.fail(try operatingError(error, call))
        }
    }

    /// The error to return for a value that cannot be written; raises what is the script's own mistake.
    static func operatingError(_ refusal: JSONRefusal, _ call: HostCall) throws(ScriptFault) -> OperatingError {
        switch refusal {
        case .fault(let sentence): throw call.fault(sentence)
        case .data(let sentence): return OperatingError(.protocol, "\(call.path): \(sentence)")
        }
    }

    /// decode(text [, {nulls}]) → value, or nil and an error that says where.
    private static func decode(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        guard let text = call.stack.octets(1) else {
            throw call.fault("argument 1 must be the text (a string), not \(call.stack.kind(1).word)")
        }
        let nulls = try call.options(at: 2).boolean("nulls") ?? false
        return push(text, call, keepsNulls: nulls)
    }

    /// Returns what a text says to the script.
    static func push(_ text: [UInt8], _ call: HostCall, keepsNulls: Bool = false) -> HostReturn {
        guard var error = JSONReader.push(text, on: call.stack, keepsNulls: keepsNulls) else { return .values(1) }
        error.message = "\(call.path): \(error.message)"
        return call.fail(error)
    }

    /// array(table) → the same table, which is written as an array even when it is empty.
    private static func array(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let stack = call.stack
        if stack.kind(1) == .none { stack.pushTable() }
        guard stack.kind(1) == .table else {
            throw call.fault("argument 1 must be a table, not \(stack.kind(1).word)")
        }
        if lua_getmetatable(stack.pointer, 1) != 0, !JSONKinds.isArray(stack, 1) {
            throw call.fault("argument 1 has a metatable of its own")
        }
        lua_settop(stack.pointer, 1)
        JSONKinds.pushArray(stack)
        lua_setmetatable(stack.pointer, 1)
        return .values(1)
    }
}
