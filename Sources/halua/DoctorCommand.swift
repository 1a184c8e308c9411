/// `halua doctor`: looks at the wire once and says who has each virtual address, who hears whom, and what to do.
import ArgumentParser
import ControlProtocol

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Ask on the wire who has each virtual address, listen to the other nodes, and say what is wrong.",
        discussion: """
            Sends one round of questions (ARP or neighbour discovery, guard channel) and listens for a little longer than \
            two advertisement intervals, also before the firewall. It changes nothing.

            Exit status: 0 when all is well or there are only warnings, 1 when something is wrong, 2 when the daemon does \
            not answer.
            """)

    @Flag(help: "Print what was found as JSON.")
    var json = false

    @OptionGroup var control: ControlOptions

    func run() throws {
        guard case .doctor(let report) = try control.ask(.doctor) else {
            throw ToolError("the daemon did not answer with a doctor's report")
        }
        print(json ? report.json.text(indented: true) : report.text)
        if report.instances.contains(where: { $0.findings.contains { $0.gravity == .alarm } }) { throw ExitCode(1) }
    }
}
