/// From what the doctor finds on the wire to what it tells the operator, situation by situation.
import ControlProtocol
import Testing

@Suite("The doctor's diagnosis")
struct DoctorTests {
    static let other = "192.168.4.195"
    static let hardware = "52:54:00:00:00:95"

    /// A healthy pair, seen from its backup; each test changes what is wrong.
    static func report(_ change: (inout DoctorInstance) -> Void = { _ in }) -> DoctorReport {
        var instance = DoctorInstance(
            name: "VI_1", state: "BACKUP", interface: "eth0", group: "224.0.0.18", virtualRouterID: 196,
            intervalMs: 1000, source: "192.168.4.194",
            addresses: [DoctorAddress("192.168.4.200", isHeldHere: false, holders: [hardware])],
            nodes: [
                DoctorNode(
                    other, hardware: hardware, adverts: 2, advertsBeforeFirewall: 2, priority: 200, state: "MASTER",
                    heartbeatWays: ["eth0"], hearsUs: true, isAlive: true)
            ])
        change(&instance)
        return DoctorReport(version: "1.0", host: "db1", listenedMs: 2500, instances: [instance])
    }

    static func master(_ change: (inout DoctorInstance) -> Void = { _ in }) -> DoctorReport {
        report { instance in
            instance.state = "MASTER"
            instance.addresses = [DoctorAddress("192.168.4.200", isHeldHere: true)]
            instance.nodes = [
                DoctorNode(
                    other, hardware: hardware, state: "BACKUP", heartbeatWays: ["eth0"], hearsUs: true, isAlive: true)
            ]
            change(&instance)
        }
    }

    static let cases: [(String, DoctorReport, [String])] = [
        (
            "a healthy backup", report(),
            [
                "  ok    192.168.4.200 is held by 192.168.4.195, the master",
                "  ok    192.168.4.195 is heard, says that it is MASTER, heartbeats by eth0",
            ]
        ),
        (
            "a healthy master", master(),
            [
                "  ok    192.168.4.200 is held by this node, and nobody else answers for it",
                "  ok    192.168.4.195 is heard, says that it is BACKUP, heartbeats by eth0",
            ]
        ),
        (
            "the article: this host's firewall drops multicast", report { $0.nodes[0].adverts = 0 },
            [
                "  WRONG this host's firewall drops the adverts of 192.168.4.195",
                "        allow IP protocol 112 to 224.0.0.18 on eth0, for example: iptables -I INPUT -i eth0 -p 112 -d 224.0.0.18 -j ACCEPT",
                "  ok    192.168.4.200 is held by 192.168.4.195, the master",
            ]
        ),
        (
            "the switch drops multicast",
            report {
                $0.nodes[0].adverts = 0
                $0.nodes[0].advertsBeforeFirewall = 0
                $0.nodes[0].heartbeatWays = ["eth0", "eth1"]
            },
            [
                "  WRONG 192.168.4.195 is master and its adverts do not arrive here; its heartbeats do, by eth0 and eth1",
                "        something between the nodes drops IP protocol 112 to 224.0.0.18: look at the switch and at its output rules",
                "  ok    192.168.4.200 is held by 192.168.4.195, the master",
            ]
        ),
        (
            "the other node's firewall drops multicast", master { $0.nodes[0].hearsUs = false },
            [
                "  WRONG 192.168.4.195 does not hear this node",
                "        look for what drops IP protocol 112 to 224.0.0.18 on 192.168.4.195; run halua doctor there",
                "  ok    192.168.4.200 is held by this node, and nobody else answers for it",
            ]
        ),
        (
            "two holders",
            master {
                $0.addresses[0].holders = [hardware]
                $0.nodes[0] = DoctorNode(other, hardware: hardware, adverts: 2, priority: 100, isAlive: true)
            },
            [
                "  WRONG 192.168.4.200 has two holders: this node and 192.168.4.195 (52:54:00:00:00:95)",
                "        this node defends it; end the other one's daemon or remove the address there",
                "  WRONG 192.168.4.195 is master, too, with priority 100",
                "        the nodes do not hear each other in one direction: run halua doctor there",
            ]
        ),
        (
            "the daemon of the master was killed",
            report { $0.nodes = [DoctorNode(other, hardware: hardware, isAlive: true)] },
            [
                "  WRONG 192.168.4.200 is still answered for by 192.168.4.195, which advertises nothing: its daemon is dead or hangs",
                "        restart its daemon, or remove the address there",
                "  warn  the host 192.168.4.195 lives, and no VRRP comes from it",
                "        a backup sends none; with halua on it, look whether its guard channel (UDP) is open",
            ]
        ),
        (
            "a printer has the address", report { $0.addresses[0].holders = ["00:11:22:33:44:55"] },
            [
                "  WRONG 192.168.4.200 is used by 00:11:22:33:44:55, which no VRRP node is known to be",
                "        find the host with that hardware address and remove 192.168.4.200 from it",
                "  ok    192.168.4.195 is heard, says that it is MASTER, heartbeats by eth0",
            ]
        ),
        (
            "nobody has the address, and the service is down here, too",
            report {
                $0.state = "FAULT"
                $0.addresses[0].holders = []
                $0.nodes = [DoctorNode(other)]
                $0.faults = ["check mycat.alive is down: connection refused"]
            },
            [
                "  WRONG nobody answers for 192.168.4.200",
                "        this node cannot serve: check mycat.alive is down: connection refused",
                "  WRONG this node cannot serve: check mycat.alive is down: connection refused",
                "  warn  192.168.4.195 is silent and does not answer",
                "        it is down, or the network between is",
            ]
        ),
        (
            "a node that is alone", master { $0.nodes = [] },
            [
                "  warn  no other node of virtual router 196 was heard on eth0",
                "        if there should be one: is it running, on the same segment, with the same virtual_router_id?",
                "  ok    192.168.4.200 is held by this node, and nobody else answers for it",
            ]
        ),
        (
            "a proxy answers for everything",
            report {
                $0.proxies = ["02:00:00:00:00:01"]
                $0.addresses[0].holders.append("02:00:00:00:00:01")
            },
            [
                "  warn  02:00:00:00:00:01 answers for addresses that nobody has (proxy ARP), so its answers do not count",
                "        turn proxy ARP off on it, or write \"guard { probe off }\" if the network needs it",
                "  ok    192.168.4.200 is held by 192.168.4.195, the master",
                "  ok    192.168.4.195 is heard, says that it is MASTER, heartbeats by eth0",
            ]
        ),
        (
            "another virtual router number",
            master {
                $0.nodes = [DoctorNode(other, hardware: hardware, isAlive: true, isForeign: true)]
                $0.mismatches = [
                    "192.168.4.195 advertises an address of this instance under virtual_router_id 197, and it is 196 here; give both nodes the same"
                ]
            },
            [
                "  WRONG 192.168.4.195 advertises an address of this instance under virtual_router_id 197, and it is 196 here; give both nodes the same",
                "  ok    192.168.4.200 is held by this node, and nobody else answers for it",
            ]
        ),
        (
            "held under another virtual router number",
            report {
                $0.nodes = [DoctorNode(other, hardware: hardware, isAlive: true, isForeign: true)]
                $0.mismatches = ["192.168.4.195 advertises …"]
            },
            [
                "  WRONG 192.168.4.200 is held by 192.168.4.195, which advertises it under other terms",
                "        give both nodes the same terms; until then this node stays backup",
                "  WRONG 192.168.4.195 advertises …",
            ]
        ),
    ]

    @Test("says what is wrong, what it means and what to do", arguments: cases.indices)
    func situation(index: Int) throws {
        let (name, report, lines) = Self.cases[index]
        let text = report.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(text.first == "db1 listened for 2.5 s (halua 1.0)")
        #expect(Array(text.dropFirst(3)) == lines, "\(name)")
        #expect(try DoctorReport(json: JSONValue(parsing: Array(report.json.text().utf8))) == report)
    }
}
