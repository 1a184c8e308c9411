/// Every way in which a master of halua can go, and the address arrives at the other node each time.
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct FailoverTests {
        @Test(
            "the other node takes over after every fault", .timeLimit(.minutes(1)),
            arguments: Fault.allCases, [Duration.seconds(1), .milliseconds(100)])
        func takesOver(_ fault: Fault, interval: Duration) throws {
            let profile = FailoverProfile(name: "test", version: interval == .seconds(1) ? 2 : 3, interval: interval)
            let result = try measureFailover(fault, profile, .halua, programs: LabSupport.programs)
            // The benchmark checks the limit; a second more forgives a machine that also builds and tests.
            #expect(result.takeover < profile.limit(fault) + .seconds(1))
        }

        @Test("of two masters after a freeze exactly one remains", .timeLimit(.minutes(1)))
        func frozen() throws {
            try withPair { lab, watch, _ in
                var instance = InstanceText()
                let second = try lab.hosts[1].start(.halua, configuration: instance.text)
                instance.priority = 200
                let first = try lab.hosts[0].start(.halua, configuration: instance.text)
                expectHolders([0], watch, within: .seconds(10), [first, second])
                first.sendToAll(signal: SIGSTOP)
                #expect(waitUntil(.seconds(8)) { watch.holders.contains(1) } != nil, "\(tail(second))")
                first.sendToAll(signal: SIGCONT)
                // It hears the other, or the other hears it; the better one has the address in the end.
                expectHolders([0], watch, within: .seconds(8), [first, second])
                let settled = Moment.now
                pause(.seconds(2))
                #expect(watch.changes(since: settled).isEmpty)
            }
        }

        @Test(
            "the address that a killed daemon left behind is gone as soon as it starts again", .timeLimit(.minutes(1)))
        func staleAddress() throws {
            try withPair { lab, watch, _ in
                let killed = try lab.hosts[0].start(.halua, configuration: InstanceText().text)
                expectHolders([0], watch, within: .seconds(8), [killed])
                killed.sendToAll(signal: SIGKILL)
                _ = killed.wait(.seconds(5))
                #expect(watch.holders == [0], "nobody was left to take the address away")
                let start = Moment.now
                let daemon = try lab.hosts[0].start(.halua)
                let gone = waitUntil(.seconds(2)) { watch.holders.isEmpty }
                #expect(gone != nil, "the address is still there before any election\n\(tail(daemon))")
                expectHolders([0], watch, within: .seconds(8), [daemon])
                let back = try #require(watch.changes(since: start).last?.at)
                #expect(back - start > .seconds(3), "it came back by election only")
            }
        }
    }
}
