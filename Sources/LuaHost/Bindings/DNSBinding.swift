/// halua.dns.resolve(name [, {…}]): what the DNS and /etc/hosts say about a name.
import CLua
import LinuxIO
import Wire

enum DNSBinding {
    static let functions = [
        HostFunction("dns.resolve", .running, waits: true, fields: ["type", "server", "timeout"], body: resolve)
    ]

    /// The longest name that the DNS knows.
    static let longestName = 253

    /// resolve(name [, {type, server, timeout}]) → a list, or nil and an error.
    ///
    /// Addresses are text. SRV gives {target, port, priority, weight}, the first to try first; TXT and PTR give text.
    private static func resolve(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try perform(try request(call), call)
    }

    static func request(_ call: HostCall) throws(ScriptFault) -> LookupRequest {
        let name = try call.string(1, "a name")
        guard isName(name) else { throw call.fault("\"\(name)\" is no name: 1 to \(longestName) printable characters") }
        var request = LookupRequest(name: name, kind: .addresses)
        guard let fields = try call.optionalFields(at: 2) else { return request }
        if let word = try fields.string("type") {
            let words = LookupKind.allCases.filter { $0 != .addresses }.map(\.rawValue)
            guard words.contains(word), let kind = LookupKind(rawValue: word) else {
                throw call.fault("type must be one of \(words.joined(separator: ", ")), not \"\(word)\"")
            }
            request.kind = kind
        }
        if let text = try fields.string("server") {
            guard let server = server(text) else {
                throw call.fault(
                    "server must be an IP address, or one with a port (\"192.0.2.53:5353\"), not \"\(text)\"")
            }
            request.server = server
        }
        request.timeout = try fields.duration("timeout") ?? request.timeout
        return request
    }

    static func perform(_ request: LookupRequest, _ call: HostCall) throws(ScriptFault) -> HostReturn {
        if let known = NameLookup.known(request) {
            switch known {
            case .success(let answer):
                push(answer, on: call.stack)
                return .values(1)
            case .failure(let error): return call.fail(error)
            }
        }
        try call.requireWaiting()
        let slot: HandleSlot
        do throws(OperatingError) { slot = try call.program.takeSlot("dns.resolve") } catch { return call.fail(error) }
        return try call.wait("dns.resolve") { wakeup in
            NameLookup.start(request, loop: call.scheduler.loop) { result in
                slot.free()
                switch result {
                case .success(let answer):
                    wakeup.resume { stack in
                        push(answer, on: stack)
                        return 1
                    }
                case .failure(let error): wakeup.fail(error)
                }
            }
        }
    }

    // MARK: Values

    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= longestName && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    /// An address with or without a port, in the form c-ares reads.
    static func server(_ text: String) -> String? {
        if let address = IPAddress(text) { return SocketAddress(address, port: 53).description }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return IPAddress(host).map { SocketAddress($0, port: port).description }
    }

    private static func push(_ answer: LookupAnswer, on stack: Stack) {
        switch answer {
        case .addresses(let addresses): stack.push(list: addresses.map(\.description))
        case .names(let names): stack.push(list: names)
        case .texts(let texts):
            stack.pushTable()
            for (index, text) in texts.enumerated() {
                stack.push(text)
                lua_rawseti(stack.pointer, -2, lua_Integer(index + 1))
            }
        case .services(let services):
            stack.pushTable()
            for (index, service) in services.enumerated() {
                push(service, on: stack)
                lua_rawseti(stack.pointer, -2, lua_Integer(index + 1))
            }
        }
    }

    private static func push(_ service: ServiceRecord, on stack: Stack) {
        stack.pushTable()
        stack.push(service.target)
        stack.setField("target", of: -2)
        stack.push(service.port)
        stack.setField("port", of: -2)
        stack.push(service.priority)
        stack.setField("priority", of: -2)
        stack.push(service.weight)
        stack.setField("weight", of: -2)
    }
}
