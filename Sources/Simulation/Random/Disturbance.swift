/// Random faults, each with its end, for a cluster plan.
import VRRPCore
import Wire

/// One fault: what begins it, and what ends it. A shrunken run leaves out both or neither.
package struct Disturbance: Sendable {
    package var begins: Time
    package var beginning: [Action]
    package var ends: Time
    package var ending: [Action]
}

package struct DisturbancePlan: Sendable {
    package var disturbances: [Disturbance] = []
    /// When everything is mended.
    package var end: Time

    /// Faults that overlap freely, some of them longer than a master down interval and some shorter.
    package init(for cluster: ClusterPlan, count: Int, _ random: inout RandomSource) {
        let unit = cluster.unit
        var now = Time(nanoseconds: 0) + unit * 6
        for _ in 0..<count {
            now = now + random.milliseconds(from: 0, to: unit * 8)
            let length = random.happens(500_000) ? unit * 3 : unit * 15
            let ends = now + random.milliseconds(from: 1, to: length)
            let (beginning, ending) = Self.pick(cluster, &random)
            disturbances.append(Disturbance(begins: now, beginning: beginning, ends: ends, ending: ending))
        }
        end = now + unit * 4
    }

    private static func pick(_ cluster: ClusterPlan, _ random: inout RandomSource) -> ([Action], [Action]) {
        let host = random.pick(cluster.hosts)
        if let gate = cluster.gate, random.happens(250_000) { return ofGate(gate, host, &random) }
        if random.happens(200_000) { return ofGuard(cluster, host, &random) }
        return switch random.integer(in: 0...9) {
        case 0...2: ofProcess(host, cluster.unit, &random)
        case 3: ofHost(host, &random)
        case 4...7: ofSegment(cluster, &random)
        default: ofInstance(host, &random)
        }
    }

    private static func ofProcess(
        _ host: ClusterPlan.Host, _ unit: Duration, _ random: inout RandomSource
    ) -> ([Action], [Action]) {
        func process(_ action: ProcessAction) -> Action { .process(action, of: host.name) }
        return switch random.integer(in: 0...5) {
        case 0: ([process(.pause)], [process(.resume)])
        case 1: ([process(.kill)], [process(.start)])
        case 2: ([process(.stop)], [process(.start)])
        case 3: ([process(.stall(random.milliseconds(from: 1, to: unit * 8)))], [])
        case 4: ([process(.latency(random.milliseconds(from: 1, to: unit * 0.2)))], [process(.latency(.zero))])
        default: ([.host(.crash, of: host.name)], [process(.start)])
        }
    }

    private static func ofHost(_ host: ClusterPlan.Host, _ random: inout RandomSource) -> ([Action], [Action]) {
        func on(_ action: HostAction) -> Action { .host(action, of: host.name) }
        return switch random.integer(in: 0...4) {
        case 0, 1: ([on(.link(isUp: false))], [on(.link(isUp: true))])
        case 2: ([on(.mute("sendto: operation not permitted"))], [on(.mute(nil))])
        case 3 where host.traits.model == .halua:
            ([on(.refuse("RTM_NEWADDR: no buffer space available"))], [on(.refuse(nil))])
        default: ([on(.clock(partsPerMillion: Int64(random.integer(in: -5000...5000))))], [])
        }
    }

    private static func ofSegment(
        _ cluster: ClusterPlan, _ random: inout RandomSource
    ) -> ([Action], [Action]) {
        let names = cluster.hosts.map(\.name)
        if random.happens(200_000) {
            let first = random.pick(names)
            let aside = names.filter { $0 == first || random.happens(300_000) }
            return ([.segment(.partition([aside]))], [.segment(.partition([]))])
        }
        let from = random.pick(names)
        let to = random.pick(names.filter { $0 != from })
        func both(_ fault: LinkFault) -> Action { .segment(.link(from: from, to: to, fault)) }
        func back(_ fault: LinkFault) -> Action { .segment(.link(from: to, to: from, fault)) }
        let chance = random.integer(in: 10_000...800_000)
        let wait = random.milliseconds(from: 1, to: cluster.unit)
        return switch random.integer(in: 0...7) {
        case 0: ([both(.cut(true))], [both(.cut(false))])
        case 1: ([both(.cut(true)), back(.cut(true))], [both(.cut(false)), back(.cut(false))])
        case 2: ([both(.multicastDropped(true))], [both(.multicastDropped(false))])
        case 3: ([both(.loss(chance)), back(.loss(chance))], [both(.loss(0)), back(.loss(0))])
        case 4: ([both(.loss(chance))], [both(.loss(0))])
        case 5: ([both(.duplication(chance))], [both(.duplication(0))])
        case 6: ([both(.reordering(chance))], [both(.reordering(0))])
        default:
            (
                [both(.delay(wait, jitter: wait))],
                [both(.delay(LinkQuality().delay, jitter: .zero))]
            )
        }
    }

    private static func ofInstance(_ host: ClusterPlan.Host, _ random: inout RandomSource) -> ([Action], [Action]) {
        let config = random.pick(host.instances)
        let target = Target(host.name, config.name)
        func on(_ action: InstanceAction) -> Action { .instance(action, of: target) }
        switch random.integer(in: 0...5) {
        case 0, 1:
            guard !config.checks.isEmpty else { return ([on(.steal)], []) }
            let check = random.pick(config.checks)
            let failure = on(.check(name: check.name, .failed("connection refused")))
            let success = on(.check(name: check.name, .passed))
            return (Array(repeating: failure, count: check.fall), Array(repeating: success, count: check.rise))
        case 2:
            let delta = random.integer(in: -100...50)
            return (
                [on(.adjust(key: "script", delta: delta, reason: "chance"))],
                [on(.adjust(key: "script", delta: 0, reason: "chance"))]
            )
        case 3:
            return (
                [on(.demote(key: "operator", reason: "maintenance"))],
                [on(.undemote(key: "operator", reason: "maintenance"))]
            )
        case 4:
            var changed = config
            changed.basePriority = UInt8(random.pick([80, 120, 150, 210]))
            return ([on(.reload(changed))], [on(.reload(config))])
        default: return ([on(.steal)], [])
        }
    }
}
