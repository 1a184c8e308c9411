/// `halua lab`: real daemons in network namespaces, to look at and to measure.
import ArgumentParser
import Glibc
import Lab

struct LabCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab",
        abstract: "Run real daemons in network namespaces that are removed afterwards.",
        subcommands: [DemoCommand.self, BenchCommand.self, FailuresCommand.self])
}

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Two Mycat nodes, one address, and a Lua check that moves it: the main job in half a minute.")

    @Option(help: "The daemon that plays: halua, or keepalived with a check script in place of the Lua check.")
    var daemon: Subject = .halua

    @Option(help: "Write the timeline of what happened to this file, as a page for a browser.")
    var timeline: String?

    func run() throws { throw ExitCode(runDemo(DemoOptions(subject: daemon, timeline: timeline))) }
}

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure halua beside keepalived in one run.")

    @Argument(help: "failover, guard, switchover, idle, scale, lua, checks, hooks, storm, or all.")
    var names: [String] = ["all"]

    @Option(
        help:
            "How often each case of failover runs; switchover runs four times as often, hooks eight times, guard ten times."
    )
    var rounds = 5

    @Option(help: "Seconds of each measurement of idle, scale, lua and checks.")
    var seconds = 10

    @Option(help: "Packets that storm sends.")
    var packets = 100_000

    @Option(help: "Only this daemon: halua or keepalived.")
    var only: Subject?

    func validate() throws {
        for name in names where name != "all" && Benchmark(rawValue: name) == nil {
            let known = Benchmark.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("there is no benchmark \"\(name)\"; there are \(known), and all")
        }
    }

    func run() throws {
        let chosen = names.contains("all") ? Benchmark.allCases : names.compactMap(Benchmark.init)
        let options = BenchmarkOptions(
            subjects: only.map { [$0] } ?? Subject.allCases, rounds: rounds, span: .seconds(seconds), packets: packets)
        var status: Int32 = 0
        for benchmark in chosen { status = max(status, runBenchmark(benchmark, options)) }
        throw ExitCode(status)
    }
}

struct FailuresCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failures",
        abstract: "Make a Mycat fail in every known way: what halua says, and what the usual check scripts see.")

    func run() throws { throw ExitCode(runMycatFailureTable()) }
}

extension Subject: ExpressibleByArgument {}
