/// The dashboard and the alert rules that are shipped.
import Foundation
import Testing

private let packaging = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "packaging")

private let promtoolPath = "/usr/bin/promtool"

@Suite struct AlertTests {
    private struct Dashboard: Decodable {
        struct Panel: Decodable {
            struct Target: Decodable { var expr: String }
            var id: Int
            var title: String
            var targets: [Target]
        }
        var panels: [Panel]
    }

    @Test("the dashboard is JSON, each panel has a number of its own and asks something")
    func dashboard() throws {
        let data = try Data(contentsOf: packaging.appending(path: "grafana/halua.json"))
        let panels = try JSONDecoder().decode(Dashboard.self, from: data).panels
        #expect(panels.count > 10 && Set(panels.map(\.id)).count == panels.count)
        #expect(panels.allSatisfy { !$0.targets.isEmpty && $0.targets.allSatisfy { $0.expr.contains("halua_") } })
    }

    @Test("every alert says what is wrong and what to do")
    func rules() throws {
        let text = try String(
            contentsOf: packaging.appending(path: "prometheus/halua.rules.yml"), encoding: .utf8)
        let alerts = text.components(separatedBy: "- alert: ").dropFirst()
        #expect(alerts.count > 15)
        for alert in alerts {
            #expect(alert.contains("summary: \"") && alert.contains("action: \"") && alert.contains("severity: "))
        }
    }

    @Test(
        "Prometheus takes the rules, and they fire and are silent as they should",
        .enabled(if: FileManager.default.isExecutableFile(atPath: promtoolPath), "needs promtool"),
        .timeLimit(.minutes(1)),
        arguments: [
            ["check", "rules", "halua.rules.yml"], ["test", "rules", "halua.rules.test.yml"],
        ])
    func prometheus(arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: promtoolPath)
        process.arguments = arguments
        process.currentDirectoryURL = packaging.appending(path: "prometheus")
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
    }
}
