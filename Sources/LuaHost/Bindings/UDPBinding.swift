/// halua.udp.socket{} and its methods: datagrams to one peer and back.
import LinuxIO
import SystemPackage
import Wire

/// Whom a script wants to exchange datagrams with, all of it checked.
struct UDPRequest: Hashable {
    /// An address or a name.
    var host: String
    var port: UInt16
    /// For the lookup of a name.
    var timeout = LookupRequest.defaultTimeout
    var source: IPAddress?
    var sourcePort: UInt16 = 0
    var interface: String?
}

/// A UDP socket as the script holds it.
final class Datagrams: HandleObject {
    static let kind = HandleKind.datagram

    let peer: String
    fileprivate let waiting: ReadinessWait
    /// nil once it is closed.
    fileprivate var socket: DatagramSocket?
    private var giveUp: ((OperatingError) -> Void)?

    init(_ socket: DatagramSocket, peer: String, loop: EventLoop) {
        self.socket = socket
        self.peer = peer
        waiting = ReadinessWait(loop: loop)
    }

    func released() { close() }

    /// A waiting operation fails with "closed".
    func close() {
        let giveUp = giveUp
        abandon()
        giveUp?(OperatingError(.closed, "the socket to \(peer) was closed"))
    }

    /// Closes because the task that waited is gone.
    func abandon() {
        giveUp = nil
        waiting.end()
        socket = nil
    }

    /// The socket while it is open.
    func opened() throws(OperatingError) -> DatagramSocket {
        guard let socket else { throw OperatingError(.closed, "the socket to \(peer) is closed") }
        return socket
    }

    /// Waits until `attempt` returns true. Throws: ENOSPC, ENOMEM of epoll.
    func wait(
        _ socket: DatagramSocket, _ interest: Interest, _ timeout: Duration?, _ action: String,
        giveUp: @escaping (OperatingError) -> Void, attempt: @escaping () -> Bool
    ) throws(IOFailure) {
        let subject = "\(action) \(peer)"
        try waiting.begin(
            socket.descriptor, interest, timeout: timeout,
            defeated: { [weak self] defeat in
                self?.giveUp = nil
                switch defeat {
                case .expired(let span):
                    giveUp(OperatingError(.timeout, "\(subject): timed out after \(Durations.describe(span))"))
                case .failed(let error): giveUp(OperatingError(.denied, "\(subject): \(error)"))
                }
            },
            attempt: { [weak self] in
                guard attempt() else { return interest }
                self?.giveUp = nil
                return nil
            })
        self.giveUp = giveUp
    }
}

enum UDPBinding {
    static let functions = [
        HostFunction(
            "udp.socket", .running, waits: true,
            fields: ["host", "port", "timeout", "source", "source_port", "interface"], body: open),
        HostFunction("UDPSocket:send", .running, waits: true, body: send),
        HostFunction("UDPSocket:receive", .running, waits: true, body: receive),
        HostFunction("UDPSocket:close", body: close),
        HostFunction("UDPSocket:__close", body: close),
    ]

    // MARK: Opening

    /// socket{host, port, timeout, source, source_port, interface} → socket, or nil and an error.
    private static func open(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try perform(try request(call), call)
    }

    static func request(_ call: HostCall) throws(ScriptFault) -> UDPRequest {
        let fields = try call.fields()
        let host = try fields.required("host", fields.string("host"))
        guard DNSBinding.isName(host) else { throw call.fault("host \"\(host)\" is neither an address nor a name") }
        let port = try fields.required("port", fields.integer("port", in: 1...65_535))
        var request = UDPRequest(host: host, port: UInt16(port))
        request.timeout = try fields.duration("timeout") ?? request.timeout
        request.interface = try fields.string("interface")
        if let text = try fields.string("source") {
            guard let source = IPAddress(text) else { throw call.fault("source \"\(text)\" is no IP address") }
            request.source = source
        }
        request.sourcePort = UInt16(try fields.integer("source_port", in: 1...65_535) ?? 0)
        return request
    }

    static func perform(_ request: UDPRequest, _ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.requireWaiting()
        let (program, loop) = (call.program, call.scheduler.loop)
        let slot: HandleSlot
        do throws(OperatingError) { slot = try program.takeSlot("udp.socket") } catch { return call.fail(error) }
        let lookup = LookupRequest(name: request.host, kind: .addresses, timeout: request.timeout)
        return try call.wait("udp.socket") { wakeup in
            NameLookup.start(lookup, loop: loop) { result in
                slot.free()
                do throws(OperatingError) {
                    guard case .addresses(let addresses) = try result.get() else { return }
                    let datagrams = try socket(request, addresses, loop)
                    guard program.makeRoomForHandle() else {
                        let words = "\(program.limits.handles) handles are open already (lua_handle_limit)"
                        throw OperatingError(.denied, "udp.socket: \(words)")
                    }
                    wakeup.resume { stack in
                        _ = program.pushHandle(datagrams, on: stack)
                        return 1
                    }
                } catch {
                    wakeup.fail(error)
                }
            }
        }
    }

    /// A socket to the first address that can be reached.
    private static func socket(
        _ request: UDPRequest, _ addresses: [IPAddress], _ loop: EventLoop
    ) throws(OperatingError) -> Datagrams {
        var failure: OperatingError?
        for address in addresses where request.source == nil || request.source?.family == address.family {
            do throws(IOFailure) {
                var destination = SocketAddress(address, port: request.port)
                if address.isLinkLocal, address.family == .ipv6, let interface = request.interface {
                    destination.scope = try Interface(named: interface).index
                }
                var source: SocketAddress?
                if request.source != nil || request.sourcePort != 0 {
                    let own = request.source ?? .unspecified(address.family)
                    source = SocketAddress(own, port: request.sourcePort, scope: destination.scope)
                }
                let socket = try DatagramSocket(to: destination, from: source, interface: request.interface)
                return Datagrams(socket, peer: destination.description, loop: loop)
            } catch {
                failure = Connection.error("open a socket to", "\(request.host):\(request.port)", error)
            }
        }
        throw failure
            ?? OperatingError(.unreachable, "open a socket to \(request.host): no address of the source's kind")
    }

    // MARK: The socket

    private static func idle(_ call: HostCall) throws(ScriptFault) -> Datagrams {
        let datagrams = try call.object(Datagrams.self)
        guard !datagrams.waiting.isWaiting else { throw call.fault("another task already waits for this socket") }
        return datagrams
    }

    /// Tries at once, then whenever the socket is ready. `attempt` returns nil when it cannot finish yet.
    private static func operate(
        _ call: HostCall, _ interest: Interest, _ timeout: Duration?, _ name: String, _ action: String,
        push: @escaping (Stack, [UInt8]) -> Void,
        attempt: @escaping (DatagramSocket) throws(IOFailure) -> [UInt8]?
    ) throws(ScriptFault) -> HostReturn {
        let datagrams = try idle(call)
        let socket: DatagramSocket
        do throws(OperatingError) { socket = try datagrams.opened() } catch { return call.fail(error) }
        do throws(IOFailure) {
            if let bytes = try attempt(socket) {
                push(call.stack, bytes)
                return .values(1)
            }
        } catch {
            return call.fail(Self.error(action, datagrams.peer, error))
        }
        return try call.wait(name) { wakeup throws(ScriptFault) in
            do throws(IOFailure) {
                try datagrams.wait(socket, interest, timeout, action, giveUp: { wakeup.fail($0) }) {
                    do throws(IOFailure) {
                        guard let bytes = try attempt(socket) else { return false }
                        wakeup.resume { stack in
                            push(stack, bytes)
                            return 1
                        }
                    } catch {
                        wakeup.fail(Self.error(action, datagrams.peer, error))
                    }
                    return true
                }
            } catch {
                throw call.fault(error.description)
            }
            return { datagrams.abandon() }
        }
    }

    private static func error(_ action: String, _ peer: String, _ failure: IOFailure) -> OperatingError {
        switch failure.errno {
        case .connectionRefused: OperatingError(.refused, "\(action) \(peer): nobody listens on the port")
        case .messageTooLong:
            OperatingError(.denied, "\(action) \(peer): a datagram has at most \(DatagramSocket.largest) octets")
        default: Connection.error(action, peer, failure)
        }
    }

    /// send(data [, timeout]) → true, or nil and an error, which may be about an earlier datagram.
    private static func send(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        guard let data = call.stack.octets(2) else { throw call.fault("argument 2 must be the data (a string)") }
        let timeout = call.stack.isNothing(3) ? nil : try call.duration(3)
        return try operate(call, .write, timeout, "send", "send to", push: { stack, _ in stack.push(true) }) {
            socket throws(IOFailure) in
            let result = data.withUnsafeBytes { bytes in
                Result { () throws(IOFailure) in try socket.send(bytes) }
            }
            return try result.get() ? [] : nil
        }
    }

    /// receive([timeout]) → the next datagram, or nil and an error.
    private static func receive(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let timeout = call.stack.isNothing(2) ? nil : try call.duration(2)
        return try operate(call, .read, timeout, "receive", "receive from", push: { $0.push($1) }) {
            socket throws(IOFailure) in try socket.receive()
        }
    }

    private static func close(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.object(Datagrams.self).close()
        return .values(0)
    }
}
