/// The service behind a virtual address: in every host a socket that answers who it is, while the address is there.
import CLinux
import Glibc
import LinuxIO
import Wire

/// Answers each question with the question and the host's place in the lab's list.
///
/// The sockets are bound to the virtual address before any host has it (IP_FREEBIND), so the kernel delivers to the
/// one of the host that holds the address, and to no other.
final class EchoResponder: Sendable {
    static let port: UInt16 = 4848
    private let lifeline = Lock<Descriptor?>(nil)
    private let thread: Thread

    init(on address: String, hosts: [LabHost]) throws(LabError) {
        guard let parsed = IPAddress(address) else { throw LabError("\(address) is no IP address") }
        let bound = SocketAddress(parsed, port: Self.port)
        var sockets: [Descriptor] = []
        for host in hosts {
            sockets.append(try host.namespaces.inside { () throws(LabError) in try Self.open(bound) })
        }
        let pipe = try Descriptor.pipe()
        lifeline.withLock { $0 = pipe.writing }
        let (ending, all) = (pipe.reading, sockets)
        thread = try explained { () throws(IOFailure) in
            try Thread.start(name: "lab echo") { Self.answer(all, until: ending) }
        }
    }

    deinit { stop() }

    func stop() {
        // Closing the pipe ends the thread.
        if lifeline.withLock({ $0.take() }) != nil { thread.join() }
    }

    private static func open(_ address: SocketAddress) throws(LabError) -> Descriptor {
        let opened = try Descriptor("socket") {
            socket(
                address.address.family.domain,
                Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        }
        var yes: Int32 = 1
        let (level, option) =
            address.address.family == .ipv4 ? (IPPROTO_IP, IP_FREEBIND) : (IPPROTO_IPV6, IPV6_FREEBIND)
        try explained { () throws(IOFailure) in
            try systemCall("setsockopt FREEBIND") {
                setsockopt(opened.number, Int32(level), option, &yes, socklen_t(MemoryLayout<Int32>.size))
            }
        }
        try explained { () throws(IOFailure) in
            try systemCall("bind") {
                address.withSocketAddress { bind(opened.number, .init(__sockaddr__: $0), $1) }
            }
        }
        return opened
    }

    private static func answer(_ sockets: [Descriptor], until ending: Descriptor) {
        preferThisThread()
        var watched = (sockets + [ending]).map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
        while true {
            guard poll(&watched, nfds_t(watched.count), -1) > 0 else { continue }
            if watched[sockets.count].revents != 0 { return }
            for (host, entry) in watched.enumerated() where entry.revents != 0 { reply(entry.fd, UInt64(host)) }
        }
    }

    private static func reply(_ socket: Int32, _ host: UInt64) {
        var octets: (UInt64, UInt64) = (0, host)
        var sender = sockaddr_storage()
        while true {
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            withUnsafeMutablePointer(to: &sender) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { sender in
                    let count = recvfrom(socket, &octets, 8, 0, .init(__sockaddr__: sender), &length)
                    guard count == 8 else { length = 0; return }
                    octets.1 = host
                    _ = sendto(socket, &octets, 16, 0, .init(__sockaddr__: sender), length)
                }
            }
            if length == 0 { return }
        }
    }
}
