/// Typed reading and pushing on a Lua stack, by calls that can neither raise nor run script code.
import CLua
import CLuaGlue

/// A Lua stack as Swift may use it: raw access only, so that no metamethod runs and nothing jumps.
struct Stack {
    let pointer: OpaquePointer

    enum Kind: Int32 {
        case none = -1
        case null, boolean, lightUserdata, number, string, table, function, userdata, thread

        /// The word scripts know the type by.
        var word: String {
            switch self {
            case .none: "nothing"
            case .null: "nil"
            case .boolean: "boolean"
            case .lightUserdata, .userdata: "userdata"
            case .number: "number"
            case .string: "string"
            case .table: "table"
            case .function: "function"
            case .thread: "thread"
            }
        }
    }

    var count: Int32 { lua_gettop(pointer) }

    func pop(_ count: Int32 = 1) { lua_settop(pointer, -count - 1) }

    /// How many values the glue makes room for whenever a host function is called.
    static let most = Int32(HALUA_ROOM)

    /// Makes room; false when the stack is at its limit of a million values.
    func reserve(_ count: Int32) -> Bool { lua_checkstack(pointer, count) != 0 }

    // MARK: Pushing

    func pushNil() { lua_pushnil(pointer) }
    func push(_ value: Bool) { lua_pushboolean(pointer, value ? 1 : 0) }
    func push(_ value: Int) { lua_pushinteger(pointer, lua_Integer(value)) }
    func push(_ value: Double) { lua_pushnumber(pointer, value) }

    func push(_ value: String) {
        var value = value
        value.withUTF8 { bytes in push(UnsafeRawBufferPointer(bytes)) }
    }

    func push(_ bytes: some Sequence<UInt8>) {
        let array = Array(bytes)
        array.withUnsafeBytes { push($0) }
    }

    private func push(_ bytes: UnsafeRawBufferPointer) {
        lua_pushlstring(pointer, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
    }

    func pushTable() { lua_createtable(pointer, 0, 0) }

    func pushCopy(of index: Int32) { lua_pushvalue(pointer, index) }

    func push(list: [String]) {
        lua_createtable(pointer, Int32(clamping: list.count), 0)
        for (index, element) in list.enumerated() {
            push(element)
            lua_rawseti(pointer, -2, lua_Integer(index + 1))
        }
    }

    func pushKept(_ reference: Int32) { halua_push_kept(pointer, reference) }

    /// Sets a field of the table at `index` (counted with the value on top) to the value on top, and pops that.
    func setField(_ name: String, of index: Int32) {
        let table = lua_absindex(pointer, index)
        push(name)
        lua_rotate(pointer, -2, 1)
        lua_rawset(pointer, table)
    }

    /// Sets an element of the list at `index` (counted with the value on top) to the value on top, and pops that.
    func setElement(_ position: Int, of index: Int32) {
        lua_rawseti(pointer, index, lua_Integer(position))
    }

    /// Moves values from the top of this stack to the top of another of the same plugin.
    func move(_ count: Int32, to other: Stack) { lua_xmove(pointer, other.pointer, count) }

    // MARK: Reading

    func kind(_ index: Int32) -> Kind { Kind(rawValue: lua_type(pointer, index)) ?? .none }

    func isNothing(_ index: Int32) -> Bool { lua_type(pointer, index) <= LUA_TNIL }

    func boolean(_ index: Int32) -> Bool { lua_toboolean(pointer, index) != 0 }

    /// The octets of a string; nil for anything else, numbers included.
    func octets(_ index: Int32) -> [UInt8]? {
        guard kind(index) == .string else { return nil }
        var length = 0
        guard let text = lua_tolstring(pointer, index, &length) else { return nil }
        return Array(UnsafeRawBufferPointer(start: text, count: length))
    }

    func string(_ index: Int32) -> String? {
        octets(index).map { String(decoding: $0, as: UTF8.self) }
    }

    func number(_ index: Int32) -> Double? {
        kind(index) == .number ? lua_tonumberx(pointer, index, nil) : nil
    }

    /// A number without a fraction.
    func integer(_ index: Int32) -> Int? {
        guard kind(index) == .number else { return nil }
        var isInteger: Int32 = 0
        let value = lua_tointegerx(pointer, index, &isInteger)
        return isInteger != 0 ? Int(value) : nil
    }

    /// Pushes a field of the table at `index` and says what it is; nil is pushed when it is no table.
    @discardableResult
    func pushField(_ name: String, of index: Int32) -> Kind {
        guard kind(index) == .table else {
            pushNil()
            return .null
        }
        let table = lua_absindex(pointer, index)
        push(name)
        lua_rawget(pointer, table)
        return kind(-1)
    }

    func stringField(_ name: String, of index: Int32) -> String? {
        pushField(name, of: index)
        defer { pop() }
        return string(-1)
    }

    /// Takes the value on top and keeps it out of the collector's reach.
    func keep() -> Int32 { halua_keep(pointer) }

    /// Any value in words, without running script code: text, numbers, API errors, else the name of the type.
    func describe(_ index: Int32) -> String {
        switch kind(index) {
        case .string: return string(index) ?? ""
        case .number: return integer(index).map(String.init) ?? number(index).map { "\($0)" } ?? ""
        case .boolean: return boolean(index) ? "true" : "false"
        case .table:
            if let error = OperatingError(self, index) { return error.description }
            return "a table"
        case .none, .null, .lightUserdata, .function, .userdata, .thread: return kind(index).word
        }
    }
}
