/// Keeps one kind of message from filling the log: the first at once, then at most one in ten seconds, with a count of
/// what was held back. When no further one comes, the count is told by itself, at the latest when the daemon ends.

import LinuxIO
import Logging
import VRRPCore

/// One limit per kind of message and source. Bounded: the table forgets the older half of its kinds when it is full, and
/// counts what it held back of them.
struct RateLimit<Key: Hashable> {
    private struct Entry {
        var sinceNanoseconds: Int64
        var admitted = 1
        var heldBack = 0
        /// What was said last, so that a count can be told without a new one.
        var text = ""
    }

    private static var span: Int64 { 10_000_000_000 }
    private static var capacity: Int { 1_024 }

    private var entries: [Key: Entry] = [:]
    /// Held back of kinds that are forgotten, and not told yet.
    private var forgotten = 0

    /// nil: hold this one back. Otherwise print it; the number says how many like it were held back before.
    ///
    /// `burst`: how many may speak within ten seconds.
    mutating func admit(_ key: Key, now: Int64, burst: Int = 1) -> Int? {
        guard var entry = entries[key] else {
            if entries.count >= Self.capacity { forgetOlderHalf() }
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

    /// The line to write now, with the number of those that were held back before; nil: hold this one back, too.
    ///
    /// Its count is told by itself when no further one comes.
    mutating func line(of key: Key, now: Int64, _ text: @autoclosure () -> String) -> String? {
        guard let heldBack = admit(key, now: now) else { return nil }
        let text = text()
        remember(text, of: key)
        return text + suffix(heldBack: heldBack)
    }

    /// What was said of a kind that has just been admitted.
    mutating func remember(_ text: String, of key: Key) { entries[key]?.text = text }

    /// A line for each kind that held something back and has had its ten seconds; `atEnd`: for each that did.
    mutating func tellHeldBack(now: Int64, atEnd: Bool) -> [String] {
        var lines: [String] = []
        for (key, entry) in entries where entry.heldBack > 0 && !entry.text.isEmpty {
            guard atEnd || now - entry.sinceNanoseconds >= Self.span else { continue }
            lines.append("\(entry.heldBack) more of these were held back: \(entry.text)")
            entries[key]?.heldBack = 0
            entries[key]?.sinceNanoseconds = now
        }
        if forgotten > 0 {
            lines.append("\(forgotten) more messages were held back, of more kinds than are remembered")
            forgotten = 0
        }
        return lines.count > 1 ? lines.sorted() : lines
    }

    /// Half at a time: in a storm of new kinds a search for the oldest one would cost each of them a look at all.
    private mutating func forgetOlderHalf() {
        let newestFirst = entries.sorted { $0.value.sinceNanoseconds > $1.value.sinceNanoseconds }
        let kept = newestFirst.prefix(Self.capacity / 2)
        forgotten += newestFirst[kept.endIndex...].reduce(0) { $0 + $1.value.heldBack }
        entries = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
    }
}

/// What stands behind a message that was held back before.
func suffix(heldBack: Int) -> String { heldBack == 0 ? "" : " (and \(heldBack) more like it)" }

extension Daemon {
    /// Every ten seconds, and once more at the end: nothing that was held back stays unsaid. Where nothing was, nothing is
    /// allocated.
    func tellHeldBack(atEnd: Bool = false) {
        let now = loop.now
        say(dropComplaints.tellHeldBack(now: now, atEnd: atEnd))
        say(publisher.tellHeldBack(now: now, atEnd: atEnd))
        say(receivers.tellHeldBack(now: now, atEnd: atEnd))
        say(channel.tellHeldBack(now: now, atEnd: atEnd))
        say(control?.tellHeldBack(now: now, atEnd: atEnd) ?? [])
        say(announcer.tellHeldBack(now: now, atEnd: atEnd))
        say(prober.tellHeldBack(now: now, atEnd: atEnd))
        say(ears.tellHeldBack(now: now, atEnd: atEnd))
        say(deadMan.tellHeldBack(now: now, atEnd: atEnd))
        if !atEnd { loop.after(.seconds(10), heldBackTimer) }
    }

    private func say(_ lines: [String]) {
        for line in lines { logger.notice("\(line)") }
    }
}
