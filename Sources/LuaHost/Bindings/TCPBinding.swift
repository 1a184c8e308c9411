/// halua.tcp.connect{} and the connection: send, receive, close.
import LinuxIO
import SystemPackage
import Wire

enum TCPBinding {
    static let functions = [
        HostFunction(
            "tcp.connect", .running, waits: true, fields: ["host", "port", "timeout", "source", "interface"],
            body: connect),
        HostFunction("Connection:send", .running, waits: true, body: send),
        HostFunction("Connection:receive", .running, waits: true, body: receive),
        HostFunction("Connection:close", body: close),
        HostFunction("Connection:__close", body: close),
    ]

    // MARK: Connecting

    /// connect{host, port, timeout, source, interface} → connection, or nil and an error.
    private static func connect(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let fields = try call.fields()
        let host = try fields.required("host", fields.string("host"))
        let port = try fields.required("port", fields.integer("port", in: 1...65_535))
        let timeout = try fields.duration("timeout")
        let interface = try fields.string("interface")
        guard let address = address(host) else {
            return call.fail(OperatingError(.dns, "\"\(host)\" is no IP address: tcp.connect does not look up names"))
        }
        var source: IPAddress?
        if let text = try fields.string("source") {
            guard let parsed = IPAddress(text) else { throw call.fault("source \"\(text)\" is no IP address") }
            source = parsed
        }
        try call.requireWaiting()
        let peer = address.family == .ipv6 ? "[\(address)]:\(port)" : "\(address):\(port)"
        guard call.program.makeRoomForHandle() else { return call.fail(tooMany(peer, call.program)) }
        let connection: Connection
        do throws(IOFailure) {
            var destination = SocketAddress(address, port: UInt16(port))
            if address.isLinkLocal, address.family == .ipv6, let interface {
                destination.scope = try Interface(named: interface).index
            }
            let socket = try TCPConnector.start(to: destination, source: source, interface: interface)
            connection = Connection(socket, peer: peer, loop: call.scheduler.loop)
        } catch {
            return call.fail(Connection.error("connect to", peer, error))
        }
        return try finish(connection, call, timeout)
    }

    private static func finish(
        _ connection: Connection, _ call: HostCall, _ timeout: Duration?
    ) throws(ScriptFault) -> HostReturn {
        let program = call.program
        return try wait(call, connection, .write, timeout, "tcp.connect", "connect to") { wakeup in
            if let error = connection.finishConnecting() {
                connection.abandon()
                wakeup.fail(error)
                return true
            }
            // Others may have connected meanwhile.
            guard program.makeRoomForHandle() else {
                connection.abandon()
                wakeup.fail(tooMany(connection.peer, program))
                return true
            }
            wakeup.resume { stack in
                _ = program.pushHandle(connection, on: stack)
                return 1
            }
            return true
        }
    }

    /// Lets the task wait for the connection. `attempt` resumes it by the wake-up and returns true when it is through.
    private static func wait(
        _ call: HostCall, _ connection: Connection, _ interest: Interest, _ timeout: Duration?, _ name: String,
        _ action: String, attempt: @escaping (Wakeup) -> Bool
    ) throws(ScriptFault) -> HostReturn {
        try call.wait(name) { wakeup throws(ScriptFault) in
            do throws(IOFailure) {
                try connection.wait(
                    for: interest, timeout: timeout, action,
                    giveUp: { error in
                        if interest == .write, name == "tcp.connect" { connection.abandon() }
                        wakeup.fail(error)
                    }, attempt: { attempt(wakeup) })
            } catch {
                throw call.fault(error.description)
            }
            return { connection.abandon() }
        }
    }

    // MARK: The connection

    private static func idleConnection(_ call: HostCall) throws(ScriptFault) -> Connection {
        let connection = try call.object(Connection.self)
        guard !connection.isBusy else { throw call.fault("another task already waits for this connection") }
        return connection
    }

    private static func timeout(_ call: HostCall, at index: Int32) throws(ScriptFault) -> Duration? {
        call.stack.isNothing(index) ? nil : try call.duration(index)
    }

    /// send(data [, timeout]) → true, or nil and an error.
    private static func send(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let connection = try idleConnection(call)
        guard let bytes = call.stack.octets(2) else { throw call.fault("argument 2 must be the data (a string)") }
        let timeout = try timeout(call, at: 3)
        connection.queue(bytes)
        switch connection.flush() {
        case .done: return call.push(true)
        case .failed(let error, _): return call.fail(error)
        case .later: break
        }
        return try wait(call, connection, .write, timeout, "send", "send to") { wakeup in
            switch connection.flush() {
            case .done: wakeup.succeed()
            case .failed(let error, _): wakeup.fail(error)
            case .later: return false
            }
            return true
        }
    }

    /// receive(pattern [, timeout]) → data, or nil, an error and what had arrived.
    ///
    /// The pattern is a number of octets, "*l" for a line, or "*a" for all until the peer closes.
    private static func receive(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let connection = try idleConnection(call)
        let pattern = try pattern(call)
        let timeout = try timeout(call, at: 3)
        switch connection.receive(pattern) {
        case .done(let bytes):
            call.stack.push(bytes)
            return .values(1)
        case .failed(let error, let partial):
            _ = call.fail(error)
            call.stack.push(partial)
            return .values(3)
        case .later: break
        }
        return try wait(call, connection, .read, timeout, "receive", "receive from") { wakeup in
            switch connection.receive(pattern) {
            case .done(let bytes):
                wakeup.resume { stack in
                    stack.push(bytes)
                    return 1
                }
            case .failed(let error, let partial): wakeup.fail(error, partial: partial)
            case .later: return false
            }
            return true
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

    private static func close(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.object(Connection.self).close()
        return .values(0)
    }

    private static func tooMany(_ peer: String, _ program: Program) -> OperatingError {
        OperatingError(.denied, "connect to \(peer): \(program.limits.handles) connections are open already")
    }

    private static func address(_ host: String) -> IPAddress? {
        host == "localhost" ? IPAddress("127.0.0.1") : IPAddress(host)
    }
}
