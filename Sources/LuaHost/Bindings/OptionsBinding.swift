/// halua.options{}, required, optional, choice and refuse: a plugin states its options, the operator's values come back.
import CLua
import CLuaGlue
import Wire

enum OptionsBinding {
    static let functions = [
        HostFunction("options", .loading, body: options),
        HostFunction("required", .loading, body: { call throws(ScriptFault) in try marked(call) }),
        HostFunction("optional", .loading, body: optional),
        HostFunction("choice", .loading, body: choice),
        HostFunction("refuse", .loading, body: refuse),
    ]

    /// Marks the table that `required`, `optional` and `choice` return: the word of a type, or a list of words.
    private static let typeField = "halua.type"
    /// In such a table: the value when the operator says nothing.
    private static let standardField = "halua.standard"
    /// In such a table: true when there need not be a value.
    private static let optionalField = "halua.optional"

    /// optional(type or list of words) → a default that says: there need not be a value.
    private static func optional(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let result = try marked(call)
        call.stack.push(true)
        call.stack.setField(optionalField, of: -2)
        return result
    }

    /// required(type or list of words) → a default that says: there is none.
    private static func marked(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let stack = call.stack
        stack.pushTable()
        if stack.kind(1) == .table {
            stack.push(list: try words(call))
        } else {
            let word = try call.string(1, "a type")
            guard OptionType(word: word) != nil else {
                throw call.fault("\"\(word)\" is no type\(Suggestion.text(for: word, among: OptionType.words))")
            }
            stack.push(word)
        }
        stack.setField(typeField, of: -2)
        return .values(1)
    }

    /// choice{word, …} → a default that says: one of these words, the first unless the operator says another.
    private static func choice(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let words = try words(call)
        call.stack.pushTable()
        call.stack.push(list: words)
        call.stack.setField(typeField, of: -2)
        call.stack.push(words[0])
        call.stack.setField(standardField, of: -2)
        return .values(1)
    }

    /// refuse(option, message): a complaint about a value that has the right type and makes no sense. It raises, and
    /// the complaint stands also when that is caught: the plugin is not loaded.
    private static func refuse(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let option = try call.string(1, "the name of an option")
        let message = try call.string(2, "why")
        let spec = call.program.spec
        // An option that the operator did not set is wrong by its absence, which is the block's.
        let line = spec.options.last { $0.key == option }
        call.program.failures.append(
            LoadFailure(
                message: "\(option) of plugin \(spec.name): \(message)", file: line?.file ?? spec.file,
                line: line?.line ?? spec.line, column: line?.column ?? 0))
        throw call.fault(message)
    }

    /// The list of words in the first argument; at least two.
    private static func words(_ call: HostCall) throws(ScriptFault) -> [String] {
        guard call.stack.kind(1) == .table, let words = strings(call.stack, 1), words.count > 1 else {
            throw call.fault("takes a list of at least two words")
        }
        return words
    }

    private static func strings(_ stack: Stack, _ index: Int32) -> [String]? {
        var strings: [String] = []
        for number in 1...Int(clamping: lua_rawlen(stack.pointer, index) + 1) {
            defer { stack.pop() }
            lua_rawgeti(stack.pointer, index, lua_Integer(number))
            if stack.isNothing(-1) { break }
            guard let string = stack.string(-1) else { return nil }
            strings.append(string)
        }
        return strings
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
                    "the default of \"\(name)\" must be a string, number, boolean, a list of one of these, halua.choice, halua.optional, or halua.required"
                )
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
            if let type = markedType(stack) {
                let isOptional = stack.pushField(optionalField, of: -1) == .boolean
                stack.pop()
                var standard = stack.stringField(standardField, of: -1).map(OptionValue.string)
                if isOptional, case .list = type { standard = .list([]) }
                return OptionSchema(name: name, type: type, standard: standard, mayBeMissing: isOptional)
            }
            return list(name, stack)
        }
        guard let value = scalar(stack) else { return nil }
        return OptionSchema(name: name, type: type(of: value), standard: value)
    }

    /// The type in the mark of `required`, `optional` or `choice`, when the table on top is one.
    private static func markedType(_ stack: Stack) -> OptionType? {
        let kind = stack.pushField(typeField, of: -1)
        defer { stack.pop() }
        if kind == .table { return strings(stack, lua_absindex(stack.pointer, -1)).map(OptionType.choice) }
        return stack.string(-1).flatMap(OptionType.init(word:))
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
        guard values.allSatisfy({ type(of: $0) == element }) else { return nil }
        return OptionSchema(name: name, type: .list(element), standard: .list(values))
    }

    private static func scalar(_ stack: Stack) -> OptionValue? {
        switch stack.kind(-1) {
        case .string: stack.string(-1).map(OptionValue.string)
        case .boolean: .boolean(stack.boolean(-1))
        case .number:
            // 5.0 is an example of any number, 5 one of whole ones.
            lua_isinteger(stack.pointer, -1) != 0
                ? stack.integer(-1).map(OptionValue.integer) : stack.number(-1).map(OptionValue.number)
        case .none, .null, .lightUserdata, .table, .function, .userdata, .thread: nil
        }
    }

    /// By example: "5s" makes the option a duration, "http://…" a URL, "/…" a path, "127.0.0.1" a host, 5 a whole
    /// number, 5.0 any number.
    private static func type(of value: OptionValue) -> OptionType {
        switch value {
        case .string(let text):
            if Durations.parse(text) != nil {
                .duration
            } else if text.hasPrefix("http://") || text.hasPrefix("https://") {
                .url
            } else if text.hasPrefix("/") {
                .path
            } else {
                IPAddress(text) == nil ? .string : .host
            }
        case .integer: .integer
        case .number: .number
        case .boolean: .boolean
        case .list: .list(.string)
        }
    }
}
