/// Keeps one kind of message from filling the log: the first at once, then at most one in ten seconds, with a count of
/// what was held back.

/// One limit per kind of message and source. Bounded: the table forgets the oldest kinds when it is full.
struct RateLimit<Key: Hashable> {
    private struct Entry {
        var lastNanoseconds: Int64
        var heldBack: Int
    }

    private static var gap: Int64 { 10_000_000_000 }
    private static var capacity: Int { 256 }

    private var entries: [Key: Entry] = [:]

    /// nil: hold this one back. Otherwise print it; the number says how many like it were held back before.
    mutating func admit(_ key: Key, now: Int64) -> Int? {
        guard var entry = entries[key] else {
            if entries.count >= Self.capacity { forgetOldest() }
            entries[key] = Entry(lastNanoseconds: now, heldBack: 0)
            return 0
        }
        guard now - entry.lastNanoseconds >= Self.gap else {
            entry.heldBack += 1
            entries[key] = entry
            return nil
        }
        entries[key] = Entry(lastNanoseconds: now, heldBack: 0)
        return entry.heldBack
    }

    private mutating func forgetOldest() {
        guard let oldest = entries.min(by: { $0.value.lastNanoseconds < $1.value.lastNanoseconds })?.key else { return }
        entries[oldest] = nil
    }
}

/// What stands behind a message that was held back before.
func suffix(heldBack: Int) -> String { heldBack == 0 ? "" : " (and \(heldBack) more like it)" }
