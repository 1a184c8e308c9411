/// The only source of chance in a simulation: the same seed gives the same world on every machine.
import VRRPCore

/// xoshiro256** by Blackman and Vigna (public domain), seeded by SplitMix64 as its authors advise.
package struct RandomSource: Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    package init(seed: UInt64) {
        var mixer = seed
        func next() -> UInt64 {
            mixer &+= 0x9e37_79b9_7f4a_7c15
            var word = mixer
            word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
            return word ^ (word >> 31)
        }
        state = (next(), next(), next(), next())
    }

    package mutating func next() -> UInt64 {
        let scrambled = state.1 &* 5
        let result = ((scrambled << 7) | (scrambled >> 57)) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = (state.3 << 45) | (state.3 >> 19)
        return result
    }

    /// A number in 0 ..< bound, without the bias of a plain remainder (Lemire's multiplication).
    package mutating func below(_ bound: UInt64) -> UInt64 {
        precondition(bound > 0, "there is no number below zero")
        while true {
            let product = next().multipliedFullWidth(by: bound)
            if product.low >= (0 &- bound) % bound { return product.high }
        }
    }

    package mutating func integer(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(below(UInt64(range.upperBound - range.lowerBound) + 1))
    }

    /// A span between the two, both included, in whole nanoseconds.
    package mutating func span(from least: Duration, to most: Duration) -> Duration {
        let lower = least.inNanoseconds
        let upper = most.inNanoseconds
        precondition(lower <= upper, "a range of spans must not be empty")
        return .nanoseconds(lower + Int64(below(UInt64(upper - lower) + 1)))
    }

    /// The same in whole milliseconds, for what a person shall read.
    package mutating func milliseconds(from least: Int, to most: Duration) -> Duration {
        .milliseconds(integer(in: least...max(least, Int(most.inNanoseconds / 1_000_000))))
    }

    /// True in this many of a million cases. Asks for no number where the answer is certain.
    package mutating func happens(_ millionths: Int) -> Bool {
        if millionths <= 0 { return false }
        if millionths >= 1_000_000 { return true }
        return below(1_000_000) < UInt64(millionths)
    }

    package mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(below(UInt64(elements.count)))]
    }
}
