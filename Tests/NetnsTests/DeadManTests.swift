/// A holder that dies, hangs or is starved loses its addresses without running any code; a healthy one never does.
import Glibc
import Lab
import LinuxIO
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct DeadManTests {
        private static let address = "192.168.4.200"

        /// The first host's instance has the better priority, and does not take back what it lost.
        private func instance(_ node: Int, _ interval: Duration, _ lines: [String] = []) -> InstanceText {
            var instance = InstanceText()
            instance.interval = interval
            instance.version = interval < .seconds(1) ? 3 : 2
            instance.priority = node == 0 ? 200 : 100
            instance.addresses = [Self.address, "192.168.4.201/24"]
            instance.lines = ["nopreempt"] + lines
            return instance
        }

        /// Runs a pair of which the first host holds the address.
        private func withSettledPair(
            _ interval: Duration, _ lines: [String] = [],
            _ body: (Lab, AddressWatch, Prober, _ holder: LabProcess, _ other: LabProcess) throws -> Void
        ) throws {
            try withPair(Self.address) { lab, watch, prober in
                let holder = try lab.hosts[0].start(.halua, configuration: instance(0, interval, lines).text)
                expectHolders([0], watch, within: .seconds(10), [holder])
                let other = try lab.hosts[1].start(.halua, configuration: instance(1, interval, lines).text)
                #expect(waitUntil(.seconds(10)) { isFollowing(other) } != nil)
                pause(interval * Double.random(in: 1..<2))
                try body(lab, watch, prober, holder, other)
            }
        }

        private func isFollowing(_ daemon: LabProcess) -> Bool {
            daemon.output.first(containing: "the master is 192.168.4.10") != nil
        }

        /// Waits until a host serves and the other does not, and sees how long both had the address.
        private func expectTakeover(
            by heir: Int, _ watch: AddressWatch, _ prober: Prober, since fault: Moment, _ daemons: [LabProcess]
        ) throws {
            let served = prober.waitForAnswer(of: heir, since: fault, limit: .seconds(15))
            #expect(served != nil, "the other node serves\n\(daemons.map { tail($0) }.joined())")
            expectHolders([heir], watch, within: .seconds(5), daemons)
            #expect(watch.timeHeldTwice(from: fault, to: .now) <= .milliseconds(500))
            let answers = prober.answers(since: try #require(served) + .milliseconds(500))
            #expect(!answers.contains { $0.host != heir }, "nobody hears the former holder any more")
        }

        /// The remaining lifetimes of the virtual addresses of a host, in ip(8)'s words.
        private func lifetimes(_ host: LabHost) throws -> [Substring] {
            try host.run(["ip", "-o", "address", "show", "dev", "eth0"]).split(separator: "\n")
                .filter { $0.contains("192.168.4.200/") || $0.contains("192.168.4.201/") }
                .compactMap { $0.split(separator: "valid_lft ").last?.prefix { $0 != " " } }
        }

        @Test(
            "a holder keeps its addresses under load, and loses them in time when it freezes or is killed",
            .timeLimit(.minutes(2)))
        func seconds() throws {
            try withSettledPair(.seconds(1)) { lab, watch, prober, holder, other in
                let start = Moment.now
                let load = try Load()
                while Moment.now - start < .seconds(20) {
                    for lifetime in try lifetimes(lab.hosts[0]) {
                        #expect(["3sec", "2sec", "1sec", "0sec"].contains(lifetime))
                    }
                    pause(.milliseconds(500))
                }
                load.stop()
                #expect(watch.changes(since: start).isEmpty, "it never lost the address\n\(tail(holder))")

                let freeze = Moment.now
                holder.sendToAll(signal: SIGSTOP)
                try expectTakeover(by: 1, watch, prober, since: freeze, [holder, other])
                #expect(waitUntil(.seconds(2)) { (try? lifetimes(lab.hosts[0]).isEmpty) == true } != nil)
                pause(.seconds(10) - (Moment.now - freeze))
                let thaw = Moment.now
                holder.sendToAll(signal: SIGCONT)
                pause(.seconds(3))
                #expect(watch.changes(since: thaw).isEmpty, "it takes nothing back blindly\n\(tail(holder))")
                #expect(watch.holders == [1])
                #expect(!prober.answers(since: thaw).contains { $0.host == 0 })
                let words = "the kernel ended the service of the addresses by itself"
                #expect(holder.output.first(containing: words) != nil, "\(tail(holder))")
                #expect(holder.output.first(containing: "MASTER → BACKUP") != nil, "\(tail(holder))")

                let murder = Moment.now
                other.sendToAll(signal: SIGKILL)
                try expectTakeover(by: 0, watch, prober, since: murder, [holder])
                // The kernel ends the second one a moment later.
                #expect(waitUntil(.seconds(2)) { (try? lifetimes(lab.hosts[1]).isEmpty) == true } != nil)
                #expect(try answerers(of: Self.address, in: lab) == [0])
            }
        }

        @Test(
            "with adverts of 100 ms the fence ends the service before the other node begins it", .timeLimit(.minutes(1))
        )
        func fenced() throws {
            try withSettledPair(.milliseconds(100)) { lab, watch, prober, holder, other in
                let rules = try lab.hosts[0].run(["nft", "list", "ruleset"])
                #expect(rules.contains("192.168.4.200 timeout 2"), "\(rules)")
                for signal in [SIGSTOP, SIGKILL] {
                    let fault = Moment.now
                    holder.sendToAll(signal: signal)
                    let served = try #require(prober.waitForAnswer(of: 1, since: fault, limit: .seconds(10)))
                    let last = prober.answers(since: fault).last { $0.host == 0 }?.at ?? fault
                    #expect(last <= served, "\(last - served) too long")
                    // The kernel's lifetimes come later: until then the fence alone is what keeps it quiet.
                    if try lab.hosts[0].holds(Self.address) {
                        #expect(try answerers(of: Self.address, in: lab) == [1])
                    }
                    expectHolders([1], watch, within: .seconds(5), [holder, other])
                    guard signal == SIGSTOP else { break }
                    let thawed = Moment.now
                    holder.sendToAll(signal: SIGCONT)
                    pause(.seconds(1))
                    #expect(watch.holders == [1])
                    #expect(!prober.answers(since: thawed).contains { $0.host == 0 })
                    // Give it back, for the other half of the test.
                    other.send(signal: SIGTERM)
                    #expect(other.wait(.seconds(10)) != nil)
                    #expect(try lab.hosts[1].run(["nft", "list", "ruleset"]).isEmpty, "removed at the end")
                    expectHolders([0], watch, within: .seconds(5), [holder])
                    let again = try lab.hosts[1].start(.halua)
                    #expect(waitUntil(.seconds(10)) { isFollowing(again) } != nil)
                }
            }
        }

        @Test("a node alone that stalls serves again, whatever has ended meanwhile", .timeLimit(.minutes(1)))
        func stalled() throws {
            try withPair(Self.address) { lab, watch, prober in
                let daemon = try lab.hosts[0].start(.halua, configuration: instance(0, .milliseconds(100)).text)
                expectHolders([0], watch, within: .seconds(10), [daemon])
                for _ in 0..<6 {
                    pause(.milliseconds(300) + .milliseconds(Int.random(in: 0..<100)))
                    daemon.sendToAll(signal: SIGSTOP)
                    // About when the fence closes: the core finds it closed, or knows that it slept too long.
                    pause(.milliseconds(350))
                    let thaw = Moment.now
                    daemon.sendToAll(signal: SIGCONT)
                    let served = prober.waitForAnswer(of: 0, since: thaw, limit: .seconds(5))
                    #expect(served != nil, "\(tail(daemon))")
                }
                #expect(daemon.output.first(containing: "the kernel ended the service") != nil, "\(tail(daemon))")
            }
        }

        @Test("somebody's flush of nftables costs a warning and no address", .timeLimit(.minutes(1)))
        func flushed() throws {
            try withSettledPair(.milliseconds(100)) { lab, watch, prober, holder, _ in
                let start = Moment.now
                try lab.hosts[0].run(["nft", "flush", "ruleset"])
                #expect(waitUntil(.seconds(5)) { holder.output.first(containing: "making them again") != nil } != nil)
                pause(.milliseconds(500))
                #expect(try lab.hosts[0].run(["nft", "list", "ruleset"]).contains("192.168.4.200 timeout 2"))
                #expect(watch.changes(since: start).isEmpty)
                #expect(prober.answers(since: .now - .milliseconds(200)).contains { $0.host == 0 })
            }
        }

        @Test(
            "a holder that the kernel kills for its memory loses its address", .timeLimit(.minutes(1)),
            .enabled(if: MemoryGroup.canBeMade, "needs a writable memory cgroup"))
        func outOfMemory() throws {
            try withSettledPair(.milliseconds(100), ["guard {", "    fence off", "}"]) {
                lab, watch, prober, holder, other in
                let group = try MemoryGroup(limit: 32 << 20)
                defer { group.remove() }
                try group.condemn(holder.identifier)
                let fault = Moment.now
                try group.exhaust()
                #expect(holder.wait(.seconds(20)) != nil, "the kernel has killed it")
                #expect(try group.kills >= 1)
                try #require(prober.waitForAnswer(of: 1, since: fault, limit: .seconds(10)) != nil)
                expectHolders([1], watch, within: .seconds(5), [other])
                #expect(
                    watch.timeHeldTwice(from: fault, to: .now) <= .milliseconds(1500),
                    "a second, and the kernel's delay")
            }
        }

        @Test(
            "the stop hook removes what a killed daemon left behind, and nothing of a living one",
            .timeLimit(.minutes(1)))
        func stopHook() throws {
            // With lifetimes the addresses would be gone before the hook.
            try withSettledPair(.milliseconds(100), ["guard {", "    dead_man off", "    fence on", "}"]) {
                lab, watch, _, holder, _ in
                let host = lab.hosts[0]
                let words = [
                    LabSupport.programs.haluad, "--release-addresses", "-f", host.configurationPath, "--control",
                    host.controlSocketPath,
                ]
                #expect(throws: LabError.self) { try host.run(words) }
                #expect(watch.holders == [0])
                try host.run(["ip", "address", "add", "192.168.4.77/24", "dev", "eth0"])
                holder.sendToAll(signal: SIGKILL)
                _ = holder.wait(.seconds(5))
                #expect(try host.addresses().isSuperset(of: [Self.address, "192.168.4.201"]))
                try host.run(words)
                let left = try host.addresses()
                #expect(left.isDisjoint(with: [Self.address, "192.168.4.201"]))
                #expect(left.isSuperset(of: ["192.168.4.10", "192.168.4.77"]))
                #expect(try host.run(["nft", "list", "ruleset"]).isEmpty)
            }
        }

        @Test(
            "the stop hook says goodbye for a killed master, and the others need not wait for its silence to end",
            .timeLimit(.minutes(1)), arguments: [2, 3])
        func lastWord(_ version: Int) throws {
            try withPair(Self.address) { lab, watch, _ in
                var instance = InstanceText()
                instance.version = version
                instance.interval = .seconds(1)
                instance.password = version == 2 ? "secret" : nil
                instance.lines = ["nopreempt"]
                let capture = try AdvertCapture(in: lab.client, keepsFrames: true)
                defer { capture.stop() }
                let host = lab.hosts[0]
                instance.priority = 200
                let first = try host.start(.halua, configuration: instance.text)
                expectHolders([0], watch, within: .seconds(12), [first])
                let second = try lab.hosts[1].start(.halua, configuration: instance.text)
                pause(.milliseconds(1_500))
                first.sendToAll(signal: SIGKILL)
                _ = first.wait(.seconds(5))
                let printed = try host.run([
                    "sh", "-c",
                    "\(LabSupport.programs.haluad) --release-addresses -f \(host.configurationPath) --control \(host.controlSocketPath) 2>&1",
                ])
                #expect(printed.contains("said goodbye for VI_1"), "\(printed)")
                // The master down interval is more than three seconds: whoever is sooner has heard the goodbye.
                expectHolders([1], watch, within: .seconds(2), [second])
                let words = "VI_1: BACKUP → MASTER: master 192.168.4.10 left"
                #expect(
                    waitUntil(.seconds(2)) { second.output.first(containing: words) != nil } != nil, "\(tail(second))")
                try expectWellFormed(capture, in: lab)
            }
        }

        @Test("the fence of a daemon that was killed does not shut out the next one", .timeLimit(.minutes(1)))
        func successor() throws {
            try withPair(Self.address) { lab, watch, prober in
                let host = lab.hosts[0]
                let fenced = instance(0, .milliseconds(100), ["guard {", "    dead_man off", "    fence on", "}"])
                let killed = try host.start(.halua, configuration: fenced.text)
                expectHolders([0], watch, within: .seconds(10), [killed])
                killed.sendToAll(signal: SIGKILL)
                _ = killed.wait(.seconds(5))
                let plain = try host.start(
                    .halua, configuration: instance(0, .milliseconds(100), ["guard off"]).text)
                let start = Moment.now
                #expect(
                    prober.waitForAnswer(of: 0, since: start + .seconds(1), limit: .seconds(8)) != nil, "\(tail(plain))"
                )
                #expect(try host.run(["nft", "list", "ruleset"]).isEmpty)
            }
        }

        @Test(
            "a reload switches lifetimes and fence of a holder, and -V leaves its addresses for good",
            .timeLimit(.minutes(1)))
        func switched() throws {
            try withPair(Self.address) { lab, watch, prober in
                let host = lab.hosts[0]
                let text = instance(0, .milliseconds(100)).text
                let daemon = try host.start(.halua, configuration: text, arguments: ["-V"])
                expectHolders([0], watch, within: .seconds(10), [daemon])
                let start = Moment.now
                func isFree() -> Bool {
                    let rules = try? host.run(["nft", "list", "ruleset"])
                    return (try? lifetimes(host)) == ["forever", "forever"] && rules == ""
                }
                #expect(!isFree())
                let free = instance(0, .milliseconds(100), ["guard {", "    dead_man off", "    fence off", "}"])
                try host.write(configuration: free.text)
                daemon.send(signal: SIGHUP)
                #expect(waitUntil(.seconds(5)) { isFree() } != nil, "\(tail(daemon))")
                try host.write(configuration: text)
                daemon.send(signal: SIGHUP)
                #expect(waitUntil(.seconds(5)) { !isFree() } != nil, "\(tail(daemon))")
                pause(.milliseconds(500))
                #expect(try host.run(["nft", "list", "ruleset"]).contains("192.168.4.200 timeout 2"))
                #expect(try !lifetimes(host).contains("forever"))
                daemon.send(signal: SIGTERM)
                #expect(daemon.wait(.seconds(10)) != nil)
                #expect(isFree())
                #expect(watch.changes(since: start).isEmpty, "nothing of this costs the address")
                #expect(prober.waitForAnswer(of: 0, since: .now, limit: .seconds(5)) != nil)
            }
        }
    }
}
