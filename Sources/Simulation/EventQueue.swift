/// What happens next: a heap of events, ordered by time, then by kind, then by the order of their making.
import VRRPCore

/// What one entry of the queue does when its time has come.
enum WorldEvent {
    /// A frame reaches a station.
    case arrival(Frame, at: StationID)
    /// The kernel has done what a node's process asked for.
    case kernel(KernelRequest, of: StationID, incarnation: UInt32)
    /// A node's script thread does something.
    case script(ScriptEvent, of: StationID, incarnation: UInt32, generation: UInt32)
    /// The lifetime of an address ends in a kernel, if nobody has renewed it since.
    case expiry(VirtualAddressID, of: StationID, ticket: UInt64)
    /// A stranger sends what it sends again and again.
    case stranger(StationID, ticket: UInt64)
    /// A node's process has a reason to run; an older ticket was overtaken by a newer one.
    case wake(StationID, ticket: UInt64)

    /// Frames before kernel answers before timers: at one and the same nanosecond an event loop reads first.
    fileprivate var rank: UInt64 {
        switch self {
        case .arrival: 0
        case .kernel: 1
        case .expiry: 2
        case .stranger: 3
        case .script: 4
        case .wake: 5
        }
    }
}

/// A binary heap. Events of one time and kind come out in the order they went in, so a run is a function of its seed.
struct EventQueue {
    private struct Entry {
        var time: Int64
        /// The kind in the highest byte, then a counter.
        var order: UInt64
        var event: WorldEvent

        func precedes(_ other: Entry) -> Bool { time != other.time ? time < other.time : order < other.order }
    }

    private var entries: [Entry] = []
    private var counter: UInt64 = 0

    init() { entries.reserveCapacity(256) }

    var count: Int { entries.count }

    var nextTime: Time? { entries.first.map { Time(nanoseconds: $0.time) } }

    mutating func add(_ event: WorldEvent, at time: Time) {
        counter += 1
        let entry = Entry(time: time.nanoseconds, order: event.rank << 56 | counter, event: event)
        entries.append(entry)
        var hole = entries.count - 1
        while hole > 0 {
            let parent = (hole - 1) / 2
            if entries[parent].precedes(entry) { break }
            entries[hole] = entries[parent]
            hole = parent
        }
        entries[hole] = entry
    }

    /// Takes the next event if its time is not after `limit`.
    mutating func take(until limit: Time) -> (time: Time, event: WorldEvent)? {
        guard let first = entries.first, first.time <= limit.nanoseconds else { return nil }
        let last = entries.removeLast()
        if !entries.isEmpty { sink(last) }
        return (Time(nanoseconds: first.time), first.event)
    }

    /// Puts `entry` where the root was and lets it sink to its place.
    private mutating func sink(_ entry: Entry) {
        var hole = 0
        while true {
            var child = 2 * hole + 1
            if child >= entries.count { break }
            if child + 1 < entries.count, entries[child + 1].precedes(entries[child]) { child += 1 }
            if entry.precedes(entries[child]) { break }
            entries[hole] = entries[child]
            hole = child
        }
        entries[hole] = entry
    }
}
