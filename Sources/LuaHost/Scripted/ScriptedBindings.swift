/// The API with a test's world behind it: what would touch the machine or the network asks the test instead.
import CLua
import LinuxIO

enum ScriptedBindings {
    static let all: [HostFunction] = Bindings.all.map(scripted)

    /// Nouns whose functions are questions to the world: the arguments go to the test, its answer comes back.
    private static let questions: Set<String> = ["dns", "http", "icmp", "arp", "ndp", "exec", "mail"]

    private static func scripted(_ function: HostFunction) -> HostFunction {
        var function = function
        if let body = PlayedDatabaseBinding.bodies[function.path] ?? PlayedDatagramsBinding.bodies[function.path] {
            function.body = body
            return function
        }
        let noun = String(function.path.prefix { $0 != "." && $0 != ":" })
        switch function.path {
        case "tcp.connect", "unix.connect": function.body = connect
        case "Connection:starttls": function.body = startTLS
        case "file.read": function.body = readFile
        case "file.stat": function.body = statFile
        case "file.free":
            function.body = question
            function.waits = true
        case _ where questions.contains(noun):
            function.body = question
            function.waits = true
        default: break
        }
        return function
    }

    private static func world(_ call: HostCall) -> ScriptedWorld {
        guard let world = call.program.world else {
            preconditionFailure("only plugins that were loaded into a scripted world get its functions")
        }
        return world
    }

    /// All arguments as data: what a function of the API takes has no functions in it.
    private static func arguments(_ call: HostCall) throws(ScriptFault) -> [PlainValue] {
        guard call.stack.count > 0 else { return [] }
        var values: [PlainValue] = []
        for index in 1...call.stack.count {
            guard let value = PlainValue(call.stack, index) else {
                throw call.fault("argument \(index) cannot be played by a test: it is no plain data")
            }
            values.append(value)
        }
        return values
    }

    // MARK: Streams

    private static func connect(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let peer: String
        let timeout: Duration?
        if call.path == "unix.connect" {
            let request = try UnixBinding.request(call)
            (peer, timeout) = (request.path, request.timeout)
        } else {
            let request = try TCPBinding.request(call)
            let host = request.host == "localhost" ? "127.0.0.1" : request.host
            peer = host.contains(":") ? "[\(host)]:\(request.port)" : "\(host):\(request.port)"
            timeout = request.timeout
        }
        let (program, scheduler) = (call.program, call.scheduler)
        guard program.makeRoomForHandle() else {
            return call.fail(
                OperatingError(.denied, "connect to \(peer): \(program.limits.handles) connections are open already"))
        }
        let details = try arguments(call)
        return try ask(call, [.text(peer)] + details, timeout, "connect to \(peer)", accepted: nil) { wakeup, socket in
            let connection = Connection(socket, peer: peer, loop: scheduler.loop)
            wakeup.resume { stack in
                _ = program.pushHandle(connection, on: stack)
                return 1
            }
        }
    }

    /// The test's end of the connection knows no TLS: what follows goes on in plain words.
    private static func startTLS(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        _ = try call.object(Connection.self)
        if let fields = try call.optionalFields(at: 2) { _ = try TLSFields.settings(call, fields) }
        return call.push(true)
    }

    // MARK: Questions

    /// The arguments are read as the real function reads them, so that a mistake of the plugin shows in its test.
    private static func question(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let timeout: Duration?
        var sentence = call.path
        switch call.path {
        case "exec":
            let request = try ExecBinding.request(call)
            timeout = request.timeout
            sentence += " \(request.arguments[0])"
        case "dns.resolve":
            let request = try DNSBinding.request(call)
            // Addresses and localhost need no server.
            if NameLookup.known(request) != nil { return try DNSBinding.perform(request, call) }
            timeout = request.timeout
            sentence += " \(request.name)"
        case "mail.send":
            let request = try MailBinding.mail(call, try call.fields())
            return try ask(call, [.text(request.place)] + arguments(call), request.timeout, request.description)
        case _ where call.path.hasPrefix("http."): timeout = try namedTimeout(call) ?? .seconds(30)
        default: timeout = try namedTimeout(call)
        }
        return try ask(call, arguments(call), timeout, sentence)
    }

    /// Of functions whose named fields come first, or after a positional argument.
    private static func namedTimeout(_ call: HostCall) throws(ScriptFault) -> Duration? {
        guard !call.knownFields.isEmpty else { return nil }
        for index in Int32(1)...2 where call.stack.kind(index) == .table {
            let fields = try call.fields(at: index)
            return call.knownFields.contains("timeout") ? try fields.duration("timeout") : nil
        }
        return nil
    }

    /// Lets the task wait until the test has answered.
    ///
    /// `accepted`: what to do with an answer that is not handed on as it is.
    static func ask(
        _ call: HostCall, _ arguments: [PlainValue], _ timeout: Duration?, _ sentence: String,
        accepted: ((Wakeup, [PlainValue]) -> Void)? = nil,
        connected: ((Wakeup, StreamSocket) -> Void)? = nil
    ) throws(ScriptFault) -> HostReturn {
        let world = world(call)
        return try call.wait(call.path) { wakeup in
            let question = WorldQuestion(
                call.path, node: world.node, arguments: arguments, wakeup: wakeup, program: call.program,
                loop: world.loop, accepted: accepted.map { accepted in { accepted(wakeup, $0) } },
                connected: connected.map { connected in { connected(wakeup, $0) } })
            question.limit(to: timeout, sentence)
            // Not from within: the answer resumes the task, which is not waiting yet.
            world.loop.post { world.ask?(question) }
            return { question.close() }
        }
    }

    // MARK: Files

    private static func readFile(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let path = try call.string(1, "a path")
        let limit = call.stack.isNothing(2) ? 64 * 1024 : try call.integer(2, "the most octets to read")
        guard let bytes = world(call).files.read(path) else {
            return call.fail(OperatingError(.denied, "file.read \(path): No such file or directory"))
        }
        guard bytes.count <= limit else {
            return call.fail(OperatingError(.denied, "file.read \(path): longer than \(limit) octets"))
        }
        call.stack.push(bytes)
        return .values(1)
    }

    /// A file of root's that was written when the test wrote it.
    private static func statFile(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let path = try call.string(1, "a path")
        let files = world(call).files
        guard let bytes = files.read(path), let written = files.written(path) else {
            return call.fail(OperatingError(.denied, "file.stat \(path): No such file or directory"))
        }
        let fields = PlainValue.fields([
            "kind": .text("file"), "size": .integer(bytes.count), "mtime": .number(Double(written) / 1e9),
            "mode": .text("0644"), "owner": .integer(0), "group": .integer(0),
        ])
        fields.push(on: call.stack)
        return .values(1)
    }
}
