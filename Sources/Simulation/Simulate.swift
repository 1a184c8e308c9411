/// Many random runs in a row, for `make simulate` and the operator's tool.
import VRRPCore

package struct SimulationOptions: Sendable {
    package var firstSeed: UInt64 = 1
    package var runs: UInt64 = 1000
    /// The cluster of every run; nil: each seed has its own.
    package var cluster: ClusterPlan?
    /// Stop after so many failed runs.
    package var failureLimit = 1

    package init() {}
}

/// A run that broke a promise, with the shortest scenario that breaks it too.
package struct SimulationFailure: Sendable {
    package var seed: UInt64
    package var violation: Violation
    package var transcript: String
}

/// Sums over all runs.
package struct SimulationReport: Sendable {
    package var runs: UInt64 = 0
    package var simulated = Duration.zero
    package var faults = 0
    package var transitions = 0
    package var adverts: Int64 = 0
    package var dualTime = Duration.zero
    package var longestDual = Duration.zero
    package var vacantTime = Duration.zero
    package var failures: [SimulationFailure] = []

    fileprivate mutating func add(_ other: SimulationReport) {
        runs += other.runs
        simulated += other.simulated
        faults += other.faults
        transitions += other.transitions
        adverts += other.adverts
        dualTime += other.dualTime
        longestDual = max(longestDual, other.longestDual)
        vacantTime += other.vacantTime
        failures += other.failures
    }

    fileprivate mutating func add(_ result: RunResult) {
        runs += 1
        simulated += result.simulated
        faults += result.faults
        transitions += result.transitions
        adverts += result.adverts
        dualTime += result.dualTime
        longestDual = max(longestDual, result.longestDual)
        vacantTime += result.vacantTime
    }
}

/// Plays the seeds in order. `progress` hears the report after each run; the time it takes is its own.
package func simulate(_ options: SimulationOptions, progress: (SimulationReport) -> Void = { _ in }) -> SimulationReport
{
    var report = SimulationReport()
    for offset in 0..<options.runs {
        let seed = options.firstSeed &+ offset
        var run = options.cluster.map { RandomRun(seed: seed, cluster: $0) } ?? RandomRun(seed: seed)
        let result = run.play()
        report.add(result)
        if let violation = result.violations.first {
            let transcript = run.minimalTranscript() ?? "# It did not fail again, which it must.\n"
            report.failures.append(
                SimulationFailure(seed: run.seed, violation: violation, transcript: transcript))
        }
        progress(report)
        if report.failures.count >= options.failureLimit { break }
    }
    return report
}

/// The same with a task for each processor. Runs know nothing of each other, so only the order of the failures has to be
/// made, and how many follow the last allowed one.
package func simulateOnAllProcessors(_ options: SimulationOptions, tasks: UInt64 = 4) async -> SimulationReport {
    let share = max(1, (options.runs + tasks - 1) / tasks)
    let starts = stride(from: 0, to: options.runs, by: Int(share))
    var sum = await withTaskGroup(of: SimulationReport.self) { group in
        for start in starts {
            group.addTask {
                var part = options
                part.firstSeed = options.firstSeed &+ start
                part.runs = min(share, options.runs - start)
                return simulate(part)
            }
        }
        var sum = SimulationReport()
        for await part in group { sum.add(part) }
        return sum
    }
    sum.failures.sort { $0.seed < $1.seed }
    return sum
}
