/// `halua demote`, `restore` and `switchover`: what an operator asks of one virtual router.
import ArgumentParser
import ControlProtocol
import Glibc

/// Who asks, for the log and the other operators. Who really asked, the kernel tells the daemon: the user's number.
private func operatorName() -> String {
    for variable in ["SUDO_USER", "LOGNAME", "USER"] {
        if let name = getenv(variable) { return String(cString: name) }
    }
    return ""
}

/// A span as it is typed: "90s", "10m", "2h", "1d"; a bare number is seconds.
struct TypedSpan: ExpressibleByArgument {
    var milliseconds: Int

    init?(argument: String) {
        let units = ["ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000]
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        let unit = String(argument.dropFirst(digits.count))
        guard let number = Int(digits), number > 0, let factor = unit.isEmpty ? 1_000 : units[unit] else { return nil }
        let (product, overflows) = number.multipliedReportingOverflow(by: factor)
        guard !overflows else { return nil }
        milliseconds = product
    }
}

private func report(_ result: OrderResult) throws {
    print(result.text)
    if !result.isDone { throw ExitCode(1) }
}

struct DemoteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demote",
        abstract: "Take a virtual router out of service on this node: FAULT, until it is restored.",
        discussion: """
            The node gives its addresses up at once, and another node that is ready takes them. A sync group goes as a \
            whole. The demotion outlives a reload and ends with the daemon.

              sudo halua demote VI_1 --for 10m --reason 'new disk'

            Nobody is asked whether another node is ready: for that there is "halua switchover".

            Exit status: 0 when it is done, 1 when it was refused, 2 when the daemon does not answer.
            """)

    @Argument(help: "The vrrp_instance.")
    var instance: String

    @Option(name: .customLong("for"), help: "How long: 90s, 10m, 2h. Without it: until it is restored.")
    var span: TypedSpan?

    @Option(help: "Why, for the log, the status and the hooks.")
    var reason = ""

    @OptionGroup var control: ControlOptions

    func run() throws {
        let order = DemotionOrder(
            instance: instance, forMs: span?.milliseconds, reason: reason, by: operatorName())
        guard case .order(let result) = try control.ask(.demote(order)) else {
            throw ToolError("the daemon did not say what became of it")
        }
        try report(result)
    }
}

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Take back what \"halua demote\" or \"halua switchover\" asked of a virtual router.",
        discussion: """
            What scripts and checks ask stays in force.

            Exit status: 0 when it is done, 1 when there was nothing to take back, 2 when the daemon does not answer.
            """)

    @Argument(help: "The vrrp_instance.")
    var instance: String

    @OptionGroup var control: ControlOptions

    func run() throws {
        guard case .order(let result) = try control.ask(.restore(RestoreOrder(instance: instance, by: operatorName())))
        else { throw ToolError("the daemon did not say what became of it") }
        try report(result)
    }
}

struct SwitchoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switchover",
        abstract: "Hand a virtual router over to another node, now, with the shortest gap there is.",
        discussion: """
            Asked of the node that is MASTER. It is refused when no other node is ready: then nothing has happened. When \
            nobody takes over all the same, this node takes its addresses back.

            Afterwards this node is BACKUP and steps in when the other one fails. Where it would preempt, its priority is \
            lowered to the new master's until "halua restore", or for as long as --for says. A sync group goes as a whole.

              sudo halua switchover VI_1

            A keepalived in BACKUP is silent, so that nobody can know whether it is ready: --force hands over to it.

            Exit status: 0 when another node serves, 1 when it was refused or nobody took over, 2 when the daemon does \
            not answer.
            """)

    @Argument(help: "The vrrp_instance.")
    var instance: String

    @Flag(help: "Do not ask whether another node is ready.")
    var force = false

    @Option(
        name: .customLong("for"), help: "How long the addresses are kept from coming back, where they would: 10m, 2h.")
    var span: TypedSpan?

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    @OptionGroup var control: ControlOptions

    func run() throws {
        let order = SwitchoverOrder(
            instance: instance, isForced: force, forMs: span?.milliseconds, by: operatorName())
        // A node of slow adverts waits for the other one as long as the protocol allows.
        let answer = try control.ask(.switchover(order), timeout: .seconds(900))
        guard case .switchover(let report) = answer else {
            throw ToolError("the daemon did not say what became of it")
        }
        if json { print(report.json.text(indented: true)) } else { describe(report) }
        if !report.isDone { throw ExitCode(1) }
    }

    private func describe(_ report: SwitchoverReport) {
        for part in report.parts {
            guard let master = part.master else { continue }
            let priority = part.priority.map { " with priority \($0)" } ?? ""
            let gap = part.gapUs.map { ", \($0 / 1_000).\($0 % 1_000 / 100) ms after this node let go" } ?? ""
            print("\(part.name): \(master) is MASTER\(priority)\(gap)")
        }
        for remark in report.remarks { print(remark) }
    }
}
