/// What it means for the guard when a station on one interface says "I am at this address".
import VRRPCore
import Wire

/// The virtual addresses, the hosts that were asked for, and the decoys of one interface. Pure, and bounded: what is
/// asked for by others' doing (senders of adverts) is forgotten again.
struct StationIndex {
    private struct Question {
        var askers: [InstanceID]
        var asked: Int64
        var hardware: MACAddress?
    }

    /// Senders of forged adverts are asked for, too; so many at once, and so long.
    private static let mostHosts = 64
    private static let hostSpan: Int64 = 60_000_000_000

    /// Who has a virtual address, of those with a guard.
    var virtual: [IPAddress: [InstanceID]] = [:]
    /// Ethernet addresses of this host.
    var own: Set<MACAddress> = []
    private(set) var decoys = DecoyWatch()
    private var hosts: [IPAddress: Question] = [:]

    /// Everything that the filter in the kernel has to let through.
    var addresses: Set<IPAddress> { Set(virtual.keys).union(hosts.keys).union(decoys.addresses) }

    /// An instance wants to hear of a host. Returns whether the filter must change.
    mutating func expect(_ host: IPAddress, for id: InstanceID, now: Int64) -> Bool {
        if hosts[host] != nil {
            hosts[host]?.asked = now
            if hosts[host]?.askers.contains(id) == false { hosts[host]?.askers.append(id) }
            return false
        }
        hosts = hosts.filter { now - $0.value.asked < Self.hostSpan }
        if hosts.count >= Self.mostHosts, let oldest = hosts.min(by: { $0.value.asked < $1.value.asked }) {
            hosts[oldest.key] = nil
        }
        hosts[host] = Question(askers: [id], asked: now)
        return true
    }

    /// Ask for these; the answers tell proxies from hosts.
    mutating func expectDecoys(_ addresses: [IPAddress], family: AddressFamily, now: Int64) {
        decoys.begin(addresses, family: family, now: now)
    }

    /// The station that answered for a host; nil before it has.
    func hardware(of host: IPAddress) -> MACAddress? { hosts[host]?.hardware }

    mutating func forget(_ id: InstanceID) {
        for host in hosts.keys { hosts[host]?.askers.removeAll { $0 == id } }
        hosts = hosts.filter { !$0.value.askers.isEmpty }
    }

    /// A station says that it is at an address. Appends what that means to whom.
    mutating func hear(_ address: IPAddress, at hardware: MACAddress, into news: inout [StationNews]) {
        guard !own.contains(hardware), !hardware.isMulticast, hardware != .zero else { return }
        if decoys.answer(address, by: hardware) {
            // Whoever listens on this interface must not believe it.
            let ids = virtual.filter { $0.key.family == address.family }.values.reduce(into: Set()) { $0.formUnion($1) }
            news += ids.map { StationNews(id: $0, news: .decoyAnswered(hardware)) }
        }
        guard !decoys.isProxy(hardware) else { return }
        if let index = hosts.index(forKey: address) {
            hosts.values[index].hardware = hardware
            for id in hosts.values[index].askers {
                news.append(StationNews(id: id, news: .hostAnswered(address, hardware)))
            }
        }
        for id in virtual[address] ?? [] {
            news.append(StationNews(id: id, news: .claim(AddressClaim(address, by: hardware))))
        }
    }
}

/// One piece of news, and for whom.
struct StationNews: Hashable {
    var id: InstanceID
    var news: GuardNews
}
