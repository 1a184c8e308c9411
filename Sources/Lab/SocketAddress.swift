/// Socket addresses of both families as one value, made from text.
import CLinux
import Glibc

struct SocketAddress: Sendable {
    private var storage = sockaddr_storage()
    private var length: socklen_t = 0

    /// `text` in the usual notation; nil when it is no address.
    init?(_ text: String, port: UInt16) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            let address = sockaddr_in(
                sin_family: sa_family_t(AF_INET), sin_port: port.bigEndian, sin_addr: four,
                sin_zero: (0, 0, 0, 0, 0, 0, 0, 0))
            store(address)
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            let address = sockaddr_in6(
                sin6_family: sa_family_t(AF_INET6), sin6_port: port.bigEndian, sin6_flowinfo: 0, sin6_addr: six,
                sin6_scope_id: 0)
            store(address)
        } else {
            return nil
        }
    }

    /// Every IPv4 address of the host.
    static func any(port: UInt16) -> Self {
        guard let address = Self("0.0.0.0", port: port) else { preconditionFailure("0.0.0.0 is an address") }
        return address
    }

    var family: Int32 { Int32(storage.ss_family) }

    private mutating func store<Address>(_ address: Address) {
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: Address.self) }
        length = socklen_t(MemoryLayout<Address>.size)
    }

    /// For bind, connect and sendto, which take a union of pointers here.
    mutating func withPointer<Value>(_ body: (__CONST_SOCKADDR_ARG, socklen_t) -> Value) -> Value {
        withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body(.init(__sockaddr__: $0), length)
            }
        }
    }
}
