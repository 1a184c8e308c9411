/// A station at the far end of a cable that answers as a test tells it: whole frames in, whole frames out.
import CLinux
import Glibc
import LinuxIO

/// Hears every frame of an interface on a thread of its own.
final class FakeNeighbor {
    private let stops: Int32
    private let thread: LinuxIO.Thread

    /// `answers`: the frames to send for one that came.
    init(on interface: Interface, _ answers: @escaping @Sendable ([UInt8]) -> [[UInt8]]) throws {
        let all = UInt16(ETH_P_ALL).bigEndian
        let descriptor = socket(AF_PACKET, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), Int32(all))
        precondition(descriptor >= 0, "a packet socket can be made")
        var address = sockaddr_ll()
        address.sll_family = UInt16(AF_PACKET)
        address.sll_protocol = all
        address.sll_ifindex = Int32(bitPattern: interface.index)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, .init(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_ll>.size))
            }
        }
        var ends: [Int32] = [0, 0]
        pipe2(&ends, O_CLOEXEC)
        stops = ends[1]
        thread = try LinuxIO.Thread.start(name: "neighbor") { [ends] in
            defer {
                close(descriptor)
                close(ends[0])
            }
            var waits = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0),
            ]
            var buffer = [UInt8](repeating: 0, count: 10_000)
            while poll(&waits, 2, -1) >= 0, waits[1].revents == 0 {
                let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
                guard count > 0 else { continue }
                for frame in answers(Array(buffer[..<count])) { _ = send(descriptor, frame, frame.count, 0) }
            }
        }
    }

    deinit {
        close(stops)
        thread.join()
    }
}
