/// Deadlines in an indexed binary heap: exact to the nanosecond, no ticks, nothing allocated once it has grown.

/// A set of timers, each known by a small number that its owner chose. A timer has at most one deadline.
///
/// Identifiers are dense (0, 1, 2, …), so that the owner computes them from what the timer is about and the queue finds
/// its place in the heap by one array access. Due timers come out by deadline, equal deadlines by identifier.
package struct TimerQueue {
    private struct Entry {
        var deadline: Int64
        var identifier: Int

        static func < (left: Entry, right: Entry) -> Bool {
            left.deadline != right.deadline ? left.deadline < right.deadline : left.identifier < right.identifier
        }
    }

    private static let absent = -1

    private var heap: [Entry] = []
    /// Where in the heap each identifier is, or `absent`.
    private var positions: [Int] = []

    /// A queue that arms identifiers below `capacity` without allocating; higher ones make it grow.
    package init(capacity: Int = 64) { reserve(capacity) }

    /// Makes room for identifiers below `capacity`.
    package mutating func reserve(_ capacity: Int) {
        heap.reserveCapacity(capacity)
        while positions.count < capacity { positions.append(Self.absent) }
    }

    package var isEmpty: Bool { heap.isEmpty }
    package var count: Int { heap.count }

    /// The earliest deadline in nanoseconds of the monotonic clock, nil when nothing is armed.
    package var nextDeadline: Int64? { heap.first?.deadline }

    /// The deadline of one timer, nil when it is not armed.
    package func deadline(of identifier: Int) -> Int64? {
        guard identifier < positions.count, positions[identifier] != Self.absent else { return nil }
        return heap[positions[identifier]].deadline
    }

    /// Sets or replaces the deadline of a timer.
    package mutating func arm(_ identifier: Int, at deadline: Int64) {
        precondition(identifier >= 0, "timer identifiers are dense numbers from 0")
        if identifier >= positions.count { reserve(max(identifier + 1, 2 * positions.count)) }
        let entry = Entry(deadline: deadline, identifier: identifier)
        let position = positions[identifier]
        if position == Self.absent {
            heap.append(entry)
            siftUp(entry, from: heap.count - 1)
        } else {
            settle(entry, at: position)
        }
    }

    /// Forgets the deadline of a timer; without one, nothing happens.
    package mutating func disarm(_ identifier: Int) {
        guard identifier >= 0, identifier < positions.count, positions[identifier] != Self.absent else { return }
        let position = positions[identifier]
        positions[identifier] = Self.absent
        let last = heap.removeLast()
        if position < heap.count { settle(last, at: position) }
    }

    /// Takes out the earliest timer whose deadline is not after `now`; nil when none is due.
    package mutating func popDue(_ now: Int64) -> Int? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        disarm(first.identifier)
        return first.identifier
    }

    /// Puts an entry where a hole is, moving it in the one direction that order asks for.
    private mutating func settle(_ entry: Entry, at position: Int) {
        if position > 0, entry < heap[(position - 1) / 2] {
            siftUp(entry, from: position)
        } else {
            siftDown(entry, from: position)
        }
    }

    private mutating func siftUp(_ entry: Entry, from start: Int) {
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard entry < heap[parent] else { break }
            place(heap[parent], at: position)
            position = parent
        }
        place(entry, at: position)
    }

    private mutating func siftDown(_ entry: Entry, from start: Int) {
        var position = start
        while 2 * position + 1 < heap.count {
            var child = 2 * position + 1
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < entry else { break }
            place(heap[child], at: position)
            position = child
        }
        place(entry, at: position)
    }

    private mutating func place(_ entry: Entry, at position: Int) {
        heap[position] = entry
        positions[entry.identifier] = position
    }
}
