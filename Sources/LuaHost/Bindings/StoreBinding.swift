/// halua.store: a table that survives a reload, for plain data.
import CLua
import CLuaGlue

enum StoreBinding {
    static let functions = [
        HostFunction("Store:__index", .running, body: read),
        HostFunction("Store:__newindex", .running, body: write),
        HostFunction("Store:__len", .running, body: count),
        HostFunction("Store:__pairs", .running, body: pairs),
    ]

    private static let kindKey = "halua.Store"
    /// The table behind the one that scripts see, in the registry.
    private static let contentsKey = "halua.Store.contents"
    private static let nextKey = "halua.Store.next"

    /// Pushes the metatable of the store.
    static func pushKind(_ stack: Stack) {
        if stack.pushField(kindKey, of: halua_registry) == .table { return }
        stack.pop()
        stack.pushTable()
        stack.push(false)
        stack.setField("__metatable", of: -2)
        stack.pushCopy(of: -1)
        stack.setField(kindKey, of: halua_registry)
    }

    /// Puts the store into the table `halua`, which is on top.
    static func install(_ stack: Stack) {
        stack.pushTable()
        pushKind(stack)
        lua_setmetatable(stack.pointer, -2)
        stack.setField("store", of: -2)
        stack.pushTable()
        stack.setField(contentsKey, of: halua_registry)
        lua_getglobal(stack.pointer, "next")
        stack.setField(nextKey, of: halua_registry)
    }

    // MARK: From and to the vault

    /// Fills the store of a plugin that begins.
    static func fill(_ program: Program, from vault: StoreVault) {
        program.vault = vault
        let stack = program.builder
        stack.pushField(contentsKey, of: halua_registry)
        for (key, value) in vault.contents(of: program.name) {
            key.push(on: stack)
            value.push(on: stack)
            lua_rawset(stack.pointer, -3)
        }
        stack.pop()
    }

    /// Takes over what the tables in the store hold now. What cannot be kept is returned as sentences.
    static func save(_ program: Program) -> [String] {
        guard let vault = program.vault else { return [] }
        let stack = program.builder
        stack.pushField(contentsKey, of: halua_registry)
        var refusals: [String] = []
        var values: [StoreValue: StoreValue] = [:]
        var size = 0
        stack.pushNil()
        while lua_next(stack.pointer, -2) != 0 {
            let name = "store.\(stack.describe(-2))"
            do throws(StoreRefusal) {
                let key = try StoreValue(stack, -2, name: name)
                let value = try StoreValue(stack, -1, name: name)
                size += key.size + value.size
                guard size <= StoreValue.mostOctets else { throw StoreVault.tooMuch(name) }
                values[key] = value
            } catch {
                refusals.append("store: \(error.sentence); it is not carried over")
            }
            stack.pop()
        }
        stack.pop()
        vault.replace(values, of: program.name)
        return refusals
    }

    // MARK: What scripts do

    private static func read(_ call: HostCall) -> HostReturn {
        let stack = call.stack
        stack.pushField(contentsKey, of: halua_registry)
        stack.pushCopy(of: 2)
        lua_rawget(stack.pointer, -2)
        return .values(1)
    }

    private static func write(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let stack = call.stack
        let name = "store.\(stack.describe(2))"
        // Not a number is no key of any table, and Lua would raise from within.
        let isKey = stack.kind(2) == .string || stack.number(2).map { !$0.isNaN } == true
        guard isKey, let vault = call.program.vault else {
            throw ScriptFault("store: a key must be a string or a number, not \(stack.describe(2))")
        }
        do throws(StoreRefusal) {
            let key = try StoreValue(stack, 2, name: name)
            let value = stack.isNothing(3) ? nil : try StoreValue(stack, 3, name: name)
            try vault.set(key, value, of: call.program.name, name: name)
        } catch {
            throw ScriptFault("store: \(error.sentence)")
        }
        stack.pushField(contentsKey, of: halua_registry)
        stack.pushCopy(of: 2)
        stack.pushCopy(of: 3)
        lua_rawset(stack.pointer, -3)
        return .values(0)
    }

    private static func count(_ call: HostCall) -> HostReturn {
        call.stack.pushField(contentsKey, of: halua_registry)
        call.stack.push(Int(lua_rawlen(call.stack.pointer, -1)))
        return .values(1)
    }

    private static func pairs(_ call: HostCall) -> HostReturn {
        call.stack.pushField(nextKey, of: halua_registry)
        call.stack.pushField(contentsKey, of: halua_registry)
        call.stack.pushNil()
        return .values(3)
    }
}
