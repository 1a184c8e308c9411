/// Addresses for one link of a rehearsal: those that the configurations name, and free ones for everybody else.
import KeepalivedConf
import Wire

struct LinkPlanner {
    let number: Int
    /// What each node calls its interface.
    let names: [String]
    let nodes: [Configuration]

    var link: LabLink {
        let virtual = nodes.indices.flatMap(virtualAddresses)
        let stated = nodes.indices.map(statedAddresses)
        var taken = Set(virtual.map(\.address) + stated.flatMap(\.self))
        var addresses = stated.map { own in own.map { "\($0)/\(Self.prefixLength(around: $0, virtual))" } }
        var client: [String] = []
        for family in AddressFamily.allCases {
            let wanted = virtual.filter { $0.address.family == family && !$0.address.isLinkLocal }
            let known = stated.flatMap(\.self).first { $0.family == family && !$0.isLinkLocal }
            guard let anchor = known ?? wanted.first?.address ?? fallback(family, wanted.isEmpty && virtual.isEmpty)
            else { continue }
            let length = Self.prefixLength(around: anchor, virtual)
            for node in nodes.indices where !stated[node].contains(where: { $0.family == family && !$0.isLinkLocal }) {
                let own = Self.free(near: anchor, length: length, &taken)
                addresses[node].append("\(own)/\(length)")
            }
            guard !wanted.isEmpty else { continue }
            client.append("\(Self.free(near: anchor, length: length, &taken))/\(length)")
        }
        // What plugins ask: a gateway that answers.
        let asked = nodes.flatMap(\.plugins).flatMap(\.options).flatMap(\.values).compactMap { IPAddress($0) }
        for address in asked where taken.insert(address).inserted && client.contains(where: { covers($0, address) }) {
            client.append("\(address)/\(address.family.addressLength * 8)")
        }
        var link = LabLink(interfaces: names, addresses: addresses, clientAddresses: client)
        link.clientRoutes = Set(virtual.map(\.address)).filter { address in
            !address.isLinkLocal && !client.contains { covers($0, address) }
        }
        .map { "\($0)/\($0.family.addressLength * 8)" }.sorted()
        return link
    }

    private func instances(_ node: Int) -> [InstanceSettings] {
        nodes[node].instances.filter { $0.interface == names[node] }
    }

    private func virtualAddresses(_ node: Int) -> [VirtualAddress] {
        nodes[node].instances.flatMap { instance in
            (instance.addresses + instance.excludedAddresses).filter {
                ($0.interface ?? instance.interface) == names[node]
            }
        }
    }

    /// The node's own addresses as the files give them: its source addresses, and those by which the others know it.
    private func statedAddresses(_ node: Int) -> [IPAddress] {
        var found = instances(node).compactMap(\.sourceAddress)
        for family in AddressFamily.allCases where !found.contains(where: { $0.family == family }) {
            let mine = Set(instances(node).flatMap(\.guardPeers))
            let others = nodes.indices.filter { $0 != node }
            let sources = others.flatMap { instances($0).compactMap(\.sourceAddress) }
            // Whom the others name and this node does not is this node.
            let known = others.flatMap { instances($0).flatMap(\.guardPeers) }
            let own = known.first { $0.family == family && !mine.contains($0) && !sources.contains($0) }
            if let own { found.append(own) }
        }
        return found.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// For links without any address in the files: every host needs one to advertise from.
    private func fallback(_ family: AddressFamily, _ isNeeded: Bool) -> IPAddress? {
        isNeeded && family == .ipv4 ? .v4(IPv4Address(rawValue: 0x0A04_0001 + UInt32(number) << 8)) : nil
    }

    /// The prefix length that a VIP of the same network has, unless it is a host's: then /24 or /64.
    private static func prefixLength(around address: IPAddress, _ virtual: [VirtualAddress]) -> Int {
        let usual = address.family == .ipv4 ? 24 : 64
        let longest = address.family == .ipv4 ? 30 : 126
        let lengths = virtual.filter { $0.address.family == address.family }.map { Int($0.prefixLength) }
        return lengths.filter { $0 <= longest }.min() ?? usual
    }

    /// The highest address of `anchor`'s network, or of its last 254 addresses, that nobody has.
    private static func free(near anchor: IPAddress, length: Int, _ taken: inout Set<IPAddress>) -> IPAddress {
        let bits = min(anchor.family.addressLength * 8 - length, 8)
        for number in stride(from: UInt64(1 << bits) - 2, through: 1, by: -1) {
            let candidate: IPAddress =
                switch anchor {
                case .v4(let address):
                    .v4(IPv4Address(rawValue: (address.rawValue >> UInt32(bits)) << UInt32(bits) | UInt32(number)))
                case .v6(let address):
                    .v6(IPv6Address(high: address.high, low: (address.low >> UInt64(bits)) << UInt64(bits) | number))
                }
            if taken.insert(candidate).inserted { return candidate }
        }
        // A network that is this full cannot be rehearsed without two hosts of one address; the kernel will say so.
        return anchor
    }

    /// Whether `address` is in the network of "192.168.4.250/24".
    private func covers(_ network: String, _ address: IPAddress) -> Bool {
        let parts = network.split(separator: "/")
        guard parts.count == 2, let own = IPAddress(parts[0]), let length = Int(parts[1]) else { return false }
        switch (own, address) {
        case (.v4(let one), .v4(let other)):
            return length == 0 || (one.rawValue ^ other.rawValue) >> UInt32(32 - length) == 0
        case (.v6(let one), .v6(let other)):
            let high = one.high ^ other.high
            if length <= 64 { return length == 0 || high >> UInt64(64 - length) == 0 }
            return high == 0 && (one.low ^ other.low) >> UInt64(128 - length) == 0
        default: return false
        }
    }
}
