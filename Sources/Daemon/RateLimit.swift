/// Keeps one kind of message from filling the log: the first at once, then at most one in ten seconds, with a count of
/// what was held back.

/// One limit per kind of message and source. Bounded: the table forgets the oldest kinds when it is full.
struct RateLimit<Key: Hashable> {
    private struct Entry {
        var sinceNanoseconds: Int64
        var admitted = 1
        var heldBack = 0
    }

    private static var span: Int64 { 10_000_000_000 }
    private static var capacity: Int { 256 }

    private var entries: [Key: Entry] = [:]

    /// nil: hold this one back. Otherwise print it; the number says how many like it were held back before.
    ///
    /// `burst`: how many may speak within ten seconds.
    mutating func admit(_ key: Key, now: Int64, burst: Int = 1) -> Int? {
        guard var entry = entries[key] else {
            if entries.count >= Self.capacity { forgetOldest() }
            entries[key] = Entry(sinceNanoseconds: now)
            return 0
        }
        guard now - entry.sinceNanoseconds < Self.span else {
            entries[key] = Entry(sinceNanoseconds: now)
            return entry.heldBack
        }
        let speaks = entry.admitted < burst
        if speaks { entry.admitted += 1 } else { entry.heldBack += 1 }
        entries[key] = entry
        return speaks ? 0 : nil
    }

    private mutating func forgetOldest() {
        guard let oldest = entries.min(by: { $0.value.sinceNanoseconds < $1.value.sinceNanoseconds })?.key else {
            return
        }
        entries[oldest] = nil
    }
}

/// What stands behind a message that was held back before.
func suffix(heldBack: Int) -> String { heldBack == 0 ? "" : " (and \(heldBack) more like it)" }
