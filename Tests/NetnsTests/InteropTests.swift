/// halua and keepalived as one pair, in both roles, in every form the two share.
import Glibc
import Lab
import Testing

/// One form of VRRP that both daemons speak.
private enum Form: String, CaseIterable, CustomTestStringConvertible {
    case v2WithPassword = "VRRPv2 with a password"
    case v3OverIPv4 = "VRRPv3 over IPv4"
    case v3OverIPv6 = "VRRPv3 over IPv6"

    var testDescription: String { rawValue }

    var instance: InstanceText {
        var instance = InstanceText()
        switch self {
        case .v2WithPassword: instance.password = "Zf4aqy"
        case .v3OverIPv4:
            instance.version = 3
            instance.interval = .milliseconds(200)
        case .v3OverIPv6:
            instance.version = 3
            instance.interval = .milliseconds(200)
            instance.addresses = ["fe80::4:200", "fd00:4::200"]
        }
        return instance
    }

    /// The address that clients use.
    var address: String { instance.addresses.last ?? "" }
}

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct InteropTests {
        @Test(
            "a better master is followed, its goodbye is heard, and its return is obeyed", .timeLimit(.minutes(2)),
            arguments: Form.allCases, Subject.allCases)
        fileprivate func pair(_ form: Form, master: Subject) throws {
            try withPair(form.address) { lab, watch, prober in
                let capture = try AdvertCapture(in: lab.client, keepsFrames: true)
                let backup: Subject = master == .halua ? .keepalived : .halua
                var instance = form.instance
                instance.priority = 100
                let second = try lab.hosts[1].start(backup, configuration: instance.text)
                instance.priority = 200
                let first = try lab.hosts[0].start(master, configuration: instance.text)
                let wait = instance.interval * 8 + .seconds(3)

                expectHolders([0], watch, within: wait, [first, second])
                let settled = Moment.now
                pause(instance.interval * 5)
                #expect(watch.changes(since: settled).isEmpty, "the backup follows the master\n\(tail(second))")

                let stop = Moment.now
                first.send(signal: SIGTERM)
                let handover = prober.handover(to: 1, after: stop, limit: wait)
                // Without the goodbye it would be the whole master down interval.
                let taken = try #require(handover?.takeover, "nobody took over\n\(tail(second))")
                #expect(taken < instance.interval * 3, "the goodbye was not heard")
                #expect(first.wait(.seconds(10)) == .exited(0))
                #expect(watch.holders == [1])

                let again = try lab.hosts[0].start(master)
                expectHolders([0], watch, within: wait, [again, second])
                #expect(second.isRunning && again.isRunning)
                capture.stop()
                try expectWellFormed(capture, in: lab)
            }
        }

        @Test(
            "of equal priorities the higher address keeps the VIP after a partition", .timeLimit(.minutes(1)),
            arguments: [["192.168.4.31", "192.168.4.30"], ["192.168.4.30", "192.168.4.31"]], Subject.allCases)
        func tieBreak(addresses: [String], second: Subject) throws {
            try withPair(addresses: addresses) { lab, watch, _ in
                let capture = try AdvertCapture(in: lab.client, keepsFrames: true)
                var instance = InstanceText()
                instance.version = 3
                instance.interval = .milliseconds(200)
                for host in lab.hosts { try host.setIsolated(true) }
                let daemons = [
                    try lab.hosts[0].start(.halua, configuration: instance.text),
                    try lab.hosts[1].start(second, configuration: instance.text),
                ]
                // Each is alone as far as it can hear.
                expectHolders([0, 1], watch, within: .seconds(5), daemons)
                for host in lab.hosts { try host.setIsolated(false) }
                let winner = addresses[0] > addresses[1] ? 0 : 1
                expectHolders([winner], watch, within: .seconds(3), daemons)
                let settled = Moment.now
                pause(.seconds(1))
                #expect(watch.changes(since: settled).isEmpty)
                capture.stop()
                try expectWellFormed(capture, in: lab)
            }
        }
    }
}
