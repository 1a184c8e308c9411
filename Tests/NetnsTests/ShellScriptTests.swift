/// One configuration with shell scripts under both daemons: the same calls with the same arguments, the same FIFO lines.
import ControlProtocol
import Foundation
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct ShellScriptTests {
        /// From start to MASTER, through a failed check and back, past a weaker master, to the end.
        private func story(_ subject: Subject) throws -> Notes {
            var notes = Notes()
            try withPair { lab, _, _ in
                let host = try ScriptedHost(lab.hosts[0])
                var instance = InstanceText()
                instance.version = 3
                instance.interval = .milliseconds(100)
                instance.priority = 150
                instance.lines = ["track_script {", "    chk", "    worth", "}"] + host.notifyLines
                // With its guard halua gives way to a deaf rival, which keepalived does not.
                if subject == .halua { instance.lines.append("guard off") }
                let daemon = try host.host.start(subject, configuration: host.globals + instance.text)
                host.wait(for: "MASTER")
                try host.setFlag("fail", true)
                host.wait(for: "FAULT")
                try host.setFlag("fail", false)
                host.wait(for: "MASTER", count: 2)
                try host.setFlag("weak", true)
                host.wait(for: "MASTER_PRIORITY 130")
                try host.setFlag("weak", false)
                host.wait(for: "MASTER_PRIORITY 150")

                // A weaker node that cannot hear us.
                try lab.hosts[1].dropMulticast()
                var weaker = InstanceText()
                weaker.version = 3
                weaker.interval = .milliseconds(100)
                weaker.priority = 50
                weaker.lines = ["guard off"]
                let rival = try lab.hosts[1].start(.halua, configuration: weaker.text)
                host.wait(for: "MASTER_RX_LOWER_PRI")
                rival.send(signal: SIGTERM)
                _ = rival.wait(.seconds(5))
                pause(.milliseconds(300))

                daemon.send(signal: SIGTERM)
                #expect(daemon.wait(.seconds(10)) == .exited(0))
                host.waitForCall("<STOP>")
                notes = host.notes
                #expect(access("\(host.folder)/fifo", F_OK) != 0, "the FIFO that the daemon made is gone with it")
            }
            return notes
        }

        @Test("an instance's scripts and FIFO hear the same from halua as from keepalived", .timeLimit(.minutes(2)))
        func sideBySide() throws {
            let theirs = try story(.keepalived)
            let ours = try story(.halua)
            #expect(ours.calls["master"] == ["<master><two words>", "<master><two words>"])
            #expect(ours.calls["any"]?.last == "<any><INSTANCE><VI_1><STOP><150>")
            #expect(ours.fifo.last == "INSTANCE \"VI_1\" STOP 150")
            #expect(comparable(ours) == comparable(theirs))
        }

        /// Without what differs for good reasons.
        private func comparable(_ notes: Notes) -> Notes {
            var notes = notes
            // How many adverts a weaker node gets out is a matter of time.
            notes.calls["lower"] = notes.calls["lower"].map { Array($0.prefix(1)) }
            let first = notes.fifo.firstIndex { $0.contains("_RX_") }
            notes.fifo = notes.fifo.enumerated().filter { !$0.element.contains("_RX_") || $0.offset == first }
                .map(\.element)
            // keepalived ends the reader before it writes its last lines.
            notes.fifo.removeAll { $0.contains(" STOP ") }
            return notes
        }

        /// Two members of a group, one of which has a check that means FAULT for both.
        private func groupStory(_ subject: Subject) throws -> Notes {
            var notes = Notes()
            try withPair { lab, _, _ in
                let host = try ScriptedHost(lab.hosts[0])
                var first = InstanceText()
                first.version = 3
                first.interval = .milliseconds(100)
                var second = first
                second.name = "VI_2"
                second.virtualRouterID = 52
                second.addresses = ["192.168.4.201"]
                first.lines = ["track_script {", "    chk", "}"] + host.notifyLines
                second.lines = host.notifyLines
                let group =
                    "vrrp_sync_group G {\n    group {\n        VI_1\n        VI_2\n    }\n"
                    + host.notifyLines.dropLast().map { "    \($0)\n" }.joined() + "}\n"
                let daemon = try host.host.start(
                    subject, configuration: host.globals + group + first.text + second.text)
                host.wait(for: "GROUP \"G\" MASTER")
                try host.setFlag("fail", true)
                host.wait(for: "GROUP \"G\" FAULT")
                try host.setFlag("fail", false)
                host.wait(for: "GROUP \"G\" MASTER", count: 2)
                daemon.send(signal: SIGTERM)
                #expect(daemon.wait(.seconds(10)) == .exited(0))
                host.waitForCall("<GROUP><G><STOP>")
                notes = host.notes
            }
            return notes
        }

        @Test("a sync group's scripts and FIFO hear the same from halua as from keepalived", .timeLimit(.minutes(2)))
        func groups() throws {
            let theirs = comparable(try groupStory(.keepalived))
            let ours = comparable(try groupStory(.halua))
            #expect(ours.fifo.filter { $0.contains("GROUP") } == theirs.fifo.filter { $0.contains("GROUP") })
            // Which member moves first is not the same in both; what each hears is.
            for name in ["VI_1", "VI_2"] {
                func states(_ notes: Notes) -> [String] {
                    notes.fifo.filter { $0.contains("\"\(name)\"") }
                }
                #expect(states(ours) == states(theirs), "\(name)")
            }
            #expect(ours.calls.mapValues { $0.sorted() } == theirs.calls.mapValues { $0.sorted() })
        }
    }
}
