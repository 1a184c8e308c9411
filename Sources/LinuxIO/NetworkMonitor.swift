/// Changes of interfaces and addresses as they happen.
import CLinux
import Glibc
import SystemPackage

/// What changed in the network of this host.
package enum NetworkEvent: Hashable, Sendable {
    /// A new interface, or any change of one: its present state.
    case linkChanged(Link)
    case linkRemoved(Link)
    /// A new address, or new flags of one: tentative is over, or a duplicate was found.
    case addressAdded(InterfaceAddress)
    case addressRemoved(InterfaceAddress)
    /// Notices were lost. Read links and addresses again; what was known may be wrong.
    case overrun
}

/// Listens to rtnetlink's notices. Begin to listen before the first dump, so that no change falls between.
package final class NetworkMonitor {
    private let loop: EventLoop
    private let handle: (NetworkEvent) -> Void
    private let socket: NetlinkSocket
    private var registration: Registration?

    /// `receiveBuffer`: octets the kernel may hold while this thread is busy elsewhere.
    ///
    /// Throws: EMFILE, EPERM, ENOSPC.
    package init(
        on loop: EventLoop, receiveBuffer: Int = 4 << 20, _ handle: @escaping (NetworkEvent) -> Void
    ) throws(IOFailure) {
        self.loop = loop
        self.handle = handle
        let groups = [RTNLGRP_LINK.rawValue, RTNLGRP_IPV4_IFADDR.rawValue, RTNLGRP_IPV6_IFADDR.rawValue]
        socket = try NetlinkSocket(protocol: NETLINK_ROUTE, groups: groups, receiveBuffer: receiveBuffer)
        registration = try loop.add(socket.descriptor, .read) { [weak self] _ in self?.read() }
    }

    deinit {
        if let registration { loop.remove(registration) }
    }

    /// Hands over what has come, without waiting for the loop to notice it.
    package func read() {
        do throws(IOFailure) {
            try socket.receive { message in
                if let event = Self.event(message) { handle(event) }
            }
        } catch {
            handle(.overrun)
        }
    }

    /// What a notice says; nil for what this daemon does not follow.
    package static func event(_ message: NetlinkMessage) -> NetworkEvent? {
        switch Int(message.type) {
        case RTM_NEWLINK: Link(message).map { .linkChanged($0) }
        case RTM_DELLINK: Link(message).map { .linkRemoved($0) }
        case RTM_NEWADDR: InterfaceAddress(message).map { .addressAdded($0) }
        case RTM_DELADDR: InterfaceAddress(message).map { .addressRemoved($0) }
        default: nil
        }
    }
}
