/// `halua check-config`: everything that is wrong with a configuration, before a daemon sees it.
import ArgumentParser
import Daemon

struct CheckConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract:
            "Read a configuration as the daemon would, load its plugins, and say everything that is wrong with it.",
        discussion: "Exit status: 0 when the configuration can run (warnings are allowed), 1 when it is refused.")

    @Argument(help: "The file to check; without one, /etc/halua/halua.conf and /etc/halua/conf.d/*.conf.")
    var file: String?

    @Option(name: [.customShort("i"), .customLong("config-id")], help: "Read the lines marked @ID for this ID.")
    var configurationID: String?

    @Flag(help: "Treat warnings as errors.")
    var strict = false

    func run() throws {
        let report = checkConfiguration(file: file, configurationID: configurationID)
        if !report.text.isEmpty { print(report.text) }
        print(report.summary)
        if !report.isAccepted || strict && report.warnings > 0 { throw ExitCode(1) }
    }
}
