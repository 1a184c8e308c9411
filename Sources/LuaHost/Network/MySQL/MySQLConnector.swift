/// Connecting to a MySQL server: the lookup of its name, one address after the other, and the login.
import CMariaDB
import LinuxIO
import Wire

/// Runs to a session that is logged in, or to the reason why there is none.
final class MySQLConnector {
    typealias Completion = (Result<MySQLSession, OperatingError>) -> Void

    private let request: MySQLRequest
    private let loop: EventLoop
    private let began: Int64
    private var completion: Completion?
    private var cancelLookup: (() -> Void)?
    private var session: MySQLSession?
    private var addresses: [IPAddress] = []

    /// Begins; `completion` is called once, from the loop, unless it is cancelled before.
    init(_ request: MySQLRequest, loop: EventLoop, completion: @escaping Completion) {
        self.request = request
        self.loop = loop
        self.completion = completion
        began = loop.now
        switch request.place {
        case .socket(let path):
            let token = loop.after(.zero) { [weak self] in self?.connect(to: nil, port: 0, path: path) }
            cancelLookup = { [loop] in loop.cancel(token) }
        case .host(let host, let port): resolve(host, port)
        }
    }

    deinit { cancel() }

    private var subject: String { "mysql.connect \(request.peer)" }

    func cancel() {
        completion = nil
        cancelLookup?()
        cancelLookup = nil
        session?.abandon()
        session = nil
    }

    private func finish(_ result: Result<MySQLSession, OperatingError>) {
        let completion = completion
        if case .success = result { session = nil }
        cancel()
        completion?(result)
    }

    private func resolve(_ host: String, _ port: Int) {
        var lookup = LookupRequest(name: host, kind: .addresses)
        lookup.timeout = request.timeout
        lookup.server = request.nameServer
        cancelLookup = NameLookup.start(lookup, loop: loop) { [weak self] result in
            guard let self else { return }
            self.cancelLookup = nil
            switch result {
            case .success(.addresses(let addresses)):
                self.addresses = addresses
                self.connectToNext(port, after: nil)
            case .success: self.finish(.failure(OperatingError(.dns, "\(self.subject): the answer has no addresses")))
            case .failure(var error):
                error.message = "\(self.subject): \(error.message)"
                self.finish(.failure(error))
            }
        }
    }

    private func connectToNext(_ port: Int, after error: OperatingError?) {
        guard let address = addresses.first else {
            return finish(.failure(error ?? OperatingError(.dns, "\(subject): the name has no address")))
        }
        addresses.removeFirst()
        connect(to: address, port: port, path: nil)
    }

    private func connect(to address: IPAddress?, port: Int, path: String?) {
        let left = request.timeout - .nanoseconds(loop.now - began)
        do throws(OperatingError) {
            let session = try MySQLSession(request, loop: loop)
            self.session = session
            session.begin(timeout: max(.zero, left), subject) { [weak self] error in
                guard let self else { return }
                var error = error
                if error.kind == OperatingError.Kind.timeout.rawValue {
                    error.message = "\(self.subject): timed out after \(Durations.describe(self.request.timeout))"
                }
                self.finish(.failure(error))
            }
            start(session, address, port, path)
        } catch {
            finish(.failure(error))
        }
    }

    private func start(_ session: MySQLSession, _ address: IPAddress?, _ port: Int, _ path: String?) {
        guard let handle = session.handle else { return }
        let library = session.library
        // The address is one in words, so that the library has no name to look up.
        let host = address.map { session.keep("\($0)".utf8) }
        let socket = path.map { session.keep($0.utf8) }
        let database = request.database.map { session.keep($0.utf8) }
        // Not nil: the library would take a password from the environment.
        let (user, password) = (session.keep(request.user.utf8), session.keep(request.password.utf8))
        var connected: UnsafeMutablePointer<MYSQL>?
        let status = library.pointee.mysql_real_connect_start(
            &connected, handle, host, user, password, database, UInt32(port), socket, 0)
        let hasEnded = session.run(
            status,
            { ready in library.pointee.mysql_real_connect_cont(&connected, handle, ready) },
            then: { [weak self, weak session] in
                guard let self, let session else { return }
                self.conclude(session, connected != nil, port)
            })
        // No completion is called from within `init`, and none from a lookup's: this one runs from the loop.
        if hasEnded { conclude(session, connected != nil, port) }
    }

    private func conclude(_ session: MySQLSession, _ isConnected: Bool, _ port: Int) {
        if isConnected {
            session.end()
            return finish(.success(session))
        }
        let error = MySQLError.operating(session.errorNumber, session.errorText, subject)
        session.abandon()
        self.session = nil
        // Only what the next address may do better.
        let mayGoOn: [OperatingError.Kind] = [.refused, .unreachable, .denied]
        if !addresses.isEmpty, mayGoOn.contains(where: { $0.rawValue == error.kind }) {
            connectToNext(port, after: error)
        } else {
            finish(.failure(error))
        }
    }
}
