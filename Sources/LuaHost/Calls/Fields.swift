/// Named fields of a table argument, checked: unknown names and wrong types are the script's bugs.
import CLua

/// Reads the table at one index of a call.
struct Fields {
    let call: HostCall
    let index: Int32
    var stack: Stack { call.stack }

    /// `takesList`: the table has elements, too. Throws for a field that is not among the known ones. Where there is no
    /// table, every field is absent.
    init(_ call: HostCall, _ known: [String], at index: Int32, takesList: Bool = false) throws(ScriptFault) {
        self.call = call
        self.index = index
        let stack = call.stack
        guard stack.kind(index) == .table else { return }
        stack.pushNil()
        while lua_next(stack.pointer, index) != 0 {
            stack.pop()
            if takesList, stack.integer(-1) != nil { continue }
            guard stack.kind(-1) == .string, let name = stack.string(-1), known.contains(name) else {
                let name = stack.describe(-1)
                let hint = Suggestion.text(for: name, among: known)
                throw call.fault("there is no field \"\(name)\"\(hint)")
            }
        }
    }

    func wrong(_ name: String, _ wanted: String) -> ScriptFault {
        stack.pushField(name, of: index)
        defer { stack.pop() }
        return call.fault("field \"\(name)\" must be \(wanted), not \(stack.kind(-1).word)")
    }

    /// Reads one field by a function of the stack; nil when it is absent.
    func read<Value>(
        _ name: String, _ wanted: String, _ read: (Stack) -> Value?
    ) throws(ScriptFault) -> Value? {
        stack.pushField(name, of: index)
        defer { stack.pop() }
        if stack.isNothing(-1) { return nil }
        guard let value = read(stack) else { throw wrong(name, wanted) }
        return value
    }

    func string(_ name: String) throws(ScriptFault) -> String? { try read(name, "a string") { $0.string(-1) } }

    /// One string, or a list of them.
    func strings(_ name: String) throws(ScriptFault) -> [String]? {
        try read(name, "a string or a list of strings") { stack in
            if let only = stack.string(-1) { return [only] }
            guard stack.kind(-1) == .table else { return nil }
            var strings: [String] = []
            for index in 1...lua_rawlen(stack.pointer, -1) + 1 {
                defer { stack.pop() }
                lua_rawgeti(stack.pointer, -1, lua_Integer(index))
                if stack.isNothing(-1) { break }
                guard let string = stack.string(-1) else { return nil }
                strings.append(string)
            }
            return strings.isEmpty ? nil : strings
        }
    }

    func boolean(_ name: String) throws(ScriptFault) -> Bool? {
        try read(name, "true or false") { $0.kind(-1) == .boolean ? $0.boolean(-1) : nil }
    }

    /// The octets of a string.
    func octets(_ name: String) throws(ScriptFault) -> [UInt8]? { try read(name, "a string") { $0.octets(-1) } }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(ScriptFault) -> Int? {
        try read(name, "a whole number from \(range.lowerBound) to \(range.upperBound)") { stack in
            stack.integer(-1).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func duration(_ name: String) throws(ScriptFault) -> Duration? {
        try read(name, "a duration (seconds, or a string such as \"250ms\")") { HostCall.duration($0, -1) }
    }

    /// What stands in a field that may be true, false, or a table of named fields.
    enum Switch {
        case boolean(Bool)
        case table(Fields)
    }

    /// nil when the field is absent. A table stays on the stack until the call returns.
    func toggle(_ name: String, _ known: [String]) throws(ScriptFault) -> Switch? {
        switch stack.pushField(name, of: index) {
        case .none, .null: return nil
        case .boolean: return .boolean(stack.boolean(-1))
        case .table: return .table(try Fields(call, known, at: stack.count))
        case .lightUserdata, .number, .string, .function, .userdata, .thread:
            throw wrong(name, "true, false, or a table of named fields")
        }
    }

    /// Keeps the function and returns its reference.
    func function(_ name: String) throws(ScriptFault) -> Int32? {
        try read(name, "a function") { stack in
            guard stack.kind(-1) == .function else { return nil }
            stack.pushCopy(of: -1)
            return stack.keep()
        }
    }

    /// Keeps the value of a field out of the collector's reach for as long as the plugin lives.
    func keep(_ name: String) {
        stack.pushField(name, of: index)
        _ = stack.keep()
    }

    func required<Value>(_ name: String, _ value: Value?) throws(ScriptFault) -> Value {
        guard let value else { throw call.fault("field \"\(name)\" is missing") }
        return value
    }

    /// The object behind a handle in a field.
    func object<Object: HandleObject>(_ name: String, _ type: Object.Type) throws(ScriptFault) -> Object? {
        try read(name, "\(Object.kind.article) \(Object.kind)") { stack in
            call.program.object(type, at: -1, of: stack)
        }
    }
}

/// "did you mean" for words that are almost right.
enum Suggestion {
    /// Longer words are no typing errors, and comparing them takes time.
    private static let longestWord = 64

    /// " (did you mean \"port\"?)", or the list of what there is, or nothing.
    static func text(for word: String, among known: [String]) -> String {
        let comparable = word.utf8.count <= longestWord ? known : []
        let near = comparable.map { ($0, distance(Array(word.utf8), Array($0.utf8))) }.min { $0.1 < $1.1 }
        if let near, near.1 <= max(1, word.utf8.count / 3) { return " (did you mean \"\(near.0)\"?)" }
        return known.isEmpty ? "" : " (there are: \(known.sorted().joined(separator: ", ")))"
    }

    /// How many insertions, deletions, replacements and swaps of neighbours lie between two words.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var older: [Int] = []
        var row = Array(0...right.count)
        for (index, character) in left.enumerated() {
            var next = [index + 1]
            for (column, other) in right.enumerated() {
                var best = min(row[column] + (character == other ? 0 : 1), row[column + 1] + 1, next[column] + 1)
                if index > 0, column > 0, character == right[column - 1], left[index - 1] == other {
                    best = min(best, older[column - 1] + 1)
                }
                next.append(best)
            }
            older = row
            row = next
        }
        return row[right.count]
    }
}
