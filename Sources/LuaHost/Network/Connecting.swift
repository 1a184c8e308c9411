/// Opening a connection: the name is looked up, its addresses are tried one after the other, then TLS.
import LinuxIO
import Wire

/// Where a script wants to be connected to, all of it checked.
struct TCPRequest: Hashable {
    /// An address or a name.
    var host: String
    var port: UInt16
    /// For everything: lookup, connecting, TLS.
    var timeout: Duration?
    var source: IPAddress?
    var interface: String?
    var tls: TLSSettings?
}

/// A connection that is being opened.
final class Connecting {
    typealias Completion = (Result<Connection, OperatingError>) -> Void

    /// The most addresses of a name that are tried.
    static let mostAddresses = 8
    /// How long one address is tried when others are left and nothing limits the whole.
    private static let patience = Duration.seconds(2)

    private let request: TCPRequest
    private let loop: EventLoop
    private let contexts: TLSContexts
    private var completion: Completion?
    private var connection: Connection?
    private var addresses: [IPAddress] = []
    private var failures: [(address: IPAddress, kind: OperatingError.Kind, words: String)] = []
    private var cancelLookup: (() -> Void)?
    /// When the time for everything is over, by the loop's clock.
    private var end: Int64?
    private var deadline: TimerToken?
    private var turn: TimerToken?
    /// What is being done, for messages: "connect to".
    private var action = "connect to"

    private var target: String {
        IPAddress(request.host).map { SocketAddress($0, port: request.port).description }
            ?? "\(request.host):\(request.port)"
    }

    /// Begins; `completion` is called once, from the loop, unless it is cancelled before.
    init(_ request: TCPRequest, loop: EventLoop, contexts: TLSContexts, completion: @escaping Completion) {
        self.request = request
        self.loop = loop
        self.contexts = contexts
        self.completion = completion
        if let timeout = request.timeout {
            end = loop.time + timeout.wholeNanoseconds
            deadline = loop.after(timeout) { [weak self] in self?.runOut(timeout) }
        }
        let lookup = LookupRequest(
            name: request.host, kind: .addresses, timeout: request.timeout ?? LookupRequest.defaultTimeout)
        cancelLookup = NameLookup.start(lookup, loop: loop) { [weak self] result in self?.receive(result) }
    }

    deinit { cancel() }

    /// Closes what is open; nobody is told.
    func cancel() {
        completion = nil
        stop()
        connection?.abandon()
        connection = nil
    }

    private func stop() {
        cancelLookup?()
        cancelLookup = nil
        for token in [deadline, turn].compactMap(\.self) { loop.cancel(token) }
        deadline = nil
        turn = nil
    }

    private func finish(_ result: Result<Connection, OperatingError>) {
        let completion = completion
        self.completion = nil
        stop()
        if case .failure = result { connection?.abandon() }
        connection = nil
        completion?(result)
    }

    private func runOut(_ timeout: Duration) {
        deadline = nil
        finish(
            .failure(OperatingError(.timeout, "\(action) \(target): timed out after \(Durations.describe(timeout))")))
    }

    // MARK: Addresses

    private func receive(_ result: Result<LookupAnswer, OperatingError>) {
        cancelLookup = nil
        switch result {
        case .failure(let error): finish(.failure(error))
        case .success(.addresses(let found)):
            addresses = found.filter { request.source == nil || $0.family == request.source?.family }
            guard !addresses.isEmpty else {
                let words = "\(request.host) has no address of the source's kind"
                return finish(.failure(OperatingError(.unreachable, "connect to \(target): \(words)")))
            }
            addresses = addresses.prefix(Self.mostAddresses).reversed()
            tryNext()
        case .success: preconditionFailure("addresses were asked for")
        }
    }

    /// Tries the last of `addresses`.
    private func tryNext() {
        connection?.abandon()
        connection = nil
        if let turn { loop.cancel(turn) }
        turn = nil
        guard let address = addresses.popLast() else { return giveUp() }
        do throws(IOFailure) {
            var destination = SocketAddress(address, port: request.port)
            if address.isLinkLocal, address.family == .ipv6, let interface = request.interface {
                destination.scope = try Interface(named: interface).index
            }
            let socket = try TCPConnector.start(
                to: destination, source: request.source, interface: request.interface)
            let connection = Connection(socket, peer: destination.description, host: request.host, loop: loop)
            self.connection = connection
            try connection.wait(for: .write, timeout: nil, "connect to", giveUp: { _ in }) { [weak self] in
                self?.conclude(connection, address)
                return nil
            }
        } catch {
            return fail(address, error)
        }
        guard !addresses.isEmpty else { return }
        let share = share
        turn = loop.after(share) { [weak self] in
            guard let self else { return }
            self.turn = nil
            self.failures.append((address, .timeout, "timed out after \(Durations.describe(share))"))
            self.tryNext()
        }
    }

    /// How long this address may take, so that the others get their turn.
    private var share: Duration {
        guard let end else { return Self.patience }
        return .nanoseconds(max(0, end - loop.time) / Int64(addresses.count + 1))
    }

    private func conclude(_ connection: Connection, _ address: IPAddress) {
        do throws(IOFailure) {
            try connection.finishConnecting()
        } catch {
            return fail(address, error)
        }
        if let turn { loop.cancel(turn) }
        turn = nil
        guard let tls = request.tls else { return finish(.success(connection)) }
        // The wait for the connection ends with this call; the handshake is a wait of its own.
        loop.post { [weak self] in self?.encrypt(connection, tls) }
    }

    private func fail(_ address: IPAddress, _ failure: IOFailure) {
        let (kind, words) = Connection.words(failure)
        failures.append((address, kind, words))
        // Not from within the wait of the connection that failed.
        loop.post { [weak self] in
            guard let self, self.completion != nil else { return }
            self.tryNext()
        }
    }

    private func giveUp() {
        guard let last = failures.last else { return }
        var words = last.words
        if IPAddress(request.host) == nil {
            words = failures.map { "\($0.words) (\($0.address))" }.joined(separator: ", ")
        }
        finish(.failure(OperatingError(last.kind, "connect to \(target): \(words)")))
    }

    // MARK: TLS

    private func encrypt(_ connection: Connection, _ settings: TLSSettings) {
        guard completion != nil else { return }
        action = "TLS with"
        do throws(OperatingError) {
            try connection.startTLS(settings, contexts)
            try Handshake.run(connection, timeout: nil) { [weak self] result in self?.finish(result.map { connection })
            }
        } catch {
            finish(.failure(error))
        }
    }
}

/// The TLS handshake of a connection, which is closed when it fails.
enum Handshake {
    /// `completion` is called once, from the loop, unless the connection is abandoned before.
    static func run(
        _ connection: Connection, timeout: Duration?,
        completion: @escaping (Result<Void, OperatingError>) -> Void
    ) throws(OperatingError) {
        func step() -> Interest? {
            switch connection.handshake() {
            case .later(let interest): return interest
            case .done: completion(.success(()))
            case .failed(let error, _):
                connection.abandon()
                completion(.failure(error))
            }
            return nil
        }
        do throws(IOFailure) {
            // A socket that was just connected is writable: the first step comes at once, but never within this call.
            try connection.wait(
                for: .write, timeout: timeout, "TLS with",
                giveUp: { error in
                    connection.abandon()
                    completion(.failure(error))
                }, attempt: step)
        } catch {
            throw OperatingError(.denied, "TLS with \(connection.peer): \(error)")
        }
    }
}
