/// The few socket options of this module, by one function each.
import CLinux
import Glibc
import SystemPackage
import Wire

/// Sets an option that is a number.
///
/// `name`: as in the manual page, for the message. Throws: whatever the kernel says, mostly EPERM and EINVAL.
func setOption(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32, _ name: String) throws(IOFailure) {
    var value = value
    try systemCall("setsockopt \(name)") {
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// Sets an option that is a structure of C.
func setOption<Value>(
    _ descriptor: Int32, _ level: Int32, _ option: Int32, structure: Value, _ name: String, detail: String = ""
) throws(IOFailure) {
    try systemCall("setsockopt \(name)", detail: detail) {
        withUnsafePointer(to: structure) {
            setsockopt(descriptor, level, option, $0, socklen_t(MemoryLayout<Value>.size))
        }
    }
}

/// Ties a socket to one interface: nothing comes in or goes out elsewhere.
///
/// Throws: ENODEV, EPERM.
func bindToDevice(_ descriptor: Int32, _ interface: String) throws(IOFailure) {
    try systemCall("setsockopt SO_BINDTODEVICE", detail: interface) {
        setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, interface, socklen_t(interface.utf8.count))
    }
}

/// Hears what is sent to a multicast group on one interface.
///
/// Throws: ENODEV, ENOBUFS (igmp_max_memberships), EADDRINUSE (joined already).
func joinGroup(_ descriptor: Int32, _ group: IPAddress, on interface: Interface) throws(IOFailure) {
    switch group {
    case .v4(let group):
        let request = ip_mreqn(
            imr_multiaddr: in_addr(group), imr_address: in_addr(), imr_ifindex: Int32(bitPattern: interface.index))
        try setOption(
            descriptor, Int32(IPPROTO_IP), IP_ADD_MEMBERSHIP, structure: request, "IP_ADD_MEMBERSHIP",
            detail: interface.name)
    case .v6(let group):
        let request = ipv6_mreq(ipv6mr_multiaddr: in6_addr(group), ipv6mr_interface: interface.index)
        try setOption(
            descriptor, Int32(IPPROTO_IPV6), IPV6_JOIN_GROUP, structure: request, "IPV6_JOIN_GROUP",
            detail: interface.name)
    }
}

/// Binds a socket to an address.
///
/// Throws: EADDRNOTAVAIL, EADDRINUSE.
func bind(_ descriptor: Int32, _ address: SocketAddress) throws(IOFailure) {
    try systemCall("bind") { address.withSocketAddress { Glibc.bind(descriptor, .init(__sockaddr__: $0), $1) } }
}

/// Sets a socket's receive buffer, beyond the system's limit when allowed (CAP_NET_ADMIN); never fails, the kernel
/// gives what it can.
func setReceiveBuffer(_ descriptor: Int32, _ octets: Int) {
    var size = Int32(clamping: octets)
    let length = socklen_t(MemoryLayout<Int32>.size)
    if setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, length) != 0 {
        _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, length)
    }
}
