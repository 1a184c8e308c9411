/// The adverts of one turn, sent with one system call per socket when the turn ends.
import CLinux
import Glibc
import SystemPackage
import Wire

/// Collects packets and sends them grouped by socket. Once it has grown to its largest turn it allocates nothing.
package final class AdvertBatch {
    private var waiting: ContiguousArray<VRRPSender> = []

    package init() { waiting.reserveCapacity(64) }

    package var isEmpty: Bool { waiting.isEmpty }

    /// Copies a packet into the queue of a socket.
    ///
    /// - Parameters:
    ///   - packet: for IPv4 with its IP header, for IPv6 the message alone.
    ///   - source: for IPv6 the address to send from; an IPv4 packet has it in its header.
    ///   - tag: given back with the result, so that the owner knows whose packet it was.
    package func add(
        _ packet: UnsafeRawBufferPointer, from source: IPAddress, to destination: IPAddress, by sender: VRRPSender,
        tag: Int
    ) {
        precondition(destination.family == sender.family && source.family == sender.family, "a socket has one family")
        let scope = destination.family == .ipv6 ? sender.interface?.index ?? 0 : 0
        sender.queue.append(
            packet, from: source.family == .ipv6 ? source : nil, to: SocketAddress(destination, scope: scope), tag: tag)
        guard !sender.isInBatch else { return }
        sender.isInBatch = true
        waiting.append(sender)
    }

    /// Copies a finished advert into the queue of a socket.
    package func add(_ advert: borrowing AdvertTemplate, by sender: VRRPSender, tag: Int) {
        let (source, destination) = (advert.source, advert.destination)
        advert.bytes.withUnsafeBytes { add($0, from: source, to: destination, by: sender, tag: tag) }
    }

    /// Sends everything. Reports each packet once: nil when the kernel took it, else why not. No packet is tried twice,
    /// because the next advert says the same and is due soon. `report` must not add packets.
    package func flush(_ report: (_ tag: Int, Errno?) -> Void) {
        for sender in waiting {
            sender.flush(report)
            sender.isInBatch = false
        }
        waiting.removeAll(keepingCapacity: true)
    }
}

/// Packets that wait for one sendmmsg(2): their octets in one piece of memory, and the kernel's headers beside them.
struct SendQueue {
    private struct Entry {
        var offset: Int
        var length: Int
        var tag: Int
        /// nil: the kernel chooses, or the packet says it itself.
        var source: IPAddress?
        var destination: SocketAddress
    }

    /// Memory that the kernel reads; it grows and never shrinks.
    private final class Headers {
        let capacity: Int
        let names: UnsafeMutableBufferPointer<sockaddr_storage>
        let vectors: UnsafeMutableBufferPointer<iovec>
        let messages: UnsafeMutableBufferPointer<mmsghdr>
        let controls: UnsafeMutableRawBufferPointer

        init(capacity: Int) {
            self.capacity = capacity
            names = .allocate(capacity: capacity)
            names.initialize(repeating: sockaddr_storage())
            vectors = .allocate(capacity: capacity)
            vectors.initialize(repeating: iovec())
            messages = .allocate(capacity: capacity)
            messages.initialize(repeating: mmsghdr())
            controls = .allocate(byteCount: capacity * Int(HALUA_CONTROL_LENGTH), alignment: 16)
            controls.initializeMemory(as: UInt8.self, repeating: 0)
        }

        deinit {
            names.deallocate()
            vectors.deallocate()
            messages.deallocate()
            controls.deallocate()
        }
    }

    private var octets: ContiguousArray<UInt8> = []
    private var entries: ContiguousArray<Entry> = []
    private var headers = Headers(capacity: 16)

    mutating func append(
        _ packet: UnsafeRawBufferPointer, from source: IPAddress?, to destination: SocketAddress, tag: Int
    ) {
        entries.append(
            Entry(offset: octets.count, length: packet.count, tag: tag, source: source, destination: destination))
        octets.append(contentsOf: packet)
    }

    mutating func flush(to descriptor: Int32, flags: Int32, _ report: (Int, Errno?) -> Void) {
        if headers.capacity < entries.count { headers = Headers(capacity: max(entries.count, 2 * headers.capacity)) }
        octets.withUnsafeBytes { bytes in
            for index in entries.indices { prepare(index, UnsafeMutableRawBufferPointer(mutating: bytes)) }
            send(descriptor, flags, report)
        }
        entries.removeAll(keepingCapacity: true)
        octets.removeAll(keepingCapacity: true)
    }

    private func prepare(_ index: Int, _ bytes: UnsafeMutableRawBufferPointer) {
        let entry = entries[index]
        headers.vectors[index].iov_base = bytes.baseAddress.map { $0 + entry.offset }
        headers.vectors[index].iov_len = entry.length
        headers.messages[index].msg_hdr.msg_namelen = entry.destination.write(to: &headers.names[index])
        headers.messages[index].msg_hdr.msg_name = UnsafeMutableRawPointer(headers.names.baseAddress.map { $0 + index })
        headers.messages[index].msg_hdr.msg_iov = headers.vectors.baseAddress.map { $0 + index }
        headers.messages[index].msg_hdr.msg_iovlen = 1
        headers.messages[index].msg_hdr.msg_control = nil
        headers.messages[index].msg_hdr.msg_controllen = 0
        guard let source = entry.source, let start = headers.controls.baseAddress else { return }
        let control = start + index * Int(HALUA_CONTROL_LENGTH)
        headers.messages[index].msg_hdr.msg_control = control
        headers.messages[index].msg_hdr.msg_controllen =
            switch source {
            case .v4(let source): halua_write_ipv4_source(control, in_addr(source))
            case .v6(let source):
                withUnsafeBytes(of: in6_addr(source)) { raw in
                    halua_write_ipv6_source(
                        control, raw.assumingMemoryBound(to: UInt8.self).baseAddress, entry.destination.scope)
                }
            }
    }

    /// sendmmsg stops at the first packet that fails: if packets went before, it counts them, else it says the error.
    private func send(_ descriptor: Int32, _ flags: Int32, _ report: (Int, Errno?) -> Void) {
        var next = 0
        while next < entries.count {
            let rest = UInt32(min(entries.count - next, 1024))
            let count = sendmmsg(descriptor, headers.messages.baseAddress.map { $0 + next }, rest, flags)
            if count > 0 {
                for index in next..<(next + Int(count)) { report(entries[index].tag, nil) }
                next += Int(count)
            } else {
                let error = Errno.last
                if error == .interrupted { continue }
                report(entries[next].tag, error)
                next += 1
            }
        }
    }
}
