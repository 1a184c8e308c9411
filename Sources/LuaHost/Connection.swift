/// A TCP connection of a script: one operation at a time, each finished by the loop, none blocking.
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

/// A connecting or connected stream with what was read ahead.
final class Connection: HandleObject {
    static let kind = HandleKind.connection
    /// The most that one `receive` returns: no peer fills the memory.
    static let longest = 1 << 20

    /// What an attempt to go on with an operation came to.
    enum Progress<Value> {
        case done(Value)
        /// The kernel has nothing, or takes nothing, now.
        case later
        /// With what had arrived before.
        case failed(OperatingError, partial: [UInt8])
    }

    /// "127.0.0.1:8066"
    let peer: String
    private let loop: EventLoop
    /// nil once it is closed.
    private var socket: StreamSocket?
    private var registration: Registration?
    private var timer: TimerToken?
    /// Tells the waiting operation that it will not come to an end.
    private var giveUp: ((OperatingError) -> Void)?
    private var buffer: [UInt8] = []
    private var hasEnded = false
    private var unsent: [UInt8] = []
    private var sent = 0

    init(_ socket: StreamSocket, peer: String, loop: EventLoop) {
        self.socket = socket
        self.peer = peer
        self.loop = loop
    }

    var isBusy: Bool { giveUp != nil }
    var isClosed: Bool { socket == nil }

    func released() { close() }

    /// Closes at once, by FIN unless the peer's octets were left unread; a waiting operation fails with "closed".
    func close() {
        let giveUp = giveUp
        endWait()
        socket = nil
        giveUp?(OperatingError(.closed, "the connection to \(peer) was closed"))
    }

    /// Closes because the task that waited is gone.
    func abandon() {
        giveUp = nil
        close()
    }

    // MARK: Waiting

    /// Waits until `attempt` says that it has finished: it is called whenever the descriptor is ready.
    ///
    /// `giveUp` is told when the time is over or the connection is closed meanwhile.
    /// Throws: ENOSPC, ENOMEM of epoll.
    func wait(
        for interest: Interest, timeout: Duration?, _ action: String, giveUp: @escaping (OperatingError) -> Void,
        attempt: @escaping () -> Bool
    ) throws(IOFailure) {
        guard let socket else { return giveUp(closedError) }
        registration = try loop.add(socket.descriptor, interest) { [weak self] _ in
            guard let self, self.isBusy else { return }
            if attempt() { self.endWait() }
        }
        self.giveUp = giveUp
        guard let timeout else { return }
        timer = loop.after(timeout) { [weak self] in
            guard let self, let giveUp = self.giveUp else { return }
            self.endWait()
            giveUp(OperatingError(.timeout, "\(action) \(self.peer): timed out after \(Durations.describe(timeout))"))
        }
    }

    private func endWait() {
        if let registration { loop.remove(registration) }
        registration = nil
        if let timer { loop.cancel(timer) }
        timer = nil
        giveUp = nil
    }

    private var closedError: OperatingError { OperatingError(.closed, "the connection to \(peer) is closed") }

    // MARK: Steps

    /// How the attempt to connect went, once the socket is writable.
    func finishConnecting() -> OperatingError? {
        guard let socket else { return closedError }
        do throws(IOFailure) {
            try socket.finishConnecting()
            return nil
        } catch {
            return Self.error("connect to", peer, error)
        }
    }

    /// What `flush` is to send next.
    func queue(_ bytes: [UInt8]) {
        unsent = bytes
        sent = 0
    }

    /// Sends what is queued, as far as the kernel takes it now.
    func flush() -> Progress<Void> {
        guard let socket else { return .failed(closedError, partial: []) }
        do throws(IOFailure) {
            while sent < unsent.count {
                let result = unsent.withUnsafeBytes { all in
                    Result { () throws(IOFailure) in
                        try socket.send(UnsafeRawBufferPointer(rebasing: all[sent...]))
                    }
                }
                let count = try result.get()
                if count == 0 { return .later }
                sent += count
            }
            return .done(())
        } catch {
            return .failed(Self.error("send to", peer, error), partial: [])
        }
    }

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
            do throws(IOFailure) {
                switch try read(socket) {
                case .bytes: continue
                case .nothing: return .later
                case .end: hasEnded = true
                }
            } catch {
                return .failed(Self.error("receive from", peer, error), partial: buffer)
            }
        }
    }

    private func read(_ socket: StreamSocket) throws(IOFailure) -> StreamSocket.Received {
        var result: Result<StreamSocket.Received, IOFailure> = .success(.nothing)
        let chunk = [UInt8](unsafeUninitializedCapacity: 16 * 1024) { space, count in
            result = Result { () throws(IOFailure) in
                try socket.receive(into: UnsafeMutableRawBufferPointer(space))
            }
            if case .success(.bytes(let arrived)) = result { count = arrived }
        }
        buffer += chunk
        return try result.get()
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

    /// An error of the kernel in the words of the API.
    static func error(_ action: String, _ peer: String, _ failure: IOFailure) -> OperatingError {
        let kind: OperatingError.Kind
        let words: String
        switch failure.errno {
        case .connectionRefused: (kind, words) = (.refused, "connection refused")
        case .noRouteToHost, .hostIsDown: (kind, words) = (.unreachable, "no route to the host")
        case .networkUnreachable, .networkDown: (kind, words) = (.unreachable, "the network is unreachable")
        case .timedOut: (kind, words) = (.timeout, "timed out")
        case .connectionReset, .brokenPipe: (kind, words) = (.reset, "connection reset by the peer")
        default: (kind, words) = (.denied, failure.description)
        }
        return OperatingError(kind, "\(action) \(peer): \(words)")
    }
}
