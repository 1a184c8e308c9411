/// `halua reload`: read the configuration again, and learn at once whether it was taken.
import ArgumentParser
import ControlProtocol

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Make the daemon read its configuration again. A wrong one changes nothing.",
        discussion:
            "Exit status: 0 when the new configuration was taken, 1 when it was refused, 2 when the daemon does not answer."
    )

    @OptionGroup var control: ControlOptions

    func run() throws {
        guard case .reload(let accepted, let text) = try control.ask(.reload) else {
            throw ToolError("the daemon did not say what became of the reload")
        }
        print(text)
        if !accepted { throw ExitCode(1) }
    }
}
