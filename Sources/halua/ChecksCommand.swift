/// `halua checks`: what is checked on this node, what it says, and what it moves.
import ArgumentParser
import ControlProtocol

struct ChecksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checks",
        abstract: "Show every check: what it says, how often it ran and failed, how long it took, what it moves.",
        discussion: """
            Exit status: 0 when no check is down or broken, 1 when one is, 2 when the daemon does not answer.
            """)

    @Flag(help: "Print them as JSON.")
    var json = false

    @OptionGroup var control: ControlOptions

    func run() throws {
        let report = try control.status()
        if json {
            let instances = report.json["instances"]?.array ?? []
            let checks = instances.map { instance -> JSONValue in
                ["instance": instance["name"] ?? .null, "checks": instance["checks"] ?? []]
            }
            print(JSONValue.array(checks).text(indented: true))
        } else {
            print(checksText(report))
        }
        let states = report.instances.flatMap(\.checks).map(\.state)
        if states.contains("down") || states.contains("error") { throw ExitCode(1) }
    }
}
