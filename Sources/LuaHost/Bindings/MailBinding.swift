/// halua.mail.send{}: one mail to one server.
import CLua
import LinuxIO
import Wire

enum MailBinding {
    static let functions = [
        HostFunction(
            "mail.send", .running, waits: true,
            fields: [
                "server", "to", "cc", "from", "subject", "body", "timeout", "helo", "user", "password", "tls", "verify",
                "ca",
            ], body: send)
    ]

    /// send{…} → true, and an error when only some of the recipients get it; nil and an error.
    private static func send(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let request: MailRequest
        do throws(RequestRefusal) {
            request = try self.request(call)
        } catch {
            switch error {
            case .fault(let fault): throw fault
            case .operating(let error): return call.fail(error)
            }
        }
        return try perform(request, call)
    }

    private static func perform(_ request: MailRequest, _ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.requireWaiting()
        let transfers: TransferLoop
        let slot: HandleSlot
        do throws(OperatingError) {
            transfers = try HTTPBinding.transfers(of: call, for: "mail")
            slot = try call.program.takeSlot(call.path)
        } catch {
            return call.fail(error)
        }
        return try call.wait(call.path) { wakeup in
            let exchange = MailExchange(request, transfers: transfers, loop: call.scheduler.loop) { result in
                slot.free()
                switch result {
                case .success(let refusals):
                    wakeup.resume { stack in
                        stack.push(true)
                        guard var error = partly(refusals, request) else { return 1 }
                        error.place = wakeup.place
                        error.push(on: stack)
                        return 2
                    }
                case .failure(let error): wakeup.fail(error)
                }
            }
            return { exchange.cancel() }
        }
    }

    /// Who does not get a mail that others get.
    private static func partly(_ refusals: [MailRefusal], _ request: MailRequest) -> OperatingError? {
        guard let first = refusals.first else { return nil }
        let words = refusals.map { "\($0.recipient): \($0.reply)" }.joined(separator: "; ")
        return OperatingError(.denied, "\(request.description): \(words)", code: first.reply.code)
    }

    // MARK: Arguments

    private static func request(_ call: HostCall) throws(RequestRefusal) -> MailRequest {
        let fields: Fields
        var request: MailRequest
        do throws(ScriptFault) {
            fields = try call.fields()
            request = try mail(call, fields)
        } catch {
            throw .fault(error)
        }
        request.authorities = try fields.file("ca")
        return request
    }

    /// Everything but what is in files.
    static func mail(_ call: HostCall, _ fields: Fields) throws(ScriptFault) -> MailRequest {
        let user = try fields.string("user")
        let security = try security(fields, call, hasUser: user != nil)
        let place = try server(try fields.required("server", fields.string("server")), security, call)
        let sender = try fields.required("from", fields.string("from"))
        var request = MailRequest(
            host: place.host, port: place.port, security: security, from: try address(sender, "from", call),
            to: try addresses("to", fields, call), helo: try helo(fields, call))
        guard !request.to.isEmpty else { throw call.fault("field \"to\" is missing") }
        request.cc = try addresses("cc", fields, call)
        guard request.to.count + request.cc.count <= MailRequest.mostRecipients else {
            throw call.fault("more than \(MailRequest.mostRecipients) recipients")
        }
        request.subject = try subject(fields, call)
        request.body = try fields.octets("body") ?? []
        guard request.body.count <= MailRequest.longestBody else {
            throw call.fault("body is longer than \(MailRequest.longestBody) octets")
        }
        request.timeout = try fields.duration("timeout") ?? request.timeout
        request.verify = try fields.boolean("verify") ?? true
        request.user = user
        request.password = try fields.string("password")
        for text in [user, request.password] where text?.utf8.contains(0) == true {
            throw call.fault("neither user nor password may have a zero octet")
        }
        return request
    }

    /// A password is not sent in plain words unless the script says so.
    private static func security(
        _ fields: Fields, _ call: HostCall, hasUser: Bool
    ) throws(ScriptFault) -> MailRequest.Security {
        guard let word = try fields.string("tls") else { return hasUser ? .starttls : .off }
        guard let security = MailRequest.Security(rawValue: word) else {
            let words = MailRequest.Security.allCases.map(\.rawValue).joined(separator: ", ")
            throw call.fault("tls must be one of \(words), not \"\(word)\"")
        }
        return security
    }

    /// "mail.example.org", "192.0.2.25:587", "2001:db8::25", "[2001:db8::25]:587".
    private static func server(
        _ text: String, _ security: MailRequest.Security, _ call: HostCall
    ) throws(ScriptFault) -> (host: String, port: UInt16) {
        let wrong = call.fault("server \"\(text)\" is neither a host nor one with a port (\"mail.example.org:25\")")
        var host = text
        var port = security.usualPort
        if IPAddress(text) == nil, let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            guard let number = UInt16(text[text.index(after: colon)...]), number > 0 else { throw wrong }
            port = number
            host = String(text[..<colon])
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard IPAddress(host) != nil else { throw wrong }
        }
        let isHost = IPAddress(host) != nil || DNSBinding.isName(host) && host.utf8.allSatisfy(isNameCharacter)
        guard isHost else { throw wrong }
        return (host, port)
    }

    private static func isNameCharacter(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._".utf8.contains(octet)
        }
    }

    private static func helo(_ fields: Fields, _ call: HostCall) throws(ScriptFault) -> String {
        guard let name = try fields.string("helo") else { return Bindings.hostName }
        let isLiteral = name.hasPrefix("[") && name.hasSuffix("]")
        let bare = isLiteral ? String(name.dropFirst().dropLast()) : name
        guard DNSBinding.isName(bare), bare.utf8.allSatisfy({ isNameCharacter($0) || isLiteral && $0 == 0x3A }) else {
            throw call.fault("helo \"\(name)\" is no name of a host")
        }
        return name
    }

    private static func address(_ text: String, _ field: String, _ call: HostCall) throws(ScriptFault) -> String {
        guard MailAddress.isBare(text) else {
            throw call.fault("\(field): \"\(text)\" is no mail address (as in ops@example.org, without a name)")
        }
        return text
    }

    private static func addresses(
        _ field: String, _ fields: Fields, _ call: HostCall
    ) throws(ScriptFault) -> [String] {
        var addresses: [String] = []
        for text in try fields.strings(field) ?? [] { addresses.append(try address(text, field, call)) }
        return addresses
    }

    /// Whoever can put a line end into a subject could write headers.
    private static func subject(_ fields: Fields, _ call: HostCall) throws(ScriptFault) -> String {
        let text = try fields.string("subject") ?? ""
        guard text.utf8.count <= MailRequest.longestSubject else {
            throw call.fault("subject is longer than \(MailRequest.longestSubject) octets")
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) else {
            throw call.fault("subject has a line end or another control character")
        }
        return text
    }
}
