/// A UDP socket on loopback that sends back what comes, or keeps it.
import CLinux
import Glibc
import LinuxIO

final class FakeUDP {
    let port: Int
    private let descriptor: Int32

    /// `answers`: what to send for a datagram, one datagram each.
    init(_ answers: @escaping @Sendable ([UInt8]) -> [[UInt8]] = { [$0] }) {
        (descriptor, port) = boundSocket(SOCK_DGRAM)
        let thread = try? Thread.start(name: "fake-udp") { [descriptor] in
            Self.serve(descriptor, answers)
            close(descriptor)
        }
        thread?.detach()
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private static func serve(_ descriptor: Int32, _ answers: ([UInt8]) -> [[UInt8]]) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            var peer = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    let count = recvfrom(descriptor, &buffer, buffer.count, 0, .init(__sockaddr__: address), &length)
                    // An empty datagram has a sender; the end has none.
                    guard count > 0 || (count == 0 && address.pointee.sa_family == sa_family_t(AF_INET)) else {
                        length = 0
                        return
                    }
                    for answer in answers(Array(buffer[..<count])) {
                        _ = sendto(descriptor, answer, answer.count, 0, .init(__sockaddr__: address), length)
                    }
                }
            }
            if length == 0 { return }
        }
    }
}
