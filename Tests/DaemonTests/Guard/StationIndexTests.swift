/// What it means when a station says where it is.
import Testing
import VRRPCore
import Wire

@testable import Daemon

private let virtual = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_04C8))
private let host = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_040A))
private let station = MACAddress(rawValue: 0x0200_0000_0001)
private let own = MACAddress(rawValue: 0x0200_0000_0002)
private let first = InstanceID(0)
private let second = InstanceID(1)

@Suite struct StationIndexTests {
    private func index() -> StationIndex {
        var index = StationIndex()
        index.virtual = [virtual: [first, second]]
        index.own = [own]
        return index
    }

    private func news(_ index: inout StationIndex, _ address: IPAddress, _ hardware: MACAddress = station)
        -> [StationNews]
    {
        var news: [StationNews] = []
        index.hear(address, at: hardware, into: &news)
        return news
    }

    private func expectNews(
        _ index: inout StationIndex, _ address: IPAddress, at hardware: MACAddress = station,
        is expected: [StationNews],
        _ why: Comment? = nil, sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) {
        let news = news(&index, address, hardware)
        #expect(news == expected, why, sourceLocation: sourceLocation)
    }

    @Test("a claim goes to every instance that has the address, unless this host makes it")
    func claims() {
        var index = index()
        let claim = GuardNews.claim(AddressClaim(virtual, by: station))
        expectNews(
            &index, virtual, is: [StationNews(id: first, news: claim), StationNews(id: second, news: claim)])
        expectNews(&index, virtual, at: own, is: [])
        expectNews(&index, virtual, at: .broadcast, is: [], "no station has that address")
        expectNews(&index, host, is: [], "nobody asked")
    }

    @Test("a host's answer goes to who asked for it, and its station is known from then on")
    func hosts() {
        var index = index()
        let isNew = [0, 1].map { index.expect(host, for: second, now: $0) }
        #expect(isNew == [true, false], "the filter must let it pass from now on")
        #expect(index.addresses == [virtual, host])
        #expect(index.hardware(of: host) == nil)
        expectNews(&index, host, is: [StationNews(id: second, news: .hostAnswered(host, station))])
        #expect(index.hardware(of: host) == station)
        index.forget(second)
        #expect(index.addresses == [virtual])
    }

    @Test("hosts that are named by forged adverts are forgotten, the oldest first")
    func bounded() {
        var index = index()
        for number in 0..<10_000 {
            _ = index.expect(.v4(IPv4Address(rawValue: UInt32(number))), for: first, now: Int64(number))
        }
        #expect(index.addresses.count <= 65)
        #expect(index.addresses.contains(.v4(IPv4Address(rawValue: 9_999))))
        _ = index.expect(host, for: first, now: 100_000_000_000)
        #expect(index.addresses == [virtual, host], "after a minute nobody waits for an answer")
    }

    @Test("a station that answers for all decoys is a proxy: told once to each instance, and believed in nothing")
    func proxy() {
        var index = index()
        let decoys = (1...3).map { IPAddress.v4(IPv4Address(rawValue: 0xC0A8_0440 + UInt32($0))) }
        index.expectDecoys(decoys, family: .ipv4, now: 0)
        _ = index.expect(host, for: first, now: 0)
        expectNews(&index, decoys[0], is: [])
        expectNews(&index, decoys[1], is: [])
        expectNews(&index, decoys[1], is: [], "the same answer twice proves nothing")
        let believed = news(&index, virtual)
        #expect(believed.count == 2, "a host may have an address or two by chance")
        let told = news(&index, decoys[2])
        #expect(Set(told.map(\.id)) == [first, second])
        #expect(told.allSatisfy { $0.news == .decoyAnswered(station) })
        for address in [decoys[0], virtual, host] { expectNews(&index, address, is: []) }
    }

    @Test("two stations that answer for different decoys are two hosts")
    func hostsWithDecoys() {
        var index = index()
        let decoys = (1...3).map { IPAddress.v4(IPv4Address(rawValue: 0xC0A8_0440 + UInt32($0))) }
        index.expectDecoys(decoys, family: .ipv4, now: 0)
        for (number, decoy) in decoys.enumerated() {
            expectNews(&index, decoy, at: MACAddress(rawValue: 0x0200_0000_0010 + UInt64(number)), is: [])
        }
        #expect(index.decoys.proxies.isEmpty)
    }

    @Test("decoys are in the network, none is its first or last address, and none is anybody's")
    func choice() throws {
        var random = SystemRandomNumberGenerator()
        let network = try #require(Prefix("192.168.4.200/27"))
        let used = Set((0xC0A8_04C0...0xC0A8_04D8).map { IPAddress.v4(IPv4Address(rawValue: $0)) })
        for _ in 0..<200 {
            let decoys = DecoyWatch.choose(in: network, avoiding: used, using: &random)
            // Six are free; luck may leave fewer than three.
            for decoy in decoys {
                #expect(network.contains(decoy) && !used.contains(decoy))
                #expect(decoy != IPAddress("192.168.4.223"))
            }
            #expect(decoys.isEmpty || Set(decoys).count == 3)
        }
        let six = try #require(Prefix("fd00:4::c8/64"))
        let decoys = DecoyWatch.choose(in: six, avoiding: [], using: &random)
        #expect(decoys.count == 3 && decoys.allSatisfy(six.contains))
        let small = try #require(Prefix("192.168.4.200/30"))
        #expect(DecoyWatch.choose(in: small, avoiding: [], using: &random) == [])
    }

    @Test("decoys are asked for at the start and an hour later")
    func seldom() {
        var watch = DecoyWatch()
        #expect(watch.isDue(.ipv4, now: 0))
        watch.begin([virtual], family: .ipv4, now: 0)
        #expect(!watch.isDue(.ipv4, now: 3_599_000_000_000))
        #expect(watch.isDue(.ipv6, now: 0))
        #expect(watch.isDue(.ipv4, now: 3_600_000_000_000))
        #expect(watch.isAsking(.ipv4, now: 5_000_000_000))
        #expect(!watch.isAsking(.ipv4, now: 20_000_000_000))
    }
}
