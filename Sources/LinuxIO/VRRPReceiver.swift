/// The socket that hears adverts on one interface, for one address family.
import CLinux
import Glibc
import SystemPackage
import Wire

/// An interface by both its names; the index is what the kernel goes by.
package struct Interface: Hashable, Sendable {
    package var name: String
    package var index: UInt32

    package init(name: String, index: UInt32) {
        self.name = name
        self.index = index
    }

    /// Looks the index up in the calling thread's namespace.
    ///
    /// Throws: ENODEV.
    package init(named name: String) throws(IOFailure) {
        let index = if_nametoindex(name)
        guard index != 0 else { throw IOFailure("if_nametoindex", .last, name) }
        self.init(name: name, index: index)
    }
}

/// A raw socket for VRRP (protocol 112) tied to one interface.
///
/// IPv4 packets come with their IP header, IPv6 packets without (raw(7), RFC 3542 §3).
package final class VRRPReceiver {
    /// Which adverts to hear.
    package enum Kind: Hashable, Sendable {
        /// Those to a multicast group, which the socket joins.
        case multicast(group: IPAddress)
        /// Those to one address of this host, which need not exist yet.
        case unicast(to: IPAddress)
    }

    private let owned: OwnedDescriptor
    package var descriptor: Int32 { owned.rawValue }
    package let interface: Interface
    package let family: AddressFamily
    package let kind: Kind

    /// `receiveBuffer`: octets the kernel may hold while this thread is busy elsewhere.
    ///
    /// Throws: EPERM without CAP_NET_RAW, ENODEV (the interface is gone), ENOBUFS (igmp_max_memberships), EMFILE.
    package init(_ interface: Interface, _ kind: Kind, receiveBuffer: Int = 4 << 20) throws(IOFailure) {
        self.interface = interface
        self.kind = kind
        let address =
            switch kind {
            case .multicast(let group): group
            case .unicast(let local): local
            }
        family = address.family
        let type = Int32(SOCK_RAW.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let domain = family.domain
        owned = try OwnedDescriptor("socket SOCK_RAW", detail: "VRRP on \(interface.name)") {
            socket(domain, type, Int32(IPProtocol.vrrp.rawValue))
        }
        // A raw socket hears from its first moment on: shut it, empty it, and open it when it is set up.
        try PacketFilter.nothing.attach(to: descriptor)
        drain()
        try bindToDevice(descriptor, interface.name)
        setReceiveBuffer(descriptor, receiveBuffer)
        switch family {
        case .ipv4: try setUp4()
        case .ipv6: try setUp6()
        }
        try bind(descriptor, SocketAddress(address, scope: family == .ipv6 ? interface.index : 0))
        try join()
        try PacketFilter.detach(from: descriptor)
    }

    private func drain() {
        var octet: UInt8 = 0
        while recv(descriptor, &octet, 1, Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC)) >= 0 {}
    }

    private func setUp4() throws(IOFailure) {
        let level = Int32(IPPROTO_IP)
        try setOption(descriptor, level, IP_RECVTTL, 1, "IP_RECVTTL")
        try setOption(descriptor, level, IP_PKTINFO, 1, "IP_PKTINFO")
        // Only what this very socket has joined.
        try setOption(descriptor, level, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL")
        try setOption(descriptor, level, IP_FREEBIND, 1, "IP_FREEBIND")
    }

    private func setUp6() throws(IOFailure) {
        let level = Int32(IPPROTO_IPV6)
        try setOption(descriptor, level, IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT")
        try setOption(descriptor, level, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO")
        try setOption(descriptor, level, IPV6_MULTICAST_ALL, 0, "IPV6_MULTICAST_ALL")
        try setOption(descriptor, level, IPV6_FREEBIND, 1, "IPV6_FREEBIND")
    }

    private func join() throws(IOFailure) {
        guard case .multicast(let group) = kind else { return }
        try joinGroup(descriptor, group, on: interface)
    }

    /// Hands over what has come, one batch at most; the kernel reports the rest in the next turn.
    ///
    /// The octets are valid during the call only. Returns how many packets there were.
    /// Throws: ENETDOWN and the like, when the interface has gone.
    @discardableResult
    package func receive(
        into ring: PacketRing, _ handle: (UnsafeRawBufferPointer, PacketInfo) -> Void
    ) throws(IOFailure) -> Int {
        try ring.receivePackets(from: descriptor, handle)
    }
}
