/// The operator's tool: each subcommand in a file of its own.
import ArgumentParser
import Daemon
import Lab

@main
struct HaluaTool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "halua",
        abstract: "Look at, check and steer a halua failover daemon.",
        version: "halua \(haluaVersion)",
        subcommands: [
            StatusCommand.self, DoctorCommand.self, EventsCommand.self, TimelineCommand.self, MetricsCommand.self,
            CheckConfigCommand.self, MigrateCommand.self,
            KeywordCommand.self, ReloadCommand.self, DemoteCommand.self, RestoreCommand.self, SwitchoverCommand.self,
            RunCheckCommand.self, TestCommand.self, SimulateCommand.self,
            RehearseCommand.self,
            PluginCommand.self, LabCommand.self,
        ])

    nonisolated static func main() {
        // A stand-in process of the lab shows another program's arguments; it must not reach the argument parser.
        runLabRole()
        main(nil)
    }
}
