/// Promotion gates in random runs: which a cluster has, and what can go wrong with them.
import VRRPCore

/// The gate that every node of a cluster has, and how it behaves while nothing is wrong.
package struct GatePlan: Sendable {
    package var config: GateConfig
    package var behaviour: GateBehaviour

    /// Half of them a lock with leases, the strict gate; half a witness that has no opinion on other nodes.
    init(unit: Duration, _ random: inout RandomSource) {
        config = GateConfig(name: "gate", timeout: random.milliseconds(from: 10, to: unit))
        let thinking = random.milliseconds(from: 0, to: .nanoseconds(config.timeout.inNanoseconds / 2))
        if random.happens(500_000) {
            behaviour = GateBehaviour(.lock(lease: unit * random.pick([3, 5])), after: thinking)
        } else {
            if random.happens(300_000) { config.onTimeout = .allow }
            if random.happens(300_000) { config.onError = .allow }
            behaviour = GateBehaviour(.allow(lease: nil), after: thinking)
        }
    }
}

extension DisturbancePlan {
    static func ofGate(
        _ gate: GatePlan, _ host: ClusterPlan.Host, _ random: inout RandomSource
    ) -> ([Action], [Action]) {
        func behave(_ behaviour: GateBehaviour) -> Action {
            .instance(.gate(name: gate.config.name, behaviour), of: Target(host.name, host.instances[0].name))
        }
        let conducts: [GateConduct] = [
            .deny("the gateway is silent"), .fail("gate.lua:7: a nil value"), .silent,
            .allow(lease: gate.config.timeout * 2),
        ]
        // A node that ignores the lock is no fault of the core's.
        let isLock = if case .lock = gate.behaviour.conduct { true } else { false }
        switch random.integer(in: 0...2) {
        case 0:
            return ([.process(.scriptDies, of: host.name)], [.process(.scriptReturns, of: host.name)])
        case 1:
            var slow = gate.behaviour
            slow.after = gate.config.timeout * 2
            return ([behave(slow)], [behave(gate.behaviour)])
        default:
            let conduct = conducts[random.integer(in: 0...(isLock ? 2 : 3))]
            return ([behave(GateBehaviour(conduct))], [behave(gate.behaviour)])
        }
    }
}
