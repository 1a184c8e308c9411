/// Finds stations that answer for everybody (proxy ARP, some fabrics): they answer for addresses that nobody has, too.
import Wire

/// Three random addresses of a virtual address's network are asked for. A host may have one of them by chance; who
/// answers for all of them is a proxy. Proxies are remembered for good.
struct DecoyWatch {
    static let count = 3
    /// A proxy may appear later, so it is looked for again, but seldom.
    static let span: Int64 = 3_600_000_000_000
    private static let mostProxies = 8
    private static let mostStations = 32

    private struct Round {
        var decoys: [IPAddress]
        var begun: Int64
        /// Which decoys a station has answered for.
        var answered: [MACAddress: Set<IPAddress>] = [:]
    }

    private var rounds: [AddressFamily: Round] = [:]
    private(set) var proxies: Set<MACAddress> = []

    var addresses: Set<IPAddress> { Set(rounds.values.flatMap(\.decoys)) }

    func decoys(_ family: AddressFamily) -> [IPAddress] { rounds[family]?.decoys ?? [] }

    func isDue(_ family: AddressFamily, now: Int64) -> Bool {
        rounds[family].map { now - $0.begun >= Self.span } ?? true
    }

    /// Whether the present decoys are still to be asked for: several times, as answers may get lost.
    func isAsking(_ family: AddressFamily, now: Int64) -> Bool {
        rounds[family].map { now - $0.begun < 10_000_000_000 } ?? false
    }

    func isProxy(_ hardware: MACAddress) -> Bool { proxies.contains(hardware) }

    mutating func begin(_ decoys: [IPAddress], family: AddressFamily, now: Int64) {
        rounds[family] = Round(decoys: decoys, begun: now)
    }

    /// Returns true when this answer shows that the station is a proxy, once.
    mutating func answer(_ address: IPAddress, by hardware: MACAddress) -> Bool {
        guard var round = rounds[address.family], round.decoys.contains(address), !proxies.contains(hardware),
            round.answered[hardware] != nil || round.answered.count < Self.mostStations
        else { return false }
        round.answered[hardware, default: []].insert(address)
        rounds[address.family] = round
        guard round.answered[hardware]?.count == round.decoys.count, proxies.count < Self.mostProxies else {
            return false
        }
        proxies.insert(hardware)
        return true
    }

    /// Random addresses of a network, none of which is in `used`; none at all where the network is too small for
    /// somebody to have room for nobody.
    static func choose(
        in network: Prefix, avoiding used: Set<IPAddress>, using random: inout some RandomNumberGenerator
    ) -> [IPAddress] {
        let bits = network.address.family.addressLength * 8 - Int(network.length)
        guard bits >= 5 else { return [] }
        var found: [IPAddress] = []
        // In a network that is nearly full of ours, luck may run out.
        for _ in 0..<32 where found.count < count {
            let low = random.next(upperBound: bits >= 63 ? UInt64.max : 1 << UInt64(bits) - 2) + 1
            let candidate = host(low, in: network)
            if !used.contains(candidate), !found.contains(candidate) { found.append(candidate) }
        }
        return found.count == count ? found : []
    }

    /// Never the first or last address of an IPv4 network: `number` is neither all zeros nor all ones.
    private static func host(_ number: UInt64, in network: Prefix) -> IPAddress {
        switch network.network {
        case .v4(let base): .v4(IPv4Address(rawValue: base.rawValue | UInt32(truncatingIfNeeded: number)))
        case .v6(let base): .v6(IPv6Address(high: base.high, low: base.low | number))
        }
    }
}
