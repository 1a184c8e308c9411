/// The socket that speaks adverts on one interface, for one address family and one way of delivery.
import CLinux
import Glibc
import SystemPackage
import Wire

/// A raw socket that only sends. Its queue is filled and flushed by an `AdvertBatch`.
package final class VRRPSender {
    /// How packets find their way.
    package enum Delivery: Hashable, Sendable {
        /// To a group on the interface, never by a route (MSG_DONTROUTE).
        case multicast
        /// To a peer, by the routes of the host.
        case unicast
    }

    private let owned: OwnedDescriptor
    package let family: AddressFamily
    package let delivery: Delivery
    /// nil: whichever interface the route says.
    package let interface: Interface?
    var queue = SendQueue()
    var isInBatch = false

    /// `hopLimit`: for IPv6; an IPv4 packet brings it in its header. `interface`: must be given for multicast.
    ///
    /// Throws: EPERM without CAP_NET_RAW, ENODEV, EMFILE.
    package init(
        _ interface: Interface?, family: AddressFamily, _ delivery: Delivery, hopLimit: UInt8 = 255
    ) throws(IOFailure) {
        precondition(interface != nil || delivery == .unicast, "multicast goes out of a named interface")
        self.family = family
        self.delivery = delivery
        self.interface = interface
        let type = Int32(SOCK_RAW.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        // IPPROTO_RAW takes whole IPv4 packets and hears none. IPv6 has no such socket for a chosen protocol.
        let number = family == .ipv4 ? Int32(IPPROTO_RAW) : Int32(IPProtocol.vrrp.rawValue)
        let domain = family.domain
        owned = try OwnedDescriptor("socket SOCK_RAW", detail: "adverts on \(interface?.name ?? "any interface")") {
            socket(domain, type, number)
        }
        let descriptor = owned.rawValue
        try PacketFilter.nothing.attach(to: descriptor)
        setReceiveBuffer(descriptor, 0)
        if let interface { try bindToDevice(descriptor, interface.name) }
        // Internetwork control: the first band of the queueing disciplines, and the class of IEEE 802.1p on a VLAN.
        try setOption(descriptor, SOL_SOCKET, SO_PRIORITY, 6, "SO_PRIORITY")
        switch family {
        case .ipv4: try setUp4()
        case .ipv6: try setUp6(hopLimit)
        }
    }

    private func setUp4() throws(IOFailure) {
        let level = Int32(IPPROTO_IP)
        guard delivery == .multicast, let interface else { return }
        try setOption(owned.rawValue, level, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP")
        let request = ip_mreqn(
            imr_multiaddr: in_addr(), imr_address: in_addr(), imr_ifindex: Int32(bitPattern: interface.index))
        try setOption(
            owned.rawValue, level, IP_MULTICAST_IF, structure: request, "IP_MULTICAST_IF", detail: interface.name)
    }

    private func setUp6(_ hopLimit: UInt8) throws(IOFailure) {
        let level = Int32(IPPROTO_IPV6)
        let descriptor = owned.rawValue
        try setOption(descriptor, level, IPV6_MULTICAST_LOOP, 0, "IPV6_MULTICAST_LOOP")
        try setOption(descriptor, level, IPV6_MULTICAST_HOPS, Int32(hopLimit), "IPV6_MULTICAST_HOPS")
        try setOption(descriptor, level, IPV6_UNICAST_HOPS, Int32(hopLimit), "IPV6_UNICAST_HOPS")
        try setOption(descriptor, level, IPV6_TCLASS, 0xC0, "IPV6_TCLASS")
        // The checksum is in the message already.
        try setOption(descriptor, level, IPV6_CHECKSUM, -1, "IPV6_CHECKSUM")
        if let interface {
            try setOption(
                descriptor, level, IPV6_MULTICAST_IF, Int32(bitPattern: interface.index), "IPV6_MULTICAST_IF")
        }
    }

    func flush(_ report: (_ tag: Int, Errno?) -> Void) {
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL) | (delivery == .multicast ? Int32(MSG_DONTROUTE) : 0)
        queue.flush(to: owned.rawValue, flags: flags, report)
    }
}
