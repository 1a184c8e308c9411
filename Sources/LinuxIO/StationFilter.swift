/// The filter of the guard's ears: what stations say about certain addresses, and adverts before this host's firewall.
import CLinux
import Glibc
import Wire

extension PacketFilter {
    /// Frames from other stations that say "I am at this address" for one of `addresses`: ARP by its sender address, IPv6
    /// neighbour advertisements by their target and solicitations by their source. With `hearsAdverts` also VRRP.
    ///
    /// Of an IPv6 address the last four octets decide, so the reader must look at the whole. Frames of this host and of
    /// VLANs on top of the interface never pass, for those belong to other interfaces. More addresses than a program has
    /// room for: all ARP and all neighbour discovery passes.
    package static func stations(_ addresses: some Sequence<IPAddress>, hearsAdverts: Bool) -> PacketFilter {
        var words: [AddressFamily: Set<UInt32>] = [:]
        for address in addresses {
            switch address {
            case .v4(let address): words[.ipv4, default: []].insert(address.rawValue)
            case .v6(let address): words[.ipv6, default: []].insert(UInt32(truncatingIfNeeded: address.low))
            }
        }
        let total = words.values.reduce(0) { $0 + $1.count }
        let lists = total > mostAddresses ? [:] : words.mapValues { oneOf($0.sorted()) }
        let none = total > mostAddresses ? [accept] : [reject]
        let arp = [loadWord(14 + 14)] + (lists[.ipv4] ?? none)
        let internet6 = neighbours(lists[.ipv6] ?? none, hearsAdverts: hearsAdverts)
        let internet4 = [loadByte(14 + 9), jumpIfEqual(112, then: 0, otherwise: 1), accept, reject]
        // Each block ends with a verdict, so nothing runs from one into the next.
        var program = foreignAndUntagged + [loadHalf(12)]
        program += [jumpIfEqual(0x0806, then: 0, otherwise: 1), jump(over: hearsAdverts ? 5 : 3)]
        program += [jumpIfEqual(0x86DD, then: 0, otherwise: 1), jump(over: arp.count + (hearsAdverts ? 3 : 1))]
        if hearsAdverts {
            program += [
                jumpIfEqual(0x0800, then: 0, otherwise: 1), jump(over: 1 + arp.count + internet6.count),
            ]
        }
        return PacketFilter(program: program + [reject] + arp + internet6 + (hearsAdverts ? internet4 : []))
    }

    /// Any frame that a switch forwarded: from another station, and none of those that a switch speaks itself also
    /// through a port that forwards nothing (spanning tree, LLDP and their like: IEEE 802.1Q Table 8-1, and Cisco's).
    package static let forwarded = PacketFilter(
        program: foreignAndUntagged + [
            loadWord(0),
            jumpIfEqual(0x0180_C200, then: 1, otherwise: 0),
            jumpIfEqual(0x0100_0CCC, then: 0, otherwise: 1),
            reject,
            accept,
        ])

    /// A program has at most 4,096 instructions (BPF_MAXINSNS), and an address takes two of them.
    package static let mostAddresses = 2000

    /// Goes on only with frames that are not this host's own and carry no VLAN's number.
    private static let foreignAndUntagged: [sock_filter] = [
        loadByte(ancillary(SKF_AD_PKTTYPE)),
        jumpIfEqual(UInt32(PACKET_OUTGOING), then: 0, otherwise: 1),
        reject,
        loadWord(ancillary(SKF_AD_VLAN_TAG)),
        sock_filter(code: UInt16(BPF_ALU | BPF_AND | BPF_K), jt: 0, jf: 0, k: 0xFFF),
        jumpIfEqual(0, then: 1, otherwise: 0),
        reject,
    ]

    private static func neighbours(_ list: [sock_filter], hearsAdverts: Bool) -> [sock_filter] {
        let adverts = hearsAdverts ? [jumpIfEqual(112, then: 0, otherwise: 1), accept] : []
        return [loadByte(14 + 6)] + adverts + [
            jumpIfEqual(58, then: 1, otherwise: 0),
            reject,
            loadByte(14 + 40),
            jumpIfEqual(136, then: 3, otherwise: 0),
            jumpIfEqual(135, then: 0, otherwise: 1),
            jump(over: 3),
            reject,
            // The target of an advertisement.
            loadWord(14 + 40 + 8 + 12),
            jump(over: 1),
            // The source of a solicitation; of duplicate detection it is "::", which claims nothing.
            loadWord(14 + 8 + 12),
        ] + list
    }

    private static func oneOf(_ words: [UInt32]) -> [sock_filter] {
        words.flatMap { [jumpIfEqual($0, then: 0, otherwise: 1), accept] } + [reject]
    }

    /// Where the kernel shows what it knows beside the octets: SKF_AD_OFF, as an unsigned number.
    private static func ancillary(_ offset: Int32) -> UInt32 { UInt32(bitPattern: SKF_AD_OFF + offset) }

    private static func loadWord(_ offset: UInt32) -> sock_filter {
        sock_filter(code: UInt16(BPF_LD | BPF_W | BPF_ABS), jt: 0, jf: 0, k: offset)
    }

    private static func jump(over instructions: Int) -> sock_filter {
        sock_filter(code: UInt16(BPF_JMP | BPF_JA), jt: 0, jf: 0, k: UInt32(instructions))
    }
}
