/// What the kernel says about an interface at once, without asking netlink and waiting for its answer.
import CLinux
import Glibc
import SystemPackage
import Wire

extension Interface {
    /// The interface that has this address; nil when none has.
    ///
    /// Throws: ENOMEM and the like.
    package static func holding(_ address: IPAddress) throws(IOFailure) -> Interface? {
        var first: UnsafeMutablePointer<ifaddrs>?
        try systemCall("getifaddrs") { getifaddrs(&first) }
        defer { freeifaddrs(first) }
        var next = first
        while let entry = next?.pointee {
            let length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let wanted = address.family == .ipv4 ? length : socklen_t(MemoryLayout<sockaddr_in6>.size)
            if let raw = entry.ifa_addr, Int32(raw.pointee.sa_family) == address.family.domain,
                SocketAddress(raw, length: wanted)?.address == address
            {
                return try Interface(named: String(cString: entry.ifa_name))
            }
            next = entry.ifa_next
        }
        return nil
    }

    /// Its Ethernet address; nil when it is of another kind (loopback, a tunnel).
    ///
    /// Throws: ENODEV.
    package func hardwareAddress() throws(IOFailure) -> MACAddress? {
        let descriptor = try OwnedDescriptor("socket") {
            socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        let raw = descriptor.rawValue
        var octets: (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0, 0, 0)
        let kind = try systemCall("ioctl SIOCGIFHWADDR", detail: name) {
            withUnsafeMutableBytes(of: &octets) { halua_hardware_address(raw, name, $0.baseAddress) }
        }
        guard kind == ARPHRD_ETHER else { return nil }
        return withUnsafeBytes(of: octets) { bytes in MACAddress(rawValue: bytes.reduce(0) { $0 << 8 | UInt64($1) }) }
    }
}
