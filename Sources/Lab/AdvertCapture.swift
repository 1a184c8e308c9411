/// Listens to VRRP adverts beside the daemons, with the kernel's time stamps.
import CLinux
import Glibc
import LinuxIO

package final class AdvertCapture: Sendable {
    /// One advert as it passed.
    package struct Sighting: Hashable, Sendable {
        /// When the kernel took it, in nanoseconds of CLOCK_REALTIME.
        package var at: Int64
        /// On which of the lab's links.
        package var link: Int
        package var virtualRouterID: UInt8
        package var priority: UInt8
        package var version: UInt8
        /// The last octet of the sender's address tells the lab's hosts apart.
        package var sender: UInt8
    }

    /// A whole Ethernet frame, for a protocol analyser.
    struct Frame: Sendable {
        var at: Int64
        var octets: [UInt8]
    }

    private let sightings = Lock<[Sighting]>([])
    private let frames: Lock<[Frame]>?
    private let lifeline = Lock<Descriptor?>(nil)
    private let sockets: [Descriptor]
    private let thread: Thread

    /// Listens on the first `links` interfaces of a network. `keepsFrames`: for `writeFrames`, and much slower.
    package init(in namespaces: Namespaces, links: Int = 1, keepsFrames: Bool = false) throws(LabError) {
        let sockets = try namespaces.inside { () throws(LabError) in
            var sockets: [Descriptor] = []
            for link in 0..<links { sockets.append(try openCapture("eth\(link)")) }
            return sockets
        }
        self.sockets = sockets
        frames = keepsFrames ? Lock([]) : nil
        let pipe = try Descriptor.pipe()
        lifeline.withLock { $0 = pipe.writing }
        let (ending, sightings, frames) = (pipe.reading, sightings, frames)
        thread = try explained { () throws(IOFailure) in
            try Thread.start(name: "lab capture") { Self.listen(sockets, until: ending, sightings, frames) }
        }
    }

    deinit { stop() }

    package func stop() {
        if lifeline.withLock({ $0.take() }) != nil { thread.join() }
    }

    /// The adverts of a stretch of CLOCK_REALTIME.
    package func sightings(from start: Int64 = .min, to end: Int64 = .max) -> [Sighting] {
        sightings.withLock { $0 }.filter { $0.at >= start && $0.at < end }
    }

    package var count: Int { sightings.withLock { $0.count } }

    /// Forgets what it has heard so far.
    package func forget() { sightings.withLock { $0.removeAll(keepingCapacity: true) } }

    /// Packets that the kernel could not keep for us since the last question: must be 0 for a valid measurement.
    package func lost() -> Int {
        sockets.reduce(0) { sum, socket in
            var statistics = tpacket_stats()
            var length = socklen_t(MemoryLayout<tpacket_stats>.size)
            getsockopt(socket.number, SOL_PACKET, PACKET_STATISTICS, &statistics, &length)
            return sum + Int(statistics.tp_drops)
        }
    }

    /// Writes what it has heard as a capture file in the format of pcap(3PCAP), with nanoseconds.
    package func writeFrames(to path: String) throws(LabError) {
        guard let frames else { preconditionFailure("only a capture that keeps frames can write them") }
        func number(_ value: Int, _ size: Int = 4) -> [UInt8] { (0..<size).map { UInt8(value >> ($0 * 8) & 0xff) } }
        let ethernet = 1
        var file = number(0xA1B2_3C4D) + number(2, 2) + number(4, 2) + number(0) + number(0) + number(65535)
        file += number(ethernet)
        for frame in frames.withLock({ $0 }) {
            file += number(Int(frame.at / 1_000_000_000)) + number(Int(frame.at % 1_000_000_000))
            file += number(frame.octets.count) + number(frame.octets.count) + frame.octets
        }
        let written = try Descriptor("open", detail: path) {
            open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        }
        try written.write(file)
    }

    private static func listen(
        _ sockets: [Descriptor], until ending: Descriptor, _ sightings: Lock<[Sighting]>, _ frames: Lock<[Frame]>?
    ) {
        preferThisThread()
        var watched = (sockets + [ending]).map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
        let packet = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 8)
        let control = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
        defer {
            packet.deallocate()
            control.deallocate()
        }
        var batch: [Sighting] = []
        while true {
            guard poll(&watched, nfds_t(watched.count), -1) > 0 else { continue }
            if watched[sockets.count].revents != 0 { return }
            for (link, entry) in watched.enumerated() where entry.revents != 0 {
                while batch.count < 4096, let (sighting, length) = receive(entry.fd, link, packet, control) {
                    batch.append(sighting)
                    let octets = UnsafeRawBufferPointer(packet)[..<length]
                    frames?.withLock { $0.append(Frame(at: sighting.at, octets: Array(octets))) }
                }
            }
            sightings.withLock { $0 += batch }
            batch.removeAll(keepingCapacity: true)
        }
    }

    private static func receive(
        _ socket: Int32, _ link: Int, _ packet: UnsafeMutableRawBufferPointer, _ control: UnsafeMutableRawBufferPointer
    ) -> (Sighting, length: Int)? {
        var part = iovec(iov_base: packet.baseAddress, iov_len: packet.count)
        var message = msghdr()
        let count = withUnsafeMutablePointer(to: &part) { part in
            message.msg_iov = part
            message.msg_iovlen = 1
            message.msg_control = control.baseAddress
            message.msg_controllen = control.count
            return recvmsg(socket, &message, Int32(MSG_DONTWAIT))
        }
        guard count > 0 else { return nil }
        let octets = UnsafeRawBufferPointer(packet)[..<count]
        // The one control message: a cmsghdr of sixteen octets, then a timespec.
        let seconds = control.load(fromByteOffset: 16, as: Int.self)
        let nanoseconds = control.load(fromByteOffset: 24, as: Int.self)
        return (sighting(in: octets, at: Int64(seconds) * 1_000_000_000 + Int64(nanoseconds), link: link), count)
    }

    /// A packet that is no whole advert counts as one of priority 0 of no router.
    private static func sighting(in frame: Slice<UnsafeRawBufferPointer>, at: Int64, link: Int) -> Sighting {
        let ethernet = 14
        let isIPv6 = frame.count > 13 && frame[12] == 0x86
        let body = ethernet + (isIPv6 ? 40 : frame.count > ethernet ? Int(frame[ethernet] & 0xf) * 4 : 0)
        let sender = isIPv6 ? ethernet + 23 : ethernet + 15
        guard frame.count >= body + 4, frame.count > sender else {
            return .init(at: at, link: link, virtualRouterID: 0, priority: 0, version: 0, sender: 0)
        }
        return .init(
            at: at, link: link, virtualRouterID: frame[body + 1], priority: frame[body + 2], version: frame[body] >> 4,
            sender: frame[sender])
    }
}

/// A packet socket on one interface that passes VRRP only (IPv4 or IPv6 protocol 112), with time stamps.
private func openCapture(_ interface: String) throws(LabError) -> Descriptor {
    // Closed to all protocols until it is bound, so that nothing unfiltered gets in.
    let opened = try Descriptor("socket", detail: "packets") {
        socket(AF_PACKET, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }
    let (load16, load8, equal, answer) = (UInt16(0x28), UInt16(0x30), UInt16(0x15), UInt16(0x06))
    var filter = [
        sock_filter(code: load16, jt: 0, jf: 0, k: 12),  // the Ethernet type
        sock_filter(code: equal, jt: 0, jf: 2, k: 0x0800),
        sock_filter(code: load8, jt: 0, jf: 0, k: 23),  // IPv4's protocol
        sock_filter(code: equal, jt: 3, jf: 4, k: 112),
        sock_filter(code: equal, jt: 0, jf: 3, k: 0x86dd),
        sock_filter(code: load8, jt: 0, jf: 0, k: 20),  // IPv6's next header
        sock_filter(code: equal, jt: 0, jf: 1, k: 112),
        sock_filter(code: answer, jt: 0, jf: 0, k: 2048),
        sock_filter(code: answer, jt: 0, jf: 0, k: 0),
    ]
    try explained { () throws(IOFailure) in
        try systemCall("setsockopt SO_ATTACH_FILTER") {
            filter.withUnsafeMutableBufferPointer { filter in
                var program = sock_fprog(len: UInt16(filter.count), filter: filter.baseAddress)
                return setsockopt(
                    opened.number, SOL_SOCKET, SO_ATTACH_FILTER, &program, socklen_t(MemoryLayout<sock_fprog>.size))
            }
        }
    }
    var yes: Int32 = 1
    var buffer: Int32 = 64 << 20
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(opened.number, SOL_SOCKET, SO_TIMESTAMPNS, &yes, size)
    setsockopt(opened.number, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, size)
    try bindToInterface(opened, interface, protocolNumber: UInt16(ETH_P_ALL))
    return opened
}

/// Binds a packet socket to one interface of the calling thread's network; protocol 0 receives nothing.
func bindToInterface(_ socket: Descriptor, _ interface: String, protocolNumber: UInt16) throws(LabError) {
    var address = sockaddr_ll()
    address.sll_family = sa_family_t(AF_PACKET)
    address.sll_protocol = protocolNumber.bigEndian
    address.sll_ifindex = Int32(if_nametoindex(interface))
    try explained { () throws(IOFailure) in
        try systemCall("bind", detail: interface) {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket.number, .init(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_ll>.size))
                }
            }
        }
    }
}
