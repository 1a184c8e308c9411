/// HTTP by libmicrohttpd: a bounded number of connections, each for one request and for a bounded time.
import CLinux
import CMicroHTTPD
import Glibc
import LinuxIO
import SystemPackage
import Wire

/// Serves a `Site` until it is closed. Made and closed on the main thread.
package final class WebServer {
    /// A client that is silent for so many seconds is gone.
    private static let idleSeconds: UInt32 = 5
    /// Of memory for one request; a longer one is refused.
    private static let requestOctets = 16 * 1024
    private static let stackOctets = 1 << 20

    private let lifetimeNanoseconds: Int64
    private let context: Context
    private let listener: OwnedDescriptor
    private let daemon: OpaquePointer
    /// The port that is listened on, which the kernel chooses where 0 was asked for.
    package let address: SocketAddress

    /// `connections`: so many at once, with a thread each; more are closed at once. `lifetimeNanoseconds`: a connection has this long from its beginning to the last octet of the answer, however
    /// slow the client is. Throws: EADDRINUSE, EADDRNOTAVAIL, EACCES (a port below 1024), ENOMEM.
    package init(
        _ site: Site, at address: SocketAddress, connections: UInt32 = 256,
        lifetimeNanoseconds: Int64 = 10_000_000_000
    ) throws(IOFailure) {
        self.lifetimeNanoseconds = lifetimeNanoseconds
        listener = try Self.listen(at: address)
        self.address = try Self.address(of: listener)
        context = Context(site)
        let number = listener.rawValue
        let started = halua_http_start(
            number, connections, Self.idleSeconds, Self.requestOctets, Self.stackOctets, answerRequest,
            noteConnection, Unmanaged.passUnretained(context).toOpaque())
        guard let started else { throw IOFailure("MHD_start_daemon", .last, "\(address)") }
        daemon = started
    }

    /// Ends the connections that are older than they may be. To be called every second or so.
    package func endOverdue() { context.endOverdue(before: Clock.monotonic - lifetimeNanoseconds) }

    /// Ends every connection and waits for their threads, each of which waits for haluad at most as long as its limit.
    package func close() {
        context.endOverdue(before: .max)
        MHD_stop_daemon(daemon)
    }

    private static func listen(at address: SocketAddress) throws(IOFailure) -> OwnedDescriptor {
        let family = if case .v4 = address.address { AF_INET } else { AF_INET6 }
        let descriptor = try OwnedDescriptor("socket") {
            socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        }
        let raw = descriptor.rawValue
        var yes: Int32 = 1
        // A restart must not wait for the old connections' last packets.
        try systemCall("setsockopt SO_REUSEADDR") {
            setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        try systemCall("bind", detail: "\(address)") {
            address.withSocketAddress { bind(raw, .init(__sockaddr__: $0), $1) }
        }
        try systemCall("listen", detail: "\(address)") { Glibc.listen(raw, 256) }
        return descriptor
    }

    private static func address(of listener: borrowing OwnedDescriptor) throws(IOFailure) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let raw = listener.rawValue
        try systemCall("getsockname") {
            withUnsafeMutablePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getsockname(raw, .init(__sockaddr__: $0), &length)
                }
            }
        }
        guard let address = SocketAddress(storage) else { throw IOFailure("getsockname", .invalidArgument) }
        return address
    }
}

/// What the library's threads use.
private final class Context: Sendable {
    let site: Site
    /// When each open connection began, by its descriptor.
    private let began = Lock<[Int32: Int64]>([:])

    init(_ site: Site) { self.site = site }

    func opened(_ descriptor: Int32) { began.withLock { $0[descriptor] = Clock.monotonic } }

    /// Called before the library closes the descriptor, so that no other file can have its number meanwhile.
    func closed(_ descriptor: Int32) { began.withLock { $0[descriptor] = nil } }

    /// The library sees the end of the connection, and closes it.
    func endOverdue(before limit: Int64) {
        began.withLock { began in
            for (descriptor, time) in began where time < limit { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }
}

private func context(_ pointer: UnsafeMutableRawPointer?) -> Context? {
    pointer.map { Unmanaged<Context>.fromOpaque($0).takeUnretainedValue() }
}

private let noteConnection: MHD_NotifyConnectionCallback = { pointer, connection, _, code in
    guard let context = context(pointer),
        let information = halua_http_descriptor(connection)
    else { return }
    let descriptor = information.pointee.connect_fd
    if code == .CONNECTION_NOTIFY_STARTED { context.opened(descriptor) } else { context.closed(descriptor) }
}

private let answerRequest: MHD_AccessHandlerCallback = { pointer, connection, path, method, _, _, _, _ in
    guard let context = context(pointer), let path, let method else { return .NO }
    let answer = context.site.answer(String(cString: method), String(cString: path))
    let body = Array(answer.body.utf8)
    let response = body.withUnsafeBytes { octets in
        // The library takes a copy, so the octets are not changed through this pointer.
        MHD_create_response_from_buffer(
            octets.count, UnsafeMutableRawPointer(mutating: octets.baseAddress), .RESPMEM_MUST_COPY)
    }
    guard let response else { return .NO }
    defer { MHD_destroy_response(response) }
    MHD_add_response_header(response, "Content-Type", answer.contentType)
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff")
    // One request for each connection: a client that stays would hold one of few places.
    MHD_add_response_header(response, "Connection", "close")
    if let allow = answer.allow { MHD_add_response_header(response, "Allow", allow) }
    return MHD_queue_response(connection, answer.status, response)
}
