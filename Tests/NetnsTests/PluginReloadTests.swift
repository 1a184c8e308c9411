/// `halua reload` with plugins: what is wrong is told to the person who typed it, and the master stays master.
import ControlProtocol
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct PluginReloadTests {
        private static let good = "halua.check{name='c', interval='200ms', run=function() return true end}\n"

        /// A plugin file that must be refused, what else the configuration says, and what the person must read.
        private struct Wrong: Sendable {
            var plugin: String
            var options = ""
            var words: String
        }

        private static let wrong = [
            Wrong(plugin: good + "local x = = 1", words: "watched.lua:2: unexpected symbol near '='"),
            Wrong(
                plugin: good + "halua.sleep(1)",
                words: "watched.lua:2: sleep: works inside of checks, hooks and tasks, not while the plugin is loaded"),
            Wrong(plugin: good + "require 'gone'", words: "watched.lua:2: require: there is no module \"gone\""),
            Wrong(plugin: good + "while true do end", words: "watched.lua:2: loading takes longer than 500 ms"),
            Wrong(
                plugin: good + "halua.options{ port = 1 }", options: "prot 2",
                words: "plugin watched has no option \"prot\" (did you mean \"port\"?)"),
            Wrong(
                plugin: good + "halua.options{ port = 1 }", options: "port many",
                words: "port of plugin watched takes a whole number, not \"many\""),
            Wrong(plugin: "", words: "no plugin registered the check watched.c"),
        ]

        private func write(_ host: LabHost, _ plugin: String, _ options: String = "") throws {
            try host.write(file: "watched.lua", plugin)
            var instance = InstanceText()
            instance.lines += ["track_lua {", "    watched.c", "}"]
            try host.write(
                configuration:
                    "global_defs {\n    lua_path \(host.folder)\n}\nlua_plugin watched {\n    \(options)\n}\n"
                    + instance.text)
        }

        @Test(
            "a wrong plugin is refused with file and line and exit status 1, a good one is taken",
            .timeLimit(.minutes(2)))
        func outcomes() throws {
            try withPair { lab, watch, _ in
                let host = lab.hosts[0]
                let reload = [LabSupport.programs.halua, "reload", "--control", host.controlSocketPath]
                try write(host, Self.good)
                let daemon = try host.start(.halua)
                expectHolders([0], watch, within: .seconds(8), [daemon])
                let start = Moment.now
                for wrong in Self.wrong {
                    try write(host, wrong.plugin, wrong.options)
                    do {
                        let text = try host.run(reload)
                        Issue.record("taken: \(wrong.words)\n\(text)")
                    } catch let error as LabError {
                        #expect(error.description.contains(wrong.words), "\(error.description)")
                        #expect(error.description.contains("(exit status 1)"), "\(error.description)")
                        #expect(error.description.contains("nothing has changed"))
                    }
                }
                try write(host, Self.good + "halua.on.reload(function(ev) print('heard of', ev.changes[1]) end)")
                #expect(try host.run(reload).contains("loaded anew: watched"))
                let heard = waitUntil(.seconds(3), every: .milliseconds(20)) {
                    daemon.output.first(containing: "plugin watched has a new file") != nil
                }
                #expect(heard != nil, "\(tail(daemon))")
                #expect(watch.changes(since: start).isEmpty, "\(tail(daemon))")
            }
        }
    }
}
