/// A TCP service that accepts a connection and closes it: what a check of a port needs, and no more.
import CLinux
import Glibc
import LinuxIO
import Wire

/// Listens on the loopback of one host, on a thread of its own.
final class Acceptor: Sendable {
    private let count = Lock(0)
    private let lifeline = Lock<Descriptor?>(nil)
    private let thread: Thread

    init(port: UInt16, in host: LabHost) throws(LabError) {
        guard let loopback = IPAddress("127.0.0.1") else { preconditionFailure("127.0.0.1 is an address") }
        let socket = try host.namespaces.inside { () throws(LabError) in
            try Self.open(SocketAddress(loopback, port: port))
        }
        let pipe = try Descriptor.pipe()
        lifeline.withLock { $0 = pipe.writing }
        let (ending, count) = (pipe.reading, count)
        thread = try explained { () throws(IOFailure) in
            try Thread.start(name: "lab acceptor") { Self.accept(socket, until: ending, count) }
        }
    }

    deinit { stop() }

    /// Connections so far.
    var accepted: Int { count.withLock { $0 } }

    func stop() {
        if lifeline.withLock({ $0.take() }) != nil { thread.join() }
    }

    private static func open(_ address: SocketAddress) throws(LabError) -> Descriptor {
        let opened = try Descriptor("socket") {
            socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        }
        var yes: Int32 = 1
        setsockopt(opened.number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        try explained { () throws(IOFailure) in
            try systemCall("bind") { address.withSocketAddress { bind(opened.number, .init(__sockaddr__: $0), $1) } }
            try systemCall("listen") { listen(opened.number, 1024) }
        }
        return opened
    }

    private static func accept(_ socket: Descriptor, until ending: Descriptor, _ count: Lock<Int>) {
        var watched = [socket, ending].map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
        while true {
            guard poll(&watched, nfds_t(watched.count), -1) > 0 else { continue }
            if watched[1].revents != 0 { return }
            while true {
                let connection = accept4(socket.number, .init(__sockaddr__: nil), nil, Int32(SOCK_CLOEXEC.rawValue))
                if connection < 0 { break }
                close(connection)
                count.withLock { $0 += 1 }
            }
        }
    }
}
