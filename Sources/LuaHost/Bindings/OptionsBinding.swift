/// halua.options{} and halua.required(type): the plugin states its options, the operator's values come back.
import CLua
import CLuaGlue

enum OptionsBinding {
    static let functions = [
        HostFunction("options", .loading, body: options),
        HostFunction("required", .loading, body: required),
    ]

    /// Marks the table that `required` returns.
    private static let requiredField = "halua.required"

    /// required(type) → a default that says: there is none.
    private static func required(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let word = try call.string(1, "a type")
        guard OptionType(word: word) != nil else {
            throw call.fault("\"\(word)\" is no type\(Suggestion.text(for: word, among: OptionType.words))")
        }
        call.stack.pushTable()
        call.stack.push(word)
        call.stack.setField(requiredField, of: -2)
        return .values(1)
    }

    /// options{name = default, …} → a table with a value for each name.
    private static func options(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let stack = call.stack
        let program = call.program
        guard stack.kind(1) == .table else { throw call.fault("takes a table of defaults") }
        guard !program.readOptions else { throw call.fault("is called twice") }
        program.readOptions = true
        var schema: [OptionSchema] = []
        stack.pushNil()
        while lua_next(stack.pointer, 1) != 0 {
            guard stack.kind(-2) == .string, let name = stack.string(-2) else {
                throw call.fault("the name of an option must be a string, not \(stack.describe(-2))")
            }
            guard let option = option(name, stack) else {
                throw call.fault(
                    "the default of \"\(name)\" must be a string, number, boolean, list of them, or halua.required")
            }
            schema.append(option)
            stack.pop()
        }
        let (values, failures) = Options.resolve(schema, program.spec)
        program.failures += failures
        guard failures.isEmpty else { throw call.fault("the configuration does not fit") }
        stack.pushTable()
        for (name, value) in values {
            value.push(on: stack)
            stack.setField(name, of: -2)
        }
        return .values(1)
    }

    /// The option whose default is on top of the stack.
    private static func option(_ name: String, _ stack: Stack) -> OptionSchema? {
        if stack.kind(-1) == .table {
            if let word = stack.stringField(requiredField, of: -1), let type = OptionType(word: word) {
                return OptionSchema(name: name, type: type, standard: nil)
            }
            return list(name, stack)
        }
        guard let value = scalar(stack) else { return nil }
        return OptionSchema(name: name, type: type(of: value), standard: value)
    }

    private static func list(_ name: String, _ stack: Stack) -> OptionSchema? {
        var values: [OptionValue] = []
        for index in 1...Int(clamping: lua_rawlen(stack.pointer, -1) + 1) {
            defer { stack.pop() }
            lua_rawgeti(stack.pointer, -1, lua_Integer(index))
            if stack.isNothing(-1) { break }
            guard let value = scalar(stack) else { return nil }
            values.append(value)
        }
        let element = values.first.map(type(of:)) ?? .string
        return OptionSchema(name: name, type: .list(element), standard: .list(values))
    }

    private static func scalar(_ stack: Stack) -> OptionValue? {
        switch stack.kind(-1) {
        case .string: stack.string(-1).map(OptionValue.string)
        case .boolean: .boolean(stack.boolean(-1))
        case .number: stack.integer(-1).map(OptionValue.integer) ?? stack.number(-1).map(OptionValue.number)
        case .none, .null, .lightUserdata, .table, .function, .userdata, .thread: nil
        }
    }

    /// A default such as "5s" makes the option a duration.
    private static func type(of value: OptionValue) -> OptionType {
        switch value {
        case .string(let text): Durations.parse(text) != nil ? .duration : .string
        case .integer, .number: .number
        case .boolean: .boolean
        case .list: .list(.string)
        }
    }
}
