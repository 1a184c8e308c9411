/// A TCP server on loopback that behaves as badly as it is told to.
import CLinux
import Glibc
import LinuxIO

/// Listens on a port of its own choice and treats every connection by one script.
final class FakeServer {
    enum Behaviour: Sendable {
        /// Accepts and says nothing.
        case silent
        /// Sends these octets, then waits for the client to end.
        case sends([UInt8])
        /// Sends these octets one by one with a pause in between.
        case dribbles([UInt8])
        /// Closes at once.
        case closes
        /// Sends the octets and closes.
        case sendsAndCloses([UInt8])
        /// Sends back the first line, then closes.
        case echoes
        /// Greets as Mycat does; closes on COM_QUIT and notes it.
        case greets([UInt8])
    }

    let port: Int
    private let listener: Int32
    private let behaviour: Lock<Behaviour>
    private let quits = Lock(0)
    private let accepted = Lock(0)

    /// `port`: 0 lets the kernel choose.
    init(_ behaviour: Behaviour, port wanted: Int = 0) {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(wanted).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        port = withUnsafeMutablePointer(to: &address) { [listener] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = bind(listener, .init(__sockaddr__: generic), length)
                _ = getsockname(listener, .init(__sockaddr__: generic), &length)
            }
            return Int(UInt16(bigEndian: pointer.pointee.sin_port))
        }
        listen(listener, 1_024)
        let behaviour = Lock(behaviour)
        self.behaviour = behaviour
        let thread = try? Thread.start(name: "fake") { [listener, quits, accepted] in
            while true {
                let client = accept4(listener, .init(__sockaddr__: nil), nil, Int32(SOCK_CLOEXEC.rawValue))
                guard client >= 0 else { break }
                accepted.withLock { $0 += 1 }
                let wanted = behaviour.withLock { $0 }
                let served = try? Thread.start(name: "fake-client") {
                    if Self.serve(client, wanted) { quits.withLock { $0 += 1 } }
                    close(client)
                }
                served?.detach()
            }
            close(listener)
        }
        thread?.detach()
    }

    /// Wakes the thread out of accept, which then ends.
    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    var quitCount: Int { quits.withLock { $0 } }
    var acceptCount: Int { accepted.withLock { $0 } }
    func become(_ next: Behaviour) { behaviour.withLock { $0 = next } }

    /// Returns whether the client said COM_QUIT.
    private static func serve(_ client: Int32, _ behaviour: Behaviour) -> Bool {
        switch behaviour {
        case .silent:
            _ = read(client)
        case .sends(let bytes):
            write(client, bytes)
            while !read(client).isEmpty {}
        case .dribbles(let bytes):
            for byte in bytes {
                write(client, [byte])
                usleep(2_000)
            }
        case .closes: break
        case .sendsAndCloses(let bytes): write(client, bytes)
        case .echoes: write(client, read(client))
        case .greets(let bytes):
            write(client, bytes)
            return read(client) == [1, 0, 0, 0, 1]
        }
        return false
    }

    private static func write(_ client: Int32, _ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    private static func read(_ client: Int32) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = buffer.withUnsafeMutableBytes { recv(client, $0.baseAddress, $0.count, 0) }
        return Array(buffer.prefix(max(0, count)))
    }
}
