/// When each host gained and lost a virtual address, as its kernel announced it.
import CLinux
import Glibc
import LinuxIO

package final class AddressWatch: Sendable {
    /// A host began or ceased to hold the address.
    package struct Change: Hashable, Sendable {
        package var at: Moment
        package var host: Int
        package var holds: Bool
    }

    private let changes = Lock<[Change]>([])
    private let lifeline = Lock<Descriptor?>(nil)
    private let thread: Thread

    /// Watches one IPv4 or IPv6 address on every host of the lab. Start it before the daemons.
    package init(_ address: String, in lab: Lab) throws(LabError) {
        guard let octets = addressOctets(address) else { throw LabError("\(address) is no IP address") }
        var sockets: [Descriptor] = []
        for host in lab.hosts {
            sockets.append(try host.namespaces.inside { () throws(LabError) in try Self.open() })
        }
        let pipe = try Descriptor.pipe()
        lifeline.withLock { $0 = pipe.writing }
        let (ending, all, changes) = (pipe.reading, sockets, changes)
        thread = try explained { () throws(IOFailure) in
            try Thread.start(name: "lab addresses") { Self.watch(octets, all, until: ending, changes) }
        }
    }

    deinit { stop() }

    package func stop() {
        if lifeline.withLock({ $0.take() }) != nil { thread.join() }
    }

    package func changes(since moment: Moment = .init(nanoseconds: 0)) -> [Change] {
        changes.withLock { $0 }.filter { $0.at >= moment }
    }

    /// The hosts that hold the address now.
    package var holders: Set<Int> { Self.holders(of: changes()) }

    /// How long two or more hosts held the address at once, from `start` to `end`.
    package func timeHeldTwice(from start: Moment, to end: Moment) -> Duration {
        var held: Set<Int> = []
        var doubleSince: Moment?
        var total = Duration.zero
        for change in changes() where change.at <= end {
            if change.holds { held.insert(change.host) } else { held.remove(change.host) }
            if held.count > 1 {
                doubleSince = doubleSince ?? max(change.at, start)
            } else if let since = doubleSince {
                total += max(.zero, change.at - since)
                doubleSince = nil
            }
        }
        if let since = doubleSince { total += end - since }
        return total
    }

    private static func holders(of changes: [Change]) -> Set<Int> {
        changes.reduce(into: []) { held, change in
            if change.holds { held.insert(change.host) } else { held.remove(change.host) }
        }
    }

    private static func open() throws(LabError) -> Descriptor {
        let opened = try Descriptor("socket", detail: "netlink") {
            socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), NETLINK_ROUTE)
        }
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = UInt32(RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR)
        try explained { () throws(IOFailure) in
            try systemCall("bind", detail: "netlink") {
                withUnsafePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        bind(opened.number, .init(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_nl>.size))
                    }
                }
            }
        }
        return opened
    }

    private static func watch(
        _ address: [UInt8], _ sockets: [Descriptor], until ending: Descriptor, _ changes: Lock<[Change]>
    ) {
        preferThisThread()
        var watched = (sockets + [ending]).map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
        while true {
            guard poll(&watched, nfds_t(watched.count), -1) > 0 else { continue }
            if watched[sockets.count].revents != 0 { return }
            let at = Moment.now
            for (host, socket) in sockets.enumerated() where watched[host].revents != 0 {
                while case let octets = socket.read(), !octets.isEmpty {
                    for holds in announcements(of: address, in: octets) {
                        changes.withLock { changes in
                            // A refreshed lifetime is announced like a new address.
                            guard holders(of: changes).contains(host) != holds else { return }
                            changes.append(.init(at: at, host: host, holds: holds))
                        }
                    }
                }
            }
        }
    }
}

/// Reads rtnetlink(7) messages: true for each that adds `address`, false for each that removes it.
private func announcements(of address: [UInt8], in octets: [UInt8]) -> [Bool] {
    let (messageHeader, addressHeader, attributeHeader) = (16, 8, 4)
    func number(_ size: Int, at offset: Int) -> Int {
        octets[offset..<offset + size].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    var found: [Bool] = []
    var message = 0
    while message + messageHeader + addressHeader <= octets.count {
        let length = number(4, at: message)
        guard length >= messageHeader, message + length <= octets.count else { break }
        let kind = number(2, at: message + 4)
        if kind == Int(RTM_NEWADDR) || kind == Int(RTM_DELADDR) {
            var attribute = message + messageHeader + addressHeader
            while attribute + attributeHeader <= message + length {
                let size = number(2, at: attribute)
                guard size >= attributeHeader, attribute + size <= message + length else { break }
                // IFA_ADDRESS is the address itself, except on point-to-point links, which the lab has none of.
                if number(2, at: attribute + 2) == Int(IFA_ADDRESS),
                    octets[(attribute + attributeHeader)..<(attribute + size)].elementsEqual(address)
                {
                    found.append(kind == Int(RTM_NEWADDR))
                }
                attribute += (size + 3) & ~3
            }
        }
        message += (length + 3) & ~3
    }
    return found
}

/// The octets of an address given as text, in network order.
func addressOctets(_ text: String) -> [UInt8]? {
    var octets = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, text, &octets) == 1 { return Array(octets[..<4]) }
    if inet_pton(AF_INET6, text, &octets) == 1 { return octets }
    return nil
}
