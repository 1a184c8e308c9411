/// require: the API, and modules of plugin authors, each loaded once for a plugin and in its load phase only.
import CLua
import CLuaGlue

enum RequireBinding {
    static let path = "require"
    /// Only the glue calls it.
    static let loadedPath = "Module:__loaded"

    static let functions = [
        HostFunction(path, body: find),
        HostFunction(loadedPath, body: loaded),
    ]

    /// find(name) → the module when it is there, else the function of its file and the path.
    private static func find(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let name = try call.string(1, "the name of a module")
        let program = call.program
        if name == "halua" {
            // Not the global of that name, which a script may have changed.
            pushAPI(call.stack)
            return .values(1)
        }
        if let reference = program.modules.loaded[name] {
            call.stack.pushKept(reference)
            return .values(1)
        }
        guard program.scheduler == nil else {
            throw call.fault(
                "module \"\(name)\" is not loaded: modules are required in the file itself, not once the plugin runs")
        }
        if let first = program.modules.loading.firstIndex(of: name) {
            let chain = program.modules.loading[first...] + [name]
            throw call.fault("the modules require each other: \(chain.joined(separator: " → "))")
        }
        let (text, path) = try program.modules.read(name, for: program.spec, isTest: program.world != nil)
        try compile(text, name, call)
        program.note(source: text)
        program.modules.loading.append(name)
        call.stack.push(path)
        return .values(2)
    }

    /// Pushes the function of a file.
    private static func compile(_ text: [UInt8], _ name: String, _ call: HostCall) throws(ScriptFault) {
        let chunk = "@\(Modules.file(of: name) ?? name)"
        let status = text.withUnsafeBytes {
            halua_load(
                call.stack.pointer, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, chunk)
        }
        guard status == LUA_OK else {
            defer { call.stack.pop() }
            let message = call.stack.describe(-1)
            // Of bytecode there is no line.
            let isPlaced = message.hasPrefix(chunk.dropFirst())
            throw ScriptFault(isPlaced ? message : "require: \(chunk.dropFirst()): \(message)", isPlaced: isPlaced)
        }
    }

    /// loaded(name, whether it ran, value or error) → the module: what the file returned, or true.
    private static func loaded(_ call: HostCall) -> HostReturn {
        let stack = call.stack
        let name = stack.string(1) ?? ""
        call.program.modules.loading.removeAll { $0 == name }
        guard stack.boolean(2) else { return .values(0) }
        if stack.isNothing(3) { stack.push(true) } else { stack.pushCopy(of: 3) }
        stack.pushCopy(of: -1)
        call.program.modules.loaded[name] = stack.keep()
        return .values(1)
    }

    private static let apiKey = "halua.API"

    /// Remembers the table on top as the API.
    static func keepAPI(_ stack: Stack) {
        stack.pushCopy(of: -1)
        stack.setField(apiKey, of: halua_registry)
    }

    private static func pushAPI(_ stack: Stack) { stack.pushField(apiKey, of: halua_registry) }
}
