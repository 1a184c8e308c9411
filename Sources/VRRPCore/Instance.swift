/// The state machine of one virtual router: an input and the time go in, effects come out.
import Wire

package struct Instance {
    package private(set) var config: InstanceConfig
    package private(set) var state: State = .initialize
    /// When the present state began.
    package private(set) var since = Time(nanoseconds: 0)
    /// How many transitions there were; the sequence number of the last one.
    package private(set) var sequence: UInt64 = 0
    /// The master that was last heard; nil before the first one, and after a master said goodbye.
    package internal(set) var master: Master?
    package internal(set) var statistics = Statistics()

    package init(_ config: InstanceConfig) { self.config = config }

    package mutating func handle(_ input: Input, now: Time, into effects: inout [Effect]) {}

    /// The effective priority: what adverts carry and elections compare.
    package var priority: UInt8 { config.basePriority }
    /// "200 −20 mycat.backends = 180"
    package var explanation: String { "\(priority)" }
    /// A sentence for each thing that keeps this instance from serving.
    package var faults: [String] { [] }
    /// The tracked checks, in the order of `config.checks`.
    package var checks: [TrackedCheck] { [] }
    /// True once the kernel has confirmed the virtual addresses of the present mastership.
    package var isServing: Bool { false }
    /// When a timer is due; nil when it is not armed.
    package func deadline(of timer: Timer) -> Time? { nil }
}

/// Another node that was heard as master.
package struct Master: Hashable, Sendable {
    package var address: IPAddress
    package var priority: UInt8
    package var lastHeard: Time
}
