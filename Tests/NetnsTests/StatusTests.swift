/// What `halua status` prints for people: gates, scripts, and the bug of a plugin in one line.
import ControlProtocol
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct StatusTests {
        private static let plugin = """
            local halua = require "halua"
            local function broken() local nothing return nothing.field end
            halua.check { name = "bug", interval = "200ms", weight = -10, run = function() return (broken()) end }
            halua.check { name = "low", interval = "200ms", weight = -10, run = function() return false, "too low" end }
            halua.gate.promote { name = "vip", run = function() return false, "not today" end }
            """

        @Test("gates, scripts and broken plugins are in the text of halua status, a line each", .timeLimit(.minutes(1)))
        func text() throws {
            try withPair { lab, _, _ in
                let host = try ScriptedHost(lab.hosts[0])
                try host.host.write(file: "odd.lua", Self.plugin)
                try host.setFlag("weak", true)
                var instance = InstanceText()
                instance.version = 3
                instance.interval = .milliseconds(300)
                instance.priority = 150
                instance.lines = [
                    "track_script {", "    worth", "}", "track_lua {", "    odd.bug", "    odd.low", "}",
                    "promotion_gate odd.vip",
                ]
                let head = "global_defs {\n    lua_path \(host.folder)\n}\nlua_plugin odd {\n}\n"
                let daemon = try host.host.start(.halua, configuration: host.globals + head + instance.text)
                let command = [LabSupport.programs.halua, "status", "--control", host.host.controlSocketPath]
                let wanted = [
                    "VI_1  BACKUP for ", "  priority    150 ", "  gate        odd.vip denied ", " ago: not today",
                    "  check       worth down weight -20: exit status 3: the flag weak is up (",
                    "  check       odd.low down weight -10: too low (",
                    "  check       odd.bug error weight -10: odd.lua:2: attempt to index a nil value (local 'nothing') (",
                    "plugins: odd (script thread heard ",
                ]
                var text = ""
                let complete = waitUntil(.seconds(15), every: .milliseconds(200)) {
                    text = (try? host.host.run(command)) ?? text
                    return wanted.allSatisfy(text.contains)
                }
                #expect(complete != nil, "\(wanted.filter { !text.contains($0) }) are not in\n\(text)\(tail(daemon))")
                #expect(!text.contains("traceback"), "\(text)")
                let json = try host.host.run(command + ["--json"])
                #expect(!json.contains("traceback"), "\(json)")
                // Whoever writes the plugin finds the whole story in the log, and where it runs by hand.
                #expect(daemon.output.first(containing: "in upvalue 'broken'") != nil, "\(tail(daemon))")
                do {
                    let run = [LabSupport.programs.halua, "run-check", "odd.bug", "-f", host.host.configurationPath]
                    Issue.record("passed: \(try host.host.run(run))")
                } catch let error as LabError {
                    #expect(error.description.contains("in upvalue 'broken'"), "\(error)")
                    #expect(error.description.contains("exit status 3"), "\(error)")
                }
            }
        }
    }
}
