/// halua.mysql.connect{} and the database: query, ping, quote, close.
import CLua
import CLuaGlue
import LinuxIO
import Wire

enum MySQLBinding {
    static let functions = [
        HostFunction(
            "mysql.connect", .running, waits: true,
            fields: [
                "host", "port", "socket", "user", "password", "database", "charset", "timeout", "source", "nameserver",
                "max_rows", "max_bytes",
            ], body: connect),
        HostFunction("Database:query", .running, waits: true, body: query),
        HostFunction("Database:ping", .running, waits: true, body: ping),
        HostFunction("Database:quote", .running, body: quote),
        HostFunction("Database:close", body: close),
        HostFunction("Database:__close", body: close),
        HostFunction("Database:__index", body: field),
    ]

    // MARK: Connecting

    private static func connect(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try perform(try request(call), call)
    }

    static func request(_ call: HostCall) throws(ScriptFault) -> MySQLRequest {
        let fields = try call.fields()
        let user = try fields.required("user", fields.string("user"))
        let password = try fields.string("password") ?? ""
        for text in [user, password] where text.utf8.contains(0) {
            throw call.fault("neither user nor password may have a zero octet")
        }
        var request = MySQLRequest(place: try place(fields, call), user: user, password: password)
        request.database = try fields.string("database")
        if let charset = try fields.string("charset") { request.charset = charset }
        request.timeout = try fields.duration("timeout") ?? request.timeout
        if let text = try fields.string("source") {
            guard let source = IPAddress(text) else { throw call.fault("source \"\(text)\" is no IP address") }
            request.source = source
        }
        if let text = try fields.string("nameserver") {
            guard let server = DNSBinding.server(text) else {
                throw call.fault("nameserver \"\(text)\" is neither an IP address nor one with a port")
            }
            request.nameServer = server
        }
        request.limits.rows = try fields.integer("max_rows", in: 1...MySQLLimits.mostRows) ?? request.limits.rows
        request.limits.octets =
            try fields.integer("max_bytes", in: 1...MySQLLimits.mostOctets) ?? request.limits.octets
        return request
    }

    private static func place(_ fields: Fields, _ call: HostCall) throws(ScriptFault) -> MySQLRequest.Place {
        let host = try fields.string("host")
        let port = try fields.integer("port", in: 1...65_535)
        guard let path = try fields.string("socket") else {
            let host = host ?? "127.0.0.1"
            guard DNSBinding.isName(host) else { throw call.fault("\"\(host)\" is no name of a host") }
            return .host(host, port: port ?? 3_306)
        }
        guard host == nil, port == nil else { throw call.fault("takes a socket, or a host and a port, not both") }
        guard (1...107).contains(path.utf8.count) else {
            throw call.fault("socket must be a path of 1 to 107 octets")
        }
        return .socket(path)
    }

    static func perform(_ request: MySQLRequest, _ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.requireWaiting()
        let program = call.program
        let slot: HandleSlot
        do throws(OperatingError) { slot = try program.takeSlot("mysql.connect") } catch { return call.fail(error) }
        return try call.wait("mysql.connect") { wakeup in
            let connector = MySQLConnector(request, loop: call.scheduler.loop) { result in
                slot.free()
                switch result {
                case .success(let session):
                    let database = MySQLDatabase(session, request)
                    wakeup.resume { stack in
                        // The slot has just been given back.
                        _ = program.pushHandle(database, on: stack)
                        return 1
                    }
                case .failure(let error): wakeup.fail(error)
                }
            }
            return { connector.cancel() }
        }
    }

    // MARK: The database

    private static func idleDatabase(_ call: HostCall) throws(ScriptFault) -> MySQLDatabase {
        let database = try call.object(MySQLDatabase.self)
        guard !database.isBusy else { throw call.fault("another task already waits for this connection") }
        return database
    }

    private static func timeout(_ call: HostCall, at index: Int32) throws(ScriptFault) -> Duration {
        call.stack.isNothing(index) ? MySQLLimits.queryTimeout : try call.duration(index)
    }

    /// query(sql [, timeout]) → a list of rows, or {affected, insert_id}; nil and an error.
    private static func query(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let database = try idleDatabase(call)
        guard let statement = call.stack.octets(2), !statement.isEmpty else {
            throw call.fault("argument 2 must be a statement (a string)")
        }
        guard statement.count <= MySQLLimits.longestStatement else {
            throw call.fault("the statement is longer than \(MySQLLimits.longestStatement) octets")
        }
        let timeout = try timeout(call, at: 3)
        return try wait("query", database, call, { push($0, on: $1) }) { completion in
            database.query(statement, timeout: timeout, completion)
        }
    }

    /// ping([timeout]) → true; nil and an error.
    private static func ping(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let database = try idleDatabase(call)
        let timeout = try timeout(call, at: 2)
        return try wait("ping", database, call, { $1.push(true) }) { completion in
            database.ping(timeout: timeout, completion)
        }
    }

    private static func wait(
        _ name: String, _ database: MySQLDatabase, _ call: HostCall, _ push: @escaping (MySQLAnswer, Stack) -> Void,
        _ start: (@escaping MySQLDatabase.Completion) -> Void
    ) throws(ScriptFault) -> HostReturn {
        let loop = call.scheduler.loop
        return try call.wait(name) { wakeup in
            // The answer may be there already, and the task waits only after this has returned.
            start { result in
                loop.post {
                    switch result {
                    case .success(let answer):
                        wakeup.resume { stack in
                            push(answer, stack)
                            return 1
                        }
                    case .failure(let error): wakeup.fail(error)
                    }
                }
            }
            return { database.abandon() }
        }
    }

    static func push(_ answer: MySQLAnswer, on stack: Stack) {
        switch answer {
        case .done(let affected, let insertID):
            stack.pushTable()
            stack.push(affected)
            stack.setField("affected", of: -2)
            stack.push(insertID)
            stack.setField("insert_id", of: -2)
        case .rows(let columns, let rows):
            lua_createtable(stack.pointer, Int32(clamping: rows.count), 0)
            for (position, row) in rows.enumerated() {
                lua_createtable(stack.pointer, 0, Int32(clamping: columns.count))
                for (name, value) in zip(columns, row) {
                    switch value {
                    case nil: continue
                    case .integer(let value): stack.push(value)
                    case .real(let value): stack.push(value)
                    case .octets(let octets): stack.push(octets)
                    }
                    stack.setField(name, of: -2)
                }
                lua_rawseti(stack.pointer, -2, lua_Integer(position + 1))
            }
        }
    }

    /// quote(value) → the value as SQL writes it.
    private static func quote(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let database = try call.object(MySQLDatabase.self)
        switch call.stack.kind(2) {
        case .null: call.stack.push("NULL")
        case .boolean: call.stack.push(call.stack.boolean(2) ? "TRUE" : "FALSE")
        case .number: call.stack.push(call.stack.describe(2))
        case .string:
            guard let literal = database.literal(call.stack.octets(2) ?? []) else {
                return call.fail(OperatingError(.closed, "the connection to \(database.peer) is closed"))
            }
            call.stack.push(literal)
        case .none, .table, .function, .userdata, .lightUserdata, .thread:
            throw call.fault("argument 2 must be a string, a number, a boolean or nil")
        }
        return .values(1)
    }

    private static func close(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.object(MySQLDatabase.self).close()
        return .values(0)
    }

    /// database.server_version, and the methods.
    private static func field(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let stack = call.stack
        let database = try call.object(MySQLDatabase.self)
        let name = stack.describe(2)
        if name == "server_version" {
            stack.push(database.serverVersion)
            return .values(1)
        }
        halua_push_kind(stack.pointer, HandleKind.database.rawValue)
        stack.pushField("methods", of: -1)
        if stack.pushField(name, of: -1) == .function { return .values(1) }
        let names = ["server_version", "query", "ping", "quote", "close"]
        throw ScriptFault("a database has no \"\(name)\"\(Suggestion.text(for: name, among: names))")
    }
}
