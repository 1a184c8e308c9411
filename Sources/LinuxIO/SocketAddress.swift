/// Wire's addresses as the kernel wants them, and back.
import CLinux
import Glibc
import Wire

/// An address with a port, and for link-local IPv6 the interface it is meant on.
package struct SocketAddress: Hashable, Sendable {
    package var address: IPAddress
    package var port: UInt16
    /// Interface index of a link-local IPv6 address; 0 otherwise.
    package var scope: UInt32

    package init(_ address: IPAddress, port: UInt16 = 0, scope: UInt32 = 0) {
        self.address = address
        self.port = port
        self.scope = scope
    }

    /// Writes the address; returns the octets used.
    package func write(to storage: inout sockaddr_storage) -> socklen_t {
        withUnsafeMutableBytes(of: &storage) { bytes in
            switch address {
            case .v4(let address):
                var raw = sockaddr_in()
                raw.sin_family = sa_family_t(AF_INET)
                raw.sin_port = port.bigEndian
                raw.sin_addr = in_addr(address)
                bytes.storeBytes(of: raw, as: sockaddr_in.self)
                return socklen_t(MemoryLayout<sockaddr_in>.size)
            case .v6(let address):
                var raw = sockaddr_in6()
                raw.sin6_family = sa_family_t(AF_INET6)
                raw.sin6_port = port.bigEndian
                raw.sin6_addr = in6_addr(address)
                raw.sin6_scope_id = scope
                bytes.storeBytes(of: raw, as: sockaddr_in6.self)
                return socklen_t(MemoryLayout<sockaddr_in6>.size)
            }
        }
    }

    /// Reads an address; nil when it is of neither family.
    package init?(_ storage: sockaddr_storage) {
        let read: SocketAddress? = withUnsafeBytes(of: storage) { bytes in
            switch Int32(storage.ss_family) {
            case AF_INET:
                let raw = bytes.loadUnaligned(as: sockaddr_in.self)
                return SocketAddress(.v4(IPv4Address(raw.sin_addr)), port: UInt16(bigEndian: raw.sin_port))
            case AF_INET6:
                let raw = bytes.loadUnaligned(as: sockaddr_in6.self)
                return SocketAddress(
                    .v6(IPv6Address(raw.sin6_addr)), port: UInt16(bigEndian: raw.sin6_port), scope: raw.sin6_scope_id)
            default: return nil
            }
        }
        guard let read else { return nil }
        self = read
    }

    /// Reads an address that a library made; nil when there is none, or it is of neither family.
    package init?(_ raw: UnsafePointer<sockaddr>?, length: socklen_t) {
        var storage = sockaddr_storage()
        guard let raw, length <= MemoryLayout<sockaddr_storage>.size else { return nil }
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: raw, count: Int(length)))
        }
        self.init(storage)
    }

    /// Gives the address to a system call.
    package func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var storage = sockaddr_storage()
        let length = write(to: &storage)
        return withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// "192.0.2.1:80", "[2001:db8::1]:80"
    package var description: String { address.family == .ipv6 ? "[\(address)]:\(port)" : "\(address):\(port)" }
}

extension AddressFamily {
    /// AF_INET or AF_INET6.
    package var domain: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        }
    }
}

extension in_addr {
    package init(_ address: IPv4Address) { self.init(s_addr: address.rawValue.bigEndian) }
}

extension IPv4Address {
    package init(_ raw: in_addr) { self.init(rawValue: UInt32(bigEndian: raw.s_addr)) }
}

extension in6_addr {
    package init(_ address: IPv6Address) {
        self.init()
        withUnsafeMutableBytes(of: &self) { bytes in
            bytes.storeBytes(of: address.high.bigEndian, as: UInt64.self)
            bytes.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
    }
}

extension IPv6Address {
    package init(_ raw: in6_addr) {
        let (high, low) = withUnsafeBytes(of: raw) { bytes in
            (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        self.init(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
    }
}
