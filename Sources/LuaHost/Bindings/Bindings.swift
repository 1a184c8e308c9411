/// The API as a list: one noun per file; a new noun is one more line here.
import CLua
import CLuaGlue
import LinuxIO

/// Every function of the API, and how they get into a state.
enum Bindings {
    /// The number plugins ask for by `halua.require_api`; additions do not change it.
    static let api = 1
    static let version = "0.1.0"

    static let all: [HostFunction] = [
        CheckBinding.functions,
        GateBinding.functions,
        HookBinding.functions,
        EventObject.functions,
        DuringBinding.functions,
        StoreBinding.functions,
        RequireBinding.functions,
        EveryBinding.functions,
        OptionsBinding.functions,
        InstanceBinding.functions,
        TaskBinding.functions,
        GroupBinding.functions,
        ExecBinding.functions,
        TCPBinding.functions,
        ConnectionBinding.functions,
        UnixBinding.functions,
        UDPBinding.functions,
        PingBinding.functions,
        DNSBinding.functions,
        ProcessBinding.functions,
        FileBinding.functions,
        CryptoBinding.functions,
        LogBinding.functions,
        MetricsBinding.functions,
        TimeBinding.functions,
        ErrorBinding.functions,
        JSONBinding.functions,
        HTTPBinding.functions,
        MailBinding.functions,
        MySQLBinding.functions,
    ].flatMap(\.self)

    /// Puts the table `halua` into the globals of a new state, and the methods into the kinds of handles.
    static func install(_ functions: [HostFunction], into program: Program) {
        let stack = program.builder
        for kind in HandleKind.allCases { prepare(kind, stack) }
        stack.pushTable()
        installConstants(stack)
        StoreBinding.install(stack)
        for (index, function) in functions.enumerated() {
            let identifier = Int32(index)
            if function.path == RequireBinding.loadedPath { continue }
            if function.path == RequireBinding.path {
                let loaded = functions.firstIndex { $0.path == RequireBinding.loadedPath } ?? index
                halua_push_require(stack.pointer, identifier, Int32(loaded))
            } else if function.takesText {
                halua_push_text_function(stack.pointer, identifier)
            } else {
                halua_push_function(stack.pointer, identifier)
            }
            place(function.path, on: stack)
        }
        JSONBinding.installConstants(stack)
        installGlobals(stack)
        stack.pop()
    }

    private static func prepare(_ kind: HandleKind, _ stack: Stack) {
        halua_push_kind(stack.pointer, kind.rawValue)
        stack.pushTable()
        stack.pushCopy(of: -1)
        stack.setField("methods", of: -3)
        stack.setField("__index", of: -2)
        stack.push("halua.\(kind)")
        stack.setField("__name", of: -2)
        stack.pop()
    }

    static var hostName: String {
        let text = (try? FileReader.text("/proc/sys/kernel/hostname")) ?? "localhost"
        return String(text.prefix { !$0.isNewline })
    }

    private static func installConstants(_ stack: Stack) {
        stack.push(api)
        stack.setField("api", of: -2)
        stack.push(version)
        stack.setField("version", of: -2)
        stack.push(InstanceBinding.any)
        stack.setField("ANY", of: -2)
        stack.push(hostName)
        stack.setField("hostname", of: -2)
    }

    /// Puts the function on top where its path says; the table `halua` is below it.
    private static func place(_ path: String, on stack: Stack) {
        if let colon = path.firstIndex(of: ":") {
            let name = String(path[path.index(after: colon)...])
            placeMethod(of: String(path[..<colon]), name, on: stack)
        } else if let dot = path.firstIndex(of: ".") {
            let group = String(path[..<dot])
            if stack.pushField(group, of: -2) != .table {
                stack.pop()
                stack.pushTable()
                stack.pushCopy(of: -1)
                stack.setField(group, of: -4)
            }
            lua_rotate(stack.pointer, -2, 1)
            stack.setField(String(path[path.index(after: dot)...]), of: -2)
            stack.pop()
        } else {
            stack.setField(path, of: -2)
        }
    }

    private static func placeMethod(of kindName: String, _ name: String, on stack: Stack) {
        if kindName == "Error" {
            halua_push_error_kind(stack.pointer)
        } else if kindName == "Event" {
            EventObject.pushKind(stack)
        } else if kindName == "Response" {
            HTTPBinding.pushKind(stack)
            stack.pushField("__index", of: -1)
            lua_rotate(stack.pointer, -2, -1)
            stack.pop()
        } else if kindName == "Store" {
            StoreBinding.pushKind(stack)
        } else {
            guard let kind = HandleKind.allCases.first(where: { $0.description == kindName }) else {
                preconditionFailure("there is no kind of handle \(kindName)")
            }
            halua_push_kind(stack.pointer, kind.rawValue)
            if !name.hasPrefix("__") {
                stack.pushField("methods", of: -1)
                lua_rotate(stack.pointer, -2, -1)
                stack.pop()
            }
        }
        lua_rotate(stack.pointer, -2, 1)
        stack.setField(name, of: -2)
        stack.pop()
    }

    /// `halua` itself, and `require` and `print`, which the API provides.
    private static func installGlobals(_ stack: Stack) {
        for name in ["require", "print"] {
            stack.pushField(name, of: -1)
            lua_setglobal(stack.pointer, name)
            stack.pushNil()
            stack.setField(name, of: -2)
        }
        RequireBinding.keepAPI(stack)
        stack.pushCopy(of: -1)
        lua_setglobal(stack.pointer, "halua")
    }
}
