/// The control socket: one line in, one line out, never more than a few clients, never a wait.
import ControlProtocol
import Glibc
import LinuxIO
import Logging
import SystemPackage

/// Listens where only root may connect, and a group where one is given: its members are told status and metrics, and
/// nothing else is done for them. A slow or hostile client costs its own connection and nothing else: what it
/// does not read stays in a bounded buffer, and an idle connection ends after a while.
final class ControlServer {
    /// How a request is answered; the answer may come later (a reload loads plugins in the background).
    typealias Handler = (ControlRequest, _ answer: @escaping (ControlAnswer) -> Void) -> Void

    private static let clientLimit = 16
    /// Members of the group must not keep root out.
    private static let guestLimit = 8
    private static let idleLimit: Duration = .seconds(30)

    private let loop: EventLoop
    private let listener: UnixListener
    private let handler: Handler
    private var registration: Registration?
    private var clients: [Int: Client] = [:]
    private var nextClient = 0

    /// `group`: may ask, too; nil: only root. Throws: what bind(2), chown(2) and listen(2) answer, with the path.
    init(path: String, group: gid_t? = nil, loop: EventLoop, handler: @escaping Handler) throws(IOFailure) {
        self.loop = loop
        self.handler = handler
        listener = try UnixListener(path: path, mode: group == nil ? 0o600 : 0o660, group: group)
        registration = try loop.add(listener.descriptor, .read) { [unowned self] _ in acceptClients() }
    }

    func close() {
        for number in clients.keys { end(number) }
        if let registration { loop.remove(registration) }
        registration = nil
    }

    private func acceptClients() {
        for _ in 0..<8 {
            guard let socket = (try? listener.accept()) ?? nil else { return }
            // Over the limit the connection ends at once: the client reads EOF and says so.
            guard clients.count < Self.clientLimit, let user = try? socket.peerCredentials().user else { continue }
            let isGuest = user != 0 && user != geteuid()
            guard !isGuest || clients.values.count(where: \.isGuest) < Self.guestLimit else { continue }
            let number = nextClient
            nextClient += 1
            let registration = try? loop.add(socket.descriptor, .read) { [unowned self] _ in advance(number) }
            guard let registration else { continue }
            let timer = loop.after(Self.idleLimit) { [weak self] in self?.end(number) }
            clients[number] = Client(socket: socket, isGuest: isGuest, registration: registration, timer: timer)
        }
    }

    private func end(_ number: Int) {
        guard let client = clients.removeValue(forKey: number) else { return }
        loop.remove(client.registration)
        loop.cancel(client.timer)
    }

    /// Read what came and write what waits; called whenever the socket is ready for either.
    private func advance(_ number: Int) {
        guard let client = clients[number] else { return }
        do throws(IOFailure) {
            try client.flush()
            switch try client.readLine() {
            case .line(let line): answer(line, number)
            case .tooLong: reply(.error("the request is longer than \(longestRequestLine) octets"), to: number)
            case .end: end(number)
            case .incomplete: break
            }
            rearm(number)
        } catch {
            end(number)
        }
    }

    private func answer(_ line: [UInt8], _ number: Int) {
        do throws(JSONError) {
            let request = try ControlRequest(json: JSONValue(parsing: line))
            guard request.onlyLooks || clients[number]?.isGuest == false else {
                return reply(
                    .error("\(request.name) is for root: the control group may ask for status and metrics"), to: number)
            }
            handler(request) { [weak self] in self?.reply($0, to: number) }
        } catch {
            reply(.error("the request can't be understood: \(error)"), to: number)
        }
    }

    private func reply(_ answer: ControlAnswer, to number: Int) {
        guard let client = clients[number] else { return }
        client.queue(Array((answer.json.text() + "\n").utf8))
        do throws(IOFailure) {
            try client.flush()
            rearm(number)
        } catch {
            end(number)
        }
    }

    private func rearm(_ number: Int) {
        guard let client = clients[number] else { return }
        try? loop.modify(client.registration, client.hasOutput ? [.read, .write] : .read)
    }
}

/// One connection with its bounded buffers.
private final class Client {
    enum Line {
        case line([UInt8])
        case incomplete
        case tooLong
        case end
    }

    let socket: StreamSocket
    /// Neither root nor the daemon's own user.
    let isGuest: Bool
    let registration: Registration
    let timer: TimerToken
    private var input: [UInt8] = []
    private var output: [UInt8] = []

    init(socket: StreamSocket, isGuest: Bool, registration: Registration, timer: TimerToken) {
        self.socket = socket
        self.isGuest = isGuest
        self.registration = registration
        self.timer = timer
    }

    var hasOutput: Bool { !output.isEmpty }

    func queue(_ bytes: [UInt8]) { output.append(contentsOf: bytes) }

    func flush() throws(IOFailure) {
        guard !output.isEmpty else { return }
        output.removeFirst(try socket.send(output[...]))
    }

    func readLine() throws(IOFailure) -> Line {
        switch try socket.receive(appendingTo: &input) {
        case .nothing: return .incomplete
        case .end: return .end
        case .bytes: break
        }
        // A client that has not read its answers gets no further ones.
        guard output.count < longestRequestLine else { return .end }
        guard let newline = input.firstIndex(of: UInt8(ascii: "\n")) else {
            return input.count > longestRequestLine ? .tooLong : .incomplete
        }
        let line = Array(input[..<newline])
        input.removeFirst(newline + 1)
        return .line(line)
    }
}
