/// Room for one batch of received packets, made once and used by every socket of a thread.
import CLinux
import Glibc
import SystemPackage
import Wire

/// What the kernel says about a received IP packet.
package struct PacketInfo: Hashable, Sendable {
    package var source: IPAddress
    package var destination: IPAddress
    /// TTL or hop limit; nil when the kernel did not say.
    package var hopLimit: UInt8?
    package var interfaceIndex: UInt32
    /// The packet was longer than the ring's room for one; the rest is lost.
    package var isTruncated: Bool

    package init(
        source: IPAddress, destination: IPAddress, hopLimit: UInt8?, interfaceIndex: UInt32, isTruncated: Bool = false
    ) {
        self.source = source
        self.destination = destination
        self.hopLimit = hopLimit
        self.interfaceIndex = interfaceIndex
        self.isTruncated = isTruncated
    }
}

/// Buffers for recvmmsg(2). The packets it hands out are valid until the next receive with the same ring.
package final class PacketRing {
    /// How many packets one receive takes at most; the rest waits for the next turn, so no socket starves the others.
    package let capacity: Int
    private let packetLength: Int
    private let packets: UnsafeMutableRawBufferPointer
    private let controls: UnsafeMutableRawBufferPointer
    private let names: UnsafeMutableBufferPointer<sockaddr_storage>
    private let vectors: UnsafeMutableBufferPointer<iovec>
    private let headers: UnsafeMutableBufferPointer<mmsghdr>

    private static let controlLength = Int(HALUA_CONTROL_LENGTH)

    /// `packetLength`: the largest advert is 255 IPv6 addresses, 4,088 octets.
    package init(capacity: Int = 64, packetLength: Int = 4352) {
        self.capacity = capacity
        self.packetLength = packetLength
        packets = .allocate(byteCount: capacity * packetLength, alignment: 16)
        controls = .allocate(byteCount: capacity * Self.controlLength, alignment: 16)
        names = .allocate(capacity: capacity)
        names.initialize(repeating: sockaddr_storage())
        vectors = .allocate(capacity: capacity)
        vectors.initialize(repeating: iovec())
        headers = .allocate(capacity: capacity)
        headers.initialize(repeating: mmsghdr())
        for index in 0..<capacity {
            vectors[index].iov_base = packets.baseAddress.map { $0 + index * packetLength }
            vectors[index].iov_len = packetLength
        }
    }

    deinit {
        packets.deallocate()
        controls.deallocate()
        names.deallocate()
        vectors.deallocate()
        headers.deallocate()
    }

    /// Receives what is there, up to `capacity`. Returns how many packets came; 0 when none waits.
    ///
    /// Throws: ENETDOWN, ENOBUFS … as the socket has them.
    func receive(from descriptor: Int32) throws(IOFailure) -> Int {
        for index in 0..<capacity {
            headers[index].msg_hdr.msg_name = UnsafeMutableRawPointer(names.baseAddress.map { $0 + index })
            headers[index].msg_hdr.msg_namelen = socklen_t(MemoryLayout<sockaddr_storage>.size)
            headers[index].msg_hdr.msg_iov = vectors.baseAddress.map { $0 + index }
            headers[index].msg_hdr.msg_iovlen = 1
            headers[index].msg_hdr.msg_control = controls.baseAddress.map { $0 + index * Self.controlLength }
            headers[index].msg_hdr.msg_controllen = Self.controlLength
            headers[index].msg_hdr.msg_flags = 0
        }
        while true {
            let count = recvmmsg(descriptor, headers.baseAddress, UInt32(capacity), Int32(MSG_DONTWAIT), nil)
            if count >= 0 { return Int(count) }
            let error = Errno.last
            if error == .wouldBlock { return 0 }
            if error != .interrupted { throw IOFailure("recvmmsg", error) }
        }
    }

    /// Receives IP packets, up to `capacity`, and hands over those whose sender is known; the octets are valid during the
    /// call only. Returns how many packets came.
    ///
    /// Throws: as `receive`.
    func receivePackets(
        from descriptor: Int32, _ handle: (UnsafeRawBufferPointer, PacketInfo) -> Void
    ) throws(IOFailure) -> Int {
        let count = try receive(from: descriptor)
        for index in 0..<count {
            guard let information = information(index) else { continue }
            handle(bytes(index), information)
        }
        return count
    }

    /// The octets of a packet of the last receive.
    func bytes(_ index: Int) -> UnsafeRawBufferPointer {
        let start = index * packetLength
        let length = min(Int(headers[index].msg_len), packetLength)
        return UnsafeRawBufferPointer(rebasing: packets[start..<(start + length)])
    }

    /// Who sent a packet of the last receive.
    func name(_ index: Int) -> sockaddr_storage { names[index] }

    /// Whether a packet of the last receive was cut.
    func isTruncated(_ index: Int) -> Bool { headers[index].msg_hdr.msg_flags & Int32(MSG_TRUNC) != 0 }

    /// The ancillary data of an IP packet of the last receive; nil when the kernel left out the sender.
    func information(_ index: Int) -> PacketInfo? {
        guard let source = SocketAddress(names[index])?.address else { return nil }
        var raw = halua_packet_information()
        withUnsafePointer(to: headers[index].msg_hdr) { halua_read_packet_information($0, &raw) }
        let destination = withUnsafeBytes(of: raw.destination) { bytes in
            switch source.family {
            case .ipv4: IPAddress.v4(IPv4Address(bytes.loadUnaligned(as: in_addr.self)))
            case .ipv6: IPAddress.v6(IPv6Address(bytes.loadUnaligned(as: in6_addr.self)))
            }
        }
        return PacketInfo(
            source: source, destination: destination, hopLimit: UInt8(exactly: raw.hop_limit),
            interfaceIndex: UInt32(bitPattern: raw.interface_index), isTruncated: isTruncated(index))
    }
}
