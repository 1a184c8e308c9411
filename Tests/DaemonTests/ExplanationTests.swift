/// What `halua explain` says of every situation that an operator asks about.
import ControlProtocol
import Testing

@Suite struct ExplanationTests {
    private func instance(_ state: String, priority: Int = 200, _ change: (inout InstanceStatus) -> Void = { _ in })
        -> [String]
    {
        var status = InstanceStatus(
            name: "VI_1", state: state, stateAgeMs: 60_000, interface: "eth0", virtualRouterID: 51, vrrpVersion: 2,
            family: "IPv4", priority: priority, basePriority: 200, priorityExplanation: "\(priority)",
            intervalMs: 1_000,
            masterDownIntervalMs: 3_200, preempts: true, addresses: ["192.168.4.200/24"],
            holdsAddresses: state == "MASTER",
            source: "192.168.4.196", master: nil, faults: [], checks: [], lastTransition: "x", transitions: 2,
            statistics: [], drops: [])
        status.isGuarded = true
        change(&status)
        let sentences = status.explanation
        #expect(sentences.first == "VI_1 has been \(state) for 1 min 0 s (x).")
        return Array(sentences.dropFirst())
    }

    private func master(_ priority: Int) -> MasterStatus {
        MasterStatus(address: "192.168.4.195", priority: priority, lastHeardMs: 400)
    }

    private func peer(_ state: String, _ priority: Int = 100, _ address: String = "192.168.4.195") -> GuardPeerStatus {
        GuardPeerStatus(
            address: address, state: state, priority: priority, paths: [.init(interface: "eth0", heardMs: 10)])
    }

    private func check(_ name: String, _ state: String, _ weight: Int, _ reason: String = "") -> CheckStatus {
        CheckStatus(name: name, state: state, weight: weight, reason: reason, runs: 3, lastRunMs: 100)
    }

    @Test("why is VI_1 backup? a lower priority, with its sum")
    func lowerPriority() {
        let said = instance("BACKUP", priority: 180) {
            $0.priorityExplanation = "200 −20 mycat.backends = 180"
            $0.master = master(220)
            $0.checks = [check("mycat.backends", "down", -20, "1 of 2 is lost"), check("mycat.process", "up", 0)]
        }
        #expect(
            said == [
                "192.168.4.195 is master with priority 220, heard 400 ms ago. Its priority: 200 −20 mycat.backends = 180. "
                    + "That is less, so this node waits.",
                "If that one dies, this node takes over after 3.2 s.",
                "mycat.backends is down and costs 20: 1 of 2 is lost.", "FAULT when one of these fails: mycat.process.",
            ])
    }

    @Test("an equal master, and a lesser one under nopreempt, are left alone")
    func leftAlone() {
        #expect(
            instance("BACKUP") { $0.master = master(200) }[0].hasSuffix("An equal one leaves a living master alone."))
        let said = instance("BACKUP") {
            $0.master = master(100)
            $0.preempts = false
            $0.guardPeers = [peer("BACKUP", 250, "192.168.4.194")]
        }
        #expect(said[0].hasSuffix("That is more, but nopreempt leaves a living master alone."))
        #expect(said[1] == "If that one dies, 192.168.4.194 with priority 250 is before this node.")
    }

    @Test("a preemption waits for its delay, for damping, for gates, or for the master down interval")
    func preemption() {
        func waits(_ change: (inout InstanceStatus) -> Void) -> String {
            instance("BACKUP") {
                $0.master = master(100)
                change(&$0)
            }[1]
        }
        #expect(
            waits { $0.timers = [TimerStatus("preempt_delay", dueMs: 5_000)] }
                == "preempt_delay: it waits for another 5 s.")
        #expect(
            waits { $0.flapHoldMs = 30_000 } == "It changed its role too often: it does not preempt for another 30 s.")
        #expect(waits { $0.timers = [TimerStatus("master_down", dueMs: 800)] } == "It takes over in 800 ms.")
        #expect(
            waits { $0.timers = [TimerStatus("gate", dueMs: 800)] } == "It asks its promotion gates again in 800 ms.")
    }

    @Test("a master says who would take over, and who lends it its mastership")
    func asMaster() {
        let said = instance("MASTER") {
            $0.guardPeers = [peer("BACKUP"), peer("FAULT", 200, "192.168.4.194")]
            $0.gates = [
                GateStatus(
                    name: "lock.vip", state: "allowed", reason: "", answeredMs: 9, deadlineMs: nil, leaseMs: 4_000)
            ]
        }
        #expect(
            said == [
                "It serves 192.168.4.200/24. Its priority is 200.",
                "If this node dies, 192.168.4.195 (BACKUP, priority 100) takes over after about 3.2 s; if halua is stopped or "
                    + "a check fails here, at once.",
                "Gate lock.vip lends mastership for another 4 s.",
            ])
        #expect(
            instance("MASTER") { $0.guardPeers = [peer("FAULT")] }[1]
                == "Nobody is ready to take over: 192.168.4.195 is FAULT.")
        #expect(instance("MASTER")[1].hasPrefix("No other node is heard on the guard channel"))
    }

    @Test("a fault names all its causes, and who serves meanwhile")
    func fault() {
        let said = instance("FAULT") {
            $0.faults = ["check mycat.process is down: gone", "interface eth1 is down"]
            $0.guardPeers = [peer("MASTER", 150)]
            $0.operatorRequest = OperatorStatus(
                kind: .demoted, by: "alice", user: 0, reason: "new disk", sinceMs: 20_000, remainingMs: 580_000)
        }
        #expect(
            said == [
                "It cannot serve: check mycat.process is down: gone; interface eth1 is down. When all of these are mended, it "
                    + "is BACKUP again.",
                "Meanwhile 192.168.4.195 is master with priority 150.",
                "alice took it out of service 20 s ago (new disk), for another 9 min 40 s.",
            ])
        #expect(instance("FAULT")[1].hasPrefix("No master is heard: nobody may be serving"))
    }

    @Test("a beginner waits for its checks, or for silence; denied gates and the guard have their say")
    func beginnings() {
        #expect(
            instance("INIT") { $0.checks = [check("a.b", "unknown", 0)] } == ["It waits for the first word of a.b."])
        #expect(
            instance("BACKUP") { $0.timers = [TimerStatus("master_down", dueMs: 900)] }
                == ["Its priority is 200.", "No master is heard: it takes over in 900 ms unless one is."])
        let said = instance("BACKUP") {
            $0.gates = [
                GateStatus(
                    name: "lock.vip", state: "denied", reason: "held by b", answeredMs: 9, deadlineMs: nil, leaseMs: nil
                )
            ]
            $0.guardNotes = ["this host's firewall drops the adverts of 192.168.4.195"]
        }
        #expect(
            said.suffix(2) == [
                "Gate lock.vip denies: held by b.",
                "The guard: this host's firewall drops the adverts of 192.168.4.195.",
            ])
    }
}
