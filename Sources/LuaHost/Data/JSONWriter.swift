/// JSON from Lua values, printed by jansson.
import CJansson
import CLua
import CLuaGlue
import Glibc

/// What JSON may be read and written at most; each bound is said when it is passed.
enum JSONLimits {
    static let depth = 100
    static let values = 200_000
    static let octets = 4 << 20
}

/// Why a value is not written.
enum JSONRefusal: Error {
    /// No correct script asks for this: a function, a table with holes, a table in itself.
    case fault(String)
    /// The value came from outside and cannot be JSON: octets that are no text, infinity, too much of it.
    case data(String)
}

/// Walks a Lua value by raw access and builds jansson's tree of it. The depth is bounded, so the recursion is.
struct JSONWriter {
    typealias Node = UnsafeMutablePointer<json_t>

    private let stack: Stack
    private var values = 0
    private var octets = 0
    /// How many digits tell every real number of the document from its neighbours.
    private var digits = 15

    /// The text of the value at an index.
    static func text(
        _ stack: Stack, _ index: Int32, pretty: Bool = false, sorted: Bool = false
    ) throws(JSONRefusal) -> [UInt8] {
        var writer = JSONWriter(stack: stack)
        let root = try writer.node(lua_absindex(stack.pointer, index), depth: 0, place: "value")
        defer { json_decref(root) }
        var flags = Int(JSON_ENCODE_ANY) | (pretty ? 2 : Int(JSON_COMPACT))
        if sorted { flags |= Int(JSON_SORT_KEYS) }
        // JSON_REAL_PRECISION, a macro with an argument.
        flags |= writer.digits << 11
        guard let text = json_dumps(root, flags) else { throw .data("not enough memory") }
        defer { free(text) }
        return Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }

    private init(stack: Stack) { self.stack = stack }

    private mutating func node(_ index: Int32, depth: Int, place: String) throws(JSONRefusal) -> Node {
        values += 1
        guard values <= JSONLimits.values else { throw .data("more than \(JSONLimits.values) values") }
        let node: Node?
        switch stack.kind(index) {
        case .none, .null: node = json_null()
        case .boolean: node = stack.boolean(index) ? json_true() : json_false()
        case .number: node = try number(index, place)
        case .string: node = try string(index, place)
        case .table: node = try table(index, depth: depth + 1, place)
        case .lightUserdata where lua_touserdata(stack.pointer, index) == nil: node = json_null()
        case .lightUserdata, .userdata, .function, .thread:
            throw .fault("\(place): a \(stack.kind(index).word) cannot be written as JSON")
        }
        guard let node else { throw .data("not enough memory") }
        return node
    }

    private mutating func number(_ index: Int32, _ place: String) throws(JSONRefusal) -> Node? {
        if lua_isinteger(stack.pointer, index) != 0 {
            return json_integer(json_int_t(lua_tointegerx(stack.pointer, index, nil)))
        }
        let value = lua_tonumberx(stack.pointer, index, nil)
        guard value.isFinite else { throw .data("\(place): JSON has no number \(value)") }
        digits = max(digits, Self.digits(of: value))
        return json_real(value)
    }

    /// How many digits the shortest text has that reads as exactly this number.
    private static func digits(of value: Double) -> Int {
        let count = "\(value)".prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }.count
        // Below a power of two the next number is nearer than above it, so that the nearest text of so many digits
        // may be another one's.
        return count > 15 && value.significandBitPattern == 0 ? 17 : min(count, 17)
    }

    private mutating func string(_ index: Int32, _ place: String) throws(JSONRefusal) -> Node {
        var length = 0
        let text = lua_tolstring(stack.pointer, index, &length)
        try count(length)
        guard let node = json_stringn(text, length) else { throw .data("\(place): the text is not valid UTF-8") }
        return node
    }

    private mutating func count(_ length: Int) throws(JSONRefusal) {
        octets += length
        guard octets <= JSONLimits.octets else { throw .data("more than \(JSONLimits.octets) octets of text") }
    }

    // MARK: Tables

    private mutating func table(_ index: Int32, depth: Int, _ place: String) throws(JSONRefusal) -> Node? {
        guard depth <= JSONLimits.depth else {
            throw .fault("tables are nested deeper than \(JSONLimits.depth), or one contains itself")
        }
        guard stack.reserve(8) else { throw .data("the stack is full") }
        if let count = try arrayCount(index, place) { return try array(index, count, depth, place) }
        return try object(index, depth, place)
    }

    /// How many elements an array has; nil for an object.
    private func arrayCount(_ index: Int32, _ place: String) throws(JSONRefusal) -> Int? {
        var (count, last, names) = (0, 0, 0)
        stack.pushNil()
        while lua_next(stack.pointer, index) != 0 {
            stack.pop()
            if stack.kind(-1) == .string {
                names += 1
                continue
            }
            guard lua_isinteger(stack.pointer, -1) != 0, let key = stack.integer(-1), key >= 1 else {
                let kind = stack.kind(-1) == .number ? stack.describe(-1) : "a \(stack.kind(-1).word)"
                stack.pop()
                throw .fault("\(place): \(kind) cannot be a key in JSON")
            }
            count += 1
            last = max(last, key)
        }
        let isMarked = JSONKinds.isArray(stack, index)
        if names > 0, count > 0 || isMarked {
            throw .fault("\(place): a table with names and numbers as keys is neither an array nor an object")
        }
        guard last == count else {
            throw .fault("\(place): an array with a hole: \(count) elements, the last at \(last)")
        }
        return count > 0 || isMarked ? count : nil
    }

    private mutating func array(_ index: Int32, _ count: Int, _ depth: Int, _ place: String) throws(JSONRefusal)
        -> Node?
    {
        let array = json_array()
        do throws(JSONRefusal) {
            for position in 0..<count {
                lua_rawgeti(stack.pointer, index, lua_Integer(position + 1))
                defer { stack.pop() }
                let element = try node(stack.count, depth: depth, place: "\(place)[\(position + 1)]")
                guard json_array_append_new(array, element) == 0 else { throw .data("not enough memory") }
            }
        } catch {
            json_decref(array)
            throw error
        }
        return array
    }

    private mutating func object(_ index: Int32, _ depth: Int, _ place: String) throws(JSONRefusal) -> Node? {
        let object = json_object()
        let top = stack.count
        do throws(JSONRefusal) {
            stack.pushNil()
            while lua_next(stack.pointer, index) != 0 {
                try member(of: object, depth, place)
                stack.pop()
            }
        } catch {
            lua_settop(stack.pointer, top)
            json_decref(object)
            throw error
        }
        return object
    }

    /// Adds the key and value on top of the stack.
    private mutating func member(of object: Node?, _ depth: Int, _ place: String) throws(JSONRefusal) {
        var length = 0
        // Only strings are keys of an object, so nothing is converted under lua_next's feet.
        let key = lua_tolstring(stack.pointer, -2, &length)
        try count(length)
        guard let key, strlen(key) == length else { throw .data("\(place): a name with a zero octet in it") }
        let value = try node(stack.count, depth: depth, place: "\(place).\(String(cString: key))")
        guard json_object_set_new(object, key, value) == 0 else {
            throw .data("\(place): a name that is not valid UTF-8")
        }
    }
}

/// Marks tables as arrays, so that an empty one is written as [].
enum JSONKinds {
    private static let key = "halua.json.array"

    /// Pushes the metatable of arrays.
    static func pushArray(_ stack: Stack) {
        if stack.pushField(key, of: halua_registry) == .table { return }
        stack.pop()
        stack.pushTable()
        stack.push(false)
        stack.setField("__metatable", of: -2)
        stack.pushCopy(of: -1)
        stack.setField(key, of: halua_registry)
    }

    static func isArray(_ stack: Stack, _ index: Int32) -> Bool {
        guard lua_getmetatable(stack.pointer, index) != 0 else { return false }
        pushArray(stack)
        defer { stack.pop(2) }
        return lua_rawequal(stack.pointer, -1, -2) != 0
    }
}
