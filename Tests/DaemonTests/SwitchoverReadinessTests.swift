/// Whether an instance may be handed over: the sentences that an operator reads when it may not.
import ControlProtocol
import Testing

@Suite struct SwitchoverReadinessTests {
    private func instance(_ state: String = "MASTER") -> InstanceStatus {
        var status = InstanceStatus(
            name: "VI_1", state: state, stateAgeMs: 60_000, interface: "eth0", virtualRouterID: 51, vrrpVersion: 2,
            family: "IPv4", priority: 200, basePriority: 200, priorityExplanation: "200", intervalMs: 1_000,
            masterDownIntervalMs: 3_218, preempts: true, addresses: ["192.168.4.200/24"], holdsAddresses: true,
            source: "192.168.4.196", master: nil, faults: [], checks: [], lastTransition: "", transitions: 2,
            statistics: [], drops: [])
        status.isGuarded = true
        return status
    }

    private func peer(_ state: String, heardMs: Int?, _ address: String = "192.168.4.195") -> GuardPeerStatus {
        GuardPeerStatus(
            address: address, state: state, priority: 100, paths: [.init(interface: "eth0", heardMs: heardMs)])
    }

    @Test("a backup that was heard a moment ago is ready")
    func ready() {
        var status = instance()
        status.guardPeers = [peer("FAULT", heardMs: 10, "192.168.4.194"), peer("BACKUP", heardMs: 900)]
        #expect(status.objectionToSwitchover(isForced: false) == nil)
    }

    @Test("what speaks against it is said in a sentence")
    func objections() {
        var status = instance("BACKUP")
        status.master = MasterStatus(address: "192.168.4.195", priority: 100, lastHeardMs: 300)
        #expect(
            status.objectionToSwitchover(isForced: true)
                == "VI_1 is BACKUP here: 192.168.4.195 is master, so hand it over there")
        #expect(
            instance("FAULT").objectionToSwitchover(isForced: true)
                == "VI_1 is FAULT here, so there is nothing to hand over")
        status = instance()
        status.guardPeers = [peer("FAULT", heardMs: 10)]
        #expect(
            status.objectionToSwitchover(isForced: false) == "192.168.4.195 is FAULT and would not take VI_1 over")
        status.guardPeers = [peer("BACKUP", heardMs: 5_000)]
        #expect(
            status.objectionToSwitchover(isForced: false)
                == "192.168.4.195 has not been heard for 3.2 s, and no other node is there to take VI_1 over")
        status.guardPeers = []
        #expect(status.objectionToSwitchover(isForced: false)?.contains("so add --force if one is there") == true)
        #expect(status.objectionToSwitchover(isForced: true) == nil)
        status.holdsAddresses = false
        #expect(status.objectionToSwitchover(isForced: true)?.contains("has only just become MASTER") == true)
    }

    @Test("orders survive the way through JSON; what makes no sense in them is refused or cut")
    func orders() throws {
        let orders: [ControlRequest] = [
            .demote(DemotionOrder(instance: "VI_1", forMs: 600_000, reason: "new \"disk\"", by: "alice")),
            .demote(DemotionOrder(instance: "VI_1")), .restore(RestoreOrder(instance: "VI_1", by: "bob")),
            .switchover(SwitchoverOrder(instance: "VI_1", isForced: true, forMs: 1, by: "")),
        ]
        for order in orders {
            #expect(try ControlRequest(json: JSONValue(parsing: order.json.text().utf8)) == order)
        }
        let odd = #"{"version":1,"request":"demote","instance":"VI_1","for_ms":0}"#
        #expect(throws: JSONError.self) { try ControlRequest(json: JSONValue(parsing: odd.utf8)) }
        let none = #"{"version":1,"request":"restore"}"#
        #expect(throws: JSONError.self) { try ControlRequest(json: JSONValue(parsing: none.utf8)) }
        let tricky = #"{"version":1,"request":"demote","instance":"VI_1","reason":"a\u001b[2Jb\nc"}"#
        let read = try ControlRequest(json: JSONValue(parsing: tricky.utf8))
        #expect(read == .demote(DemotionOrder(instance: "VI_1", reason: "a[2Jbc")))
    }
}
