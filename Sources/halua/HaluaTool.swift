/// The operator's tool: each subcommand in a file of its own.
import ArgumentParser
import Daemon
import Glibc
import KeepalivedConf
import Lab

/// A sentence about a first word that is no command, with the one that was probably meant; nil: all is well.
private func adviceForUnknownCommand(_ words: [String]) -> String? {
    guard let word = words.first, !word.hasPrefix("-"), word != "help" else { return nil }
    let known = HaluaTool.configuration.subcommands.compactMap { $0.configuration.commandName }
    guard !known.contains(word) else { return nil }
    let guess = Spelling.nearest(to: word, among: known).map { "did you mean \"halua \($0)\"?" }
    return "there is no command \"\(word)\"; \(guess ?? "\"halua --help\" lists them")"
}

@main
struct HaluaTool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "halua",
        abstract: "Look at, check and steer a halua failover daemon.",
        discussion: """
            Who holds the address, and why?    halua status, halua explain, halua watch
            Something is wrong                 halua doctor, halua checks
            What happened last night?          halua events, halua timeline
            Before a change                    halua check-config, halua simulate, halua rehearse
            Maintenance                        halua switchover, halua demote, halua restore, halua reload
            From keepalived                    halua migrate, halua keyword
            Writing Lua                        halua plugin new, halua test, halua run-check

            "halua COMMAND --help" tells more, with examples.
            """,
        version: "halua \(haluaVersion)",
        subcommands: [
            StatusCommand.self, WatchCommand.self, ExplainCommand.self, ChecksCommand.self, DoctorCommand.self,
            EventsCommand.self,
            TimelineCommand.self, MetricsCommand.self,
            CheckConfigCommand.self, MigrateCommand.self,
            KeywordCommand.self, ReloadCommand.self, DemoteCommand.self, RestoreCommand.self, SwitchoverCommand.self,
            RunCheckCommand.self, TestCommand.self, SimulateCommand.self,
            RehearseCommand.self,
            PluginCommand.self, LabCommand.self,
        ])

    nonisolated static func main() {
        // A stand-in process of the lab shows another program's arguments; it must not reach the argument parser.
        runLabRole()
        let words = Array(CommandLine.arguments.dropFirst())
        if let advice = adviceForUnknownCommand(words) {
            printError("halua: \(advice)")
            // ArgumentParser's own status for a wrong command line (sysexits.h: EX_USAGE).
            Glibc.exit(64)
        }
        main(words)
    }
}
