/// `halua metrics` of a real daemon whose plugin counts, fails and is slow.
import ControlProtocol
import Foundation
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct MetricsTests {
        private static let plugin = """
            --- Counts its runs and fails on purpose.
            local halua = require "halua"
            local runs = halua.metrics.counter("runs_total", "Runs so far.", { labels = "kind" })
            halua.check { name = "good", interval = "100ms", run = function() runs:inc { kind = "good" } return true end }
            halua.check { name = "bad", interval = "100ms", weight = -10, run = function() return false, "on purpose" end }
            halua.check { name = "slow", interval = "50ms", timeout = 2, run = function() halua.sleep "300ms" return true end }
            halua.on.change { run = function() end }
            """

        @Test("checks, hooks, the script thread and a plugin's own numbers are in its metrics", .timeLimit(.minutes(1)))
        func metrics() throws {
            try withPair { lab, watch, _ in
                let host = lab.hosts[0]
                try host.write(file: "counting.lua", Self.plugin)
                var instance = InstanceText()
                instance.lines = ["track_lua {", "    counting.good", "    counting.bad", "    counting.slow", "}"]
                let head = "global_defs {\n    lua_path \(host.folder)\n}\nlua_plugin counting {\n}\n"
                let daemon = try host.start(.halua, configuration: head + instance.text)
                expectHolders([0], watch, within: .seconds(8), [daemon])
                let wanted = [
                    "# TYPE halua_plugin_runs_total counter",
                    "halua_plugin_runs_total{plugin=\"counting\",kind=\"good\"} ",
                    "halua_check_runs_total{check=\"counting.good\"} ",
                    "halua_check_failures_total{check=\"counting.bad\"} ",
                    "halua_check_failures_total{check=\"counting.good\"} 0",
                    "halua_check_overruns_total{check=\"counting.slow\"} ",
                    "halua_check_up{check=\"counting.bad\",vrrp_instance=\"VI_1\"} 0",
                    "halua_check_up{check=\"counting.good\",vrrp_instance=\"VI_1\"} 1",
                    "halua_hook_runs_total{hook=\"on.change\",plugin=\"counting\"} ", "halua_lua_stalled 0",
                ]
                var text = ""
                let found = waitUntil(.seconds(10), every: .milliseconds(200)) {
                    guard case .metrics(let answer)? = try? ask(host.controlSocketPath, .metrics) else { return false }
                    text = answer
                    return wanted.allSatisfy(answer.contains)
                }
                #expect(found != nil, "\(wanted.filter { !text.contains($0) })\n\(text)\n\(tail(daemon))")
                let lint = try runCommand(["promtool", "check", "metrics"], input: text)
                #expect(lint.isEmpty, "\(lint)")
                // What dashboard and alerts ask for must be there; halua_up is the exporter's own.
                let exported = Set(text.matches(of: /TYPE (halua_[a-z_]+)/).map { String($0.1) } + ["halua_up"])
                for file in ["grafana/halua.json", "prometheus/halua.rules.yml"] {
                    let content = try String(
                        contentsOf: URL(filePath: LabSupport.root + "packaging/" + file), encoding: .utf8)
                    let asked = Set(content.matches(of: /halua_[a-z_]+/).map { String($0.0) })
                    #expect(asked.count > 10 && asked.subtracting(exported).isEmpty, "\(asked.subtracting(exported))")
                }
            }
        }
    }
}
