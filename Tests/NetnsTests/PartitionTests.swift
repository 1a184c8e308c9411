/// A link that is cut and heals: two holders while nobody can know better, then one, and the wire's last word is the holder's.
import Lab
import LinuxIO
import Testing
import Wire

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct PartitionTests {
        /// A pair, and who must hold the address when both see each other again.
        struct Pair: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var priorities: [Int]
            var lines: [String]
            var winner: Int
        }

        private static let interval = Duration.milliseconds(200)

        static let pairs = [
            Pair(testDescription: "different priorities", priorities: [200, 100], lines: [], winner: 0),
            Pair(
                testDescription: "different priorities, nopreempt", priorities: [200, 100], lines: ["nopreempt"],
                winner: 0),
            // RFC 9568 §6.4.3: the greater address wins.
            Pair(
                testDescription: "equal priorities, nopreempt", priorities: [200, 200], lines: ["nopreempt"], winner: 1),
        ]

        @Test(
            "two sides of a cut link both hold the address; healed, one does, and it announced the address last",
            .timeLimit(.minutes(1)), arguments: pairs)
        func heals(_ pair: Pair) throws {
            try withPair { lab, watch, _ in
                let texts = pair.priorities.map { priority in
                    var instance = InstanceText()
                    instance.version = 3
                    instance.interval = Self.interval
                    instance.priority = priority
                    instance.lines = pair.lines
                    return instance.text
                }
                let address = try #require(IPv4Address("192.168.4.200"))
                let claims = Lock<[Station.Announcement]>([])
                let listener = try Station.hearing(announcementsOf: address, in: lab, into: claims)
                defer { listener.stop() }
                let first = try lab.hosts[0].start(.halua, configuration: texts[0])
                expectHolders([0], watch, within: .seconds(8), [first])
                let daemons = [first, try lab.hosts[1].start(.halua, configuration: texts[1])]
                pause(.seconds(1))
                #expect(watch.holders == [0], "\(tail(daemons[1]))")

                // The winner is cut off, so that the client has learnt the loser's address by the time they meet.
                let cards = try lab.hosts.map { try $0.hardwareAddress(link: 0) }
                let loser = 1 - pair.winner
                try lab.hosts[pair.winner].setCutOff(true)
                expectHolders([0, 1], watch, within: .seconds(4), daemons)
                let learnt = waitUntil(.seconds(3)) { (try? neighbour(in: lab))?.contains(cards[loser]) == true }
                #expect(learnt != nil, "the client knows the address by the loser's card")

                let heal = Moment.now
                try lab.hosts[pair.winner].setCutOff(false)
                expectHolders([pair.winner], watch, within: .seconds(3), daemons)
                let last = try #require(watch.changes(since: heal).last)
                print("\(pair.testDescription): one holder \(last.at - heal) after the heal")
                #expect(last.at - heal < Self.interval + .milliseconds(400), "\(daemons.map { tail($0) }.joined())")
                pause(.seconds(1))
                #expect(watch.changes(since: heal).count == 1, "only the loser's address goes")
                let announced = claims.withLock { $0 }.filter { $0.at >= heal }
                #expect(announced.last?.card.description == cards[pair.winner], "\(announced)")
                let known = try neighbour(in: lab)
                #expect(known.contains(cards[pair.winner]), "\(known)")
            }
        }

        /// What the client's kernel knows of the address.
        private func neighbour(in lab: Lab) throws -> String {
            try lab.client.inside { () throws(LabError) in
                try runCommand(["ip", "neigh", "show", "192.168.4.200"])
            }
        }
    }
}
