/// halua.http: get, post, put and request, and what their answer can do.
import CLua
import CLuaGlue
import LinuxIO

enum HTTPBinding {
    private static let options = [
        "headers", "body", "json", "timeout", "follow", "verify", "ca", "cert", "key", "user", "password", "interface",
        "source", "proxy", "unix", "max_bytes", "resolve", "nameserver", "reuse",
    ]

    static let functions = [
        HostFunction("http.get", .running, waits: true, fields: options) { call throws(ScriptFault) in
            try perform("GET", call)
        },
        HostFunction("http.post", .running, waits: true, fields: options) { call throws(ScriptFault) in
            try perform("POST", call)
        },
        HostFunction("http.put", .running, waits: true, fields: options) { call throws(ScriptFault) in
            try perform("PUT", call)
        },
        HostFunction("http.request", .running, waits: true, fields: ["method", "url"] + options) {
            call throws(ScriptFault) in try perform(nil, call)
        },
        HostFunction("Response:json", body: json),
    ]

    /// `method`: nil when the one table of the call says it.
    private static func perform(_ method: String?, _ call: HostCall) throws(ScriptFault) -> HostReturn {
        let transfers: TransferLoop
        let request: HTTPRequest
        do throws(OperatingError) {
            transfers = try self.transfers(of: call, for: "HTTP")
        } catch {
            return call.fail(error)
        }
        do throws(RequestRefusal) {
            request = try HTTPArguments(call, library: transfers.library).request(method)
        } catch {
            switch error {
            case .fault(let fault): throw fault
            case .operating(let error): return call.fail(error)
            }
        }
        return try perform(request, transfers, call)
    }

    static func perform(
        _ request: HTTPRequest, _ transfers: TransferLoop, _ call: HostCall
    ) throws(ScriptFault) -> HostReturn {
        try call.requireWaiting()
        let slot: HandleSlot
        do throws(OperatingError) { slot = try call.program.takeSlot(request.name) } catch { return call.fail(error) }
        return try call.wait(request.name) { wakeup in
            let exchange = HTTPExchange(request, transfers: transfers, loop: call.scheduler.loop) { result in
                slot.free()
                switch result {
                case .success(let response):
                    wakeup.resume { stack in
                        push(response, on: stack)
                        return 1
                    }
                case .failure(let error): wakeup.fail(error)
                }
            }
            return { exchange.cancel() }
        }
    }

    /// The plugin's own: its connections are nobody else's.
    static func transfers(of call: HostCall, for need: String) throws(OperatingError) -> TransferLoop {
        if let transfers = call.program.transfers { return transfers }
        let transfers = try TransferLoop(loop: call.scheduler.loop, for: need)
        call.program.transfers = transfers
        return transfers
    }

    // MARK: The answer

    static func push(_ response: HTTPResponse, on stack: Stack) {
        stack.pushTable()
        stack.push(response.status)
        stack.setField("status", of: -2)
        stack.pushTable()
        for header in response.headers {
            stack.push(header.value)
            stack.setField(header.name, of: -2)
        }
        stack.setField("headers", of: -2)
        stack.push(response.body)
        stack.setField("body", of: -2)
        stack.push(response.url)
        stack.setField("url", of: -2)
        stack.push(Double(response.time.wholeNanoseconds) / 1e9)
        stack.setField("time", of: -2)
        pushKind(stack)
        lua_setmetatable(stack.pointer, -2)
    }

    private static let kindKey = "halua.http.response"

    /// Pushes the metatable of answers; its methods are in "__index".
    static func pushKind(_ stack: Stack) {
        if stack.pushField(kindKey, of: halua_registry) == .table { return }
        stack.pop()
        stack.pushTable()
        stack.push(false)
        stack.setField("__metatable", of: -2)
        stack.pushTable()
        stack.setField("__index", of: -2)
        stack.pushCopy(of: -1)
        stack.setField(kindKey, of: halua_registry)
    }

    /// Gives the table at an index the methods of an answer; a test's world answers by plain tables.
    static func makeResponse(_ index: Int32, on stack: Stack) {
        guard stack.kind(index) == .table else { return }
        let table = lua_absindex(stack.pointer, index)
        pushKind(stack)
        lua_setmetatable(stack.pointer, table)
    }

    /// response:json() → the body as a value, or nil and an error.
    private static func json(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        call.stack.pushField("body", of: 1)
        guard let body = call.stack.octets(-1) else { throw call.fault("must be called with a colon on a response") }
        return JSONBinding.push(body, call)
    }
}
