/// Network interfaces as the kernel describes them (rtnetlink(7) RTM_*LINK).
import CLinux
import Glibc
import SystemPackage
import Wire

/// What an interface is ready for.
package struct LinkFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Switched on by the administrator.
    package static let up = LinkFlags(rawValue: 1 << 0)
    package static let broadcast = LinkFlags(rawValue: 1 << 1)
    package static let loopback = LinkFlags(rawValue: 1 << 3)
    package static let pointToPoint = LinkFlags(rawValue: 1 << 4)
    /// Up, and operational as far as the kernel knows: cable, bond, team, bridge.
    package static let running = LinkFlags(rawValue: 1 << 6)
    package static let noARP = LinkFlags(rawValue: 1 << 7)
    package static let multicast = LinkFlags(rawValue: 1 << 12)
    /// The driver has a carrier.
    package static let lowerUp = LinkFlags(rawValue: 1 << 16)
    package static let dormant = LinkFlags(rawValue: 1 << 17)
}

/// An interface at one moment.
package struct Link: Hashable, Sendable {
    package var index: UInt32
    package var name: String
    package var flags: LinkFlags
    /// nil for an interface without Ethernet addresses.
    package var mac: MACAddress?
    package var mtu: Int
    /// "veth", "macvlan", "bond", "vlan" …; nil for hardware and loopback.
    package var kind: String?
    /// The interface below (of a macvlan or vlan), or the other end of a veth; nil when there is none.
    package var parent: UInt32?
    /// The bridge or bond it belongs to.
    package var master: UInt32?

    package init(
        index: UInt32, name: String, flags: LinkFlags, mac: MACAddress? = nil, mtu: Int = 1500, kind: String? = nil,
        parent: UInt32? = nil, master: UInt32? = nil
    ) {
        self.index = index
        self.name = name
        self.flags = flags
        self.mac = mac
        self.mtu = mtu
        self.kind = kind
        self.parent = parent
        self.master = master
    }

    package var interface: Interface { Interface(name: name, index: index) }

    /// Adverts can go out: up, with a carrier, and operational.
    package var isUsable: Bool { flags.isSuperset(of: [.up, .lowerUp, .running]) }

    /// Reads an RTM_NEWLINK or RTM_DELLINK message; nil for a bridge's notices about its ports, which look alike.
    package init?(_ message: NetlinkMessage) {
        guard message.type == UInt16(RTM_NEWLINK) || message.type == UInt16(RTM_DELLINK),
            let header = message.header(ifinfomsg.self), Int32(header.ifi_family) == AF_UNSPEC, header.ifi_index > 0
        else { return nil }
        self.init(
            index: UInt32(header.ifi_index), name: "", flags: LinkFlags(rawValue: header.ifi_flags), mtu: 0)
        for attribute in message.attributes(after: ifinfomsg.self) {
            switch attribute.type {
            case Int(IFLA_IFNAME): name = attribute.text
            case Int(IFLA_MTU): mtu = Int(attribute.number(UInt32.self) ?? 0)
            case Int(IFLA_LINK): parent = attribute.number(UInt32.self).flatMap { $0 == 0 ? nil : $0 }
            case Int(IFLA_MASTER): master = attribute.number(UInt32.self)
            case Int(IFLA_ADDRESS) where attribute.value.count == MACAddress.length:
                mac = MACAddress(rawValue: attribute.value.reduce(0) { $0 << 8 | UInt64($1) })
            case Int(IFLA_LINKINFO):
                for detail in attribute.nested where detail.type == Int(IFLA_INFO_KIND) { kind = detail.text }
            default: break
            }
        }
        guard !name.isEmpty else { return nil }
    }
}

/// Requests about interfaces.
package struct Links {
    private let netlink: Netlink

    package init(_ netlink: Netlink) { self.netlink = netlink }

    /// All interfaces: `ip link show`.
    package func dump(_ completion: @escaping (Result<[Link], IOFailure>) -> Void) {
        var request = NetlinkRequest(RTM_GETLINK, flags: NLM_F_DUMP, header: ifinfomsg())
        // Counters are most of the answer's octets, and nobody here reads them.
        request.attribute(Int(IFLA_EXT_MASK), UInt32(RTEXT_FILTER_SKIP_STATS))
        netlink.dump(request, "RTM_GETLINK", parse: { Link($0) }, completion: completion)
    }

    /// Switches an interface on or off: `ip link set dev … up`.
    ///
    /// Fails with: ENODEV, EPERM, and what the driver says.
    package func set(
        _ index: UInt32, up: Bool, _ completion: @escaping (Result<Void, IOFailure>) -> Void
    ) {
        var header = ifinfomsg()
        header.ifi_index = Int32(bitPattern: index)
        header.ifi_flags = up ? LinkFlags.up.rawValue : 0
        header.ifi_change = LinkFlags.up.rawValue
        let request = NetlinkRequest(RTM_NEWLINK, flags: NLM_F_ACK, header: header)
        netlink.submit(request, "RTM_NEWLINK", detail: "interface \(index)", completion: completion)
    }
}
