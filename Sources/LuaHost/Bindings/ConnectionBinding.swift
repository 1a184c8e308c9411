/// The methods of a connection, whatever it was opened by: send, receive, starttls, close.
import LinuxIO

enum ConnectionBinding {
    static let functions = [
        HostFunction("Connection:send", .running, waits: true, body: send),
        HostFunction("Connection:receive", .running, waits: true, body: receive),
        HostFunction(
            "Connection:starttls", .running, waits: true, fields: TLSFields.names + ["timeout"], body: startTLS),
        HostFunction("Connection:close", body: close),
        HostFunction("Connection:__close", body: close),
    ]

    /// Resumes the task that opened a connection with it, or with `nil, err`.
    static func answer(_ wakeup: Wakeup, with result: Result<Connection, OperatingError>, of program: Program) {
        switch result {
        case .failure(let error): wakeup.fail(error)
        case .success(let connection):
            // Others may have opened some meanwhile.
            guard program.makeRoomForHandle() else {
                connection.abandon()
                let words =
                    "connect to \(connection.peer): \(program.limits.handles) handles are open already (lua_handle_limit)"
                return wakeup.fail(OperatingError(.denied, words))
            }
            wakeup.resume { stack in
                _ = program.pushHandle(connection, on: stack)
                return 1
            }
        }
    }

    private static func idleConnection(_ call: HostCall) throws(ScriptFault) -> Connection {
        let connection = try call.object(Connection.self)
        guard !connection.isBusy else { throw call.fault("another task already waits for this connection") }
        return connection
    }

    private static func timeout(_ call: HostCall, at index: Int32) throws(ScriptFault) -> Duration? {
        call.stack.isNothing(index) ? nil : try call.duration(index)
    }

    /// Lets the task wait for the connection. `attempt` resumes it by the wake-up and returns nil when it is through.
    private static func wait(
        _ call: HostCall, _ connection: Connection, _ interest: Interest, _ timeout: Duration?, _ name: String,
        _ action: String, attempt: @escaping (Wakeup) -> Interest?
    ) throws(ScriptFault) -> HostReturn {
        try call.wait(name) { wakeup throws(ScriptFault) in
            do throws(IOFailure) {
                try connection.wait(
                    for: interest, timeout: timeout, action, giveUp: { wakeup.fail($0) },
                    attempt: { attempt(wakeup) })
            } catch {
                throw call.fault(error.description)
            }
            return { connection.abandon() }
        }
    }

    // MARK: Sending and receiving

    /// send(data [, timeout]) → true, or nil and an error.
    private static func send(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let connection = try idleConnection(call)
        guard let bytes = call.stack.octets(2) else { throw call.fault("argument 2 must be the data (a string)") }
        let timeout = try timeout(call, at: 3)
        guard connection.queue(bytes) else {
            let words = "an earlier send was cut off in the middle; open a new connection"
            return call.fail(OperatingError(.closed, "send to \(connection.peer): \(words)"))
        }
        let interest: Interest
        switch connection.flush() {
        case .done: return call.push(true)
        case .failed(let error, _): return call.fail(error)
        case .later(let next): interest = next
        }
        return try wait(call, connection, interest, timeout, "send", "send to") { wakeup in
            switch connection.flush() {
            case .done: wakeup.succeed()
            case .failed(let error, _): wakeup.fail(error)
            case .later(let next): return next
            }
            return nil
        }
    }

    /// receive(pattern [, timeout]) → data, or nil, an error and what had arrived.
    ///
    /// The pattern is a number of octets, "*l" for a line, or "*a" for all until the peer closes.
    private static func receive(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let connection = try idleConnection(call)
        let pattern = try pattern(call)
        let timeout = try timeout(call, at: 3)
        let interest: Interest
        switch connection.receive(pattern) {
        case .done(let bytes):
            call.stack.push(bytes)
            return .values(1)
        case .failed(let error, let partial):
            _ = call.fail(error)
            call.stack.push(partial)
            return .values(3)
        case .later(let next): interest = next
        }
        return try wait(call, connection, interest, timeout, "receive", "receive from") { wakeup in
            switch connection.receive(pattern) {
            case .done(let bytes):
                wakeup.resume { stack in
                    stack.push(bytes)
                    return 1
                }
            case .failed(let error, let partial): wakeup.fail(error, partial: partial)
            case .later(let next): return next
            }
            return nil
        }
    }

    private static func pattern(_ call: HostCall) throws(ScriptFault) -> ReceivePattern {
        if let count = call.stack.integer(2), (0...Connection.longest).contains(count) { return .count(count) }
        switch call.stack.string(2) {
        case "*l": return .line
        case "*a": return .all
        default:
            throw call.fault("the pattern must be a number of octets up to \(Connection.longest), \"*l\" or \"*a\"")
        }
    }

    // MARK: TLS and the end

    /// starttls([{server_name, ca, verify, cert, key, timeout}]) → true, or nil and an error; it is closed then.
    private static func startTLS(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let connection = try idleConnection(call)
        let fields = try call.optionalFields(at: 2)
        let settings = try fields.map { fields throws(ScriptFault) in try TLSFields.settings(call, fields) }
        let timeout = try fields?.duration("timeout")
        guard !connection.isEncrypted else { throw call.fault("the connection is by TLS already") }
        try call.requireWaiting()
        do throws(OperatingError) {
            try connection.startTLS(settings ?? TLSSettings(), call.scheduler.contexts)
        } catch {
            connection.close()
            return call.fail(error)
        }
        return try call.wait("starttls") { wakeup throws(ScriptFault) in
            do throws(OperatingError) {
                try Handshake.run(connection, timeout: timeout) { result in
                    switch result {
                    case .success: wakeup.succeed()
                    case .failure(let error): wakeup.fail(error)
                    }
                }
            } catch {
                throw call.fault(error.description)
            }
            return { connection.abandon() }
        }
    }

    private static func close(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.object(Connection.self).close()
        return .values(0)
    }
}
