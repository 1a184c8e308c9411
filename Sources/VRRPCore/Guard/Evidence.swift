/// What is known about the virtual addresses beside VRRP: who answers for them, who advertises them, who speaks at all.
import Wire

/// Bounded lists: whatever strangers send, nothing here grows. Times are of the last word each.
struct Evidence: Sendable {
    struct Claim: Sendable {
        var claim: AddressClaim
        var heard: Time
    }

    struct Host: Sendable {
        var address: IPAddress
        var hardware: MACAddress
        var heard: Time
    }

    struct Foreign: Sendable {
        var advert: ForeignAdvert
        var heard: Time
    }

    private(set) var claims: [Claim] = []
    private(set) var hosts: [Host] = []
    private(set) var foreign: [Foreign] = []
    /// Stations that answer for everything. Learned for good: a proxy does not change its nature.
    private(set) var proxies: [MACAddress] = []

    static let mostClaims = 8
    static let mostHosts = 8
    static let mostForeign = 4
    static let mostProxies = 8

    /// Returns whether the claim counts.
    mutating func note(_ claim: AddressClaim, _ now: Time) -> Bool {
        guard !proxies.contains(claim.hardware) else { return false }
        Self.put(Claim(claim: claim, heard: now), in: &claims, limit: Self.mostClaims) { $0.claim == claim }
        return true
    }

    mutating func note(host address: IPAddress, _ hardware: MACAddress, _ now: Time) {
        guard !proxies.contains(hardware) else { return }
        let host = Host(address: address, hardware: hardware, heard: now)
        Self.put(host, in: &hosts, limit: Self.mostHosts) { $0.address == address }
    }

    mutating func note(_ advert: ForeignAdvert, _ now: Time) {
        let foreign = Foreign(advert: advert, heard: now)
        Self.put(foreign, in: &self.foreign, limit: Self.mostForeign) { $0.advert.source == advert.source }
    }

    /// It said goodbye.
    mutating func forget(foreign source: IPAddress) { foreign.removeAll { $0.advert.source == source } }

    /// Returns whether this is news.
    mutating func note(proxy hardware: MACAddress) -> Bool {
        guard !proxies.contains(hardware), proxies.count < Self.mostProxies else { return false }
        proxies.append(hardware)
        claims.removeAll { $0.claim.hardware == hardware }
        hosts.removeAll { $0.hardware == hardware }
        return true
    }

    /// Those that are believed to be there still: three of its own intervals and a second is what an advertiser may be
    /// silent for.
    func livingForeigners(_ now: Time) -> [ForeignAdvert] {
        foreign.filter { now - $0.heard <= min($0.advert.interval, .seconds(255)) * 3 + .seconds(1) }.map(\.advert)
    }

    /// Of those who advertise our address, the one that was heard of longest ago by its host's own word.
    func foreignerToAskFor(_ now: Time) -> IPAddress? {
        let never = Time(nanoseconds: 0)
        return livingForeigners(now).map(\.source).min { heard(host: $0) ?? never < heard(host: $1) ?? never }
    }

    func hardware(of host: IPAddress) -> MACAddress? { hosts.first { $0.address == host }?.hardware }

    func host(with hardware: MACAddress) -> IPAddress? { hosts.first { $0.hardware == hardware }?.address }

    func heard(host: IPAddress) -> Time? { hosts.first { $0.address == host }?.heard }

    /// Whether a station used one of the addresses since then.
    func isClaimed(by hardware: MACAddress, since start: Time) -> Bool {
        claims.contains { $0.claim.hardware == hardware && $0.heard >= start }
    }

    /// Forgets what belongs to one outage. Hosts are known by their answers, which are asked for anew each time.
    mutating func forgetClaims() {
        claims.removeAll(keepingCapacity: true)
        hosts.removeAll(keepingCapacity: true)
    }

    /// Replaces what is about the same thing; when the list is full, the oldest goes.
    private static func put<Item>(
        _ item: Item, in list: inout [Item], limit: Int, isSame: (Item) -> Bool
    ) {
        if let index = list.firstIndex(where: isSame) { list.remove(at: index) }
        if list.count == limit { list.removeFirst() }
        list.append(item)
    }
}
