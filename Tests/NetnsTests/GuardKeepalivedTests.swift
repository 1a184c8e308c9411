/// The guard with keepalived as the other node: what halua can avoid, and how it ends what it cannot.
import ControlProtocol
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct GuardKeepalivedTests {
        // MARK: The article's firewall rule

        /// Who is master, and whose firewall drops multicast. The article's terms: no preemption, equal priorities.
        private struct Case {
            var name: String
            var master: Subject
            var deaf: Subject
            /// keepalived hears nothing and takes the address: no software on the other node can keep it from that.
            var keepalivedTakes: Bool
        }

        private static let cases = [
            Case(
                name: "halua is master, keepalived's firewall drops", master: .halua, deaf: .keepalived,
                keepalivedTakes: true),
            Case(name: "halua is master, halua's firewall drops", master: .halua, deaf: .halua, keepalivedTakes: false),
            Case(
                name: "keepalived is master, halua's firewall drops", master: .keepalived, deaf: .halua,
                keepalivedTakes: false),
            Case(
                name: "keepalived is master, keepalived's firewall drops", master: .keepalived, deaf: .keepalived,
                keepalivedTakes: false),
        ]

        private struct Pair {
            var terms: Case
            var instance: InstanceText
            var hosts: [LabHost]
            /// Places in the lab, of the master first.
            var places: [Int]
            var watch: AddressWatch

            init(_ terms: Case, _ number: Int, in lab: Lab) throws {
                self.terms = terms
                instance = InstanceText()
                instance.virtualRouterID = 196 + number
                instance.priority = 200
                instance.password = "Zf4aqy"
                instance.addresses = ["192.168.4.\(200 + number)"]
                instance.lines = ["nopreempt"]
                // The article's master has the higher address.
                places = [number * 2 + 1, number * 2]
                hosts = places.map { lab.hosts[$0] }
                watch = try AddressWatch(instance.addresses[0], in: lab)
            }

            var backup: Subject { terms.master == .halua ? .keepalived : .halua }
            var deafHost: LabHost { hosts[terms.deaf == terms.master ? 0 : 1] }
        }

        @Test(
            "under the article's rule halua never makes a second holder, and ends the one that keepalived makes",
            .timeLimit(.minutes(2)))
        func article() throws {
            let names = (1...8).map { "host\($0)" }
            try Lab.with(names, programs: LabSupport.programs) { lab in
                let pairs = try Self.cases.enumerated().map { try Pair($1, $0, in: lab) }
                let masters = try pairs.map { try $0.hosts[0].start($0.terms.master, configuration: $0.instance.text) }
                for (pair, daemon) in zip(pairs, masters) {
                    expectHolders([pair.places[0]], pair.watch, within: .seconds(8), [daemon])
                }
                let backups = try pairs.map { try $0.hosts[1].start($0.backup, configuration: $0.instance.text) }
                pause(.seconds(2))
                let rule = Moment.now
                for pair in pairs { try pair.deafHost.dropMulticast() }
                pause(.seconds(12))
                let lifted = Moment.now
                for pair in pairs { try pair.deafHost.allowMulticast() }
                pause(.seconds(4))
                for (index, pair) in pairs.enumerated() {
                    let haluad = pair.terms.master == .halua ? masters[index] : backups[index]
                    try expect(pair, haluad, rule, lifted)
                }
            }
        }

        private func expect(_ pair: Pair, _ haluad: LabProcess, _ rule: Moment, _ lifted: Moment) throws {
            let twice = pair.watch.timeHeldTwice(from: rule, to: .now)
            let moves = pair.watch.changes(since: rule)
            print("\(pair.terms.name): two holders for \(twice.inSeconds) s, \(moves.count) changes")
            let words: Comment = "\(pair.terms.name)\n\(tail(haluad, lines: 20))"
            guard pair.terms.keepalivedTakes else {
                #expect(moves.isEmpty, words)
                if pair.terms.deaf == .halua, pair.terms.master == .keepalived {
                    let alarm = haluad.output.first(
                        containing: "this host's firewall drops the adverts of", since: rule)
                    let said = try #require(alarm, words)
                    // Suspicion begins after an interval and a half; the next advert is the first that only the tap sees.
                    #expect(said.at - rule < .seconds(4))
                }
                return
            }
            // keepalived, deaf, is master after a master down interval. halua hears its adverts, answers, is not heard, and
            // gives way after three answers of its own, because keepalived never will.
            let taken = try #require(moves.first { $0.host == pair.places[1] && $0.holds }?.at, words)
            let alarm = try #require(haluad.output.first(containing: "two masters", since: rule), words)
            #expect(alarm.at - taken < .seconds(2), words)
            #expect(twice < .seconds(6), words)
            #expect(pair.watch.holders == [pair.places[1]], words)
            // After the rule is gone nothing moves any more.
            #expect(pair.watch.changes(since: lifted).isEmpty, words)
        }

        // MARK: Terms that differ

        private struct Difference {
            var name: String
            var keepalived: InstanceText
            var halua: InstanceText
            /// What haluad says of keepalived.
            var words: String
            /// In place of `words` when the adverts are accepted: what they advertise, and what is configured here.
            var sentence: String?
        }

        /// `first`: the number of the first instance; its addresses and names follow from it.
        private static func differences(from first: Int) -> [Difference] {
            func instance(_ number: Int) -> InstanceText {
                var instance = InstanceText()
                instance.name = "VI_\(first + number)"
                instance.virtualRouterID = first + number
                instance.addresses = ["192.168.4.\(100 + first + number)"]
                instance.lines = ["nopreempt"]
                return instance
            }
            func difference(_ number: Int, _ name: String, _ words: String) -> Difference {
                Difference(name: name, keepalived: instance(number), halua: instance(number), words: words)
            }
            var router = difference(
                1, "virtual_router_id", "under virtual_router_id \(first + 1), and it is \(first + 101) here")
            router.halua.virtualRouterID = first + 101
            var password = difference(2, "auth_pass", "with another auth_pass than here")
            password.keepalived.password = "Zf4aqy"
            password.halua.password = "Zf4aqz"
            var interval = difference(3, "advert_int", "every 1 s, and it is every 2 s here")
            interval.halua.interval = .seconds(2)
            var version = difference(4, "version", "in VRRP version 3, and it is 2 here")
            version.keepalived.version = 3
            var list = difference(5, "virtual_ipaddress", "")
            list.halua.addresses.append("192.168.4.\(150 + first)")
            list.sentence =
                "\(list.keepalived.addresses[0]), and \(list.halua.addresses.joined(separator: ", ")) is configured here"
            return [router, password, interval, version, list]
        }

        @Test(
            "halua is no second holder beside a keepalived of other terms, and names both values",
            .timeLimit(.minutes(1)))
        func mismatches() throws {
            let names = ["first", "second", "third", "fourth", "fifth", "sixth"]
            try Lab.with(names, programs: LabSupport.programs) { lab in
                // keepalived is there first; halua is, and ranks below; halua is, and ranks above.
                let early = Self.differences(from: 0)
                let late = Self.differences(from: 10)
                let better = Self.differences(from: 20).map { difference in
                    var difference = difference
                    difference.halua.priority = 200
                    return difference
                }
                func watches(_ differences: [Difference]) throws -> [AddressWatch] {
                    try differences.map { try AddressWatch($0.keepalived.addresses[0], in: lab) }
                }
                let (earlyWatches, lateWatches) = (try watches(early), try watches(late))
                let betterWatches = try watches(better)
                let keepalived = try lab.hosts[0].start(
                    .keepalived, configuration: early.map(\.keepalived.text).joined())
                let lesser = try lab.hosts[2].start(.halua, configuration: late.map(\.halua.text).joined())
                let master = try lab.hosts[4].start(.halua, configuration: better.map(\.halua.text).joined())
                for watch in earlyWatches { expectHolders([0], watch, within: .seconds(8), [keepalived]) }
                for watch in lateWatches { expectHolders([2], watch, within: .seconds(10), [lesser]) }
                for watch in betterWatches { expectHolders([4], watch, within: .seconds(10), [master]) }
                let begin = Moment.now
                let haluad = try lab.hosts[1].start(.halua, configuration: early.map(\.halua.text).joined())
                _ = try lab.hosts[3].start(.keepalived, configuration: late.map(\.keepalived.text).joined())
                _ = try lab.hosts[5].start(.keepalived, configuration: better.map(\.keepalived.text).joined())
                pause(.seconds(16))
                for (difference, watch) in zip(early, earlyWatches) {
                    #expect(watch.changes(since: begin).isEmpty, "\(difference.name)\n\(tail(haluad, lines: 30))")
                    expectWords(of: difference, by: haluad, about: lab.hosts[0])
                }
                for (difference, watch) in zip(late, lateWatches) {
                    let twice = watch.timeHeldTwice(from: begin, to: .now)
                    print(
                        "keepalived comes second with another \(difference.name): two holders for \(twice.inSeconds) s")
                    expectWords(of: difference, by: lesser, about: lab.hosts[3])
                    #expect(watch.holders == [3], "halua ranks below and gives way\n\(tail(lesser, lines: 30))")
                    #expect(twice < .seconds(1), "\(difference.name)")
                    #expect(watch.changes(since: begin).count { $0.host == 2 } == 1, "and stays away")
                }
                for (difference, watch) in zip(better, betterWatches) {
                    expectWords(of: difference, by: master, about: lab.hosts[5])
                    // keepalived cannot be talked to: the one that is right keeps the address, and says so.
                    #expect(watch.changes(since: begin).allSatisfy { $0.host == 5 }, "\(tail(master, lines: 30))")
                }
            }
        }

        private func expectWords(of difference: Difference, by daemon: LabProcess, about host: LabHost) {
            let what = difference.sentence ?? "an address of this instance \(difference.words)"
            let words = "\(difference.halua.name): \(host.address) advertises \(what)"
            #expect(daemon.output.first(containing: words) != nil, "\(words)\n\(tail(daemon, lines: 30))")
        }
    }
}
