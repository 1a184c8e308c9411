/// Which adverts a firewall has dropped, from what two sockets have seen.
import Testing
import VRRPCore
import Wire

@testable import Daemon

private let master = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_0414))
private let forger = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_0463))
private let wait = TapComparison.patience

private func pending(_ source: IPAddress = master, at time: Int64, number: UInt8 = 51) -> TapComparison.Pending {
    TapComparison.Pending(
        interface: 2, source: source, virtualRouterID: number, arrived: time, instance: InstanceID(0),
        news: .tapped(ReceivedAdvert(priority: 200, interval: .seconds(1), source: source)))
}

extension TapComparison {
    fileprivate mutating func dropped(now: Int64) -> [IPAddress] {
        var found: [IPAddress] = []
        while let advert = nextDropped(now: now) { found.append(advert.source) }
        return found
    }
}

@Suite struct TapComparisonTests {
    private func expectDropped(
        _ comparison: inout TapComparison, now: Int64, _ expected: [IPAddress], _ why: Comment? = nil,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) {
        let dropped = comparison.dropped(now: now)
        #expect(dropped == expected, why, sourceLocation: sourceLocation)
    }

    @Test("an advert that only the tap has seen was dropped, and that is known after the wait, not before")
    func dropped() {
        var comparison = TapComparison()
        comparison.hold(pending(at: 1_000))
        #expect(comparison.nextDue == 1_000 + wait)
        expectDropped(&comparison, now: 1_000 + wait - 1, [])
        expectDropped(&comparison, now: 1_000 + wait, [master])
        #expect(comparison.nextDue == nil)
    }

    @Test("an advert that the socket delivered a moment before or after the tap was not dropped")
    func delivered() {
        for socket in [Int64(1_000) - wait, 1_000, 1_000 + wait] {
            var comparison = TapComparison()
            comparison.noteDelivered(interface: 2, source: master, virtualRouterID: 51, now: max(0, socket))
            comparison.hold(pending(at: 1_000))
            expectDropped(&comparison, now: 1_000 + 2 * wait, [])
        }
    }

    @Test("an older advert, another sender, another number and another interface explain nothing")
    func others() {
        var comparison = TapComparison()
        let now = 10 * wait
        comparison.noteDelivered(interface: 2, source: master, virtualRouterID: 51, now: now - wait - 1)
        comparison.noteDelivered(interface: 2, source: forger, virtualRouterID: 51, now: now)
        comparison.noteDelivered(interface: 2, source: master, virtualRouterID: 52, now: now)
        comparison.noteDelivered(interface: 3, source: master, virtualRouterID: 51, now: now)
        comparison.hold(pending(at: now))
        expectDropped(&comparison, now: now + wait, [master])
    }

    @Test("in a flood nothing is called dropped that cannot be known, and both lists stay small")
    func flood() {
        var comparison = TapComparison()
        for _ in 0..<10_000 {
            comparison.noteDelivered(interface: 2, source: forger, virtualRouterID: 51, now: 1_000)
            comparison.hold(pending(at: 1_000))
        }
        expectDropped(&comparison, now: 1_000 + wait, [], "what was delivered first is no longer in the list")
        // Afterwards it works as before.
        let later = 1_000 + 10 * wait
        comparison.noteDelivered(interface: 2, source: forger, virtualRouterID: 51, now: later)
        comparison.hold(pending(at: later))
        expectDropped(&comparison, now: later + wait, [master])
    }

    @Test("adverts are judged one after the other, each when its time has come")
    func order() {
        var comparison = TapComparison()
        comparison.hold(pending(at: 0))
        comparison.hold(pending(forger, at: wait / 2))
        expectDropped(&comparison, now: wait, [master])
        #expect(comparison.nextDue == wait / 2 + wait)
        expectDropped(&comparison, now: 2 * wait, [forger])
    }
}
