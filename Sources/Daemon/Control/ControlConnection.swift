/// One connection of the control socket, with its bounded buffers: reads one request, writes one answer, then the next.
import ControlProtocol
import Glibc
import LinuxIO

/// Lives on the main thread. It decides nothing about when it is served; `ControlServer` does.
final class ControlConnection {
    enum Line {
        case line([UInt8])
        /// Nothing is there.
        case nothing
        /// A part of a line.
        case incomplete
        case tooLong
        /// The peer sends no more, and everything was answered.
        case end
    }

    let socket: StreamSocket
    let registration: Registration
    let caller: ControlCaller
    /// When something useful happened last: it connected, asked, or took a part of an answer.
    var progressedAt: Int64
    /// A request was handed on and its answer has not come yet.
    var isOwedAnswer = false
    /// A whole request waits for its turn.
    var waitingLine: [UInt8]?
    /// Nothing is read for a moment: the line came in pieces.
    var isPaused = false
    /// So many requests in a row had to wait for their turn.
    var deferrals = 0
    private(set) var hasEnded = false
    private var input: [UInt8] = []
    /// How much of `input` was searched for the end of a line: a line that comes octet by octet is not searched anew.
    private var searched = 0
    private var output: [UInt8] = []
    private var sent = 0

    init(socket: StreamSocket, registration: Registration, caller: ControlCaller, now: Int64) {
        self.socket = socket
        self.registration = registration
        self.caller = caller
        progressedAt = now
    }

    var hasOutput: Bool { sent < output.count }

    /// Nothing is under way: the connection may be closed for another one's sake.
    var isIdle: Bool { !isOwedAnswer && !hasOutput && waitingLine == nil }

    /// More was read than has been answered, or nothing more will come: the loop has nothing to report of it.
    var hasLeftovers: Bool { isIdle && (hasEnded || !input.isEmpty) }

    /// What the loop is to watch for. While an answer is on its way nothing more is read, so what waits stays with the peer.
    var interest: Interest {
        if hasOutput { return .write }
        return isOwedAnswer || waitingLine != nil || isPaused || hasEnded ? [] : .read
    }

    func queue(_ bytes: [UInt8]) {
        output = bytes
        sent = 0
    }

    /// Writes what the peer takes now. Returns whether it took something.
    func flush() throws(IOFailure) -> Bool {
        guard hasOutput else { return false }
        let count = try socket.send(output[sent...])
        sent += count
        if !hasOutput {
            output = []
            sent = 0
        }
        return count > 0
    }

    /// The next request: from what was read before, else from the socket.
    func readLine() throws(IOFailure) -> Line {
        if let line = takeLine() { return .line(line) }
        if hasEnded { return .end }
        switch try socket.receive(appendingTo: &input, limit: 16 * 1024) {
        case .nothing: return .nothing
        case .end:
            hasEnded = true
            // A last line needs no end.
            guard !input.isEmpty else { return .end }
            input.append(UInt8(ascii: "\n"))
        case .bytes: break
        }
        if let line = takeLine() { return .line(line) }
        return input.count > longestRequestLine ? .tooLong : .incomplete
    }

    private func takeLine() -> [UInt8]? {
        guard let newline = input[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = input.count
            return nil
        }
        let line = Array(input[..<newline])
        input.removeFirst(newline + 1)
        searched = 0
        return line
    }
}
