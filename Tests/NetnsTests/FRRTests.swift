/// halua and FRRouting's vrrpd as one pair, in both roles, in the forms of VRRP that FRR speaks.
import ControlProtocol
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason), .enabled(if: FRRRouter.isInstalled, "needs frr"))
    struct FRRTests {
        /// Version 3 with the checksum over the pseudo-header, version 2 without authentication.
        static let versions = [2, 3]

        @Test(
            "halua follows a better FRR, hears its goodbye, and obeys its return", .timeLimit(.minutes(1)),
            arguments: versions)
        func follows(_ version: Int) throws {
            try withMixedPair(version) { lab, prober, better, worse in
                let wait = better.interval * 8 + .seconds(3)
                let router = try FRRRouter(on: lab.hosts[0], better)
                let first = router.process
                try #require(prober.waitForAnswer(of: 0, since: .now, limit: wait) != nil, "\(tail(first))")
                let second = try lab.hosts[1].start(.halua, configuration: worse.text)
                pause(worse.masterDown + .seconds(1))
                #expect(try state(lab.hosts[1]) == "BACKUP", "it does not hear FRR\n\(tail(second))")

                let stop = Moment.now
                first.send(signal: SIGTERM)
                let handover = prober.handover(to: 1, after: stop, limit: wait)
                let taken = try #require(handover?.takeover, "nobody took over\n\(tail(second))")
                // Without the goodbye it would be three intervals more.
                #expect(taken < worse.skew + better.interval, "FRR's goodbye was not heard\n\(tail(second))")

                _ = first.wait(.seconds(5))
                let again = try router.restart()
                let back = prober.waitForAnswer(of: 0, since: .now, limit: wait)
                #expect(back != nil, "the better FRR did not come back\n\(tail(again))\(tail(second))")
                #expect(waitUntil(.seconds(2)) { (try? state(lab.hosts[1])) == "BACKUP" } != nil, "\(tail(second))")
            }
        }

        @Test("FRR follows a better halua and hears its goodbye", .timeLimit(.minutes(1)), arguments: versions)
        func isFollowed(_ version: Int) throws {
            try withMixedPair(version) { lab, prober, better, worse in
                let wait = better.interval * 8 + .seconds(3)
                let second = try FRRRouter(on: lab.hosts[1], worse).process
                try #require(prober.waitForAnswer(of: 1, since: .now, limit: wait) != nil, "\(tail(second))")
                let start = Moment.now
                let first = try lab.hosts[0].start(.halua, configuration: better.text)
                let taken = prober.waitForAnswer(of: 0, since: start, limit: wait)
                try #require(taken != nil, "the better halua did not take over\n\(tail(first))")
                let followed = waitUntil(.seconds(2)) {
                    second.output.first(containing: "Master -> Backup", since: start) != nil
                }
                #expect(followed != nil, "FRR does not hear halua\n\(tail(second))")

                let settled = Moment.now
                pause(worse.masterDown + .seconds(1))
                #expect(second.output.first(containing: "Backup -> Master", since: settled) == nil, "\(tail(second))")

                let stop = Moment.now
                first.send(signal: SIGTERM)
                let handover = prober.handover(to: 1, after: stop, limit: wait)
                let back = try #require(handover?.takeover, "nobody took over\n\(tail(second))")
                #expect(back < worse.skew + better.interval, "halua's goodbye was not heard\n\(tail(second))")
                #expect(first.wait(.seconds(10)) == .exited(0))
            }
        }

        /// Runs a lab for a better (priority 200) and a worse (100) router, and has tshark read all they said.
        private func withMixedPair(
            _ version: Int, _ body: (Lab, Prober, _ better: InstanceText, _ worse: InstanceText) throws -> Void
        ) throws {
            var better = InstanceText()
            better.version = version
            better.interval = version == 2 ? .seconds(1) : .milliseconds(400)
            better.priority = 200
            var worse = better
            worse.priority = 100
            try Lab.with(["first", "second"], programs: LabSupport.programs) { lab in
                let capture = try AdvertCapture(in: lab.client, keepsFrames: true)
                let prober = try Prober(better.addresses[0], in: lab)
                try body(lab, prober, better, worse)
                capture.stop()
                try expectWellFormed(capture, in: lab)
            }
        }

        private func state(_ host: LabHost) throws -> String? {
            try askStatus(host.controlSocketPath).instances.first?.state.uppercased()
        }
    }
}
