/// halua.icmp.ping, halua.arp.ping and halua.ndp.ping: does a host, or a neighbour on the link, answer?
import LinuxIO
import Wire

enum PingBinding {
    static let functions = [
        HostFunction("icmp.ping", .running, waits: true, fields: ["timeout", "interface", "size"], body: icmp),
        HostFunction("arp.ping", .running, waits: true, fields: ["timeout", "interface"]) {
            call throws(ScriptFault) in try neighbor(call, .ipv4)
        },
        HostFunction("ndp.ping", .running, waits: true, fields: ["timeout", "interface"]) {
            call throws(ScriptFault) in try neighbor(call, .ipv6)
        },
    ]

    /// The largest payload that fits into a jumbo frame.
    private static let largestSize = 8_972

    // MARK: ICMP

    /// icmp.ping(host [, {timeout, interface, size}]) → seconds, or nil and an error.
    private static func icmp(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try perform(try request(call), call)
    }

    static func request(_ call: HostCall) throws(ScriptFault) -> EchoRequest {
        let host = try call.string(1, "an address or a name")
        guard DNSBinding.isName(host) else { throw call.fault("\"\(host)\" is neither an address nor a name") }
        var request = EchoRequest(host: host)
        guard let fields = try call.optionalFields(at: 2) else { return request }
        request.timeout = try fields.duration("timeout") ?? request.timeout
        request.interface = try fields.string("interface")
        request.size = try fields.integer("size", in: 0...largestSize) ?? request.size
        return request
    }

    static func perform(_ request: EchoRequest, _ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.requireWaiting()
        let slot: HandleSlot
        do throws(OperatingError) { slot = try call.program.takeSlot("icmp.ping") } catch { return call.fail(error) }
        return try call.wait("icmp.ping") { wakeup in
            EchoProbe.start(request, call.scheduler.loop) { result in
                slot.free()
                switch result {
                case .failure(let error): wakeup.fail(error)
                case .success(let nanoseconds):
                    wakeup.resume { stack in
                        stack.push(Double(nanoseconds) / 1e9)
                        return 1
                    }
                }
            }
        }
    }

    // MARK: Neighbours

    /// ping(address [, {timeout, interface}]) → MAC address and seconds, or nil and an error.
    private static func neighbor(_ call: HostCall, _ family: AddressFamily) throws(ScriptFault) -> HostReturn {
        try perform(try neighborRequest(call, family), call)
    }

    static func neighborRequest(_ call: HostCall, _ family: AddressFamily) throws(ScriptFault) -> NeighborRequest {
        let text = try call.string(1, "an address")
        guard let address = IPAddress(text), address.family == family, !address.isMulticast, !address.isUnspecified
        else { throw call.fault("\"\(text)\" is no \(family == .ipv4 ? "IPv4" : "IPv6") address of a neighbour") }
        var request = NeighborRequest(address: address)
        guard let fields = try call.optionalFields(at: 2) else { return request }
        request.timeout = try fields.duration("timeout") ?? request.timeout
        request.interface = try fields.string("interface")
        return request
    }

    static func perform(_ request: NeighborRequest, _ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.requireWaiting()
        let slot: HandleSlot
        do throws(OperatingError) { slot = try call.program.takeSlot(call.path) } catch { return call.fail(error) }
        let (loop, ears) = (call.scheduler.loop, call.scheduler.ears)
        return try call.wait(call.path) { wakeup in
            do throws(OperatingError) {
                return try NeighborProbe.start(request, ears, loop) { result in
                    slot.free()
                    switch result {
                    case .failure(let error): wakeup.fail(error)
                    case .success(let answer):
                        wakeup.resume { stack in
                            stack.push(answer.mac.description)
                            stack.push(Double(answer.took) / 1e9)
                            return 2
                        }
                    }
                }
            } catch {
                let token = loop.after(.zero) { wakeup.fail(error) }
                return { loop.cancel(token) }
            }
        }
    }
}
