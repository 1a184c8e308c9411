/// `halua metrics`: what plugins, checks and hooks count, as Prometheus text.
import ArgumentParser
import ControlProtocol

struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Print the metrics of plugins, checks, hooks and the script thread, as Prometheus text.",
        discussion: """
            What plugins count is at most a second old. The output fits the textfile collector of the node exporter.
            Exit status: 0, or 2 when the daemon does not answer.
            """)

    @OptionGroup var control: ControlOptions

    func run() throws {
        guard case .metrics(let text) = try control.ask(.metrics) else {
            throw ToolError("the daemon did not answer with metrics")
        }
        print(text, terminator: "")
    }
}
