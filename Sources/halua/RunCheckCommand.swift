/// `halua run-check`: one check in the foreground, and where it waited.
import ArgumentParser
import ControlProtocol
import Daemon
import Glibc
import LuaHost
import PluginTesting

struct RunCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run-check",
        abstract: "Run one check of a plugin here and now, without the daemon, and show where it waited.",
        discussion: """
            By its name, from the configuration, with the operator's options, interval and timeout:

              halua run-check mycat.greeting
              halua run-check mycat.greeting -f halua.conf -n 5

            Or straight from a plugin's file; the check's name may be left out when there is only one:

              halua run-check plugins/mycat.lua greeting --option port=8066

            It runs for real: connections are made and programs are run. What only a daemon can do, such as a \
            demotion, is printed and not done. A run that fails by a mistake of the script shows its traceback.

            Exit status, of the worst run: 0 passed, 1 failed, 3 the script is wrong; 2 when nothing could be run.
            """)

    @Argument(help: "PLUGIN.CHECK, or the path of a plugin's file (it ends in .lua).")
    var name: String

    @Argument(help: "With a file: the name of its check.")
    var check: String?

    @Option(
        name: [.customShort("f"), .customLong("use-file")], help: "The configuration; without one, the daemon's own.")
    var file: String?

    @Option(name: [.customShort("i"), .customLong("config-id")], help: "Read the lines marked @ID for this ID.")
    var configurationID: String?

    @Option(
        name: .customLong("option"), help: "With a file: an option of the plugin; twice the same key is a list.",
        transform: { text in
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw ValidationError("--option takes KEY=VALUE, not \"\(text)\"")
            }
            return PluginOptionArgument(
                key: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
        })
    var options: [PluginOptionArgument] = []

    @Option(name: [.customShort("n"), .customLong("count")], help: "How many runs, one each interval.")
    var count = 1

    @Flag(help: "One JSON object for each run, a line each.")
    var json = false

    private var isFile: Bool { name.hasSuffix(".lua") }

    func validate() throws {
        guard count >= 1 else { throw ValidationError("-n takes 1 or more") }
        guard isFile || (options.isEmpty && check == nil) else {
            throw ValidationError(
                "--option and a second name belong to the path of a plugin's file, which ends in .lua")
        }
    }

    func run() throws {
        let prepared: ForegroundCheck
        do {
            prepared =
                isFile
                ? try ForegroundCheck(file: name, check: check, options: options.map { ($0.key, $0.value) })
                : try ForegroundCheck(name, configurationFile: file, configurationID: configurationID)
        } catch {
            printError("\(error)")
            throw ExitCode(2)
        }
        let isTerminal = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil
        let printer = RunPrinter(prepared, count: count, isJSON: json, isColoured: isTerminal)
        do {
            try prepared.run(printer)
        } catch {
            printError("the check cannot be run: \(error)")
            throw ExitCode(2)
        }
        if printer.worst != 0 { throw ExitCode(printer.worst) }
    }
}

struct PluginOptionArgument: Sendable {
    var key: String
    var value: String
}

/// Prints each run as it ends.
private final class RunPrinter: RunListener {
    private static let mostWaits = 40

    private let check: ForegroundCheck
    private let count: Int
    private let isJSON: Bool
    private let isColoured: Bool
    private var runs = 0
    private var notes: [String] = []
    private(set) var worst: Int32 = 0

    init(_ check: ForegroundCheck, count: Int, isJSON: Bool, isColoured: Bool) {
        self.check = check
        self.count = count
        self.isJSON = isJSON
        self.isColoured = isColoured
        guard !isJSON else { return }
        printLine("\(check.name), every \(inWords(check.interval)), for \(inWords(check.timeout)) at most")
    }

    func logged(_ level: LogLevel, plugin: String, _ message: String, _ fields: [LogField]) {
        let list = fields.map { " \($0.key)=\($0.value)" }.joined()
        say("\(plugin) logs (\(level)): \(message)\(list)")
    }

    func asked(_ sentence: String) { say("it asks for (not done here): \(sentence)") }

    private func say(_ note: String) {
        notes.append(note)
        if !isJSON { printLine("  \(note)") }
    }

    func ended(_ run: CheckRun) -> Bool {
        runs += 1
        let status: Int32 =
            switch run.result {
            case .passed: 0
            case .failed: 1
            case .broken: 3
            }
        worst = max(worst, status)
        if isJSON { printJSON(run) } else { printText(run) }
        notes = []
        return runs < count
    }

    private func printText(_ run: CheckRun) {
        let number = count > 1 ? "run \(runs): " : ""
        let times = "after \(inWords(run.took)), \(inWords(run.computed)) of them computing"
        switch run.result {
        case .passed: printLine("\(number)\(paint("passed", "32")) \(times)")
        case .failed(let reason): printLine("\(number)\(paint("FAILED", "31")) \(times): \(reason)")
        case .broken(let message): printLine("\(number)\(paint("THE SCRIPT IS WRONG", "35")) \(times):\n\(message)")
        }
        for wait in run.waits.prefix(Self.mostWaits) {
            printLine("  \(padded(inWords(wait.began), 10)) → \(wait.function) (\(wait.place)) \(inWords(wait.lasted))")
        }
        if run.waits.count > Self.mostWaits { printLine("  … and \(run.waits.count - Self.mostWaits) more waits") }
    }

    private func printJSON(_ run: CheckRun) {
        let (word, reason): (String, String?) =
            switch run.result {
            case .passed: ("passed", nil)
            case .failed(let reason): ("failed", reason)
            case .broken(let message): ("broken", message)
            }
        let waits = run.waits.map { wait -> JSONValue in
            [
                "in": .string(wait.function), "place": .string(wait.place), "at_us": microseconds(wait.began),
                "took_us": microseconds(wait.lasted),
            ]
        }
        let object: JSONValue = [
            "check": .string(check.name), "run": .integer(runs), "result": .string(word), "reason": JSONValue(reason),
            "took_us": microseconds(run.took), "computing_us": microseconds(run.computed), "waits": .array(waits),
            "notes": .array(notes.map { .string($0) }),
        ]
        printLine(object.text())
    }

    private func microseconds(_ span: Duration) -> JSONValue {
        .integer(Int((span / .microseconds(1)).rounded()))
    }

    private func paint(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    private func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// "0.2 ms", "812 ms", "1.5 s"
    private func inWords(_ span: Duration) -> String {
        let tenths = Int((span / .microseconds(100)).rounded())
        if tenths < 100 { return "\(tenths / 10).\(tenths % 10) ms" }
        let milliseconds = Int((span / .milliseconds(1)).rounded())
        if milliseconds < 1_000 { return "\(milliseconds) ms" }
        let seconds = Double(milliseconds) / 1_000
        return seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
    }
}
