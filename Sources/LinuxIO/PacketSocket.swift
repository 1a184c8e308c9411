/// Whole Ethernet frames: gratuitous ARP, neighbour advertisements and probes out, answers and strangers in (packet(7)).
import CLinux
import Glibc
import SystemPackage
import Wire

/// How a received frame was addressed.
package enum FrameDirection: UInt8, Hashable, Sendable {
    /// To this host.
    case host = 0
    case broadcast = 1
    case multicast = 2
    /// To somebody else.
    case otherHost = 3
    /// From this host.
    case outgoing = 4
}

/// An AF_PACKET socket. One without an interface sends to any and hears all.
package final class PacketSocket {
    private let owned: OwnedDescriptor
    package var descriptor: Int32 { owned.rawValue }

    /// A socket that sends only; one serves all interfaces.
    ///
    /// Throws: EPERM without CAP_NET_RAW, EMFILE.
    package convenience init() throws(IOFailure) { try self.init(protocol: 0) }

    /// A socket that hears the frames that pass a filter on one interface, or on all.
    ///
    /// `allMulticast`: also hear multicast that nobody on this host has joined.
    /// Throws: EPERM without CAP_NET_RAW, ENODEV, EMFILE.
    package convenience init(
        hearing filter: PacketFilter, on interface: Interface?, allMulticast: Bool = false, receiveBuffer: Int = 1 << 20
    ) throws(IOFailure) {
        // Bound to protocol 0 it hears nothing until the filter is in place.
        try self.init(protocol: 0)
        try filter.attach(to: descriptor)
        setReceiveBuffer(descriptor, receiveBuffer)
        var address = Self.address(interface: interface?.index ?? 0, type: UInt16(ETH_P_ALL))
        let length = socklen_t(MemoryLayout<sockaddr_ll>.size)
        let raw = descriptor
        try systemCall("bind", detail: interface?.name ?? "all interfaces") {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.bind(raw, .init(__sockaddr__: $0), length)
                }
            }
        }
        if allMulticast, let interface {
            var request = packet_mreq()
            request.mr_ifindex = Int32(bitPattern: interface.index)
            request.mr_type = UInt16(PACKET_MR_ALLMULTI)
            try setOption(
                raw, SOL_PACKET, PACKET_ADD_MEMBERSHIP, structure: request, "PACKET_ADD_MEMBERSHIP",
                detail: interface.name)
        }
    }

    /// Hear other frames from now on. Those that came before stay in the queue.
    ///
    /// Throws: ENOMEM, EINVAL (no valid program).
    package func setFilter(_ filter: PacketFilter) throws(IOFailure) { try filter.attach(to: descriptor) }

    private init(protocol number: Int32) throws(IOFailure) {
        let type = Int32(SOCK_RAW.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        owned = try OwnedDescriptor("socket AF_PACKET") { socket(AF_PACKET, type, number) }
    }

    private static func address(interface: UInt32, type: UInt16) -> sockaddr_ll {
        var address = sockaddr_ll()
        address.sll_family = UInt16(AF_PACKET)
        address.sll_protocol = type.bigEndian
        address.sll_ifindex = Int32(bitPattern: interface)
        return address
    }

    /// Sends a frame, Ethernet header included, out of one interface.
    ///
    /// Throws: ENETDOWN, ENXIO (the interface is gone), ENOBUFS, EMSGSIZE, EINVAL (shorter than a header).
    package func send(_ frame: UnsafeRawBufferPointer, on interface: UInt32) throws(IOFailure) {
        guard frame.count >= EthernetHeader.length else { throw IOFailure("sendto", .invalidArgument, "a cut frame") }
        let type = UInt16(bigEndian: frame.loadUnaligned(fromByteOffset: 12, as: UInt16.self))
        var address = Self.address(interface: interface, type: type)
        address.sll_halen = UInt8(MACAddress.length)
        let length = socklen_t(MemoryLayout<sockaddr_ll>.size)
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        try systemCall("sendto") {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Int32(sendto(descriptor, frame.baseAddress, frame.count, flags, .init(__sockaddr__: $0), length))
                }
            }
        }
    }

    /// Hands over the frames that have come, one batch at most. The octets are valid during the call only.
    ///
    /// Throws: ENETDOWN when the interface went down.
    @discardableResult
    package func receive(
        into ring: PacketRing,
        _ handle: (UnsafeRawBufferPointer, _ interface: UInt32, FrameDirection) -> Void
    ) throws(IOFailure) -> Int {
        let count = try ring.receive(from: descriptor)
        for index in 0..<count {
            let name = ring.name(index)
            let address = withUnsafeBytes(of: name) { $0.loadUnaligned(as: sockaddr_ll.self) }
            guard let direction = FrameDirection(rawValue: address.sll_pkttype) else { continue }
            handle(ring.bytes(index), UInt32(bitPattern: address.sll_ifindex), direction)
        }
        return count
    }
}
