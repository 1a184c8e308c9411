/// What strangers can do on the wire: claim an address, and speak on the guard channel without the key.
import ControlProtocol
import Foundation
import Glibc
import Lab
import LinuxIO
import Testing
import Wire

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct GuardWireTests {
        private static let virtual = IPv4Address(rawValue: 0xC0A8_04C8)

        private static func text(_ priority: Int, lines: [String]) -> String {
            var instance = InstanceText()
            instance.version = 3
            instance.interval = .milliseconds(200)
            instance.priority = priority
            instance.lines = lines
            return instance.text
        }

        private func start(_ lab: Lab, _ watch: AddressWatch, _ texts: [String]) throws -> [LabProcess] {
            let first = try lab.hosts[0].start(.halua, configuration: texts[0])
            expectHolders([0], watch, within: .seconds(8), [first])
            let second = try lab.hosts[1].start(.halua, configuration: texts[1])
            pause(.seconds(1))
            return [first, second]
        }

        private func metric(_ name: String, _ host: LabHost) throws -> Double {
            guard case .metrics(let text) = try ask(host.controlSocketPath, .metrics) else { return -1 }
            let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            return line.flatMap { $0.split(separator: " ").last }.flatMap { Double($0) } ?? -1
        }

        // MARK: Strangers

        @Test(
            "a host that claims the address moves nothing, and delays a promotion by the hold", .timeLimit(.minutes(1)))
        func claims() throws {
            try withPair { lab, watch, _ in
                let daemons = try start(lab, watch, [200, 100].map { Self.text($0, lines: ["nopreempt"]) })
                let heard = Lock<[Station.Announcement]>([])
                let listener = try Station.hearing(announcementsOf: Self.virtual, in: lab, into: heard)
                defer { listener.stop() }
                // The client's own frames do not come back to it: the claims come from a third host's place.
                let storm = try Station.claiming(Self.virtual, in: lab)
                defer { storm.stop() }
                let begin = Moment.now
                pause(.seconds(3))
                #expect(watch.changes(since: begin).isEmpty, "\(tail(daemons[0]))\(tail(daemons[1]))")
                #expect(storm.sent > 300)
                let mac = try lab.hosts[0].hardwareAddress(link: 0)
                let answers = heard.withLock { $0 }.filter { $0.at >= begin && $0.card.description == mac }
                // It defends itself, at most once an interval.
                #expect((1...3 * 5 + 2).contains(answers.count), "\(answers.count) announcements in three seconds")
                let lines = daemons[0].output.lines.count { $0.text.contains("02:cc:00:00:00:01") }
                #expect((1...8).contains(lines), "\(lines) lines\n\(tail(daemons[0]))")

                let loss = Moment.now
                try lab.hosts[0].setCable(plugged: false)
                // Two master down intervals: the wait, and the longest hold, which is as long.
                let limit = (Duration.milliseconds(600) + .milliseconds(122)) * 2 + .seconds(1)
                let taken = waitUntil(limit) { watch.holders.contains(1) }
                #expect(taken != nil, "\(tail(daemons[1]))")
                let moves = watch.changes(since: loss).filter(\.holds)
                #expect(moves.map(\.host) == [1])
            }
        }

        // MARK: The guard channel

        /// Sends what a stranger can: garbage, and the guard's own datagrams once more as they were. Only their UDP checksum
        /// is left out, which the kernel had not computed yet when they were recorded.
        private static let forger = """
            import os, socket, struct, sys, time
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            tap.bind(("eth0", 0x0003))
            tap.settimeout(0.2)
            frames, end = [], time.time() + 2
            while time.time() < end:
                try: frame, origin = tap.recvfrom(2048)
                except TimeoutError: continue
                if origin[2] != socket.PACKET_OUTGOING or frame[12:14] != b"\\x08\\x00" or frame[23] != 17: continue
                if frame[36:38] == struct.pack("!H", 3768) and frame[30:34] == socket.inet_aton(sys.argv[1]): frames.append(frame[:40] + bytes(2) + frame[42:])
            for _ in range(100):
                for frame in frames[:10]: tap.send(frame)
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for size in range(200): udp.sendto(os.urandom(size), (sys.argv[1], 3768))
            print(len(frames))
            """

        @Test(
            "without the key nobody is believed on the guard channel, and the log stays readable",
            .timeLimit(.minutes(1)))
        func forgedMessages() throws {
            try Lab.with(["first", "second", "third"], programs: LabSupport.programs) { lab in
                let watch = try AddressWatch("192.168.4.200", in: lab)
                let keyed = ["nopreempt", "guard {\n        key \"a key of the pair\"\n    }"]
                let daemons = try start(lab, watch, [200, 100].map { Self.text($0, lines: keyed) })
                let begin = Moment.now
                // A node without the key, then one with another, which says that it is the best of all.
                let unsigned = try lab.hosts[2].start(.halua, configuration: Self.text(50, lines: ["nopreempt"]))
                pause(.seconds(2))
                unsigned.terminate()
                let other = ["nopreempt", "guard {\n        key \"another key, as long\"\n    }"]
                let wrong = try lab.hosts[2].start(.halua, configuration: Self.text(50, lines: other))
                pause(.seconds(2))
                wrong.terminate()
                let recorded = try lab.hosts[0].run(["python3", "-c", Self.forger, lab.hosts[1].address])
                #expect(
                    Int(recorded.trimmingCharacters(in: .whitespacesAndNewlines)).map { $0 > 1 } == true, "\(recorded)")
                pause(.seconds(1))

                #expect(watch.changes(since: begin).isEmpty, "\(tail(daemons[0]))\(tail(daemons[1]))")
                for reason in ["unsigned", "wrong-signature", "repeated", "undecodable"] {
                    let count = try metric("halua_guard_messages_refused_total{reason=\"\(reason)\"}", lab.hosts[1])
                    #expect(count > 0, "\(reason)")
                }
                let repeated = try metric("halua_guard_messages_refused_total{reason=\"repeated\"}", lab.hosts[1])
                #expect(repeated >= 200, "every copy is known as one")
                let lines = daemons[1].output.lines.filter { $0.at >= begin }
                #expect(lines.count < 60, "\(lines.count) lines")
                #expect(
                    lines.contains { $0.text.contains("dropped a guard message from 192.168.4.30") },
                    "\(tail(daemons[1]))")
                // The two still believe each other.
                let loss = Moment.now
                daemons[0].send(signal: SIGTERM)
                #expect(waitUntil(.seconds(3)) { watch.holders == [1] } != nil, "\(tail(daemons[1]))")
                #expect(
                    watch.changes(since: loss).first { $0.host == 1 }.map { $0.at - loss < .milliseconds(400) } == true)
            }
        }
    }
}
