/// Random faults against the production core: some seeds with all of Swift's own checks; `make simulate` plays thousands.
///
/// `HALUA_SEED=17` plays one seed; `HALUA_RUNS=10000` plays so many, from HALUA_SEED or 1 on.
import Foundation
import Testing
import VRRPCore
import Wire

@testable import Simulation

@Suite struct RandomRunTests {
    private static var options: SimulationOptions {
        let environment = ProcessInfo.processInfo.environment
        let seed = environment["HALUA_SEED"].flatMap { UInt64($0) }
        var options = SimulationOptions()
        options.firstSeed = seed ?? 1
        options.runs = environment["HALUA_RUNS"].flatMap { UInt64($0) } ?? (seed == nil ? 40 : 1)
        options.failureLimit = 3
        return options
    }

    @Test("whatever happens, the invariants hold") func invariantsHold() {
        let report = simulate(Self.options)
        for failure in report.failures {
            Issue.record(
                """
                seed \(failure.seed): \(failure.violation)
                play it alone with HALUA_SEED=\(failure.seed), or as a scenario:
                \(failure.transcript)
                """)
        }
        #expect(report.runs == Self.options.runs || !report.failures.isEmpty)
        #expect(report.transitions > 0 && report.simulated > .zero)
    }

    @Test("the same seed plays the same run, another seed another", arguments: [7, 21, 104])
    func seedsDecide(_ seed: UInt64) {
        var first = RandomRun(seed: seed)
        var second = RandomRun(seed: seed)
        var other = RandomRun(seed: seed + 1)
        let hash = first.play().traceHash
        #expect(hash == second.play().traceHash)
        #expect(hash == first.play().traceHash, "a run left something behind")
        #expect(hash != other.play().traceHash)
    }

    @Test("most random runs disturb the service, or they would show nothing") func runsDisturb() {
        var disturbed = 0
        for seed in UInt64(1)...20 {
            var run = RandomRun(seed: seed)
            let result = run.play()
            if result.dualTime > .zero && result.transitions > 4 { disturbed += 1 }
        }
        #expect(disturbed >= 10)
    }

    @Test("a failed run shrinks to the faults that matter, as a scenario that can be played") func failedRunShrinks()
        throws
    {
        // Nodes that do not know each other by their numbers, and have no guard that would find that out.
        var random = RandomSource(seed: 3)
        var cluster = ClusterPlan(&random)
        cluster.gate = nil
        for host in cluster.hosts.indices {
            for index in cluster.hosts[host].instances.indices {
                cluster.hosts[host].instances[index].gates = []
                cluster.hosts[host].instances[index].virtualRouterID = UInt8(60 + 10 * host + index)
                cluster.hosts[host].instances[index].guarding = nil
            }
        }
        let plan = DisturbancePlan(for: cluster, count: 8, &random)
        var run = RandomRun(seed: 3, cluster: cluster, plan: plan)
        #expect(!run.play().violations.isEmpty)
        let minimal = run.minimalTranscript()
        let transcript = try #require(minimal)
        #expect(run.performed.allSatisfy { if case .segment(.link, _) = $0.action { false } else { true } })
        #expect(transcript.hasPrefix("# Seed 3."))
        let played = try Transcript.play(transcript)
        #expect(played.contains("VIP at:") || played.contains("192.168.4.200 at:"))
    }
}
