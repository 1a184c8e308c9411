/// What the kernel lets the calling thread do (capabilities(7)).
import CLinux
import Glibc
import SystemPackage

/// A set of capabilities.
package struct Capabilities: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Addresses, links, routes, sysctl of the network.
    package static let networkAdministration = Capabilities(rawValue: 1 << UInt64(CAP_NET_ADMIN))
    /// Raw and packet sockets.
    package static let networkRaw = Capabilities(rawValue: 1 << UInt64(CAP_NET_RAW))
    /// Real-time priorities and negative niceness.
    package static let scheduling = Capabilities(rawValue: 1 << UInt64(CAP_SYS_NICE))
    /// Locked memory beyond RLIMIT_MEMLOCK.
    package static let memoryLocking = Capabilities(rawValue: 1 << UInt64(CAP_IPC_LOCK))
    /// Namespaces.
    package static let systemAdministration = Capabilities(rawValue: 1 << UInt64(CAP_SYS_ADMIN))

    /// The effective set of the calling thread.
    package static var effective: Capabilities {
        var bits: UInt64 = 0
        let result = halua_effective_capabilities(&bits)
        precondition(result == 0, "capget of the calling thread cannot fail")
        return Capabilities(rawValue: bits)
    }
}
