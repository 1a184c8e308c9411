/// The frames of `halua watch`, colours, and the table of checks: pure functions of the report.
import ControlProtocol
import Testing

@Suite struct WatchFrameTests {
    private var report: StatusReport {
        var instance = InstanceStatus(
            name: "VI_1", state: "BACKUP", stateAgeMs: 61_000, interface: "eth0", virtualRouterID: 51, vrrpVersion: 2,
            family: "IPv4", priority: 180, basePriority: 200, priorityExplanation: "200 −20 mycat.backends = 180",
            intervalMs: 1_000, masterDownIntervalMs: 3_200, preempts: true, addresses: ["192.168.4.200/24"],
            holdsAddresses: false, source: "192.168.4.196",
            master: MasterStatus(address: "192.168.4.195", priority: 220, lastHeardMs: 1_700), faults: [],
            checks: [
                CheckStatus(
                    name: "mycat.backends", state: "down", weight: -20, reason: "1 lost", runs: 7, lastRunMs: 400)
            ],
            lastTransition: "INIT → BACKUP: started", transitions: 1,
            statistics: [Counter("advertisements-sent", 0), Counter("advertisements-received", 59)], drops: [])
        instance.isGuarded = true
        instance.guardPeers = [
            GuardPeerStatus(
                address: "192.168.4.195", state: "MASTER", priority: 220, paths: [.init(interface: "eth0", heardMs: 30)]
            )
        ]
        instance.timers = [TimerStatus("master_down", dueMs: 1_500)]
        return StatusReport(
            version: "0.1.0", processID: 4, uptimeMs: 90_000, host: "mycat02",
            configurationFile: "/etc/halua/halua.conf",
            instances: [instance], drops: [], processEvents: "", scriptSilenceMs: nil, plugins: [])
    }

    private func frame(_ columns: Int = 120, _ rows: Int = 20, failure: (String, Int)? = nil, isKnown: Bool = true)
        -> [String]
    {
        WatchFrame(
            report: isKnown ? report : nil, failure: failure.map { ($0.0, $0.1) }, clock: "17:35:01", columns: columns,
            rows: rows, paint: .off
        ).lines
    }

    @Test("a frame has the nodes, their priorities with reasons, adverts heard, timers and checks")
    func whole() {
        #expect(
            frame(120, 10) == [
                "mycat02  haluad 0.1.0, up 1 min 30 s  17:35:01", "",
                "VI_1  BACKUP for 1 min 1 s  192.168.4.200/24", "  INIT → BACKUP: started",
                "  192.168.4.196  BACKUP  200 −20 mycat.backends = 180  adverts: 0 sent, 59 received",
                "  192.168.4.195  MASTER  220  advert 1.7 s ago, overdue, heartbeat 30 ms ago",
                "  next: master down in 1.5 s", "  check mycat.backends down weight -20: 1 lost (7 runs, 400 ms ago)",
                "", "q: quit",
            ])
    }

    @Test("a frame is as large as its terminal, and says what it leaves out")
    func sizes() {
        for (columns, rows) in [(80, 24), (40, 10), (20, 5), (10, 2), (1, 1)] {
            let lines = frame(columns, rows)
            #expect(lines.count == rows && lines.allSatisfy { $0.count <= columns }, "\(columns) x \(rows): \(lines)")
        }
        #expect(frame(80, 6).contains("… 4 lines more: make the window larger"))
        #expect(frame(80, 0).isEmpty)
    }

    @Test("a daemon that does not answer is said, with what was known of it")
    func unreachable() {
        let lines = frame(failure: ("no haluad listens", 4_000))
        #expect(lines[2...3] == ["no haluad listens", "for 4 s; asking again"])
        #expect(lines.contains("This is how it was:"))
        #expect(frame(failure: ("no haluad listens", 4_000), isKnown: false)[0] == "halua watch  17:35:01")
    }

    @Test("colours do not count as characters, and end where a line is cut")
    func clipping() {
        #expect(Paint.clip("abcdef", 6) == "abcdef")
        #expect(Paint.clip("abcdef", 4) == "abc…")
        let red = Paint(isOn: true).bad("abcdef")
        #expect(Paint.clip(red, 6) == red)
        #expect(Paint.clip(red, 4) == "\u{1B}[31mabc…\u{1B}[0m")
    }

    @Test("the table of checks says what each does to each instance")
    func checks() {
        var report = report
        var second = report.instances[0]
        (second.name, second.checks[0].weight) = ("VI_2", 0)
        second.checks[0].failures = 2
        report.instances.append(second)
        #expect(
            checksText(report) == """
                mycat.backends  down: 1 lost
                  7 runs, 0 failed, last 400 ms ago
                  VI_1 loses 20 while it is down; VI_2 is in FAULT while it is down
                """)
        report.instances = []
        #expect(checksText(report).hasPrefix("no check is tracked"))
    }

    @Test("a coloured status is the plain one with colours")
    func status() {
        let coloured = statusText(report, nil, Paint(isOn: true))
        #expect(coloured.contains("\u{1B}[") && coloured.replacing(/\u{1B}\[[0-9;]*m/, with: "") == statusText(report))
    }
}
