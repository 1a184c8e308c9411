/// Plays every transcript of `Scenarios` and compares its output; `HALUA_UPDATE=1` writes it anew instead.
import Foundation
import Simulation
import Testing

@Suite struct ScenarioTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scenarios")

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".txt") }.sorted()
    }()

    @Test("there are scenarios to play") func scenariosExist() {
        #expect(Self.names.count >= 20)
    }

    @Test("a scenario plays as its transcript says", arguments: names)
    func plays(_ name: String) throws {
        let file = Self.folder.appending(path: name)
        let text = try String(contentsOf: file, encoding: .utf8)
        let played = try Transcript.play(text)
        if ProcessInfo.processInfo.environment["HALUA_UPDATE"] != nil {
            if played != text { try played.write(to: file, atomically: true, encoding: .utf8) }
            return
        }
        #expect(text.hasPrefix("# "), "\(name) does not say in its first line what it is for")
        if let difference = Self.firstDifference(expected: text, actual: played) {
            Issue.record("\(name) \(difference)\nThe whole run:\n\(played)")
        }
    }

    @Test("the comparison finds a changed line") func comparisonFindsChange() {
        #expect(Self.firstDifference(expected: "run 1s\n   1.000 x\n", actual: "run 1s\n   1.000 y\n") != nil)
        #expect(Self.firstDifference(expected: "run 1s\n", actual: "run 1s\n") == nil)
    }

    private static func firstDifference(expected: String, actual: String) -> String? {
        if expected == actual { return nil }
        let expectedLines = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let actualLines = actual.split(separator: "\n", omittingEmptySubsequences: false)
        for index in 0..<max(expectedLines.count, actualLines.count) {
            let expectedLine = index < expectedLines.count ? expectedLines[index] : "(end)"
            let actualLine = index < actualLines.count ? actualLines[index] : "(end)"
            if expectedLine != actualLine {
                return "differs in line \(index + 1)\n  expected: \(expectedLine)\n  played:   \(actualLine)"
            }
        }
        return "differs in its end"
    }
}
