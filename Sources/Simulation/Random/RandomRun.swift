/// One random run: a cluster, its faults, their end, and what the checkers say.
import VRRPCore
import Wire

package struct RunResult: Sendable {
    package var seed: UInt64
    package var violations: [Violation]
    package var traceHash: UInt64
    package var simulated: Duration
    package var faults: Int
    package var transitions: Int
    package var adverts: Int64
    /// With more than one holder, without any, summed over the addresses.
    package var dualTime: Duration
    package var longestDual: Duration
    package var vacantTime: Duration
}

/// Everything follows from the seed. Without some of its faults a run is another one, but still a legal one.
package struct RandomRun {
    package let seed: UInt64
    package let cluster: ClusterPlan
    package let plan: DisturbancePlan
    /// What was done in the last play, with the moment of each.
    package private(set) var performed: [(time: Time, action: Action)] = []

    package init(seed: UInt64) {
        var random = RandomSource(seed: seed)
        self.seed = seed
        cluster = ClusterPlan(&random)
        plan = DisturbancePlan(for: cluster, count: Self.faultCount(&random), &random)
    }

    /// The faults of this seed for a cluster that does not depend on it.
    package init(seed: UInt64, cluster: ClusterPlan) {
        var random = RandomSource(seed: seed)
        self.seed = seed
        self.cluster = cluster
        plan = DisturbancePlan(for: cluster, count: Self.faultCount(&random), &random)
    }

    /// Some runs have none: what happens in them is nobody's fault but the core's.
    private static func faultCount(_ random: inout RandomSource) -> Int {
        random.happens(30_000) ? 0 : random.integer(in: 8...62)
    }

    /// A given cluster and its faults, for a test of the checkers and of the search for a short scenario.
    init(seed: UInt64, cluster: ClusterPlan, plan: DisturbancePlan) {
        self.seed = seed
        self.cluster = cluster
        self.plan = plan
    }

    /// Plays the faults with these numbers, or all of them.
    package mutating func play(only kept: Set<Int>? = nil) -> RunResult {
        let world = World(seed: seed)
        let conduct = ConductChecker()
        let quiescence = QuiescenceChecker(cluster)
        let checkers: [any Checker] = [
            HolderChecker(), ServiceChecker(), conduct, TrafficChecker(), quiescence, LockChecker(), HoldChecker(),
            HandOverChecker(), ResourceChecker(), PeaceChecker(isPeaceful: kept?.isEmpty ?? plan.disturbances.isEmpty),
        ]
        let trace = TraceHash()
        let holding = HoldingLog()
        for observer in checkers { world.addObserver(observer) }
        world.addObserver(trace)
        world.addObserver(holding)
        cluster.build(in: world)
        performed = []

        for host in cluster.hosts { perform(.host(.clock(partsPerMillion: host.clockRate), of: host.name), world) }
        if let gate = cluster.gate {
            let action = InstanceAction.gate(name: gate.config.name, gate.behaviour)
            for host in cluster.hosts {
                perform(.instance(action, of: Target(host.name, host.instances[0].name)), world)
            }
        }
        for host in cluster.hosts { perform(.process(.start, of: host.name), world) }
        for (time, action) in schedule(kept) {
            world.run(until: time)
            perform(action, world)
        }
        world.run(until: plan.end)
        mend(world)
        world.run(until: plan.end + quietSpan)
        for checker in checkers { checker.finish(world) }
        holding.finish(at: world.now)
        return RunResult(
            seed: seed, violations: checkers.flatMap(\.violations).sorted { $0.time < $1.time },
            traceHash: trace.value, simulated: world.now - Time(nanoseconds: 0),
            faults: kept?.count ?? plan.disturbances.count, transitions: conduct.transitions,
            adverts: world.sentAdverts, dualTime: holding.dualTime, longestDual: holding.longestDual,
            vacantTime: holding.vacantTime)
    }

    /// After the last fault: time for every delay, and then for a look at a cluster at rest.
    private var quietSpan: Duration {
        let delays = cluster.hosts.flatMap(\.instances).map { $0.startupDelay + $0.preemptDelay }.max() ?? .zero
        return delays + cluster.unit * (cluster.gate == nil ? 40 : 80)
    }

    /// Beginnings and ends in the order of time; of one moment, in the order of the plan.
    private func schedule(_ kept: Set<Int>?) -> [(Time, Action)] {
        var entries: [(time: Time, number: Int, action: Action)] = []
        for (index, disturbance) in plan.disturbances.enumerated() where kept?.contains(index) ?? true {
            for action in disturbance.beginning { entries.append((disturbance.begins, entries.count, action)) }
            for action in disturbance.ending { entries.append((disturbance.ends, entries.count, action)) }
        }
        entries.sort { $0.time != $1.time ? $0.time < $1.time : $0.number < $1.number }
        return entries.filter { $0.time <= plan.end }.map { ($0.time, $0.action) }
    }

    /// Faults overlap, so one may find its node dead already; then it does not happen.
    private mutating func perform(_ action: Action, _ world: World) {
        do throws(ActionError) {
            try world.perform(action)
        } catch {
            return
        }
        performed.append((world.now, action))
        guard case .process(.start, let name) = action, let host = cluster.hosts.first(where: { $0.name == name })
        else {
            return
        }
        // The checks of a new process answer at once.
        for action in cluster.starting(host).dropFirst() { perform(action, world) }
    }

    /// Ends whatever is still going on, and nothing else: a reader of the transcript should see what matters.
    private mutating func mend(_ world: World) {
        perform(.segment(.heal), world)
        if cluster.hasHeartbeatSegment { perform(.segment(.heal, on: .heartbeat), world) }
        for stranger in world.strangers where !stranger.isQuiet {
            if stranger.isProxy { perform(.stranger(.proxy(false), of: stranger.name), world) }
            if stranger.uses != nil { perform(.stranger(.use(nil), of: stranger.name), world) }
            if stranger.forgery != nil { perform(.stranger(.forge(nil), of: stranger.name), world) }
        }
        for node in world.nodes {
            if !node.isLinkUp { perform(.host(.link(isUp: true), of: node.name), world) }
            if node.firewall != .open { perform(.host(.firewall(.open), of: node.name), world) }
            let normal = node.traits.model == .keepalived ? DaemonModel.keepalivedRelease : .zero
            if node.releaseDelay != normal { perform(.host(.slowRelease(normal), of: node.name), world) }
            if node.sendError != nil { perform(.host(.mute(nil), of: node.name), world) }
            if node.addressError != nil { perform(.host(.refuse(nil), of: node.name), world) }
            if node.loopLatency > .zero { perform(.process(.latency(.zero), of: node.name), world) }
            if node.process == .paused { perform(.process(.resume, of: node.name), world) }
            if node.process == .absent { perform(.process(.start, of: node.name), world) }
            if node.isScriptDead { perform(.process(.scriptReturns, of: node.name), world) }
        }
        var ends: [Action] = []
        for (_, action) in performed {
            guard case .instance(let action, let target) = action else { continue }
            guard let end = end(of: action, target) else { continue }
            let act = Action.instance(end, of: target)
            if !ends.contains(act) { ends.append(act) }
        }
        for end in ends {
            for _ in 0..<repetitions(of: end) { perform(end, world) }
        }
    }

    /// A check is up again after as many successes as it wants.
    private func repetitions(of action: Action) -> Int {
        guard case .instance(.check(let name, _), let target) = action else { return 1 }
        let instances = cluster.hosts.first { $0.name == target.node }?.instances ?? []
        return instances.flatMap(\.checks).filter { $0.name == name }.map(\.rise).max() ?? 1
    }

    /// What takes this back; nil for what needs no end.
    private func end(of action: InstanceAction, _ target: Target) -> InstanceAction? {
        switch action {
        case .check(let name, .failed): .check(name: name, .passed)
        case .adjust(let key, _, let reason): .adjust(key: key, delta: 0, reason: reason)
        case .demote(let key, let reason): .undemote(key: key, reason: reason)
        case .reload:
            cluster.hosts.first { $0.name == target.node }?.instances.first { $0.name == target.instance }
                .map { .reload($0) }
        case .gate(let name, _): cluster.gate.map { .gate(name: name, $0.behaviour) }
        case .check, .undemote, .steal, .extend: nil
        }
    }
}
