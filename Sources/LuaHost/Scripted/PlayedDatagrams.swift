/// halua.udp in a played world: the test answers each datagram.
import CLua
import LinuxIO

/// A socket whose peer there is only in a test.
final class PlayedDatagrams: HandleObject {
    static let kind = HandleKind.datagram
    let peer: String
    private(set) var isClosed = false
    /// What the peer has sent and nobody has read yet; an error is for the next call.
    private var arrived: [PlainValue] = []
    /// Who waits for the next datagram, and how it is handed over.
    private var reader: ((PlainValue) -> Void)?

    init(peer: String) { self.peer = peer }
    func released() { close() }

    var isWaiting: Bool { reader != nil }

    func next() -> PlainValue? { arrived.isEmpty ? nil : arrived.removeFirst() }

    /// The error of an earlier datagram, which the next call gets, whichever it is.
    func nextError() -> OperatingError? {
        guard let error = arrived.first.flatMap({ OperatingError($0) }) else { return nil }
        arrived.removeFirst()
        return error
    }

    func arrive(_ values: [PlainValue]) {
        arrived += values
        guard let waiting = reader, let value = next() else { return }
        reader = nil
        waiting(value)
    }

    func wait(_ reader: @escaping (PlainValue) -> Void) { self.reader = reader }
    func abandon() { reader = nil }

    /// A waiting task gets an error of kind `closed`.
    func close() {
        isClosed = true
        let error = OperatingError(.closed, "the socket to \(peer) was closed")
        let waiting = reader
        reader = nil
        waiting?(.fields(["kind": .text(error.kind), "message": .text(error.message)]))
    }
}

enum PlayedDatagramsBinding {
    /// What stands for the functions of the API, by their paths.
    static let bodies: [String: HostFunction.Body] = [
        "udp.socket": { call throws(ScriptFault) in try open(call) },
        "UDPSocket:send": { call throws(ScriptFault) in try send(call) },
        "UDPSocket:receive": { call throws(ScriptFault) in try receive(call) },
        "UDPSocket:close": { call throws(ScriptFault) in try close(call) },
        "UDPSocket:__close": { call throws(ScriptFault) in try close(call) },
    ]

    /// Opening asks nobody: a datagram's peer is first heard of when it answers.
    private static func open(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let request = try UDPBinding.request(call)
        let host = request.host == "localhost" ? "127.0.0.1" : request.host
        guard call.program.makeRoomForHandle() else {
            return call.fail(
                OperatingError(.denied, "udp.socket: \(call.program.limits.handles) handles are open already"))
        }
        let peer = host.contains(":") ? "[\(host)]:\(request.port)" : "\(host):\(request.port)"
        _ = call.program.pushHandle(PlayedDatagrams(peer: peer), on: call.stack)
        return .values(1)
    }

    private static func opened(_ call: HostCall) throws(ScriptFault) -> Result<PlayedDatagrams, OperatingError> {
        let datagrams = try call.object(PlayedDatagrams.self)
        guard !datagrams.isWaiting else { throw call.fault("another task already waits for this socket") }
        if datagrams.isClosed {
            return .failure(OperatingError(.closed, "the socket to \(datagrams.peer) is closed"))
        }
        if let error = datagrams.nextError() { return .failure(error) }
        return .success(datagrams)
    }

    private static func send(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        guard let data = call.stack.octets(2) else { throw call.fault("argument 2 must be the data (a string)") }
        let timeout = call.stack.isNothing(3) ? nil : try call.duration(3)
        let datagrams: PlayedDatagrams
        switch try opened(call) {
        case .success(let open): datagrams = open
        case .failure(let error): return call.fail(error)
        }
        guard data.count <= DatagramSocket.largest else {
            let words = "a datagram has at most \(DatagramSocket.largest) octets"
            return call.fail(OperatingError(.denied, "send to \(datagrams.peer): \(words)"))
        }
        return try ScriptedBindings.ask(
            call, [.text(datagrams.peer), .string(data)], timeout, "send to \(datagrams.peer)",
            accepted: { wakeup, answer in
                wakeup.resume { stack in
                    stack.push(true)
                    return 1
                }
                datagrams.arrive(answer.first?.elements ?? [])
            })
    }

    private static func receive(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let timeout = call.stack.isNothing(2) ? nil : try call.duration(2)
        let datagrams: PlayedDatagrams
        switch try opened(call) {
        case .success(let open): datagrams = open
        case .failure(let error): return call.fail(error)
        }
        if let value = datagrams.next() {
            value.push(on: call.stack)
            return .values(1)
        }
        let loop = call.scheduler.loop
        return try call.wait("receive") { wakeup in
            let timer = timeout.map { span in
                loop.after(span) {
                    datagrams.abandon()
                    let words = "timed out after \(Durations.describe(span))"
                    wakeup.fail(OperatingError(.timeout, "receive from \(datagrams.peer): \(words)"))
                }
            }
            datagrams.wait { value in
                if let timer { loop.cancel(timer) }
                if let error = OperatingError(value) { return wakeup.fail(error) }
                wakeup.resume { stack in
                    value.push(on: stack)
                    return 1
                }
            }
            return {
                if let timer { loop.cancel(timer) }
                datagrams.abandon()
            }
        }
    }

    private static func close(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.object(PlayedDatagrams.self).close()
        return .values(0)
    }
}
