/// SIGHUP with a file that is wrong changes nothing, and with one that is right only what the file changes.
import ControlProtocol
import Glibc
import Lab
import Testing

/// A file that must be refused, and what is wrong with it.
private struct WrongFile: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var text: String

    static let all: [Self] = {
        let good = InstanceText().text
        func replacing(_ old: String, _ new: String) -> String {
            precondition(good.contains(old), "the good file has a line \(old)")
            return good.split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.contains(old) ? new : String($0) }.joined(separator: "\n")
        }
        return [
            Self(
                testDescription: "an interface that does not exist", text: replacing("interface", "    interface nope0")
            ),
            Self(testDescription: "a keyword without its value", text: replacing("priority", "    priority")),
            Self(testDescription: "a keyword nobody knows", text: replacing("priority", "    priorty 100")),
            Self(
                testDescription: "a router number too large",
                text: replacing("virtual_router_id", "    virtual_router_id 256")),
            Self(
                testDescription: "an address that is none", text: replacing("192.168.4.200", "        192.168.4.2000")),
            Self(testDescription: "a block that does not end", text: String(good.dropLast(2))),
            Self(testDescription: "the same router twice", text: good + good.replacing("VI_1", with: "VI_2")),
            Self(
                testDescription: "a check that no plugin has",
                text: replacing("priority", "    priority 100\n    track_lua {\n        nowhere.check\n    }")),
        ]
    }()
}

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct ReloadTests {
        @Test("a master that is told to reload wrong files stays master without a pause", .timeLimit(.minutes(2)))
        func wrongFiles() throws {
            try withPair { lab, watch, prober in
                let daemon = try lab.hosts[0].start(.halua, configuration: InstanceText().text)
                expectHolders([0], watch, within: .seconds(8), [daemon])
                pause(.milliseconds(500))
                for file in WrongFile.all {
                    let start = Moment.now
                    let before = daemon.output.lines.count
                    try lab.hosts[0].write(configuration: file.text)
                    daemon.send(signal: SIGHUP)
                    pause(.seconds(1))
                    #expect(daemon.isRunning, "\(file.testDescription) ended the daemon\n\(tail(daemon))")
                    #expect(
                        watch.changes(since: start).isEmpty,
                        "\(file.testDescription) moved the address\n\(tail(daemon))")
                    #expect(
                        prober.longestSilence(from: start, to: .now) < .milliseconds(500), "\(file.testDescription)")
                    #expect(daemon.output.lines.count > before, "\(file.testDescription) was refused without a word")
                    let report = try askStatus(lab.hosts[0].controlSocketPath)
                    #expect(report.instances.map(\.priority) == [100], "\(file.testDescription)")
                }
            }
        }

        @Test("a good file changes the priority in place: the address does not move", .timeLimit(.minutes(1)))
        func goodFile() throws {
            try withPair { lab, watch, _ in
                var instance = InstanceText()
                let daemon = try lab.hosts[0].start(.halua, configuration: instance.text)
                expectHolders([0], watch, within: .seconds(8), [daemon])
                let start = Moment.now
                instance.priority = 150
                try lab.hosts[0].write(configuration: instance.text)
                daemon.send(signal: SIGHUP)
                let changed = waitUntil(.seconds(3), every: .milliseconds(50)) {
                    (try? askStatus(lab.hosts[0].controlSocketPath))?.instances.first?.priority == 150
                }
                #expect(changed != nil, "the new priority does not show\n\(tail(daemon))")
                #expect(watch.changes(since: start).isEmpty)
            }
        }
    }
}
