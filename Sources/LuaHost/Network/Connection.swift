/// A stream of a script, plain or by TLS: one operation at a time, each finished by the loop, none blocking.
import LinuxIO
import SystemPackage

/// What `receive` waits for.
enum ReceivePattern {
    /// Exactly that many octets.
    case count(Int)
    /// Up to a line feed, which is left out together with a carriage return before it.
    case line
    /// Everything until the peer ends the connection.
    case all
}

/// What one step of reading or writing came to.
enum StreamStep {
    /// That many octets were taken or brought; 0 for a handshake that is through.
    case done(Int)
    /// Nothing happens until the socket is ready for this.
    case later(Interest)
    /// The peer has said that it sends no more.
    case end
    case failed(OperatingError)
}

/// A connecting or connected stream with what was read ahead.
final class Connection: HandleObject {
    static let kind = HandleKind.connection
    /// The most that one `receive` returns: no peer fills the memory.
    static let longest = 1 << 20

    /// What an attempt to go on with an operation came to.
    enum Progress<Value> {
        case done(Value)
        /// Nothing more can be done until the socket is ready for this.
        case later(Interest)
        /// With what had arrived before.
        case failed(OperatingError, partial: [UInt8])
    }

    /// "127.0.0.1:8066", or the path of a local socket.
    let peer: String
    /// What it was connected to: what a certificate must be for.
    let host: String
    /// nil once it is closed.
    private var socket: StreamSocket?
    private var session: TLSSession?
    private let waiting: ReadinessWait
    /// Tells the waiting operation that it will not come to an end.
    private var giveUp: ((OperatingError) -> Void)?
    private var buffer: [UInt8] = []
    private var hasEnded = false
    private var unsent: [UInt8] = []
    private var sent = 0

    init(_ socket: StreamSocket, peer: String, host: String? = nil, loop: EventLoop) {
        self.socket = socket
        self.peer = peer
        self.host = host ?? peer
        waiting = ReadinessWait(loop: loop)
    }

    var isBusy: Bool { waiting.isWaiting }
    var isClosed: Bool { socket == nil }
    var isEncrypted: Bool { session != nil }

    func released() { close() }

    /// Closes at once, by FIN unless the peer's octets were left unread; a waiting operation fails with "closed".
    func close() {
        let giveUp = giveUp
        self.giveUp = nil
        waiting.end()
        session?.sayGoodbye()
        session = nil
        socket = nil
        giveUp?(OperatingError(.closed, "the connection to \(peer) was closed"))
    }

    /// Closes because the task that waited is gone.
    func abandon() {
        giveUp = nil
        close()
    }

    // MARK: Waiting

    /// Waits until `attempt` returns nil: it is called whenever the socket is ready, and returns what for it waits next.
    ///
    /// `giveUp` is told when the time is over or the connection is closed meanwhile.
    /// Throws: ENOSPC, ENOMEM of epoll.
    func wait(
        for interest: Interest, timeout: Duration?, _ action: String, giveUp: @escaping (OperatingError) -> Void,
        attempt: @escaping () -> Interest?
    ) throws(IOFailure) {
        guard let socket else { return giveUp(closedError) }
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
                let next = attempt()
                if next == nil { self?.giveUp = nil }
                return next
            })
        self.giveUp = giveUp
    }

    private var closedError: OperatingError { OperatingError(.closed, "the connection to \(peer) is closed") }

    // MARK: Beginning

    /// How the attempt to connect went, once the socket is writable.
    func finishConnecting() throws(IOFailure) {
        try socket?.finishConnecting()
    }

    /// Makes it a connection by TLS; `handshake` comes next.
    ///
    /// Throws: kind "denied" without library, files or memory; "closed"; "protocol" when the peer has said something
    /// already, which somebody in between may have put there.
    func startTLS(_ settings: TLSSettings, _ contexts: TLSContexts) throws(OperatingError) {
        guard let socket else { throw closedError }
        guard buffer.isEmpty else {
            throw OperatingError(.protocol, "TLS with \(peer): it sent more, unencrypted, before TLS began")
        }
        let context = try contexts.context(for: settings)
        session = try TLSSession(
            context, over: socket.descriptor, expecting: settings.serverName ?? host, verifies: settings.verifies,
            peer: peer)
    }

    func handshake() -> Progress<Void> {
        guard let session else { return .failed(closedError, partial: []) }
        switch session.handshake() {
        case .done: return .done(())
        case .later(let interest): return .later(interest)
        case .end: return .failed(OperatingError(.closed, "\(peer) closed the connection"), partial: [])
        case .failed(let error): return .failed(error, partial: [])
        }
    }

    // MARK: Sending

    /// What `flush` is to send next. False: an earlier send was cut off in the middle, and what the peer has of it
    /// nobody knows.
    func queue(_ bytes: [UInt8]) -> Bool {
        guard sent == unsent.count else { return false }
        unsent = bytes
        sent = 0
        return true
    }

    /// Sends what is queued, as far as the kernel takes it now.
    func flush() -> Progress<Void> {
        guard let socket else { return .failed(closedError, partial: []) }
        while sent < unsent.count {
            let step = unsent.withUnsafeBytes { all in
                write(UnsafeRawBufferPointer(rebasing: all[sent...]), socket)
            }
            switch step {
            case .done(let count): sent += count
            case .later(let interest): return .later(interest)
            case .end: return .failed(closedError, partial: [])
            case .failed(let error): return .failed(error, partial: [])
            }
        }
        unsent = []
        sent = 0
        return .done(())
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ socket: StreamSocket) -> StreamStep {
        if let session { return session.write(bytes) }
        do throws(IOFailure) {
            let count = try socket.send(bytes)
            return count == 0 ? .later(.write) : .done(count)
        } catch {
            return .failed(Self.error("send to", peer, error))
        }
    }

    // MARK: Receiving

    /// Takes what the pattern asks for, reading as far as needed and possible now.
    func receive(_ pattern: ReceivePattern) -> Progress<[UInt8]> {
        while true {
            if let found = take(pattern) { return .done(found) }
            guard let socket else { return .failed(closedError, partial: []) }
            if buffer.count >= Self.longest {
                let what = "receive from \(peer): more than \(Self.longest) octets"
                return .failed(OperatingError(.protocol, what), partial: [])
            }
            if hasEnded {
                let partial = buffer
                buffer = []
                return .failed(OperatingError(.closed, "\(peer) closed the connection"), partial: partial)
            }
            switch read(socket) {
            case .done: continue
            case .later(let interest): return .later(interest)
            case .end: hasEnded = true
            case .failed(let error): return .failed(error, partial: buffer)
            }
        }
    }

    private func read(_ socket: StreamSocket) -> StreamStep {
        var step = StreamStep.end
        let chunk = [UInt8](unsafeUninitializedCapacity: 16 * 1024) { space, count in
            step = read(socket, into: UnsafeMutableRawBufferPointer(space))
            if case .done(let arrived) = step { count = arrived }
        }
        buffer += chunk
        return step
    }

    private func read(_ socket: StreamSocket, into space: UnsafeMutableRawBufferPointer) -> StreamStep {
        if let session { return session.read(into: space) }
        do throws(IOFailure) {
            switch try socket.receive(into: space) {
            case .bytes(let count): return .done(count)
            case .nothing: return .later(.read)
            case .end: return .end
            }
        } catch {
            return .failed(Self.error("receive from", peer, error))
        }
    }

    private func take(_ pattern: ReceivePattern) -> [UInt8]? {
        switch pattern {
        case .count(let count):
            guard buffer.count >= count else { return nil }
            defer { buffer.removeFirst(count) }
            return Array(buffer[..<count])
        case .line:
            guard let end = buffer.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            defer { buffer.removeFirst(end + 1) }
            let line = buffer[..<end]
            return Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        case .all:
            guard hasEnded else { return nil }
            defer { buffer = [] }
            return buffer
        }
    }

    // MARK: Errors

    /// An error of the kernel in the words of the API.
    static func error(_ action: String, _ peer: String, _ failure: IOFailure) -> OperatingError {
        let (kind, words) = words(failure)
        return OperatingError(kind, "\(action) \(peer): \(words)")
    }

    static func words(_ failure: IOFailure) -> (kind: OperatingError.Kind, words: String) {
        switch failure.errno {
        case .connectionRefused: (.refused, "connection refused")
        case .noRouteToHost, .hostIsDown: (.unreachable, "no route to the host")
        case .networkUnreachable, .networkDown: (.unreachable, "the network is unreachable")
        case .timedOut: (.timeout, "timed out")
        case .connectionReset, .brokenPipe: (.reset, "connection reset by the peer")
        // ENODEV
        case .operationNotSupportedByDevice where !failure.detail.isEmpty:
            (.denied, "there is no interface \(failure.detail)")
        default: (.denied, failure.description)
        }
    }
}
