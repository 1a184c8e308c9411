/// halua.tcp.connect{}: a connection to an address or a name, plain or by TLS.
import LinuxIO
import Wire

enum TCPBinding {
    static let functions = [
        HostFunction(
            "tcp.connect", .running, waits: true,
            fields: ["host", "port", "timeout", "source", "interface", "tls"], body: connect)
    ]

    /// connect{host, port, timeout, source, interface, tls} → connection, or nil and an error.
    private static func connect(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try perform(try request(call), call)
    }

    static func request(_ call: HostCall) throws(ScriptFault) -> TCPRequest {
        let fields = try call.fields()
        let host = try fields.required("host", fields.string("host"))
        guard DNSBinding.isName(host) else { throw call.fault("host \"\(host)\" is neither an address nor a name") }
        let port = try fields.required("port", fields.integer("port", in: 1...65_535))
        var request = TCPRequest(host: host, port: UInt16(port))
        request.timeout = try fields.duration("timeout")
        request.interface = try fields.string("interface")
        if let text = try fields.string("source") {
            guard let source = IPAddress(text) else { throw call.fault("source \"\(text)\" is no IP address") }
            request.source = source
        }
        request.tls = try TLSFields.field(call, fields)
        return request
    }

    static func perform(_ request: TCPRequest, _ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.requireWaiting()
        let program = call.program
        let slot: HandleSlot
        do throws(OperatingError) { slot = try program.takeSlot("tcp.connect") } catch { return call.fail(error) }
        return try call.wait("tcp.connect") { wakeup in
            let scheduler = call.scheduler
            let connecting = Connecting(request, loop: scheduler.loop, contexts: scheduler.contexts) { result in
                slot.free()
                ConnectionBinding.answer(wakeup, with: result, of: program)
            }
            return { connecting.cancel() }
        }
    }
}

/// What scripts say about TLS: `true`, or a table.
enum TLSFields {
    static let names = ["server_name", "ca", "verify", "cert", "key"]

    /// The field `tls`; nil when it is absent or false.
    static func field(_ call: HostCall, _ fields: Fields) throws(ScriptFault) -> TLSSettings? {
        switch try fields.toggle("tls", names) {
        case nil, .boolean(false): return nil
        case .boolean(true): return TLSSettings()
        case .table(let table): return try settings(call, table)
        }
    }

    static func settings(_ call: HostCall, _ fields: Fields) throws(ScriptFault) -> TLSSettings {
        var settings = TLSSettings()
        settings.serverName = try fields.string("server_name")
        if let name = settings.serverName, !DNSBinding.isName(name) {
            throw call.fault("server_name \"\(name)\" is neither an address nor a name")
        }
        settings.authorities = try fields.string("ca")
        settings.verifies = try fields.boolean("verify") ?? true
        settings.certificate = try fields.string("cert")
        settings.key = try fields.string("key") ?? settings.certificate
        guard settings.key == nil || settings.certificate != nil else {
            throw call.fault("a key needs a certificate: field \"cert\" is missing")
        }
        return settings
    }
}
