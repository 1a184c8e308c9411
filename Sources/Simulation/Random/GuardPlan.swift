/// Guards in random runs: which nodes have one, how it is set, and who else is there.
import VRRPCore
import Wire

/// What two nodes of one address may have been configured differently by mistake.
package enum Mismatch: Hashable, Sendable, CaseIterable {
    case virtualRouterID
    case password
    case interval
    case version
}

extension ClusterPlan {
    /// Most clusters have a guard on every node, as it is the default; some have keepalived on one.
    mutating func addGuards(_ random: inout RandomSource) {
        let kind = random.integer(in: 0...99)
        // Gates are halua's, and so is what a mismatch is made good by.
        let isMixed = gate == nil && kind >= 65 && kind < 80
        let isPartial = kind >= 80 && kind < 90
        guard kind < 90 else { return }
        hasStranger = random.happens(350_000)
        hasHeartbeatSegment = random.happens(300_000)
        let settings = guardSettings(&random)
        let hasChannel = !random.happens(150_000)
        let hasDeadMan = !random.happens(100_000)
        for index in hosts.indices {
            hosts[index].traits.hasChannel = hasChannel
            hosts[index].traits.hasDeadMan = hasDeadMan
            if isPartial, index > 0, random.happens(500_000) { continue }
            if isMixed, index > 0, index == 1 || random.happens(500_000) {
                hosts[index].traits.model = .keepalived
                for number in hosts[index].instances.indices { hosts[index].instances[number].dampsFlapping = false }
                continue
            }
            for number in hosts[index].instances.indices { hosts[index].instances[number].guarding = settings }
        }
        if kind < 12, group == nil, gate == nil { disagree(&random) }
    }

    private func guardSettings(_ random: inout RandomSource) -> GuardConfig {
        var settings = GuardConfig()
        if random.happens(100_000) { settings.probes = false }
        if random.happens(150_000) { settings.longestHold = unit * random.pick([0, 1, 5]) }
        if !hasStranger, random.happens(100_000) { settings.foreignClaim = .block }
        if random.happens(150_000) { settings.deafPeer = .defend }
        if random.happens(150_000) { settings.obeysTap = false }
        return settings
    }

    /// Each node differs from each other one, and all of them have guards that probe and speak.
    private mutating func disagree(_ random: inout RandomSource) {
        let mismatch = random.pick(Mismatch.allCases)
        self.mismatch = mismatch
        for index in hosts.indices {
            hosts[index].traits.hasChannel = true
            hosts[index].instances[0].guarding?.probes = true
            hosts[index].instances[0].guarding?.obeysTap = true
            switch mismatch {
            case .virtualRouterID: hosts[index].instances[0].virtualRouterID = UInt8(60 + index)
            case .password:
                hosts[index].instances[0].version = .v2
                hosts[index].instances[0].interval = .seconds(1)
                hosts[index].instances[0].receive.authentication = .password(Password("secret\(index)"))
            case .interval:
                hosts[index].instances[0].version = .v2
                hosts[index].instances[0].interval = .seconds(1 + index)
            case .version:
                hosts[index].instances[0].version = index % 2 == 0 ? .v2 : .v3
                hosts[index].instances[0].interval = .seconds(1)
            }
        }
    }
}

extension DisturbancePlan {
    /// Faults that only a guard notices, or that only a stranger brings.
    static func ofGuard(
        _ cluster: ClusterPlan, _ host: ClusterPlan.Host, _ random: inout RandomSource
    ) -> ([Action], [Action]) {
        func on(_ action: HostAction) -> Action { .host(action, of: host.name) }
        let normal = host.traits.model == .keepalived ? DaemonModel.keepalivedRelease : .zero
        if cluster.hasStranger, random.happens(500_000) { return ofStranger(cluster, &random) }
        if cluster.hasHeartbeatSegment, random.happens(400_000) { return ofHeartbeats(cluster, &random) }
        return switch random.integer(in: 0...5) {
        case 0...2: ([on(.firewall(.adverts))], [on(.firewall(.open))])
        case 3: ([on(.firewall(.everything))], [on(.firewall(.open))])
        case 4:
            (
                cluster.hosts.map { .host(.firewall(.adverts), of: $0.name) },
                cluster.hosts.map { .host(.firewall(.open), of: $0.name) }
            )
        default:
            ([on(.slowRelease(random.milliseconds(from: 1, to: cluster.unit)))], [on(.slowRelease(normal))])
        }
    }

    private static func ofHeartbeats(
        _ cluster: ClusterPlan, _ random: inout RandomSource
    ) -> ([Action], [Action]) {
        let names = cluster.hosts.map(\.name)
        let from = random.pick(names)
        let to = random.pick(names.filter { $0 != from })
        func act(_ action: SegmentAction) -> Action { .segment(action, on: .heartbeat) }
        return switch random.integer(in: 0...2) {
        case 0: ([act(.link(from: from, to: to, .cut(true)))], [act(.link(from: from, to: to, .cut(false)))])
        case 1: ([act(.partition([[from]]))], [act(.partition([]))])
        default:
            (
                [act(.partition([[from]])), .segment(.partition([[from]]))],
                [act(.partition([])), .segment(.partition([]))]
            )
        }
    }

    private static func ofStranger(
        _ cluster: ClusterPlan, _ random: inout RandomSource
    ) -> ([Action], [Action]) {
        func act(_ action: StrangerAction) -> Action { .stranger(action, of: ClusterPlan.stranger) }
        let address = random.pick(cluster.hosts[0].instances).virtualAddresses[0]
        switch random.integer(in: 0...4) {
        case 0: return ([act(.proxy(true))], [act(.proxy(false))])
        case 1: return ([act(.use(address))], [act(.use(nil))])
        case 2: return ([act(.claim(address))], [])
        default:
            var forgery = Forgery(
                source: .v4(IPv4Address(rawValue: 0xc0a8_0442)), virtualRouterID: 99, priority: 254,
                every: .milliseconds(random.pick([2, 20, 200])))
            if random.happens(500_000) {
                forgery.virtualRouterID = 51
                forgery.password = Password("forged")
            }
            return ([act(.forge(forgery))], [act(.forge(nil))])
        }
    }
}
