/// Which hosts would serve a virtual address, whatever the neighbour caches say: each is asked by its own MAC address.
///
/// A kernel may hold an address that a fence of nftables keeps it from serving, so its list of addresses says less.
import CLinux
import Glibc
import LinuxIO
import Wire

/// Needs a `Prober` of the same address, whose service answers.
package final class ServiceWatch: Sendable {
    /// Each host is asked once in such a time, and counts as serving for so long.
    package static let period = Duration.milliseconds(5)

    private struct State: Sendable {
        /// For each host, the number of each period in which it answered, counted from `began`; ascending.
        var served: [[Int]]
        var stopped = false
    }

    private let began: Moment
    private let state: Lock<State>
    private let thread: Thread

    /// Asks from the client's address on link `link` of the lab.
    package init(_ address: IPAddress, link: Int, in lab: Lab) throws(LabError) {
        guard let source = lab.clientAddress(address.family, link: link) else {
            throw LabError("the client has no address on the link of \(address)")
        }
        let (sender, receiver, port, interface) = try lab.client.inside { () throws(LabError) in
            let receiver = try Self.openReceiver(source)
            return try (
                Self.openSender("eth\(link)"), receiver, Self.port(of: receiver), Int32(if_nametoindex("eth\(link)"))
            )
        }
        var questions: [Question] = []
        for host in lab.hosts {
            let text = try host.hardwareAddress(link: link)
            guard let hardware = MACAddress(text) else { throw LabError("\(host.name): \(text) is no MAC address") }
            questions.append(Question(from: source, port: port, to: address, at: hardware, by: interface))
        }
        let all = questions
        let began = Moment.now
        let state = Lock(State(served: lab.hosts.map { _ in [] }))
        (self.began, self.state) = (began, state)
        thread = try explained { () throws(IOFailure) in
            try Thread.start(name: "lab service") { Self.ask(all, sender, receiver, began, state) }
        }
    }

    deinit { stop() }

    package func stop() {
        let isFirst = state.withLock { state in
            defer { state.stopped = true }
            return !state.stopped
        }
        if isFirst { thread.join() }
    }

    /// For how long two or more hosts would have served the address, from `start` to `end`, in whole periods.
    package func timeServedTwice(from start: Moment, to end: Moment) -> Duration {
        let (first, last) = (period(of: start), period(of: end))
        var counts: [Int: Int] = [:]
        for periods in state.withLock({ $0.served }) {
            for number in periods.reversed() where number <= last {
                if number < first { break }
                counts[number, default: 0] += 1
            }
        }
        return Self.period * counts.values.count { $0 > 1 }
    }

    private func period(of moment: Moment) -> Int { Self.period(of: moment, since: began) }

    private static func period(of moment: Moment, since began: Moment) -> Int {
        Int((moment - began).wholeNanoseconds / period.wholeNanoseconds)
    }

    private static func ask(
        _ questions: [Question], _ sender: Descriptor, _ receiver: Descriptor, _ began: Moment, _ state: Lock<State>
    ) {
        preferThisThread()
        var next = Moment.now
        while !state.withLock({ $0.stopped }) {
            for question in questions { question.send(by: sender) }
            next = max(next + period, .now)
            collect(receiver, until: next, began, state)
        }
    }

    private static func collect(_ socket: Descriptor, until next: Moment, _ began: Moment, _ state: Lock<State>) {
        while true {
            let left = (next - .now).wholeNanoseconds
            guard left > 0 else { return }
            var waiting = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
            var limit = timespec(tv_sec: 0, tv_nsec: Int(left))
            guard ppoll(&waiting, 1, &limit, nil) == 1 else { return }
            var octets: (UInt64, UInt64) = (0, 0)
            while recv(socket.number, &octets, 16, Int32(MSG_DONTWAIT)) == 16 {
                let (host, number) = (Int(octets.1), period(of: .now, since: began))
                state.withLock { state in
                    if state.served[host].last != number { state.served[host].append(number) }
                }
            }
        }
    }

    // MARK: Sockets

    private static func openSender(_ interface: String) throws(LabError) -> Descriptor {
        // Protocol 0: it receives nothing.
        let opened = try Descriptor("socket", detail: "packets") {
            socket(AF_PACKET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        try bindToInterface(opened, interface, protocolNumber: 0)
        return opened
    }

    private static func openReceiver(_ address: IPAddress) throws(LabError) -> Descriptor {
        let opened = try Descriptor("socket") {
            socket(address.family.domain, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        try explained { () throws(IOFailure) in
            try systemCall("bind", detail: "\(address)") {
                SocketAddress(address, port: 0).withSocketAddress { bind(opened.number, .init(__sockaddr__: $0), $1) }
            }
        }
        return opened
    }

    private static func port(of socket: Descriptor) throws(LabError) -> UInt16 {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        try explained { () throws(IOFailure) in
            try systemCall("getsockname") {
                withUnsafeMutablePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        getsockname(socket.number, .init(__sockaddr__: $0), &length)
                    }
                }
            }
        }
        // It stands in the same place for both families.
        return UInt16(bigEndian: address.sin6_port)
    }
}

/// A question for the service of `EchoResponder` in a packet of our own making, so that no neighbour cache is asked.
private struct Question: Sendable {
    private let packet: [UInt8]
    private let hardware: [UInt8]
    private let etherType: UInt16
    /// Its number in the client's network.
    private let interface: Int32

    init(from source: IPAddress, port: UInt16, to address: IPAddress, at hardware: MACAddress, by interface: Int32) {
        self.interface = interface
        func word(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
        func filled(_ octets: [UInt8], checksumAt place: Int, _ sum: Checksum) -> [UInt8] {
            var (octets, sum) = (octets, sum)
            sum.add(octets.span.bytes)
            octets.replaceSubrange(place..<place + 2, with: word(sum.value))
            return octets
        }
        let length: UInt16 = 16
        var sum = Checksum()
        sum.addPseudoHeader(
            source: source, destination: address, protocolNumber: IPProtocol(rawValue: 17), messageLength: Int(length))
        let message = filled(
            word(port) + word(EchoResponder.port) + word(length) + [0, 0] + [UInt8](repeating: 0, count: 8),
            checksumAt: 6, sum)
        let addresses = source.octets + address.octets
        switch address.family {
        case .ipv4:
            etherType = 0x0800
            let header = [0x45, 0] + word(20 + length) + [0, 0, 0x40, 0, 64, 17, 0, 0] + addresses
            packet = filled(header, checksumAt: 10, Checksum()) + message
        case .ipv6:
            etherType = 0x86dd
            packet = [0x60, 0, 0, 0] + word(length) + [17, 64] + addresses + message
        }
        self.hardware = (0..<6).map { UInt8(hardware.rawValue >> UInt64(40 - $0 * 8) & 0xff) }
    }

    func send(by socket: Descriptor) {
        var address = sockaddr_ll()
        address.sll_family = sa_family_t(AF_PACKET)
        address.sll_protocol = etherType.bigEndian
        address.sll_halen = 6
        withUnsafeMutableBytes(of: &address.sll_addr) { $0.copyBytes(from: hardware) }
        address.sll_ifindex = interface
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(
                    socket.number, packet, packet.count, 0, .init(__sockaddr__: $0),
                    socklen_t(MemoryLayout<sockaddr_ll>.size))
            }
        }
    }
}
