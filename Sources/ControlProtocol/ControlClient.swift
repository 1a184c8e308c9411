/// The tool's end of the control socket: one request, one answer, within a time limit.
import Glibc
import LinuxIO
import SystemPackage

/// Why the daemon could not be asked, in words for the person at the terminal.
package struct ControlFailure: Error, Hashable, CustomStringConvertible {
    package var description: String

    package init(description: String) { self.description = description }
}

package enum ControlClient {
    /// Ask the daemon that listens at `path`.
    ///
    /// Throws: `ControlFailure` when nobody listens, when it may not be opened, or when no answer comes in time.
    package static func ask(
        _ request: ControlRequest, at path: String, timeout: Duration = .seconds(10)
    ) throws(ControlFailure) -> ControlAnswer {
        let line: [UInt8]
        do {
            line = try exchange(Array((request.json.text() + "\n").utf8), at: path, timeout)
        } catch {
            throw ControlFailure(description: sentence(for: error, path))
        }
        do {
            return try ControlAnswer(json: JSONValue(parsing: line))
        } catch {
            throw ControlFailure(description: "the answer from \(path) can't be understood: \(error)")
        }
    }

    private static func exchange(
        _ request: [UInt8], at path: String, _ timeout: Duration
    ) throws(IOFailure) -> [UInt8] {
        let loop = try EventLoop(maximumEvents: 4)
        let socket = try connect(to: path, until: loop.time + timeout.wholeNanoseconds, on: loop)
        var answer: [UInt8] = []
        var failure: IOFailure?
        var isComplete = false
        var sent = 0
        let registration = try loop.add(socket.descriptor, [.read, .write]) { _ in
            do throws(IOFailure) {
                if sent < request.count { sent += try socket.send(request[sent...]) }
                isComplete = try receive(from: socket, into: &answer)
            } catch {
                failure = error
            }
            if isComplete || failure != nil { loop.stop() }
        }
        loop.after(timeout) { loop.stop() }
        loop.run()
        loop.remove(registration)
        if let failure { throw failure }
        guard isComplete else { throw IOFailure("recv", .timedOut, path) }
        return answer
    }

    /// A queue that is full for the moment is tried again until the time is over.
    private static func connect(to path: String, until end: Int64, on loop: EventLoop) throws(IOFailure) -> StreamSocket
    {
        while true {
            do throws(IOFailure) {
                return try UnixSocket.connect(to: path)
            } catch  where error.errno == .resourceTemporarilyUnavailable {
                guard loop.time < end else { throw IOFailure("connect", .timedOut, path) }
                usleep(5_000)
            }
        }
    }

    /// True when the whole line is there.
    private static func receive(from socket: StreamSocket, into answer: inout [UInt8]) throws(IOFailure) -> Bool {
        while true {
            switch try socket.receive(appendingTo: &answer, limit: 64 * 1024) {
            case .nothing: return false
            case .end: return true
            case .bytes: if answer.last == UInt8(ascii: "\n") { return true }
            }
        }
    }

    private static func sentence(for failure: IOFailure, _ path: String) -> String {
        switch failure.errno {
        case .noSuchFileOrDirectory, .connectionRefused:
            "no haluad listens at \(path): is it running, and with the same --control?"
        case .permissionDenied, .notPermitted:
            "\(path) may only be opened by root, and by the group of haluad's --control-group"
        case .timedOut: "haluad listens at \(path) but did not answer in time"
        default: "\(failure)"
        }
    }
}
