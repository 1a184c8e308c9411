/// A connected stream without waiting: local or TCP, read and written when a loop says it is ready.
import CLinux
import Glibc
import SystemPackage
import Wire

/// A non-blocking stream socket that closes itself. Watch `descriptor` with a loop, and remove it there before the
/// last reference goes.
package final class StreamSocket {
    /// What a read brought.
    package enum Received: Hashable, Sendable {
        case bytes(Int)
        /// Nothing is there now; wait for readiness.
        case nothing
        /// The peer sends no more.
        case end
    }

    private let owned: OwnedDescriptor
    package var descriptor: Int32 { owned.rawValue }

    package init(_ owned: consuming OwnedDescriptor) { self.owned = owned }

    /// Two ends of one stream without any network between: what one sends the other receives.
    ///
    /// Throws: EMFILE, ENFILE.
    package static func pair() throws(IOFailure) -> (StreamSocket, StreamSocket) {
        var ends: (Int32, Int32) = (-1, -1)
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        try systemCall("socketpair") {
            withUnsafeMutablePointer(to: &ends) { pointer in
                pointer.withMemoryRebound(to: Int32.self, capacity: 2) { socketpair(AF_UNIX, kind, 0, $0) }
            }
        }
        return (StreamSocket(OwnedDescriptor(ends.0)), StreamSocket(OwnedDescriptor(ends.1)))
    }

    /// Reads what is there, up to the size of the buffer.
    ///
    /// Throws: ECONNRESET, ETIMEDOUT, and for a connection that was not made ECONNREFUSED, EHOSTUNREACH …
    package func receive(into buffer: UnsafeMutableRawBufferPointer) throws(IOFailure) -> Received {
        let count = try withoutWaiting("recv") {
            recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        }
        guard let count else { return .nothing }
        return count == 0 && buffer.count > 0 ? .end : .bytes(count)
    }

    /// Writes as much as the kernel takes now; returns how much that was, 0 when it takes nothing.
    ///
    /// Throws: EPIPE, ECONNRESET. Never raises SIGPIPE.
    package func send(_ bytes: UnsafeRawBufferPointer) throws(IOFailure) -> Int {
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        return try withoutWaiting("send") { Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags) } ?? 0
    }

    /// Says that nothing more will be sent; the peer reads an end of file.
    package func shutdownSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends a connection attempt, when the loop says that the socket is writable.
    ///
    /// Throws: ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT.
    package func finishConnecting() throws(IOFailure) {
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        try systemCall("getsockopt SO_ERROR") { getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) }
        guard error == 0 else { throw IOFailure("connect", Errno(rawValue: error)) }
    }
}

/// Opens TCP connections without waiting for them.
package enum TCPConnector {
    /// Begins to connect. When the loop says that the socket is writable, `finishConnecting` tells how it went.
    ///
    /// `source`: connect from this address. `interface`: use this interface only. `mark`: SO_MARK for policy routing.
    /// Throws: ENETUNREACH, EADDRNOTAVAIL (no such source), ENODEV (no such interface), EPERM (mark without
    /// CAP_NET_ADMIN), EMFILE; some networks refuse at once with ECONNREFUSED.
    package static func start(
        to destination: SocketAddress, source: IPAddress? = nil, interface: String? = nil, mark: UInt32? = nil
    ) throws(IOFailure) -> StreamSocket {
        let family = destination.address.family
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = try OwnedDescriptor("socket") { socket(family.domain, kind, Int32(IPPROTO_TCP)) }
        let raw = descriptor.rawValue
        if let interface { try bindToDevice(raw, interface) }
        if let mark { try setOption(raw, SOL_SOCKET, SO_MARK, Int32(bitPattern: mark), "SO_MARK") }
        if let source {
            // The port is chosen when connecting, so that many connections from one address do not use up the ports.
            try setOption(raw, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1, "IP_BIND_ADDRESS_NO_PORT")
            try bind(raw, SocketAddress(source, scope: destination.scope))
        }
        let result = destination.withSocketAddress { Glibc.connect(raw, .init(__sockaddr__: $0), $1) }
        let error = Errno.last
        if result != 0, error != .nowInProgress, error != .interrupted { throw IOFailure("connect", error) }
        return StreamSocket(descriptor)
    }
}
