/// The words of reasons, faults and events, which scripts and people rely on.
import Testing
import Wire

@testable import VRRPCore

@Suite("Words")
struct TextTests {
    static let reasons: [(TransitionReason, String, String)] = [
        (.startup, "startup", "started"),
        (.shutdown, "shutdown", "shut down"),
        (.masterDown(last: nil), "master_down", "no master was heard"),
        (.masterDown(last: Node.higher), "master_down", "master 192.0.2.3 fell silent"),
        (.masterLeft(Node.higher), "master_left", "master 192.0.2.3 left"),
        (.preempting(Node.lower, priority: 9), "preempted", "took over from 192.0.2.1, whose priority 9 is lower"),
        (
            .lostElection(to: Node.higher, priority: 200), "lost_election",
            "192.0.2.3 has the better claim, with priority 200"
        ),
        (.owner, "owner", "owner of the addresses"),
        (.fault(.check, "check c is down"), "check_failed", "check c is down"),
        (.fault(.link, "x"), "link_down", "x"), (.fault(.address, "x"), "no_address", "x"),
        (.fault(.send, "x"), "send_failed", "x"), (.fault(.demoted, "x"), "demoted", "x"),
        (.recovered, "recovered", "all faults are mended"),
        (.addressLost(Node.virtual), "address_lost", "192.0.2.100 was taken away again and again"),
        (.addressRefused("EPERM"), "address_refused", "the kernel refused an address: EPERM"),
        (.syncGroup("VG", becauseOf: "VI_2"), "sync_group", "sync group VG follows VI_2"),
        (.overslept(.seconds(4)), "overslept", "slept 4 s too long, so another node may have taken over"),
        (
            .leaseExpired(gate: "lock.vip"), "lease_expired",
            "the lease of gate lock.vip ran out and nobody extended it"
        ),
    ]

    @Test("every reason has its documented word and its sentence")
    func words() {
        for (reason, word, sentence) in Self.reasons {
            #expect(reason.word == word)
            #expect(reason.sentence == sentence)
        }
    }

    @Test("events are lines that can be read on their own")
    func events() {
        let config = Bench.config { $0.checks = [CheckConfig(name: "mycat.backends")] }
        let lines: [(Event, String)] = [
            (
                .transition(from: .backup, to: .master, .masterDown(last: Node.lower), sequence: 2),
                "BACKUP → MASTER: master 192.0.2.1 fell silent"
            ),
            (.priority(effective: 180, explanation: "200 −20 c = 180"), "priority 200 −20 c = 180"),
            (
                .checkChanged(CheckID(0), .down, reason: "refused"), "check mycat.backends is down: refused"
            ),
            (.checkChanged(CheckID(0), .up, reason: ""), "check mycat.backends is up"),
            (.checkBroken(CheckID(0), reason: "a.lua:3"), "check mycat.backends cannot run: a.lua:3"),
            (.checkBroken(CheckID(9), reason: nil), "check #9 runs again"),
            (
                .addressLost(Node.virtual, attempt: 2),
                "192.0.2.100 was taken away; putting it back, attempt 2"
            ),
            (
                .dualMaster(peer: Node.lower, peerPriority: 90, yielding: false),
                "two masters: 192.0.2.1 with priority 90 has to yield"
            ),
            (.faultsChanged([]), "no fault is left"),
            (.faultsChanged(["a", "b"]), "a; b"),
        ]
        for (event, line) in lines { #expect(event.sentence(in: config) == line) }
    }
}
