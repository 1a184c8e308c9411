/// What hooks are told of priorities, peers and conflicts, from the core's events.
import LinuxIO
import LuaHost
import Testing
import VRRPCore
import Wire

@testable import Daemon

private let peer = IPAddress.v4(IPv4Address(rawValue: 0xC000_0209))
private let other = IPAddress.v4(IPv4Address(rawValue: 0xC000_020A))
private let own = IPAddress.v4(IPv4Address(rawValue: 0xC000_0202))

/// One instance that is master, its news, and a clock.
private final class NewsBench {
    let loop: EventLoop
    let news: HookNews
    var router = Router()
    let id: InstanceID
    var said: [String] = []
    private var effects: [AddressedEffect] = []

    init() throws {
        loop = try EventLoop(handClock: HandClock(start: 1_000_000_000, wallStart: 0))
        news = HookNews(loop: loop)
        var config = InstanceConfig(
            name: "VI_1", version: .v3, family: .ipv4, virtualRouterID: 1, basePriority: 200, interval: .seconds(1))
        config.virtualAddresses = [.v4(IPv4Address(rawValue: 0xC000_0201))]
        id = router.add(config)
        news.look = { [unowned self] id in (router[id], snapshot(of: router[id], interface: "eth0")) }
        news.send = { [unowned self] event in said.append(Self.words(event)) }
        feed(.sourceAddress(own))
        feed(.startup)
        pass(.seconds(4))
        feed(.timer(.masterDown))
        said = []
    }

    func feed(_ input: Input) {
        effects = []
        router.handle(input, for: id, now: Time(nanoseconds: loop.now), into: &effects)
        for case .publish(let event) in effects.map(\.effect) { note(event) }
    }

    func note(_ event: Event) { news.note(event, of: id, router[id], now: loop.now) }

    func pass(_ span: Duration) {
        let end = loop.now + span.wholeNanoseconds
        while let next = loop.nextDeadline, next <= end {
            loop.crank(to: max(next, loop.now))
            _ = loop.settle(turns: 10)
        }
        loop.crank(to: end)
    }

    static func words(_ event: EventMessage) -> String {
        switch event.matter {
        case .priority(let from, let to, let explanation): "priority \(from) \(to) \(explanation)"
        case .conflict(let news):
            "conflict \(event.sequence) \(news.phase) \(news.kind) \(news.peer) \(news.winner ?? "nobody")"
        case .peer(let news): "peer \(news.phase) \(news.peer) \(news.former ?? "-") \(news.reason)"
        case .guarding(let notice):
            "guard \(event.sequence) \(notice.word) \(notice.isAlarm) \(notice.peer ?? "-") \(notice.sentence)"
        case .check, .reload, .shutdown: "something else"
        }
    }
}

@Suite struct HookNewsTests {
    @Test("a priority is told with the one before it, and only when it is another")
    func priority() throws {
        let bench = try NewsBench()
        bench.feed(.adjustPriority(key: "p.k", delta: -20, reason: "busy"))
        bench.feed(.adjustPriority(key: "p.k", delta: -20, reason: "busy"))
        bench.feed(.adjustPriority(key: "p.k", delta: 0, reason: ""))
        #expect(bench.said.count == 2)
        #expect(bench.said.first?.hasPrefix("priority 200 180 200 ") == true)
        #expect(bench.said.last?.hasPrefix("priority 180 200 ") == true)
    }

    @Test("a master that does not yield is one conflict, until it is silent for a master down interval")
    func conflict() throws {
        let bench = try NewsBench()
        bench.pass(.seconds(2))
        for _ in 0..<5 {
            bench.note(.dualMaster(peer: peer, peerPriority: 100, yielding: false))
            bench.pass(.seconds(1))
        }
        #expect(bench.said == ["conflict 1 begin dualMaster 192.0.2.9 192.0.2.2"])
        bench.pass(.seconds(3))
        #expect(bench.said.last == "conflict 2 end dualMaster 192.0.2.9 192.0.2.2")
        bench.pass(.seconds(10))
        #expect(bench.said.count == 2)
    }

    @Test("a conflict ends when this node leaves MASTER, and the winner is who it lost to")
    func leaving() throws {
        let bench = try NewsBench()
        bench.pass(.seconds(2))
        bench.note(.dualMaster(peer: peer, peerPriority: 100, yielding: false))
        bench.note(.dualMaster(peer: other, peerPriority: 90, yielding: false))
        bench.feed(.advert(ReceivedAdvert(priority: 250, interval: .seconds(1), source: peer)))
        #expect(
            bench.said == [
                "conflict 1 begin dualMaster 192.0.2.9 192.0.2.2", "conflict 2 begin dualMaster 192.0.2.10 192.0.2.2",
                "peer heard 192.0.2.9 - ", "conflict 3 end dualMaster 192.0.2.10 192.0.2.9",
                "conflict 4 end dualMaster 192.0.2.9 192.0.2.9",
            ])
        bench.pass(.seconds(20))
        #expect(bench.said.count == 5)
    }

    @Test("neither the last words of the former master nor a node that yields at once are a conflict")
    func noConflict() throws {
        let bench = try NewsBench()
        bench.note(.dualMaster(peer: peer, peerPriority: 100, yielding: false))
        bench.pass(.seconds(5))
        bench.feed(.advert(ReceivedAdvert(priority: 250, interval: .seconds(1), source: peer)))
        #expect(bench.said == ["peer heard 192.0.2.9 - "])
    }

    @Test("two nodes with one address are a conflict without a winner")
    func duplicate() throws {
        let bench = try NewsBench()
        bench.feed(.advert(ReceivedAdvert(priority: 200, interval: .seconds(1), source: own)))
        #expect(bench.said == ["conflict 1 begin duplicateAddress 192.0.2.2 nobody"])
    }

    @Test("what the guard finds out is told with its word, its sentence and its peer")
    func guarded() throws {
        let bench = try NewsBench()
        for isDropping in [true, false] { bench.note(.guarded(.localFirewall(peer, isDropping: isDropping))) }
        #expect(bench.said.count == 2)
        #expect(
            bench.said.first?.hasPrefix(
                "guard 1 local_firewall_drops_vrrp true 192.0.2.9 this host's firewall drops the adverts of 192.0.2.9")
                == true)
        #expect(bench.said.last?.hasPrefix("guard 2 local_firewall_drops_vrrp false 192.0.2.9 ") == true)
    }

    @Test("a master is heard, changes, and is lost with the reason")
    func peers() throws {
        let bench = try NewsBench()
        bench.feed(.advert(ReceivedAdvert(priority: 250, interval: .seconds(1), source: peer)))
        bench.feed(.advert(ReceivedAdvert(priority: 250, interval: .seconds(1), source: peer)))
        bench.feed(.advert(ReceivedAdvert(priority: 251, interval: .seconds(1), source: other)))
        #expect(bench.news.heard(by: bench.id) == ["192.0.2.9", "192.0.2.10"])
        bench.pass(.seconds(10))
        bench.feed(.timer(.masterDown))
        #expect(
            bench.said == [
                "peer heard 192.0.2.9 - ", "peer changed 192.0.2.10 192.0.2.9 ", "peer lost 192.0.2.10 - master_down",
            ])
    }
}
