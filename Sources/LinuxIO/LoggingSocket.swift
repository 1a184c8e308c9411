/// A datagram socket to a logging daemon, which may be restarted, be slow, or be gone.
import CLinux
import Glibc
import SystemPackage

/// Never waits for longer than a tenth of a second. What nobody took is counted.
package final class LoggingSocket {
    package let path: String
    private(set) package var lost = 0
    private static let tries = 20
    private static let pauseMicroseconds: useconds_t = 5_000
    /// -1: there was no descriptor left; everything is lost.
    private let descriptor: Int32

    package init(_ path: String) {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    package func forgetLost() { lost = 0 }

    /// The socket is named anew each time, so that a logging daemon that was restarted is found. False: it is lost, and
    /// counted unless `counts` says otherwise.
    @discardableResult
    package func send(_ octets: [UInt8], counts: Bool = true) -> Bool {
        for _ in 0..<Self.tries {
            do throws(IOFailure) {
                try trySend(octets)
                return true
            } catch  where error.errno == .resourceTemporarilyUnavailable {
                // Its queue is full: a moment, and then the line is lost rather than the thread. There is nothing to poll
                // for: a socket without a connection can always be written to.
                usleep(Self.pauseMicroseconds)
            } catch {
                break
            }
        }
        if counts { lost += 1 }
        return false
    }

    private func trySend(_ octets: [UInt8]) throws(IOFailure) {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        try withUnixAddress(path) { (address, length) throws(IOFailure) in
            _ = try systemCall("sendto", detail: path) {
                octets.withUnsafeBytes { bytes in
                    let place = __CONST_SOCKADDR_ARG(__sockaddr__: address)
                    return Int32(sendto(descriptor, bytes.baseAddress, bytes.count, flags, place, length))
                }
            }
        }
    }
}
