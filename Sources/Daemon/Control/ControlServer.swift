/// The control socket: one line in, one line out, never more than a few clients, never a wait.
import ControlProtocol
import Glibc
import LinuxIO
import Logging
import SystemPackage
import VRRPCore

/// A slow or hostile client costs its own connection and nothing else. What it does not read stays in a bounded buffer,
/// and nothing more is read from it meanwhile; a line that comes in pieces is read a hundred times a second at most; an
/// idle connection ends after a while, or as soon as a newcomer needs its place; and all requests together take at most a
/// fifth of the thread's time. What was held back is said in the log.
final class ControlServer {
    /// How a request is answered; the answer may come later (a reload loads plugins in the background).
    typealias Handler = (ControlRequest, ControlCaller, _ answer: @escaping (ControlAnswer) -> Void) -> Void

    private enum Complaint: Hashable {
        case connections
        case rate
        case requests
    }

    private static let clientLimit = 32
    private static let idleLimit: Duration = .seconds(30)
    /// A line that came in pieces is looked at again after this.
    private static let pieceSpan: Duration = .milliseconds(10)
    /// At most `acceptLimit` connections in `acceptSpan`, and a few in one turn.
    private static let acceptLimit = 64
    private static let acceptSpan: Duration = .milliseconds(50)
    private static let acceptsPerTurn = 8
    /// After a request nothing is answered for so many times as long as it took.
    private static let restFactor: Int64 = 4
    /// A client that had to wait so many times in a row is told of in the log.
    private static let patientDeferrals = 20

    private let loop: EventLoop
    private let listener: UnixListener
    private let access: ControlAccess
    private let logger: Logger
    private let handler: Handler
    private var registration: Registration?
    private var clients: [Int: ControlConnection] = [:]
    private var nextClient = 0
    private var complaints = RateLimit<Complaint>()
    private var acceptWindow: (start: Int64, count: Int) = (0, 0)
    /// Clients whose request waits for its turn, in order.
    private var waiting: [Int] = []
    private var restsUntil: Int64 = 0
    private var isServiceArmed = false

    /// Throws: what bind(2) and listen(2) answer, with the path.
    init(
        path: String, loop: EventLoop, access: ControlAccess, logger: Logger, handler: @escaping Handler
    ) throws(IOFailure) {
        self.loop = loop
        self.access = access
        self.logger = logger
        self.handler = handler
        listener = try UnixListener(
            path: path, mode: access.group == nil ? 0o600 : 0o660, group: access.group, backlog: 128)
        registration = try loop.add(listener.descriptor, .read) { [unowned self] _ in acceptClients() }
    }

    func close() {
        for number in Array(clients.keys) { end(number) }
        if let registration { loop.remove(registration) }
        registration = nil
    }

    // MARK: Connections

    private func acceptClients() {
        for _ in 0..<Self.acceptsPerTurn {
            guard isAcceptAllowed() else { return }
            guard let socket = (try? listener.accept()) ?? nil else { return }
            admit(socket)
        }
    }

    /// Counts one more connection. False: there were too many just now, and nobody is let in for a moment.
    private func isAcceptAllowed() -> Bool {
        let span = Self.acceptSpan.inNanoseconds
        if loop.now - acceptWindow.start >= span { acceptWindow = (loop.now, 0) }
        guard acceptWindow.count >= Self.acceptLimit else {
            acceptWindow.count += 1
            return true
        }
        guard let registration else { return false }
        try? loop.modify(registration, [])
        loop.after(.nanoseconds(acceptWindow.start + span - loop.now)) { [weak self] in
            guard let self, let registration = self.registration else { return }
            try? self.loop.modify(registration, .read)
        }
        complain(.rate, "connections come too fast: some wait")
        return false
    }

    private func admit(_ socket: StreamSocket) {
        guard let credentials = try? socket.peerCredentials(), makeRoom(for: credentials) else { return }
        let groups = (try? socket.peerGroups()) ?? []
        let caller = ControlCaller(
            credentials: credentials, permission: access.permission(of: credentials, groups: groups))
        let number = nextClient
        nextClient += 1
        let registration = try? loop.add(socket.descriptor, .read) { [unowned self] readiness in
            advance(number, readiness)
        }
        guard let registration else { return }
        clients[number] = ControlConnection(
            socket: socket, registration: registration, caller: caller, now: loop.now)
        watchIdleness(of: number, for: Self.idleLimit)
        // Most clients have asked already: such a one cannot lose its place to a newcomer before it is heard.
        advance(number, .readable)
    }

    /// Over the limit, the user with the most connections loses the one that has been idle for the longest time. A flood
    /// pushes out itself, and whoever asks at once is answered.
    private func makeRoom(for newcomer: PeerCredentials) -> Bool {
        guard clients.count >= Self.clientLimit else { return true }
        var counts: [uid_t: Int] = [newcomer.user: 1]
        for client in clients.values { counts[client.caller.credentials.user, default: 0] += 1 }
        let idle = clients.filter { $0.value.isIdle }.min { left, right in
            let (leftCount, rightCount) = (
                counts[left.value.caller.credentials.user] ?? 0, counts[right.value.caller.credentials.user] ?? 0
            )
            return leftCount != rightCount ? leftCount > rightCount : left.key < right.key
        }
        guard let idle else {
            complain(.connections, "\(Self.clientLimit) clients wait for answers: \(newcomer.words) was turned away")
            return false
        }
        complain(
            .connections,
            "more than \(Self.clientLimit) connections: an idle one of \(idle.value.caller.credentials.words) was closed"
        )
        end(idle.key)
        return true
    }

    private func watchIdleness(of number: Int, for span: Duration) {
        loop.after(span) { [weak self] in
            guard let self, let client = clients[number] else { return }
            let left = client.progressedAt + Self.idleLimit.inNanoseconds - loop.now
            if client.isOwedAnswer {
                watchIdleness(of: number, for: Self.idleLimit)
            } else if left > 0 {
                watchIdleness(of: number, for: .nanoseconds(left))
            } else {
                end(number)
            }
        }
    }

    private func end(_ number: Int) {
        guard let client = clients.removeValue(forKey: number) else { return }
        loop.remove(client.registration)
        waiting.removeAll { $0 == number }
    }

    private func complain(_ complaint: Complaint, _ sentence: String) {
        let line = complaints.line(of: complaint, now: loop.now, "control socket: rate limit: \(sentence)")
        if let line { logger.warning("\(line)") }
    }

    // MARK: Requests

    /// Read what came and write what waits; called whenever the socket is ready for either.
    private func advance(_ number: Int, _ readiness: Readiness) {
        guard let client = clients[number] else { return }
        // Both directions are shut: nobody is there to read an answer.
        if !readiness.isDisjoint(with: [.hangUp, .error]) { return end(number) }
        do throws(IOFailure) {
            if try client.flush() { client.progressedAt = loop.now }
            if client.interest == .read { try readRequest(client, number) }
            try watch(number)
        } catch {
            end(number)
        }
    }

    private func readRequest(_ client: ControlConnection, _ number: Int) throws(IOFailure) {
        switch try client.readLine() {
        case .line(let line):
            client.progressedAt = loop.now
            client.waitingLine = line
            waiting.append(number)
            serve()
        case .tooLong: reply(.error("the request is longer than \(longestRequestLine) octets"), to: number, last: true)
        case .end: end(number)
        case .nothing: break
        case .incomplete: pause(client, number)
        }
    }

    /// A request comes in one piece. Whoever sends octet after octet is read a hundred times a second, not for each.
    private func pause(_ client: ControlConnection, _ number: Int) {
        client.isPaused = true
        loop.after(Self.pieceSpan) { [weak self] in
            guard let self, let client = clients[number] else { return }
            client.isPaused = false
            try? loop.modify(client.registration, client.interest)
        }
    }

    /// Answers the request that has waited for the longest time, root's before those of others, unless the thread has
    /// to rest from the one before.
    private func serve() {
        guard !isServiceArmed else { return }
        guard loop.time >= restsUntil else { return armService() }
        let first = waiting.firstIndex { clients[$0]?.caller.permission == .everything } ?? waiting.indices.first
        guard let first else { return }
        let number = waiting.remove(at: first)
        if let client = clients[number], let line = client.waitingLine {
            client.waitingLine = nil
            client.isOwedAnswer = true
            let start = loop.time
            answer(line, client.caller, number)
            restsUntil = start + (loop.time - start) * (Self.restFactor + 1)
        }
        if !waiting.isEmpty { armService() }
    }

    private func armService() {
        isServiceArmed = true
        for number in waiting {
            guard let client = clients[number] else { continue }
            client.deferrals += 1
            if client.deferrals == Self.patientDeferrals {
                client.deferrals = 0
                complain(
                    .requests, "\(client.caller.credentials.words) asks without a pause: it has to wait for its answers"
                )
            }
        }
        loop.after(.nanoseconds(max(0, restsUntil - loop.time))) { [weak self] in
            guard let self else { return }
            isServiceArmed = false
            serve()
        }
    }

    private func answer(_ line: [UInt8], _ caller: ControlCaller, _ number: Int) {
        do throws(JSONError) {
            let request = try ControlRequest(json: JSONValue(parsing: line))
            if let refusal = access.refusal(of: request, by: caller.permission) {
                return reply(.error(refusal), to: number)
            }
            handler(request, caller) { [weak self] in self?.reply($0, to: number) }
        } catch {
            reply(.error("the request can't be understood: \(error)"), to: number)
        }
    }

    /// `last`: what comes after it is not read any more.
    private func reply(_ answer: ControlAnswer, to number: Int, last: Bool = false) {
        guard let client = clients[number] else { return }
        client.isOwedAnswer = false
        client.queue(Array((answer.json.text() + "\n").utf8))
        do throws(IOFailure) {
            _ = try client.flush()
            if last { return end(number) }
            try watch(number)
        } catch {
            end(number)
        }
    }

    /// Watches for what is next. What was read already is taken up in the next turn.
    private func watch(_ number: Int) throws(IOFailure) {
        guard let client = clients[number] else { return }
        try loop.modify(client.registration, client.interest)
        guard client.hasLeftovers, !client.isPaused else { return }
        loop.post { [weak self] in
            guard let self, let client = clients[number], client.hasLeftovers, !client.isPaused else { return }
            do throws(IOFailure) {
                try readRequest(client, number)
                try loop.modify(client.registration, client.interest)
            } catch {
                end(number)
            }
        }
    }
}

extension ControlServer {
    func tellHeldBack(now: Int64, atEnd: Bool) -> [String] { complaints.tellHeldBack(now: now, atEnd: atEnd) }
}
