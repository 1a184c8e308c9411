/// `halua test`: runs the tests of plugins in a played world.
import ArgumentParser
import Glibc
import PluginTesting

struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run the tests of plugins, with the real core and script engine in a played world.",
        discussion: """
            A test is a Lua file whose name ends in _test.lua:

              local t = require "halua.test"

              t.case("three refused connections cost the address", function()
                local node = t.node { conf = "halua.conf", state = "MASTER" }
                node.net:refuse("127.0.0.1:8066")
                t.advance("7s")
                t.equal(node:instance("VI_1").state, "FAULT")
                t.match(node:check("mycat.greeting").reason, "refuses connections")
              end)

            The configuration is a path or its text; plugins are searched beside the test and in the folder above it. \
            The clock moves only by t.advance, so a minute takes milliseconds, and nothing real is touched: the \
            network, processes and files are what the test says. A plugin that asks for something that the test has \
            not described makes the case fail. The reference lists the words under "halua.test".

            Exit status: 0 when every case passed, 1 when one failed, 2 when a file cannot be run or there is none.
            """)

    @Argument(help: "Test files, or folders that are searched for them; without one, plugins/tests.")
    var paths: [String] = []

    @Option(help: "Run only the cases whose sentence or file contains this text.")
    var filter: String?

    @Option(help: "Seconds that one case may take by the real clock.")
    var limit: Double = 10

    @Flag(help: "Print the Test Anything Protocol.")
    var tap = false

    @Flag(name: .shortAndLong, help: "Print only what failed, and the sum.")
    var quiet = false

    func validate() throws {
        guard limit > 0, limit <= 3_600 else { throw ValidationError("--limit takes 0.001 to 3600 seconds") }
    }

    func run() throws {
        let isTerminal = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil
        let reporter: any PrintingReporter =
            tap ? TAPReporter() : CompactReporter(isColoured: isTerminal, isQuiet: quiet)
        let plan = TestPlan(paths: paths, filter: filter, limit: .milliseconds(Int64(limit * 1_000)))
        let sum = TestRunner(plan, reporter: reporter).run()
        reporter.finish(sum)
        if sum.failed > 0 { throw ExitCode(1) }
        if sum.refused > 0 || sum.passed == 0 { throw ExitCode(2) }
    }
}

/// A reporter that also has a last line.
protocol PrintingReporter: TestReporter {
    func finish(_ sum: TestSum)
}

/// A line for each case, and for a failure what is needed to understand it.
private final class CompactReporter: PrintingReporter {
    private let isColoured: Bool
    private let isQuiet: Bool

    init(isColoured: Bool, isQuiet: Bool) {
        self.isColoured = isColoured
        self.isQuiet = isQuiet
    }

    private func paint(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    func begins(file: String, cases: Int) {
        if !isQuiet { print(paint(file, "1")) }
    }

    func ended(_ result: CaseResult, of file: String) {
        guard let failure = result.failure else {
            if !isQuiet { print("  \(paint("ok", "32"))    \(result.name)  (\(times(result)))") }
            return
        }
        if isQuiet { print(paint(file, "1")) }
        print("  \(paint("FAIL", "31"))  \(result.name)  (\(times(result)))")
        for line in failure.message.split(separator: "\n", omittingEmptySubsequences: false) {
            print("          \(paint(String(line), "31"))")
        }
        if !failure.timeline.isEmpty { print("        what led there:") }
        for line in failure.timeline {
            print("          \(line.split(separator: "\n").joined(separator: "\n                     "))")
        }
    }

    private func times(_ result: CaseResult) -> String {
        let tenths = Int((result.played / .milliseconds(100)).rounded())
        let seconds = tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
        return "\(seconds) s played in \(Int(result.took / .milliseconds(1))) ms"
    }

    func refused(file: String, _ message: String) {
        print("\(paint(file, "1"))\n  \(paint("CANNOT RUN", "31"))  \(message)")
    }

    func finish(_ sum: TestSum) {
        var words = ["\(sum.passed) passed"]
        if sum.failed > 0 { words.append(paint("\(sum.failed) failed", "31")) }
        if sum.refused > 0 { words.append(paint("\(sum.refused) could not be run", "31")) }
        print(words.joined(separator: ", "))
    }
}

/// The Test Anything Protocol, version 13.
private final class TAPReporter: PrintingReporter {
    private var count = 0

    init() { print("TAP version 13") }

    func begins(file: String, cases: Int) { print("# \(file)") }

    func ended(_ result: CaseResult, of file: String) {
        count += 1
        let name = result.name.replacing("#", with: "\\#")
        print("\(result.failure == nil ? "ok" : "not ok") \(count) - \(name)")
        guard let failure = result.failure else { return }
        for line in failure.message.split(separator: "\n") + failure.timeline.map({ Substring($0) }) {
            print("# \(line)")
        }
    }

    func refused(file: String, _ message: String) {
        count += 1
        print("not ok \(count) - \(file)")
        for line in message.split(separator: "\n") { print("# \(line)") }
    }

    func finish(_ sum: TestSum) { print("1..\(count)") }
}
