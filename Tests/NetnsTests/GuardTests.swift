/// The guard with real kernels: firewalls, wrong configurations, dead daemons, proxies and forgers, and who holds the VIP.
import ControlProtocol
import Glibc
import Lab
import LinuxIO
import Testing
import Wire

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct GuardTests {
        /// A fast pair: a master down interval is 0.76 s for the backup.
        private static var fast: InstanceText {
            var instance = InstanceText()
            instance.version = 3
            instance.interval = .milliseconds(200)
            instance.lines = ["nopreempt"]
            return instance
        }

        private func start(_ lab: Lab, _ watch: AddressWatch, _ texts: [String]) throws -> [LabProcess] {
            let first = try lab.hosts[0].start(.halua, configuration: texts[0])
            expectHolders([0], watch, within: .seconds(8), [first])
            let second = try lab.hosts[1].start(.halua, configuration: texts[1])
            pause(.seconds(1))
            return [first, second]
        }

        private func pair(_ instance: InstanceText) -> [String] {
            [200, 100].map { priority in
                var instance = instance
                instance.priority = priority
                return instance.text
            }
        }

        // MARK: The article's fault

        @Test("the article's firewall rule on the backup makes no second master, and is named", .timeLimit(.minutes(1)))
        func article() throws {
            try withPair(Article.virtualAddress, hosts: Article.hostNames, addresses: Article.addresses) {
                lab, watch, _ in
                let daemons = try start(lab, watch, [Article.configuration(0), Article.configuration(1)])
                let rule = Moment.now
                try lab.hosts[1].run(
                    ["iptables", "-A", "INPUT", "-m", "pkttype", "--pkt-type", "multicast", "-j", "DROP"])
                pause(.seconds(12))
                #expect(watch.holders == [0])
                #expect(watch.timeHeldTwice(from: rule, to: .now) == .zero, "\(tail(daemons[1]))")
                let words =
                    "this host's firewall drops the adverts of \(Article.addresses[0]): allow IP protocol 112 to 224.0.0.18"
                let line = try #require(daemons[1].output.first(containing: words), "\(tail(daemons[1]))")
                // Suspicion begins after an interval and a half; the next advert is the first that only the tap sees.
                #expect(line.at - rule < .seconds(4))
                let report = try lab.hosts[1].run(
                    [LabSupport.programs.halua, "status", "--control", lab.hosts[1].controlSocketPath])
                #expect(
                    report.contains("  guard       this host's firewall drops the adverts of \(Article.addresses[0])"),
                    "\(report)")
                guard case .metrics(let metrics) = try ask(lab.hosts[1].controlSocketPath, .metrics) else {
                    Issue.record("no metrics")
                    return
                }
                let drops = "halua_local_firewall_drops_total{vrrp_instance=\"VI_1\"} "
                #expect(metrics.contains(drops) && !metrics.contains(drops + "0\n"), "\(metrics)")
                let lifted = Moment.now
                try lab.hosts[1].run(["iptables", "-F", "INPUT"])
                let end = waitUntil(.seconds(4)) {
                    daemons[1].output.first(
                        containing: "this host's firewall lets the adverts of \(Article.addresses[0]) pass again",
                        since: lifted) != nil
                }
                #expect(end != nil, "\(tail(daemons[1]))")
                pause(.seconds(1))
                #expect(watch.changes(since: rule).isEmpty, "the address has not moved")
            }
        }

        @Test(
            "a firewall on the master, or on both, makes no second master either", .timeLimit(.minutes(1)),
            arguments: [[0], [0, 1]])
        func otherFirewalls(_ nodes: [Int]) throws {
            try withPair { lab, watch, _ in
                let daemons = try start(lab, watch, pair(Self.fast))
                let rule = Moment.now
                for node in nodes { try lab.hosts[node].dropMulticast() }
                pause(.seconds(4))
                #expect(watch.changes(since: rule).isEmpty, "\(tail(daemons[1]))")
                for node in nodes { try lab.hosts[node].allowMulticast() }
                pause(.seconds(1))
                #expect(watch.changes(since: rule).isEmpty, "\(tail(daemons[1]))")
            }
        }

        // MARK: Wrong configurations

        /// Instances that differ between the nodes in one thing each.
        private struct Difference {
            var name: String
            var first: InstanceText
            var second: InstanceText
            /// What the second node's log says of the first.
            var words: String
        }

        private static func differences() -> [Difference] {
            func instance(_ number: Int) -> InstanceText {
                var instance = InstanceText()
                instance.name = "VI_\(number)"
                instance.virtualRouterID = number
                instance.addresses = ["192.168.4.\(200 + number)"]
                instance.lines = ["nopreempt"]
                return instance
            }
            var router = Difference(
                name: "virtual_router_id", first: instance(1), second: instance(1),
                words: "under virtual_router_id 1, and it is 101 here")
            router.second.virtualRouterID = 101
            var password = Difference(
                name: "auth_pass", first: instance(2), second: instance(2), words: "with another auth_pass than here")
            password.first.password = "Zf4aqy"
            password.second.password = "Zf4aqz"
            var type = Difference(
                name: "auth_type", first: instance(3), second: instance(3), words: "with another auth_type than here")
            type.first.password = "Zf4aqy"
            var interval = Difference(
                name: "advert_int", first: instance(4), second: instance(4),
                words: "every 1 s, and it is every 2 s here")
            interval.second.interval = .seconds(2)
            var version = Difference(
                name: "version", first: instance(5), second: instance(5), words: "in VRRP version 3, and it is 2 here")
            version.first.version = 3
            return [router, password, type, interval, version]
        }

        /// Accepted, but with another list.
        private static func lists() -> Difference {
            var list = Difference(
                name: "virtual_ipaddress", first: InstanceText(), second: InstanceText(),
                words:
                    "VI_6: 192.168.4.10 advertises 192.168.4.206, and 192.168.4.206, 192.168.4.216 is configured here")
            list.first.name = "VI_6"
            list.first.virtualRouterID = 6
            list.first.addresses = ["192.168.4.206"]
            list.second = list.first
            list.second.addresses.append("192.168.4.216")
            return list
        }

        @Test(
            "nodes that differ in number, password, interval or version never hold the address both, and say why",
            .timeLimit(.minutes(1)))
        func mismatches() throws {
            let all = Self.differences()
            let list = Self.lists()
            try Lab.with(["first", "second"], programs: LabSupport.programs) { lab in
                let watches = try all.map { try AddressWatch($0.first.addresses[0], in: lab) }
                let first = try lab.hosts[0].start(.halua, configuration: (all + [list]).map(\.first.text).joined())
                for watch in watches { expectHolders([0], watch, within: .seconds(8), [first]) }
                let begin = Moment.now
                let second = try lab.hosts[1].start(.halua, configuration: (all + [list]).map(\.second.text).joined())
                // Twice the master down interval of the slowest, and more: a hold with a limit would be over.
                pause(.seconds(16))
                for (difference, watch) in zip(all, watches) {
                    #expect(watch.changes(since: begin).isEmpty, "\(difference.name)\n\(tail(second, lines: 30))")
                    let words =
                        "\(difference.second.name): \(lab.hosts[0].address) advertises an address of this instance "
                        + difference.words
                    #expect(second.output.first(containing: words) != nil, "\(words)\n\(tail(second, lines: 30))")
                }
                #expect(second.output.first(containing: list.words) != nil, "\(tail(second, lines: 30))")
                let limits = second.output.lines.filter { $0.text.contains("advertises an address of") }.count
                #expect(limits <= 5 * 8 * 2, "the lines are limited, however many adverts come")
            }
        }

        @Test("two masters of one address under two numbers become one when they meet", .timeLimit(.minutes(1)))
        func settles() throws {
            try withPair { lab, watch, _ in
                for host in lab.hosts { try host.setIsolated(true) }
                var other = Self.fast
                other.virtualRouterID = 101
                let texts = [pair(Self.fast)[0], pair(other)[1]]
                let daemons = try lab.hosts.enumerated().map { try $1.start(.halua, configuration: texts[$0]) }
                expectHolders([0, 1], watch, within: .seconds(6), daemons)
                for host in lab.hosts { try host.setIsolated(false) }
                expectHolders([0], watch, within: .seconds(4), daemons)
                let settled = Moment.now
                pause(.seconds(3))
                #expect(watch.changes(since: settled).isEmpty, "\(tail(daemons[1]))")
            }
        }

        // MARK: Dead daemons, proxies, forgers

        @Test("the address of a dead keepalived is waited for, and taken over at the limit", .timeLimit(.minutes(1)))
        func stale() throws {
            try withPair { lab, watch, _ in
                let texts = pair(Self.fast)
                let first = try lab.hosts[0].start(.keepalived, configuration: texts[0])
                expectHolders([0], watch, within: .seconds(8), [first])
                let second = try lab.hosts[1].start(.halua, configuration: texts[1])
                pause(.seconds(1))
                let death = Moment.now
                // Stopped first: one of its processes would say goodbye when it sees the other one die.
                first.sendToAll(signal: SIGSTOP)
                first.sendToAll(signal: SIGKILL)
                #expect(waitUntil(.seconds(5)) { watch.holders == [0, 1] } != nil, "\(tail(second))")
                let taken = try #require(watch.changes(since: death).first { $0.host == 1 }?.at)
                // A master down interval without adverts, and another with an answer.
                #expect(taken - death > Self.fast.masterDown + .milliseconds(300))
                #expect(
                    second.output.first(containing: "sends no adverts and still answers for 192.168.4.200") != nil,
                    "\(tail(second))")
                let end = waitUntil(.seconds(2)) {
                    second.output.first(containing: "and waits no longer (stale_address)") != nil
                }
                #expect(end != nil, "\(tail(second))")
            }
        }

        @Test(
            "a node whose interface came up and passes no frame yet does not take over at once", .timeLimit(.minutes(1))
        )
        func silentInterface() throws {
            try withPair { lab, watch, _ in
                var instance = Self.fast
                instance.interval = .seconds(1)
                let daemons = try start(lab, watch, pair(instance))
                // As a switch that runs spanning tree: there is a carrier, and nothing comes through.
                try lab.setClientCable(plugged: false)
                for host in lab.hosts { try host.setIsolated(true) }
                let loss = Moment.now
                try lab.hosts[1].setCable(plugged: false)
                pause(.milliseconds(300))
                try lab.hosts[1].setCable(plugged: true)
                let words = "no frame has arrived since the interface came up"
                let held = waitUntil(.seconds(8)) { daemons[1].output.first(containing: words) != nil }
                #expect(held != nil, "\(tail(daemons[1]))")
                for host in lab.hosts { try host.setIsolated(false) }
                pause(.seconds(5))
                #expect(watch.changes(since: loss).isEmpty, "\(tail(daemons[1]))")
            }
        }

        @Test("a station that answers for everybody delays nothing", .timeLimit(.minutes(1)))
        func proxy() throws {
            try withPair { lab, watch, _ in
                let proxy = try Station.answeringEverything(in: lab)
                defer { proxy.stop() }
                var instance = Self.fast
                instance.interval = .seconds(1)
                let daemons = try start(lab, watch, pair(instance))
                let loss = Moment.now
                try lab.hosts[0].setCable(plugged: false)
                let limit = instance.masterDown + .milliseconds(1_500)
                let taken = waitUntil(limit) { watch.holders.contains(1) }
                #expect(taken.map { $0 - loss < limit } == true, "a hold would take twice as long\n\(tail(daemons[1]))")
                #expect(proxy.sent > 0)
                #expect(
                    daemons[1].output.first(containing: "02:aa:00:00:00:01 answers for addresses that nobody has")
                        != nil,
                    "\(tail(daemons[1]))")
            }
        }

        @Test(
            "a thousand forged adverts a second delay a promotion by the longest hold, and fill no log",
            .timeLimit(.minutes(1)))
        func forgers() throws {
            try withPair { lab, watch, _ in
                let daemons = try start(lab, watch, pair(Self.fast))
                let forged = Advert(
                    version: .v3, virtualRouterID: 99, priority: 250, addressCount: 1, interval: .seconds(40),
                    checksumForm: .pseudoHeader)
                let address = try #require(IPAddress("192.168.4.200"))
                let storm = try Station.forging(forged, for: [address], in: lab)
                defer { storm.stop() }
                pause(.seconds(1))
                #expect(watch.holders == [0])
                let loss = Moment.now
                try lab.hosts[0].setCable(plugged: false)
                let limit = Self.fast.masterDown * 2 + .seconds(1)
                #expect(waitUntil(limit) { watch.holders.contains(1) } != nil, "\(tail(daemons[1]))")
                #expect(watch.changes(since: loss).contains { $0.host == 1 && $0.holds })
                #expect(storm.sent > 500)
                let lines = daemons[1].output.lines.count { $0.text.contains("advertises an address of") }
                #expect(lines > 0 && lines <= 16, "\(lines) lines of \(storm.sent) adverts")
            }
        }
    }
}
