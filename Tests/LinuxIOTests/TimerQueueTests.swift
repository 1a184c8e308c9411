/// The heap of deadlines against a plain dictionary that does the same slowly.
import LinuxIO
import Testing

/// A small generator with a seed, so that a failure can be played again (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct TimerQueueTests {
    @Test("the heap gives out what a sorted dictionary would", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func againstOracle(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        var queue = TimerQueue(capacity: 8)
        var oracle: [Int: Int64] = [:]
        var now: Int64 = 0
        for _ in 0..<3_000 {
            let identifier = Int.random(in: 0..<60, using: &generator)
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<6:
                let deadline = now + Int64.random(in: 0..<50, using: &generator)
                queue.arm(identifier, at: deadline)
                oracle[identifier] = deadline
            case 6..<8:
                queue.disarm(identifier)
                oracle[identifier] = nil
            default:
                now += Int64.random(in: 0..<20, using: &generator)
                let due = oracle.filter { $0.value <= now }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
                for (expected, _) in due {
                    #expect(queue.popDue(now) == expected)
                    oracle[expected] = nil
                }
                #expect(queue.popDue(now) == nil)
            }
            #expect(queue.count == oracle.count)
            #expect(queue.nextDeadline == oracle.values.min())
            #expect(queue.deadline(of: identifier) == oracle[identifier])
        }
    }
}
