/// A loop whose time is moved by hand: order and moments are exact, and nothing sleeps.
import LinuxIO
import Testing

@Suite struct HandClockTests {
    private func makeLoop() throws -> EventLoop {
        try EventLoop(handClock: HandClock(start: 1_000_000_000_000, wallStart: 1_700_000_000_000_000_000))
    }

    @Test("time stands still until it is cranked, and timers fire at their very nanosecond") func standsStill() throws {
        let loop = try makeLoop()
        var fired: [Int64] = []
        loop.after(.seconds(3_600)) { fired.append(loop.time) }
        loop.after(.nanoseconds(1)) { fired.append(loop.now) }
        #expect(loop.settle(turns: 10))
        #expect(fired == [])
        while let next = loop.nextDeadline {
            loop.crank(to: next)
            #expect(loop.settle(turns: 10))
        }
        #expect(fired == [1_000_000_000_001, 4_600_000_000_000])
        #expect(loop.wallTime == 1_700_003_600_000_000_000)
    }

    @Test("settling does what is posted, what that posts, and mail; work without end is noticed") func settles() throws
    {
        let loop = try makeLoop()
        let mailbox = try Mailbox<Int>()
        var seen: [Int] = []
        try mailbox.attach(to: loop) { seen.append($0) }
        loop.post {
            seen.append(1)
            loop.post { mailbox.send(2) }
        }
        #expect(loop.settle(turns: 100))
        #expect(seen == [1, 2])
        let spin = Spin(loop)
        spin.turn()
        #expect(!loop.settle(turns: 100))
    }

    /// Posts itself for ever.
    private final class Spin {
        private let loop: EventLoop
        init(_ loop: EventLoop) { self.loop = loop }
        func turn() { loop.post { [weak self] in self?.turn() } }
    }
}
