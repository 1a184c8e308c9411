/// Lua values from JSON, parsed by jansson.
import CJansson
import CLua

/// Pushes what a JSON text says. The depth is bounded, so the recursion is.
struct JSONReader {
    private typealias Node = UnsafeMutablePointer<json_t>

    private let stack: Stack
    /// Whether a member that is null becomes json.null; else it is absent.
    private let keepsNulls: Bool

    /// Pushes one value; nothing when it returns an error.
    static func push(_ text: [UInt8], on stack: Stack, keepsNulls: Bool = false) -> OperatingError? {
        if let sentence = tooMuch(text) { return OperatingError(.protocol, sentence) }
        var failure = json_error_t()
        let root = text.withUnsafeBytes { buffer in
            json_loadb(
                buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count,
                Int(JSON_DECODE_ANY) | Int(JSON_REJECT_DUPLICATES) | Int(JSON_ALLOW_NUL), &failure)
        }
        guard let root else { return OperatingError(.protocol, words(failure, of: text)) }
        defer { json_decref(root) }
        let top = stack.count
        guard JSONReader(stack: stack, keepsNulls: keepsNulls).push(root, depth: 0) else {
            lua_settop(stack.pointer, top)
            return OperatingError(.protocol, "nested deeper than \(JSONLimits.depth)")
        }
        return nil
    }

    private static func words(_ failure: json_error_t, of text: [UInt8]) -> String {
        guard !text.isEmpty else { return "the text is empty" }
        let sentence = withUnsafeBytes(of: failure.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return "line \(failure.line) column \(failure.column): \(sentence)"
    }

    /// jansson keeps the tree outside of the plugin's memory limit, so the text must promise to stay small.
    private static func tooMuch(_ text: [UInt8]) -> String? {
        guard text.count <= JSONLimits.octets else { return "longer than \(JSONLimits.octets) octets" }
        // Each value but the first follows one of these; within strings they are counted for nothing, which is harmless.
        var marks = 0
        for octet in text where octet == UInt8(ascii: ",") || octet == UInt8(ascii: "[") || octet == UInt8(ascii: "{") {
            marks += 1
        }
        return marks > JSONLimits.values ? "more than \(JSONLimits.values) values" : nil
    }

    /// Pushes one value; false when it is too deep.
    private func push(_ node: Node, depth: Int) -> Bool {
        guard depth <= JSONLimits.depth, stack.reserve(8) else { return false }
        switch node.pointee.type {
        case JSON_OBJECT: return object(node, depth)
        case JSON_ARRAY: return array(node, depth)
        case JSON_STRING: lua_pushlstring(stack.pointer, json_string_value(node), json_string_length(node))
        case JSON_INTEGER: lua_pushinteger(stack.pointer, lua_Integer(json_integer_value(node)))
        case JSON_REAL: stack.push(json_real_value(node))
        case JSON_TRUE: stack.push(true)
        case JSON_FALSE: stack.push(false)
        default: lua_pushlightuserdata(stack.pointer, nil)
        }
        return true
    }

    private func array(_ node: Node, _ depth: Int) -> Bool {
        let count = json_array_size(node)
        lua_createtable(stack.pointer, Int32(clamping: count), 0)
        for position in 0..<count {
            guard let element = json_array_get(node, position), push(element, depth: depth + 1) else { return false }
            lua_rawseti(stack.pointer, -2, lua_Integer(position + 1))
        }
        JSONKinds.pushArray(stack)
        lua_setmetatable(stack.pointer, -2)
        return true
    }

    private func object(_ node: Node, _ depth: Int) -> Bool {
        lua_createtable(stack.pointer, 0, Int32(clamping: json_object_size(node)))
        var iterator = json_object_iter(node)
        while let current = iterator {
            iterator = json_object_iter_next(node, current)
            guard let value = json_object_iter_value(current) else { continue }
            if value.pointee.type == JSON_NULL, !keepsNulls { continue }
            lua_pushstring(stack.pointer, json_object_iter_key(current))
            guard push(value, depth: depth + 1) else { return false }
            lua_rawset(stack.pointer, -3)
        }
        return true
    }
}
