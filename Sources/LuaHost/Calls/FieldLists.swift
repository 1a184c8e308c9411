/// Fields that are lists and dictionaries of text, and the elements of a table that has fields as well.
import CLua

extension Fields {
    /// The elements of the table, numbers as text.
    func elements(_ what: String) throws(ScriptFault) -> [String] {
        let count = Int(lua_rawlen(stack.pointer, index))
        var elements: [String] = []
        for position in 0..<count {
            lua_rawgeti(stack.pointer, index, lua_Integer(position + 1))
            defer { stack.pop() }
            guard stack.kind(-1) == .string || stack.kind(-1) == .number else {
                throw call.fault("\(what) \(position + 1) must be a string, not \(stack.kind(-1).word)")
            }
            elements.append(try plain(stack.octets(-1) ?? Array(stack.describe(-1).utf8), "\(what) \(position + 1)"))
        }
        return elements
    }

    /// Text as programs get it: UTF-8 without a NUL octet.
    private func plain(_ octets: [UInt8], _ what: String) throws(ScriptFault) -> String {
        guard !octets.contains(0), let text = String(validating: octets, as: UTF8.self) else {
            throw call.fault("\(what) must be text without NUL octets, in UTF-8")
        }
        return text
    }

    /// A list of numbers.
    func numbers(_ name: String) throws(ScriptFault) -> [Double]? {
        try read(name, "a list of numbers") { stack in
            guard stack.kind(-1) == .table else { return nil }
            var numbers: [Double] = []
            for position in 0..<Int(lua_rawlen(stack.pointer, -1)) {
                lua_rawgeti(stack.pointer, -1, lua_Integer(position + 1))
                defer { stack.pop() }
                guard let number = stack.number(-1) else { return nil }
                numbers.append(number)
            }
            return numbers
        }
    }

    /// A table of strings by name.
    func dictionary(_ name: String) throws(ScriptFault) -> [String: String]? {
        guard stack.pushField(name, of: index) != .null else {
            stack.pop()
            return nil
        }
        defer { stack.pop() }
        guard stack.kind(-1) == .table else { throw wrong(name, "a table of strings by name") }
        var result: [String: String] = [:]
        let table = lua_absindex(stack.pointer, -1)
        stack.pushNil()
        while lua_next(stack.pointer, table) != 0 {
            let isFine = stack.kind(-2) == .string && (stack.kind(-1) == .string || stack.kind(-1) == .number)
            guard isFine, let key = stack.string(-2), !key.isEmpty, !key.contains("=") else {
                stack.pop(2)
                throw call.fault("field \"\(name)\" must be a table of strings by name")
            }
            let value = stack.octets(-1) ?? Array(stack.describe(-1).utf8)
            stack.pop()
            result[key] = try plain(value, "\(name).\(key)")
        }
        return result
    }
}
