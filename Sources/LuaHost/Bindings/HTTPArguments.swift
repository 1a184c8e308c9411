/// The arguments of halua.http's functions, read into one request.
import CCurl
import CLua
import Wire

struct HTTPArguments {
    private let call: HostCall
    private let library: UnsafePointer<halua_curl>
    private var stack: Stack { call.stack }

    private static let mostHeaders = 100

    init(_ call: HostCall, library: UnsafePointer<halua_curl>) {
        self.call = call
        self.library = library
    }

    /// `method`: nil when the one table of the call says method and URL.
    func request(_ method: String?) throws(RequestRefusal) -> HTTPRequest {
        let index: Int32 = method == nil ? 1 : 2
        let (fields, request): (Fields, HTTPRequest)
        do throws(ScriptFault) {
            fields = try method == nil ? call.fields() : call.options(at: index)
            request = try head(method, fields, at: index)
        } catch {
            throw .fault(error)
        }
        return try withContents(fields, at: index, request)
    }

    /// Everything but what is read from files or written as JSON.
    private func head(_ method: String?, _ fields: Fields, at index: Int32) throws(ScriptFault) -> HTTPRequest {
        let text: String
        var word = "GET"
        if let method {
            text = try call.string(1, "a URL")
            word = method
        } else {
            text = try fields.required("url", fields.string("url"))
            if let method = try fields.string("method") { word = method }
        }
        guard isToken(word) else { throw call.fault("\"\(word)\" is no method") }
        var request = HTTPRequest(name: call.path, method: word, url: try address(text, "the URL"))
        try readWhole(fields, &request)
        try readPath(fields, &request)
        request.headers = try headers(at: index)
        return request
    }

    private func address(_ text: String, _ what: String) throws(ScriptFault) -> HTTPAddress {
        guard let address = HTTPAddress(text, library: library) else {
            // Not the text itself: it may hold a secret.
            throw call.fault("\(what) must begin with http:// or https:// and be printable ASCII")
        }
        return address
    }

    private func readWhole(_ fields: Fields, _ request: inout HTTPRequest) throws(ScriptFault) {
        request.timeout = try fields.duration("timeout") ?? request.timeout
        request.follow = try fields.integer("follow", in: 0...HTTPRequest.mostRedirects) ?? 0
        request.longestBody =
            try fields.integer("max_bytes", in: 0...HTTPRequest.highestLongestBody) ?? request.longestBody
        request.verify = try fields.boolean("verify") ?? true
        request.reuse = try fields.boolean("reuse") ?? false
        request.user = try fields.string("user")
        request.password = try fields.string("password")
    }

    private func readPath(_ fields: Fields, _ request: inout HTTPRequest) throws(ScriptFault) {
        if let interface = try fields.string("interface") {
            guard (1...15).contains(interface.utf8.count) else {
                throw call.fault("\"\(interface)\" is no name of an interface")
            }
            request.interface = interface
        }
        if let text = try fields.string("source") {
            guard let source = IPAddress(text) else { throw call.fault("source \"\(text)\" is no IP address") }
            request.source = source
        }
        if let text = try fields.string("proxy") {
            let proxy = try address(text, "proxy")
            guard !proxy.isSecure else { throw call.fault("proxy must begin with http://") }
            request.proxy = proxy
        }
        if let path = try fields.string("unix") {
            guard (1...107).contains(path.utf8.count) else {
                throw call.fault("unix must be a path of 1 to 107 octets")
            }
            request.unixSocket = path
        }
        if let text = try fields.string("nameserver") {
            guard let server = DNSBinding.server(text) else {
                throw call.fault("nameserver \"\(text)\" is neither an IP address nor one with a port")
            }
            request.nameServer = server
        }
        if let texts = try fields.strings("resolve") {
            var addresses: [IPAddress] = []
            for text in texts {
                guard let address = IPAddress(text) else { throw call.fault("resolve: \"\(text)\" is no IP address") }
                addresses.append(address)
            }
            request.addresses = addresses
        }
    }

    // MARK: Headers

    /// The table "headers" of the table at an index. A value is a text or a number.
    private func headers(at index: Int32) throws(ScriptFault) -> [(name: String, value: String)] {
        let top = stack.count
        defer { lua_settop(stack.pointer, top) }
        switch stack.pushField("headers", of: index) {
        case .table: break
        case .null, .none: return []
        default: throw call.fault("field \"headers\" must be a table of names and values, not \(stack.kind(-1).word)")
        }
        var headers: [(name: String, value: String)] = []
        stack.pushNil()
        while lua_next(stack.pointer, top + 1) != 0 {
            headers.append(try header())
            guard headers.count <= Self.mostHeaders else { throw call.fault("more than \(Self.mostHeaders) headers") }
            stack.pop()
        }
        return headers
    }

    /// The name and value on top of the stack.
    private func header() throws(ScriptFault) -> (name: String, value: String) {
        guard stack.kind(-2) == .string, let name = stack.string(-2), isToken(name) else {
            throw call.fault("headers: \"\(stack.describe(-2))\" is no name of a header")
        }
        guard !["content-length", "transfer-encoding"].contains(name.lowercased()) else {
            throw call.fault("headers: \(name) is told by the body itself")
        }
        guard stack.kind(-1) == .string || stack.kind(-1) == .number else {
            throw call.fault("headers: \(name) must be a string, not \(stack.kind(-1).word)")
        }
        let value = stack.describe(-1)
        guard !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
            throw call.fault("headers: \(name) has a control character")
        }
        return (name, value)
    }

    private func isToken(_ text: String) -> Bool {
        let marks = Array("!#$%&'*+-.^_`|~".utf8)
        return (1...200).contains(text.utf8.count)
            && text.utf8.allSatisfy { octet in
                (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet)
                    || marks.contains(octet)
            }
    }

    // MARK: Body and files

    private func withContents(
        _ fields: Fields, at index: Int32, _ given: HTTPRequest
    ) throws(RequestRefusal) -> HTTPRequest {
        var request = given
        do throws(ScriptFault) { request.body = try fields.octets("body") } catch { throw .fault(error) }
        stack.pushField("json", of: index)
        defer { stack.pop() }
        if !stack.isNothing(-1) {
            guard request.body == nil else { throw .fault(call.fault("takes body or json, not both")) }
            request.body = try json()
            add("Content-Type", "application/json", to: &request)
            add("Accept", "application/json", to: &request)
        }
        // A POST or PUT without a body has an empty one.
        if request.body == nil, request.method == "POST" || request.method == "PUT" { request.body = [] }
        if request.body != nil, !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            request.headers.append(("Content-Type", "application/octet-stream"))
        }
        if request.body != nil, request.method == "HEAD" { throw .fault(call.fault("HEAD has no body")) }
        add("User-Agent", "halua/\(Bindings.version)", to: &request)
        request.authorities = try fields.file("ca")
        request.certificate = try fields.file("cert")
        request.key = try fields.file("key")
        return request
    }

    private func add(_ name: String, _ value: String, to request: inout HTTPRequest) {
        guard !request.headers.contains(where: { $0.name.lowercased() == name.lowercased() }) else { return }
        request.headers.append((name, value))
    }

    private func json() throws(RequestRefusal) -> [UInt8] {
        do throws(JSONRefusal) {
            return try JSONWriter.text(stack, -1)
        } catch {
            switch error {
            case .fault(let sentence): throw .fault(call.fault("json: \(sentence)"))
            case .data(let sentence): throw .operating(OperatingError(.protocol, "\(call.path): json: \(sentence)"))
            }
        }
    }
}
