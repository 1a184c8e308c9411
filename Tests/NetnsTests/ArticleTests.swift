/// The article's two files, word for word, and what its author saw or should have seen.
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct ArticleTests {
        @Test(
            "the article's pair works with the files as printed, with halua, keepalived or one of each",
            .timeLimit(.minutes(1)),
            arguments: [[Subject.halua, .halua], [.halua, .keepalived], [.keepalived, .halua]])
        func asPrinted(_ subjects: [Subject]) throws {
            try withArticlePair { lab, watch, prober in
                let first = try lab.hosts[0].start(subjects[0], configuration: Article.configuration(0))
                expectHolders([0], watch, within: .seconds(8), [first])
                let second = try lab.hosts[1].start(subjects[1], configuration: Article.configuration(1))
                pause(.seconds(5))
                #expect(watch.holders == [0], "nopreempt: the newcomer stays backup\n\(tail(second))")

                first.send(signal: SIGTERM)
                expectHolders([1], watch, within: .seconds(3), [first, second])
                #expect(first.wait(.seconds(10)) == .exited(0))
                let returned = try lab.hosts[0].start(subjects[0])
                pause(.seconds(5))
                #expect(watch.holders == [1], "nopreempt: the one that returns stays backup\n\(tail(returned))")
            }
        }

        @Test(
            "after the article's firewall rule is gone one node has the address, the other has let go",
            .timeLimit(.minutes(1)))
        func heals() throws {
            try withArticlePair { lab, watch, _ in
                let first = try lab.hosts[0].start(.halua, configuration: Article.configuration(0))
                expectHolders([0], watch, within: .seconds(8), [first])
                let second = try lab.hosts[1].start(.halua, configuration: Article.configuration(1))
                pause(.seconds(2))
                try lab.hosts[1].dropMulticast()
                pause(.seconds(6))
                #expect(watch.holders.contains(0), "the master that advertises keeps the address\n\(tail(first))")
                try lab.hosts[1].allowMulticast()
                // mycat01 has the higher address: whoever else had taken the VIP gives it up at the next advert.
                expectHolders([0], watch, within: .seconds(3), [first, second])
                pause(.seconds(3))
                #expect(watch.holders == [0])
            }
        }

        private func withArticlePair(_ body: (Lab, AddressWatch, Prober) throws -> Void) throws {
            try withPair(
                Article.virtualAddress, hosts: Article.hostNames, addresses: Article.addresses, body)
        }
    }
}
