/// `halua simulate`: a cluster's own configuration files in a played world, with random faults or a scenario.
import ArgumentParser
import Foundation
import PluginTesting
import Simulation

struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Play a cluster's configuration files with random faults, and see who holds the addresses.",
        discussion: """
            One file for each node, which is called as its file: lb1.conf is lb1. The nodes run the daemon's own core; \
            network, kernels and clocks are played, so an hour takes a second and nothing real is touched. Checks pass and \
            gates allow until chance or the scenario says otherwise; plugins are not run.

              halua simulate lb1.conf lb2.conf
              halua simulate --seed 42 --runs 1 lb1.conf lb2.conf
              halua simulate --script split.txt lb1.conf lb2.conf

            Without a script it plays runs of random faults: links that drop or delay, firewalls, daemons that are killed or \
            stand still, kernels that refuse, clocks that drift, strangers that claim addresses. It prints for how long an \
            address had two holders or none, and the first run that broke a promise, as a scenario.

            A scenario has one action a line ("drop lb1 lb2", "firewall lb2 on", "kill lb1", "pause lb1", "check lb1 \
            mycat.backends fail refused", "run 10s"); all nodes run from its beginning. Lines that begin with # are \
            comments.

            Exit status: 0 when all promises were kept, 1 when one was broken, 2 when a file or a line cannot be played.
            """)

    @Argument(help: "The configuration of each node, at least two.")
    var files: [String]

    @Option(help: "The first seed; the same seed gives the same run.")
    var seed: UInt64 = 1

    @Option(help: "How many runs, one seed after the other.")
    var runs: UInt64 = 200

    @Option(help: "Play this scenario instead of random faults.")
    var script: String?

    func validate() throws {
        guard files.count >= 2 else { throw ValidationError("name the configuration of each node, at least two") }
        guard files.count <= 16 else { throw ValidationError("at most 16 nodes are played") }
        guard runs >= 1 else { throw ValidationError("--runs takes 1 or more") }
    }

    func run() throws {
        let cluster: ConfiguredCluster
        do throws(ClusterComplaint) {
            cluster = try ConfiguredCluster(files: files)
        } catch {
            printError("\(error)")
            throw ExitCode(2)
        }
        for remark in cluster.remarks { print(remark) }
        if let script {
            try play(script, cluster.plan)
        } else if !simulate(cluster.plan) {
            throw ExitCode(1)
        }
    }

    private func play(_ script: String, _ plan: ClusterPlan) throws {
        guard let text = try? String(contentsOfFile: script, encoding: .utf8) else {
            printError("\(script): cannot be read")
            throw ExitCode(2)
        }
        do throws(TranscriptError) {
            print(try Transcript.play(text, seed: seed, on: plan), terminator: "")
        } catch {
            printError("\(script): \(error)")
            throw ExitCode(2)
        }
    }

    /// Returns whether all promises were kept.
    private func simulate(_ plan: ClusterPlan) -> Bool {
        var options = SimulationOptions()
        options.firstSeed = seed
        options.runs = runs
        options.cluster = plan
        let report = Simulation.simulate(options)
        print(
            """
            \(report.runs) runs, \(report.faults) faults, \(report.transitions) transitions in \
            \(words(report.simulated)) of cluster time
            two holders for \(words(report.dualTime)), at the longest for \(words(report.longestDual))
            no holder for \(words(report.vacantTime))
            """)
        guard let failure = report.failures.first else {
            print("every promise was kept")
            return true
        }
        print("seed \(failure.seed): \(failure.violation)\n\n\(failure.transcript)")
        return false
    }

    private func words(_ span: Duration) -> String {
        span.formatted(.units(allowed: [.hours, .minutes, .seconds], width: .abbreviated, fractionalPart: .hide))
    }

    private func printError(_ text: String) {
        FileHandle.standardError.write(Data("halua simulate: \(text)\n".utf8))
    }
}
