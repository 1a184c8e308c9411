/// `halua status`: who holds the VIP on this host, and why.
import ArgumentParser
import ControlProtocol
import Glibc

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show every virtual router of this host: its state, its priority with the reasons, its checks.",
        discussion:
            "Exit status: 0 when every instance is MASTER or BACKUP, 1 when one is in FAULT or INIT, 2 when the daemon does not answer."
    )

    @Argument(help: "Only this vrrp_instance.")
    var instance: String?

    @Flag(help: "Print the whole report as JSON.")
    var json = false

    @Flag(help: "Print the state as keepalived's JSON dump has it, for exporters that read /tmp/keepalived.json.")
    var keepalivedJson = false

    @OptionGroup var colours: ColourOptions
    @OptionGroup var control: ControlOptions

    func validate() throws {
        if json, keepalivedJson {
            throw ValidationError("--json and --keepalived-json are two forms: give one of them")
        }
    }

    func run() throws {
        if keepalivedJson { return try printKeepalivedDump() }
        let report = try control.status()
        let chosen = try select(instance, of: report)
        if json {
            var shown = report
            shown.instances = chosen
            print(shown.json.text(indented: true))
        } else {
            print(statusText(report, chosen, colours.paint))
        }
        let isWell = chosen.allSatisfy { $0.state == "MASTER" || $0.state == "BACKUP" }
        if !isWell { throw ExitCode(1) }
    }
}

extension StatusCommand {
    /// Always exit status 0, as keepalived's dump says nothing else.
    private func printKeepalivedDump() throws {
        guard case .keepalivedDump(let dump) = try control.ask(.keepalivedDump) else {
            throw ToolError("the daemon did not answer with a dump")
        }
        print(dump.text())
    }
}
