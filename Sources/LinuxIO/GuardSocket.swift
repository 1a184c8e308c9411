/// UDP on one interface, for one address family: datagrams to hosts and to the group of VRRP on the link.
import CLinux
import Glibc
import SystemPackage
import Wire

/// Speaks and hears on a port of one interface. What it sends is queued and leaves by `flush`, with one system call.
///
/// Every datagram leaves with a TTL of 255, which no router lets pass undiminished: who receives another number knows
/// that the sender is not on the link (RFC 5082).
package final class GuardSocket {
    /// Where a datagram goes, and from where.
    package struct Destination: Hashable, Sendable {
        package var address: IPAddress
        /// nil: the kernel chooses.
        package var source: IPAddress?

        package init(_ address: IPAddress, from source: IPAddress? = nil) {
            precondition(source.map { $0.family == address.family } ?? true, "one datagram has addresses of one family")
            self.address = address
            self.source = source
        }
    }

    private let owned: OwnedDescriptor
    package var descriptor: Int32 { owned.rawValue }
    package let interface: Interface
    package let family: AddressFamily
    package let port: UInt16
    private var queue = SendQueue()
    package private(set) var isQueueEmpty = true

    /// Joins the group of VRRP (224.0.0.18 or ff02::12) on the interface.
    ///
    /// Throws: ENODEV (the interface is gone), EADDRINUSE (another program has the port on all interfaces), EAFNOSUPPORT
    /// (IPv6 is off), EPERM without CAP_NET_RAW, ENOBUFS (igmp_max_memberships), EMFILE.
    package init(
        _ interface: Interface, family: AddressFamily, port: UInt16, receiveBuffer: Int = 1 << 20
    ) throws(IOFailure) {
        self.interface = interface
        self.family = family
        self.port = port
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        owned = try OwnedDescriptor("socket SOCK_DGRAM", detail: "guard channel on \(interface.name)") {
            socket(family.domain, kind, Int32(IPPROTO_UDP))
        }
        try bindToDevice(descriptor, interface.name)
        setReceiveBuffer(descriptor, receiveBuffer)
        // As adverts: the first band of the queueing disciplines, and the class of IEEE 802.1p on a VLAN.
        try setOption(descriptor, SOL_SOCKET, SO_PRIORITY, 6, "SO_PRIORITY")
        switch family {
        case .ipv4: try setUp4()
        case .ipv6: try setUp6()
        }
        try bind(descriptor, SocketAddress(.unspecified(family), port: port))
        try joinGroup(descriptor, .vrrpGroup(family), on: interface)
    }

    private func setUp4() throws(IOFailure) {
        let level = Int32(IPPROTO_IP)
        try setOption(descriptor, level, IP_RECVTTL, 1, "IP_RECVTTL")
        try setOption(descriptor, level, IP_PKTINFO, 1, "IP_PKTINFO")
        try setOption(descriptor, level, IP_TTL, 255, "IP_TTL")
        try setOption(descriptor, level, IP_TOS, 0xC0, "IP_TOS")
        try setOption(descriptor, level, IP_MULTICAST_TTL, 255, "IP_MULTICAST_TTL")
        try setOption(descriptor, level, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP")
        // Only what this very socket has joined.
        try setOption(descriptor, level, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL")
        let request = ip_mreqn(
            imr_multiaddr: in_addr(), imr_address: in_addr(), imr_ifindex: Int32(bitPattern: interface.index))
        try setOption(descriptor, level, IP_MULTICAST_IF, structure: request, "IP_MULTICAST_IF", detail: interface.name)
    }

    private func setUp6() throws(IOFailure) {
        let level = Int32(IPPROTO_IPV6)
        // IPv4 has a socket of its own on the same port.
        try setOption(descriptor, level, IPV6_V6ONLY, 1, "IPV6_V6ONLY")
        try setOption(descriptor, level, IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT")
        try setOption(descriptor, level, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO")
        try setOption(descriptor, level, IPV6_UNICAST_HOPS, 255, "IPV6_UNICAST_HOPS")
        try setOption(descriptor, level, IPV6_MULTICAST_HOPS, 255, "IPV6_MULTICAST_HOPS")
        try setOption(descriptor, level, IPV6_MULTICAST_LOOP, 0, "IPV6_MULTICAST_LOOP")
        try setOption(descriptor, level, IPV6_MULTICAST_ALL, 0, "IPV6_MULTICAST_ALL")
        try setOption(descriptor, level, IPV6_TCLASS, 0xC0, "IPV6_TCLASS")
        try setOption(descriptor, level, IPV6_MULTICAST_IF, Int32(bitPattern: interface.index), "IPV6_MULTICAST_IF")
    }

    /// Queues one datagram; its octets are copied. `tag` comes back with the result.
    package func add(_ octets: UnsafeRawBufferPointer, to destination: Destination, tag: Int) {
        precondition(destination.address.family == family, "a socket has one family")
        let scope = destination.address.isLinkLocal || destination.address.isMulticast ? interface.index : 0
        queue.append(
            octets, from: destination.source,
            to: SocketAddress(destination.address, port: port, scope: family == .ipv6 ? scope : 0), tag: tag)
        isQueueEmpty = false
    }

    /// Sends everything that was queued. Reports each datagram once: nil when the kernel took it, else why not.
    /// None is tried twice, because the next one says more.
    package func flush(_ report: (_ tag: Int, Errno?) -> Void) {
        guard !isQueueEmpty else { return }
        queue.flush(to: descriptor, flags: Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), report)
        isQueueEmpty = true
    }

    /// Hands over what has come, one batch at most; the kernel reports the rest in the next turn.
    ///
    /// The octets are valid during the call only. Returns how many datagrams there were.
    /// Throws: ENETDOWN and the like, when the interface has gone.
    @discardableResult
    package func receive(
        into ring: PacketRing, _ handle: (UnsafeRawBufferPointer, PacketInfo) -> Void
    ) throws(IOFailure) -> Int {
        try ring.receivePackets(from: descriptor, handle)
    }
}
