/// ICMP to one host without waiting (icmp(7), raw(7)).
import CLinux
import Glibc
import SystemPackage
import Wire

/// A socket for echo requests to one address and the replies of that address.
package final class EchoSocket {
    /// The kernel writes its own identifier into requests, and sorts replies by it, when the socket is not raw.
    package let keepsIdentifier: Bool
    private let family: AddressFamily
    private let owned: OwnedDescriptor
    package var descriptor: Int32 { owned.rawValue }

    /// The longest message that is read whole.
    private static let longest = 65_535

    /// Throws: EPERM (neither CAP_NET_RAW nor in net.ipv4.ping_group_range), ENETUNREACH, ENODEV, EACCES (a broadcast
    /// address), EADDRNOTAVAIL (an address of this host, which is not behind `interface`).
    package init(to destination: SocketAddress, interface: String? = nil) throws(IOFailure) {
        family = destination.address.family
        let number = Int32(family == .ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)
        let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let domain = family.domain
        let descriptor: OwnedDescriptor
        do throws(IOFailure) {
            descriptor = try OwnedDescriptor("socket") { socket(domain, Int32(SOCK_RAW.rawValue) | flags, number) }
            keepsIdentifier = true
        } catch  where error.errno == .notPermitted || error.errno == .permissionDenied {
            descriptor = try OwnedDescriptor("socket") { socket(domain, Int32(SOCK_DGRAM.rawValue) | flags, number) }
            keepsIdentifier = false
        }
        let raw = descriptor.rawValue
        // What routers say about the way reaches the socket only when it asks.
        switch family {
        case .ipv4: try setOption(raw, Int32(IPPROTO_IP), IP_RECVERR, 1, "IP_RECVERR")
        case .ipv6: try setOption(raw, Int32(IPPROTO_IPV6), IPV6_RECVERR, 1, "IPV6_RECVERR")
        }
        if let interface { try bindToDevice(raw, interface) }
        try connect(raw, destination)
        // The kernel answers for an address of this host, whatever the interface, also when its cable is out.
        if let interface, interface != "lo", try ownAddress(raw)?.address == destination.address {
            throw IOFailure("connect", .addressNotAvailable, "\(destination.address), an address of this host")
        }
        owned = descriptor
    }

    /// Throws: EHOSTUNREACH, ENETUNREACH, ENOBUFS, EMSGSIZE.
    package func send(_ message: EchoMessage) throws(IOFailure) {
        let bytes = message.encoded(family)
        _ = try withoutWaiting("send") { Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
    }

    /// The next reply; nil when there is none. Other messages are skipped.
    ///
    /// Throws: EHOSTUNREACH, ENETUNREACH, and what else routers say.
    package func receive() throws(IOFailure) -> EchoMessage? {
        while let bytes = try LinuxIO.receive(descriptor, atMost: Self.longest) {
            // A raw IPv4 socket gets the IP header as well.
            let start = keepsIdentifier && family == .ipv4 ? Int(bytes.first ?? 0) % 16 * 4 : 0
            guard start <= bytes.count else { continue }
            if let message = EchoMessage(decoding: bytes.span.bytes.extracting(droppingFirst: start), family),
                message.isReply
            {
                return message
            }
        }
        return nil
    }
}
