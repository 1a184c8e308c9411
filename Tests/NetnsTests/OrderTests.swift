/// What operators ask of real pairs: demotions, their end, and planned hand-overs.
import ControlProtocol
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct OrderTests {
        private func instance(_ priority: Int, _ lines: [String] = []) -> InstanceText {
            var instance = InstanceText()
            instance.version = 3
            instance.interval = .milliseconds(200)
            instance.priority = priority
            instance.lines = lines
            return instance
        }

        private func start(
            _ lab: Lab, _ watch: AddressWatch, _ texts: [String], _ subjects: [Subject] = [.halua, .halua]
        )
            throws -> [LabProcess]
        {
            let first = try lab.hosts[0].start(subjects[0], configuration: texts[0])
            expectHolders([0], watch, within: .seconds(8), [first])
            let second = try lab.hosts[1].start(subjects[1], configuration: texts[1])
            pause(.seconds(1))
            return [first, second]
        }

        private func type(_ words: String, on host: LabHost) throws -> (status: String, text: String) {
            try typeHalua("\(words) --control \(host.controlSocketPath)", on: host)
        }

        private func status(_ host: LabHost) throws -> InstanceStatus {
            try #require(try askStatus(host.controlSocketPath).instances.first)
        }

        @Test(
            "a demoted node stays away through a reload, says why, and comes back when it is restored",
            .timeLimit(.minutes(1)))
        func demotion() throws {
            try withPair { lab, watch, _ in
                let daemons = try start(lab, watch, [instance(200).text, instance(100).text])
                let wrong = try type("demote VI_l", on: lab.hosts[0])
                #expect(wrong == ("status 1", "there is no instance VI_l: did you mean VI_1?"))
                let done = try type("demote VI_1 --for 1h --reason 'new disk'", on: lab.hosts[0])
                #expect(done == ("status 0", "VI_1 was MASTER and is demoted for 1 h 0 min"))
                expectHolders([1], watch, within: .seconds(2), daemons)
                _ = try type("reload", on: lab.hosts[0])
                pause(.seconds(1))
                let kept = try status(lab.hosts[0])
                #expect(kept.state == "FAULT" && kept.operatorRequest?.reason == "new disk", "\(tail(daemons[0]))")
                #expect((kept.operatorRequest?.remainingMs ?? 0) > 3_500_000)
                let text = try type("status", on: lab.hosts[0])
                #expect(text.status == "status 1")
                #expect(text.text.contains("  operator    demoted by "), "\(text.text)")
                #expect(text.text.contains(", for another 59 min 5"), "\(text.text)")
                #expect(daemons[0].output.first(containing: "VI_1: demoted by ") != nil, "\(tail(daemons[0]))")
                #expect(watch.holders == [1])
                let restored = try type("restore VI_1", on: lab.hosts[0])
                #expect(restored == ("status 0", "restored: VI_1"))
                // It preempts: its priority is the higher one.
                expectHolders([0], watch, within: .seconds(5), daemons)
                let last1 = try type("restore VI_1", on: lab.hosts[0])
                #expect(last1.status == "status 1", "\(last1.text)")
            }
        }

        @Test("a demotion ends by itself when its time is over", .timeLimit(.minutes(1)))
        func limitedDemotion() throws {
            try withPair { lab, watch, _ in
                let daemons = try start(lab, watch, [instance(200).text, instance(100).text])
                _ = try type("demote VI_1 --for 2s", on: lab.hosts[0])
                expectHolders([1], watch, within: .seconds(2), daemons)
                expectHolders([0], watch, within: .seconds(8), daemons)
                #expect(daemons[0].output.first(containing: "its time is over") != nil, "\(tail(daemons[0]))")
            }
        }

        @Test(
            "a switchover moves the address once, and a node that would preempt does not take it back",
            .timeLimit(.minutes(1)))
        func switchover() throws {
            try withPair { lab, watch, prober in
                let daemons = try start(lab, watch, [instance(200).text, instance(100).text])
                let backup = try type("switchover VI_1", on: lab.hosts[1])
                #expect(
                    backup.status == "status 1" && backup.text.contains("is master, so hand it over there"), "\(backup)"
                )
                let before = Moment.now
                let done = try type("switchover VI_1", on: lab.hosts[0])
                #expect(done.status == "status 0", "\(done.text)\(tail(daemons[0]))")
                #expect(done.text.contains("VI_1: 192.168.4.20 is MASTER with priority 100, "), "\(done.text)")
                #expect(
                    done.text.contains(
                        "so the priority of VI_1 is lowered to the new master's until \"halua restore VI_1\""))
                pause(.seconds(3))
                #expect(watch.holders == [1], "\(tail(daemons[0]))")
                #expect(watch.timeHeldTwice(from: before, to: .now) == .zero)
                #expect(prober.longestSilence(from: before, to: .now) < .seconds(1))
                let lowered = try status(lab.hosts[0])
                #expect(lowered.state == "BACKUP" && lowered.priority == 100, "\(lowered.priorityExplanation)")
                // It still steps in.
                daemons[1].sendToAll(signal: SIGKILL)
                expectHolders([0], watch, within: .seconds(5), daemons)
                let last0 = try type("restore VI_1", on: lab.hosts[0])
                #expect(last0.status == "status 0", "\(last0.text)")
                let after = try status(lab.hosts[0])
                #expect(after.priority == 200)
            }
        }

        @Test("nobody is ready: the switchover is refused, and nothing has happened", .timeLimit(.minutes(1)))
        func refusedSwitchover() throws {
            try withPair { lab, watch, _ in
                let first = try lab.hosts[0].start(.halua, configuration: instance(200).text)
                expectHolders([0], watch, within: .seconds(8), [first])
                let before = Moment.now
                let alone = try type("switchover VI_1", on: lab.hosts[0])
                #expect(alone.status == "status 1" && alone.text.contains("add --force"), "\(alone)")
                #expect(watch.changes(since: before).isEmpty)
                // Nobody is there: the node takes its address back.
                let forced = try type("switchover VI_1 --force", on: lab.hosts[0])
                #expect(forced.status == "status 1" && forced.text.contains("nobody took VI_1 over"), "\(forced)")
                expectHolders([0], watch, within: .seconds(5), [first])
            }
        }

        @Test(
            "a silent keepalived takes over when it is forced to, and a nopreempt node stays its backup",
            .timeLimit(.minutes(1)))
        func keepalived() throws {
            try withPair { lab, watch, _ in
                let texts = [instance(200, ["nopreempt"]).text, instance(200, ["nopreempt"]).text]
                let daemons = try start(lab, watch, texts, [.halua, .keepalived])
                let refused = try type("switchover VI_1", on: lab.hosts[0])
                #expect(refused.status == "status 1" && refused.text.contains("add --force"), "\(refused)")
                let done = try type("switchover VI_1 --force", on: lab.hosts[0])
                #expect(done.status == "status 0", "\(done.text)\(daemons.map { tail($0) }.joined())")
                pause(.seconds(2))
                #expect(watch.holders == [1])
                let after = try status(lab.hosts[0])
                #expect(after.state == "BACKUP")
            }
        }

        @Test("a sync group is handed over as a whole", .timeLimit(.minutes(1)))
        func group() throws {
            try withPair { lab, watch, _ in
                let texts = [200, 100].map { priority in
                    var other = instance(priority)
                    (other.name, other.virtualRouterID, other.addresses) = ("VI_2", 52, ["192.168.4.201"])
                    return instance(priority).text + other.text
                        + "vrrp_sync_group G {\n    group {\n        VI_1\n        VI_2\n    }\n}\n"
                }
                let daemons = try start(lab, watch, texts)
                let done = try type("switchover VI_2", on: lab.hosts[0])
                #expect(done.status == "status 0", "\(done.text)\(daemons.map { tail($0) }.joined())")
                #expect(done.text.contains("VI_1: ") && done.text.contains("VI_2: "), "\(done.text)")
                expectHolders([1], watch, within: .seconds(1), daemons)
                pause(.seconds(2))
                let states = try lab.hosts.map { try askStatus($0.controlSocketPath).instances.map(\.state) }
                #expect(states == [["BACKUP", "BACKUP"], ["MASTER", "MASTER"]])
            }
        }
    }
}
