/// The limits that keep a flood of one kind of message out of the log.
import Testing

@testable import Daemon

private let second: Int64 = 1_000_000_000

@Suite struct RateLimitTests {
    @Test("the first message speaks, then one in ten seconds, with the number that was held back")
    func oneInTenSeconds() {
        var limit = RateLimit<String>()
        let answers = (0...1_000).map { limit.admit("ttl", now: Int64($0) * second / 100) }
        #expect(answers.first == 0)
        #expect(answers[1..<1_000].allSatisfy { $0 == nil })
        #expect(answers.last == 999)
    }

    @Test("a kind with a burst speaks so many times before it is held back")
    func burst() {
        var limit = RateLimit<String>()
        let answers = (0..<6).map { limit.admit("master", now: Int64($0) * second, burst: 4) }
        #expect(answers == [0, 0, 0, 0, nil, nil])
        let later = limit.admit("master", now: 10 * second, burst: 4)
        #expect(later == 2)
    }

    @Test("what was held back is told after ten seconds without a further message, and at the end")
    func toldAtLast() {
        var limit = RateLimit<String>()
        for moment in 0..<5 {
            if limit.admit("ttl", now: Int64(moment)) != nil { limit.remember("a bad TTL", of: "ttl") }
        }
        let early = limit.tellHeldBack(now: 9 * second, atEnd: false)
        #expect(early.isEmpty)
        let told = limit.tellHeldBack(now: 10 * second, atEnd: false)
        #expect(told == ["4 more of these were held back: a bad TTL"])
        let again = limit.tellHeldBack(now: 30 * second, atEnd: true)
        #expect(again.isEmpty)
        // The kind stays limited: its ten seconds begin anew.
        let next = limit.admit("ttl", now: 11 * second)
        #expect(next == nil)
        let last = limit.tellHeldBack(now: 12 * second, atEnd: true)
        #expect(last == ["1 more of these were held back: a bad TTL"])
    }

    @Test("different kinds do not silence each other")
    func kindsAreApart() {
        var limit = RateLimit<String>()
        let answers = ["ttl", "checksum"].map { limit.admit($0, now: 0) }
        #expect(answers == [0, 0])
    }

    @Test("the table stays bounded when somebody makes up new kinds for ever")
    func bounded() {
        var limit = RateLimit<Int>()
        for kind in 0..<10_000 { _ = limit.admit(kind, now: Int64(kind)) }
        // The newest is still remembered, the oldest is forgotten and may speak again.
        let answers = [9_999, 0].map { limit.admit($0, now: 10_000) }
        #expect(answers == [nil, 0])
    }

    @Test("what was held back of a kind that is forgotten is told as a number")
    func forgotten() {
        var limit = RateLimit<Int>()
        for moment in 0..<5 { _ = limit.admit(0, now: Int64(moment)) }
        for kind in 1..<2_000 { _ = limit.admit(kind, now: Int64(kind)) }
        let told = limit.tellHeldBack(now: 2_000, atEnd: false)
        #expect(told == ["4 more messages were held back, of more kinds than are remembered"])
        let again = limit.tellHeldBack(now: 2_000, atEnd: true)
        #expect(again.isEmpty)
    }
}

@Suite struct StallWatchTests {
    @Test("silence is a stall only after the time limit")
    func silence() {
        var watch = StallWatch(timeout: .seconds(10))
        watch.heard(now: 5 * second)
        #expect(!watch.hasStalled(now: 15 * second))
        #expect(watch.hasStalled(now: 15 * second + 1))
    }

    @Test("a stalled thread is replaced three times in ten minutes, not for ever")
    func restarts() {
        var watch = StallWatch(timeout: .seconds(10))
        let answers = [0, 60, 120, 180, 601].map { watch.mayRestart(now: $0 * second) }
        #expect(answers == [true, true, true, false, true])
    }
}
