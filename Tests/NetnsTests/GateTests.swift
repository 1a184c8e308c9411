/// Promotion gates with real daemons and a real plugin: denied, timed out, late, and leases that end with their script.
import ControlProtocol
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct GateTests {
        /// Adverts every half second: a backup asks after about 1.7 seconds.
        private func instance(priority: Int = 200) -> InstanceText {
            var instance = InstanceText()
            instance.version = 3
            instance.interval = .milliseconds(500)
            instance.priority = priority
            return instance
        }

        private func gate(of host: LabHost) throws -> GateStatus {
            try #require(try askStatus(host.controlSocketPath).instances.first?.gates.first)
        }

        @Test(
            "a gate that denies keeps the node silent and without the address, until it allows", .timeLimit(.minutes(1))
        )
        func denied() throws {
            try withPair { lab, watch, _ in
                let capture = try AdvertCapture(in: lab.hosts[1].namespaces)
                let daemon = try lab.hosts[0].startGated(.deny, instance())
                let said = waitUntil(.seconds(10), every: .milliseconds(20)) {
                    daemon.output.first(containing: "stays backup, gate gated.vip denies: the test says no") != nil
                }
                #expect(said != nil, "\(tail(daemon))")
                pause(.seconds(3))
                #expect(capture.count == 0 && watch.holders == [], "\(tail(daemon))")
                let status = try gate(of: lab.hosts[0])
                #expect(status.state == "denied" && status.reason == "the test says no")
                try lab.hosts[0].write(.allow)
                expectHolders([0], watch, within: .seconds(8), [daemon])
                #expect(try gate(of: lab.hosts[0]).state == "allowed")
            }
        }

        @Test(
            "a gate that hangs counts as on_timeout says, and the log names the line where it waited",
            .timeLimit(.minutes(1)), arguments: [false, true])
        func timedOut(_ allows: Bool) throws {
            try withPair { lab, watch, _ in
                let daemon = try lab.hosts[0].startGated(
                    .hang, instance(), options: allows ? ["on_timeout allow"] : [])
                let words = "timed out after 300 ms in sleep (gated.lua:"
                let said = waitUntil(.seconds(10), every: .milliseconds(20)) {
                    daemon.output.first(
                        containing: allows ? "counts as a yes: \(words)" : "gate gated.vip denies: \(words)") != nil
                }
                #expect(said != nil, "\(tail(daemon))")
                if allows {
                    expectHolders([0], watch, within: .seconds(2), [daemon])
                } else {
                    pause(.seconds(3))
                    #expect(watch.holders == [], "\(tail(daemon))")
                }
            }
        }

        @Test("a permission that comes after the deadline changes nothing", .timeLimit(.minutes(1)))
        func late() throws {
            try withPair { lab, watch, _ in
                let daemon = try lab.hosts[0].startGated(.late, instance(), options: ["timeout 20ms"])
                let answered = waitUntil(.seconds(10), every: .milliseconds(20)) {
                    daemon.output.first(containing: "it answers yes, too late") != nil
                }
                #expect(answered != nil, "\(tail(daemon))")
                pause(.seconds(1))
                #expect(watch.holders == [], "\(tail(daemon))")
                #expect(daemon.output.first(containing: "gate gated.vip denies: no answer within 70 ms") != nil)
                #expect(try gate(of: lab.hosts[0]).state != "allowed")
            }
        }

        @Test("a question is cancelled when a better master is heard", .timeLimit(.minutes(1)))
        func cancelled() throws {
            try withPair { lab, watch, _ in
                let asking = try lab.hosts[1].startGated(.hang, instance(priority: 100), options: ["timeout 30s"])
                let asks = waitUntil(.seconds(10), every: .milliseconds(20)) {
                    asking.output.first(containing: "asks gated.vip first") != nil
                }
                #expect(asks != nil, "\(tail(asking))")
                #expect(try gate(of: lab.hosts[1]).state == "asking")
                let better = try lab.hosts[0].start(.halua, configuration: instance().text)
                expectHolders([0], watch, within: .seconds(8), [better, asking])
                let dropped = waitUntil(.seconds(2), every: .milliseconds(20)) {
                    asking.output.first(containing: "asks no longer: 192.168.4.10 is master") != nil
                }
                #expect(dropped != nil, "\(tail(asking))")
            }
        }

        @Test("a lease that nobody extends ends mastership, and the peer takes over at once", .timeLimit(.minutes(1)))
        func leaseEnds() throws {
            try withPair { lab, watch, _ in
                let leased = try lab.hosts[0].startGated(.lease, instance())
                expectHolders([0], watch, within: .seconds(8), [leased])
                let start = Moment.now
                #expect((try gate(of: lab.hosts[0]).leaseMs ?? 0) > 0)
                let peer = try lab.hosts[1].start(.halua, configuration: instance(priority: 100).text)
                expectHolders([1], watch, within: .seconds(6), [leased, peer])
                #expect(watch.timeHeldTwice(from: start, to: .now) == .zero)
                #expect(leased.output.first(containing: "the lease of gate gated.vip ran out") != nil)
                let report = try askStatus(lab.hosts[0].controlSocketPath)
                #expect(report.instances[0].statistics.first { $0.name == "priority-zero-sent" }?.count == 1)
            }
        }

        @Test(
            "a script that dies while it holds a lease loses mastership, and no two nodes ever hold the address",
            .timeLimit(.minutes(1)), arguments: [GateConduct.bug, .stuck])
        func scriptDies(_ death: GateConduct) throws {
            try withLockedPair { lab, watch, daemons in
                let start = Moment.now
                try lab.hosts[0].write(death)
                expectHolders([1], watch, within: .seconds(15), daemons)
                #expect(watch.timeHeldTwice(from: start, to: .now) == .zero)
                #expect(daemons[0].output.first(containing: "the lease of gate gated.vip ran out") != nil)
                // The new holder renews: it keeps what it has.
                pause(.seconds(4))
                #expect(watch.holders == [1], "\(tail(daemons[1]))")
            }
        }

        @Test("with a lock for a gate, nodes that do not hear each other have one master", .timeLimit(.minutes(1)))
        func partition() throws {
            try withLockedPair { lab, watch, daemons in
                let start = Moment.now
                for host in lab.hosts.prefix(2) { try host.setIsolated(true) }
                pause(.seconds(8))
                #expect(watch.holders == [0], "\(daemons.map { tail($0) }.joined())")
                #expect(daemons[1].output.first(containing: "denies: the lock is held by first", since: start) != nil)
                daemons[0].sendToAll(signal: SIGTERM)
                expectHolders([1], watch, within: .seconds(10), daemons)
                #expect(watch.timeHeldTwice(from: start, to: .now) == .zero)
            }
        }

        /// Two nodes with one lock on a third host; the first is master and holds it.
        private func withLockedPair(_ body: (Lab, AddressWatch, [LabProcess]) throws -> Void) throws {
            try withPair(hosts: ["first", "second", "third"]) { lab, watch, _ in
                let service = try lab.hosts[2].startLock()
                let first = try lab.hosts[0].startGated(.lock, instance())
                expectHolders([0], watch, within: .seconds(10), [first, service])
                let second = try lab.hosts[1].startGated(.lock, instance(priority: 100))
                // Longer than the lease: it was extended.
                pause(.seconds(4))
                #expect(watch.holders == [0], "\(tail(first))\(tail(second))")
                try body(lab, watch, [first, second])
            }
        }
    }
}
