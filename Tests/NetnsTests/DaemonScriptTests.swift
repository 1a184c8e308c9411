/// Programs and hooks around the life of a daemon: at its start, at a reload, and at its end.
import ControlProtocol
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct DaemonScriptTests {
        private func instance(_ lines: [String] = []) -> InstanceText {
            var instance = InstanceText()
            instance.version = 3
            instance.interval = .milliseconds(100)
            instance.priority = 150
            instance.lines = lines
            return instance
        }

        @Test(
            "with stop_hooks_first the hooks of on.shutdown end before the addresses go, else after",
            .timeLimit(.minutes(1)), arguments: [true, false])
        func stopHooks(_ isFirst: Bool) throws {
            try withPair { lab, watch, _ in
                let host = lab.hosts[0]
                try host.write(
                    file: "last.lua",
                    """
                    local halua = require "halua"
                    halua.on.shutdown(function()
                      halua.log.info "the hook begins"
                      halua.sleep "300ms"
                      halua.log.info "the hook ends"
                    end)
                    """)
                let keyword = isFirst ? "    stop_hooks_first\n" : ""
                let head = "global_defs {\n    lua_path \(host.folder)\n\(keyword)}\nlua_plugin last {\n}\n"
                let daemon = try host.start(.halua, configuration: head + instance().text)
                expectHolders([0], watch, within: .seconds(8), [daemon])
                let start = Moment.now
                daemon.send(signal: SIGTERM)
                #expect(daemon.wait(.seconds(10)) == .exited(0), "\(tail(daemon))")
                expectHolders([], watch, within: .seconds(2), [daemon])
                let gone = try #require(watch.changes(since: start).first { !$0.holds })
                let begins = try #require(daemon.output.first(containing: "the hook begins"), "\(tail(daemon))")
                let ends = try #require(daemon.output.first(containing: "the hook ends"), "\(tail(daemon))")
                // Apart by the time that the hook sleeps, and seen by two threads.
                if isFirst {
                    #expect(gone.at > begins.at + .milliseconds(150))
                } else {
                    #expect(gone.at + .milliseconds(150) < ends.at)
                }
            }
        }

        @Test("startup_script runs before all else, shutdown_script after it", .timeLimit(.minutes(1)))
        func startAndEnd() throws {
            try withPair { lab, watch, _ in
                let host = try ScriptedHost(lab.hosts[0])
                let once = """
                    global_defs {
                        startup_script "\(host.folder)/slow.sh startup"
                        shutdown_script "\(host.folder)/slow.sh shutdown"
                    }

                    """
                try host.script("slow.sh", "sleep 0.3; exec \(host.folder)/note.sh \"$@\"")
                let daemon = try host.host.start(
                    .halua, configuration: host.globals + once + instance(host.notifyLines).text)
                expectHolders([0], watch, within: .seconds(8), [daemon])
                host.wait(for: "MASTER")
                daemon.send(signal: SIGTERM)
                #expect(daemon.wait(.seconds(10)) == .exited(0), "\(tail(daemon))")
                let calls = host.lines("calls")
                #expect(calls.first == "<startup>" && calls.last == "<shutdown>", "\(calls)")
                #expect(calls.contains("<any><INSTANCE><VI_1><STOP><150>"), "\(calls)")
                #expect(calls.filter { $0 == "<startup>" || $0 == "<shutdown>" }.count == 2)
            }
        }

        @Test(
            "a reload that removes an instance tells DELETED where that was asked for, and repeats what holds",
            .timeLimit(.minutes(1)))
        func reload() throws {
            try withPair { lab, watch, _ in
                let host = try ScriptedHost(lab.hosts[0])
                let globals = host.globals + "global_defs {\n    fifo_write_vrrp_states_on_reload\n}\n"
                var second = instance(host.notifyLines + ["notify_deleted \(host.note("deleted"))"])
                second.name = "VI_2"
                second.virtualRouterID = 52
                second.addresses = ["192.168.4.201"]
                // Without notify_deleted it is FAULT, as keepalived tells it.
                var third = instance(host.notifyLines)
                third.name = "VI_3"
                third.virtualRouterID = 53
                third.addresses = ["192.168.4.202"]
                let first = instance(host.notifyLines).text
                let daemon = try host.host.start(.halua, configuration: globals + first + second.text + third.text)
                for name in ["VI_1", "VI_2", "VI_3"] { host.wait(for: "\"\(name)\" MASTER") }
                let before = host.lines("lines").count
                let start = Moment.now

                try host.host.write(configuration: globals + first)
                let reload = [LabSupport.programs.halua, "reload", "--control", host.host.controlSocketPath]
                #expect(try host.host.run(reload).contains("VI_2 removed"))
                host.waitForCall("<deleted>")
                let told = Array(host.lines("lines").dropFirst(before))
                #expect(
                    told == [
                        "INSTANCE \"VI_2\" DELETED 150", "INSTANCE \"VI_3\" FAULT 150", "INSTANCE \"VI_1\" MASTER 150",
                    ], "\(tail(daemon))")
                let calls = host.lines("calls")
                #expect(calls.contains("<any><INSTANCE><VI_2><DELETED><150>"), "\(calls)")
                #expect(calls.contains("<any><INSTANCE><VI_3><FAULT><150>"), "\(calls)")
                #expect(watch.changes(since: start).isEmpty, "VI_1 goes on")

                // Repeating is for the FIFO alone: no script runs again.
                let count = host.lines("calls").count
                _ = try host.host.run(reload)
                let again = waitUntil(.seconds(5), every: .milliseconds(10)) {
                    host.lines("lines").filter { $0.contains("\"VI_1\" MASTER") }.count == 3
                }
                #expect(again != nil, "\(host.lines("lines"))")
                pause(.milliseconds(200))
                #expect(host.lines("calls").count == count)
            }
        }

        @Test("notify scripts and FIFO lines that are lost are counted in status and metrics", .timeLimit(.minutes(1)))
        func losses() throws {
            try withPair { lab, watch, _ in
                let host = try ScriptedHost(lab.hosts[0])
                try host.script("stuck.sh", "exec sleep 60")
                // A FIFO that is full, and that nobody reads.
                let path = "\(host.folder)/fifo"
                try #require(mkfifo(path, 0o600) == 0)
                let fifo = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
                try #require(fifo >= 0)
                defer { close(fifo) }
                while Glibc.write(fifo, "x", 1) == 1 {}
                let lines = ["notify \"\(host.folder)/stuck.sh\""]
                let globals =
                    "global_defs {\n    enable_script_security\n    script_user root\n"
                    + "    vrrp_notify_fifo \(path)\n}\n"
                let daemon = try host.host.start(.halua, configuration: globals + instance(lines).text)
                expectHolders([0], watch, within: .seconds(8), [daemon])
                // BACKUP runs and MASTER waits; of that and thirteen times three more, 32 may wait.
                for _ in 1...13 {
                    try host.host.setCable(plugged: false)
                    expectHolders([], watch, within: .seconds(3), [daemon])
                    try host.host.setCable(plugged: true)
                    expectHolders([0], watch, within: .seconds(5), [daemon])
                }
                let changes = 2 + 13 * 3
                let lost = changes - 1 - 32
                let counted = waitUntil(.seconds(5), every: .milliseconds(50)) {
                    (try? askStatus(host.host.controlSocketPath))?.lostNotices
                        == [Counter(path, changes), Counter("VI_1", lost)]
                }
                #expect(counted != nil, "\(tail(daemon))")
                guard case .metrics(let text) = try ask(host.host.controlSocketPath, .metrics) else {
                    Issue.record("no metrics")
                    return
                }
                #expect(text.contains("halua_notify_dropped_total{lane=\"VI_1\"} \(lost)\n"), "\(text)")
                #expect(text.contains("halua_notify_fifo_lost_total{fifo=\"\(path)\"} \(changes)\n"), "\(text)")
                let status = [LabSupport.programs.halua, "status", "--control", host.host.controlSocketPath]
                #expect(try host.host.run(status).contains("lost notices: \(path) \(changes), VI_1 \(lost)"))
            }
        }
    }
}
