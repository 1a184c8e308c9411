/// `halua explain`: why an instance is what it is, in plain words.
import ArgumentParser
import ControlProtocol
import KeepalivedConf

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say in plain words why a virtual router is what it is here, and what would change it.",
        discussion: """
              halua explain
              halua explain VI_1

            Exit status: 0, 1 when there is no such instance, 2 when the daemon does not answer.
            """)

    @Argument(help: "The vrrp_instance; without it, all of them.")
    var instance: String?

    @OptionGroup var control: ControlOptions

    func run() throws {
        let report = try control.status()
        let chosen = try select(instance, of: report)
        print(chosen.map { $0.explanation.joined(separator: "\n  ") }.joined(separator: "\n\n"))
    }
}

/// One instance, or all of them. An unknown name is answered by the nearest one and the list, with exit status 1.
func select(_ name: String?, of report: StatusReport) throws -> [InstanceStatus] {
    guard let name else { return report.instances }
    if let found = report.instances.first(where: { $0.name == name }) { return [found] }
    let names = report.instances.map(\.name)
    let guess = Spelling.nearest(to: name, among: names).map { "did you mean \($0)?" }
    throw ToolError("there is no instance \(name): " + (guess ?? "there are \(names.joined(separator: ", "))"))
}
