/// halua.mysql in a played world: the test answers the statements.
import CLua
import CLuaGlue
import LinuxIO

/// A connection to a database that there is only in a test.
final class PlayedDatabase: HandleObject {
    static let kind = HandleKind.database
    let peer: String
    var isClosed = false

    init(peer: String) { self.peer = peer }
    func released() { isClosed = true }
}

enum PlayedDatabaseBinding {
    /// What stands for the functions of the API, by their paths.
    static let bodies: [String: HostFunction.Body] = [
        "mysql.connect": { call throws(ScriptFault) in try connect(call) },
        "Database:query": { call throws(ScriptFault) in try query(call) },
        "Database:ping": { call throws(ScriptFault) in try ping(call) },
        "Database:quote": { call throws(ScriptFault) in try quote(call) },
        "Database:close": { call throws(ScriptFault) in try close(call) },
        "Database:__close": { call throws(ScriptFault) in try close(call) },
        "Database:__index": { call throws(ScriptFault) in try field(call) },
    ]

    private static func connect(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let request = try MySQLBinding.request(call)
        let peer =
            switch request.place {
            case .host(let host, let port): "\(host == "localhost" ? "127.0.0.1" : host):\(port)"
            case .socket(let path): path
            }
        let program = call.program
        guard program.makeRoomForHandle() else {
            return call.fail(
                OperatingError(.denied, "mysql.connect: \(program.limits.handles) handles are open already"))
        }
        return try ScriptedBindings.ask(
            call, [.text(peer)], request.timeout, "connect to \(peer)",
            accepted: { wakeup, _ in
                wakeup.resume { stack in
                    _ = program.pushHandle(PlayedDatabase(peer: peer), on: stack)
                    return 1
                }
            })
    }

    private static func query(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let database = try call.object(PlayedDatabase.self)
        guard let statement = call.stack.octets(2), !statement.isEmpty else {
            throw call.fault("argument 2 must be a statement (a string)")
        }
        let timeout = call.stack.isNothing(3) ? MySQLLimits.queryTimeout : try call.duration(3)
        return try ask(call, database, [.text(database.peer), .string(statement)], timeout, "query")
    }

    private static func ping(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let database = try call.object(PlayedDatabase.self)
        let timeout = call.stack.isNothing(2) ? MySQLLimits.queryTimeout : try call.duration(2)
        return try ask(call, database, [.text(database.peer)], timeout, "ping")
    }

    private static func ask(
        _ call: HostCall, _ database: PlayedDatabase, _ arguments: [PlainValue], _ timeout: Duration, _ action: String
    ) throws(ScriptFault) -> HostReturn {
        guard !database.isClosed else {
            return call.fail(OperatingError(.closed, "the connection to \(database.peer) is closed"))
        }
        return try ScriptedBindings.ask(call, arguments, timeout, "\(action) \(database.peer)")
    }

    private static func quote(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        switch call.stack.kind(2) {
        case .null: call.stack.push("NULL")
        case .boolean: call.stack.push(call.stack.boolean(2) ? "TRUE" : "FALSE")
        case .number: call.stack.push(call.stack.describe(2))
        case .string:
            let (quote, backslash) = (UInt8(ascii: "'"), UInt8(ascii: "\\"))
            let escaped = (call.stack.octets(2) ?? []).flatMap {
                $0 == quote || $0 == backslash ? [backslash, $0] : [$0]
            }
            call.stack.push([quote] + escaped + [quote])
        case .none, .table, .function, .userdata, .lightUserdata, .thread:
            throw call.fault("argument 2 must be a string, a number, a boolean or nil")
        }
        return .values(1)
    }

    private static func close(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.object(PlayedDatabase.self).isClosed = true
        return .values(0)
    }

    private static func field(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let name = call.stack.describe(2)
        if name == "server_version" {
            call.stack.push("8.0.36-played")
            return .values(1)
        }
        halua_push_kind(call.stack.pointer, HandleKind.database.rawValue)
        call.stack.pushField("methods", of: -1)
        if call.stack.pushField(name, of: -1) == .function { return .values(1) }
        throw ScriptFault("a database has no \"\(name)\"")
    }
}
