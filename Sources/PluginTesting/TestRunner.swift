/// Runs the test files that `halua test` was given, and tells what came of each case.
import Glibc
import LinuxIO
import LuaHost

/// A test file that was found.
struct TestFile {
    /// As it was given or found.
    var path: String
    var text: [UInt8]

    /// The last part of the path, as messages of Lua name it.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Its own folder and the one above: where a test finds its plugin and its configuration.
    var directories: [String] {
        let folder = path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]) : "."
        return [folder, folder + "/.."].map { TestFile.absolute($0) }
    }

    static func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

/// What `halua test` is asked to do.
package struct TestPlan: Sendable {
    /// Files and folders; empty for plugins/tests.
    package var paths: [String]
    /// Only cases whose sentence, or file, contains this.
    package var filter: String?
    /// How long one case may take by the real clock.
    package var limit: Duration

    package init(paths: [String], filter: String? = nil, limit: Duration = .seconds(10)) {
        self.paths = paths
        self.filter = filter
        self.limit = limit
    }
}

/// Hears of everything while it happens.
package protocol TestReporter: AnyObject {
    func begins(file: String, cases: Int)
    func ended(_ result: CaseResult, of file: String)
    /// The file cannot be run at all.
    func refused(file: String, _ message: String)
}

/// The sum of a run.
package struct TestSum: Hashable, Sendable {
    package var passed = 0
    package var failed = 0
    /// Files that could not be run, paths that do not exist.
    package var refused = 0
    package init() {}
}

package struct TestRunner {
    private let plan: TestPlan
    private let reporter: any TestReporter

    package init(_ plan: TestPlan, reporter: any TestReporter) {
        self.plan = plan
        self.reporter = reporter
    }

    package func run() -> TestSum {
        var sum = TestSum()
        for path in plan.paths.isEmpty ? ["plugins/tests"] : plan.paths {
            let files = Self.find(path)
            if files.isEmpty {
                reporter.refused(file: path, "there is no test: a test is a file whose name ends in _test.lua")
                sum.refused += 1
            }
            for file in files { run(file, &sum) }
        }
        return sum
    }

    private func run(_ path: String, _ sum: inout TestSum) {
        do throws(IOFailure) {
            let file = TestFile(path: path, text: try FileReader.bytes(path, limit: 1 << 20))
            run(file, &sum)
        } catch {
            reporter.refused(file: path, "cannot be read: \(error)")
            sum.refused += 1
        }
    }

    private func run(_ file: TestFile, _ sum: inout TestSum) {
        let names: [String]
        do throws(TestComplaint) {
            names = try cases(of: file)
        } catch {
            reporter.refused(file: file.path, error.sentence)
            sum.refused += 1
            return
        }
        let chosen = names.indices.filter { index in
            plan.filter.map { names[index].contains($0) || file.path.contains($0) } ?? true
        }
        reporter.begins(file: file.path, cases: chosen.count)
        for index in chosen {
            let result = run(names[index], number: index + 1, of: file)
            if result.failure == nil { sum.passed += 1 } else { sum.failed += 1 }
            reporter.ended(result, of: file.path)
        }
    }

    private func cases(of file: TestFile) throws(TestComplaint) -> [String] {
        let run = try CaseRun(file: file, limit: plan.limit)
        defer { run.end() }
        let library = try run.load(file)
        return try run.call(library["list"], []).elements.compactMap(\.text)
    }

    private func run(_ name: String, number: Int, of file: TestFile) -> CaseResult {
        let began = Clock.monotonic
        var result = CaseResult(name: name, took: .zero, played: .zero)
        do throws(TestComplaint) {
            let run = try CaseRun(file: file, limit: plan.limit)
            defer { run.end() }
            result.failure = play(run, file, number)
            result.played = .nanoseconds(run.elapsed)
        } catch {
            result.failure = CaseResult.Failure(message: error.sentence, timeline: [])
        }
        result.took = .nanoseconds(Clock.monotonic - began)
        return result
    }

    private func play(_ run: CaseRun, _ file: TestFile, _ number: Int) -> CaseResult.Failure? {
        var messages: [String] = []
        do throws(TestComplaint) {
            let library = try run.load(file)
            let outcome = try run.call(library["run"], [.integer(number)])
            if outcome["passed"].boolean != true { messages.append(outcome["message"].text ?? "it failed") }
        } catch {
            messages.append(error.sentence)
        }
        messages += run.complaints
        guard !messages.isEmpty else { return nil }
        return CaseResult.Failure(message: messages.joined(separator: "\n"), timeline: lines(run.timeline))
    }

    private func lines(_ timeline: Timeline) -> [String] {
        let start = timeline.entries.first?.time ?? 0
        let names = Set(timeline.entries.map(\.node)).subtracting(["test"])
        return timeline.entries.map { entry in
            let who = names.count > 1 || entry.node == "test" ? "\(entry.node): " : ""
            return "\(Self.seconds(entry.time - start)) \(who)\(entry.text)"
        } + (timeline.dropped > 0 ? ["… and \(timeline.dropped) more"] : [])
    }

    /// "+  1.250"
    private static func seconds(_ nanoseconds: Int64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        let fraction = String(milliseconds % 1_000 + 1_000).dropFirst()
        let whole = "\(milliseconds / 1_000)"
        return "+" + String(repeating: " ", count: max(0, 4 - whole.count)) + whole + "." + fraction
    }

    // MARK: Files

    /// The tests at a path: the file itself, or all in the folder and the folders below it.
    private static func find(_ path: String) -> [String] {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return [] }
        guard facts.st_mode & S_IFMT == S_IFDIR else { return [path] }
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var found: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix(".") else { continue }
            let whole = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
            if name.hasSuffix("_test.lua") {
                found.append(whole)
            } else if Int32(entry.pointee.d_type) == Int32(DT_DIR) {
                found += find(whole)
            }
        }
        return found.sorted()
    }
}
