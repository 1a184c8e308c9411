/// One event as it stands in the journal: a JSON object in one line.
import ControlProtocol
import Glibc

/// Members are added and never renamed; a reader skips what it does not know.
package struct JournalEntry: Hashable, Sendable {
    /// Of the form, not of halua.
    package static let version = 1

    /// Microseconds since 1970, by the host's clock.
    package var at: Int64
    /// Microseconds of the monotonic clock: a step of the host's clock shows as a difference.
    package var monotonic: Int64
    /// The name of the host, or router_id.
    package var node: String
    /// nil: it is about the daemon.
    package var instance: String?
    /// The documented word: "transition".
    package var event: String
    /// For people, without the instance's name.
    package var text: String
    /// What else there is, by event.
    package var fields: [JSONValue.Member]

    package init(
        at: Int64, monotonic: Int64, node: String, instance: String?, event: String, text: String,
        fields: [JSONValue.Member] = []
    ) {
        self.at = at
        self.monotonic = monotonic
        self.node = node
        self.instance = instance
        self.event = event
        self.text = text
        self.fields = fields
    }

    package subscript(field: String) -> JSONValue? { fields.first { $0.key == field }?.value }
}

extension JournalEntry {
    private static let head: Set<String> = ["v", "time", "at_us", "mono_us", "node", "instance", "event", "text"]

    package var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("v", .integer(Self.version)), .init("time", .string(Moments.utc(at))),
            .init("at_us", .integer(Int(at))),
            .init("mono_us", .integer(Int(monotonic))), .init("node", .string(node)),
        ]
        if let instance { members.append(.init("instance", .string(instance))) }
        members += [.init("event", .string(event)), .init("text", .string(text))]
        return .object(members + fields)
    }

    /// Reads one line. Throws: `JSONError` for what is no event of this form, such as a line that a crash cut off.
    package init(parsing line: some Sequence<UInt8>) throws(JSONError) {
        let json = try JSONValue(parsing: line)
        guard let at = json["at_us"]?.integer, let node = json["node"]?.string, let event = json["event"]?.string else {
            throw JSONError("no event of a journal: at_us, node and event are needed")
        }
        self.init(
            at: Int64(at), monotonic: Int64(json["mono_us"]?.integer ?? 0), node: node,
            instance: json["instance"]?.string, event: event, text: json["text"]?.string ?? "",
            fields: (json.members ?? []).filter { !Self.head.contains($0.key) })
    }

    /// "VI_1: BACKUP → MASTER: no master was heard"
    package var sentence: String { instance.map { "\($0): \(text)" } ?? text }
}

/// The entries of a file, oldest first, and how many of its lines are none.
package func journalEntries(of text: [UInt8]) -> (entries: [JournalEntry], unreadable: Int) {
    var (entries, unreadable): ([JournalEntry], Int) = ([], 0)
    for line in text.split(separator: UInt8(ascii: "\n")) {
        do throws(JSONError) {
            entries.append(try JournalEntry(parsing: line))
        } catch {
            unreadable += 1
        }
    }
    return (entries, unreadable)
}

/// Moments as people and programs write them.
package enum Moments {
    /// "2026-11-26T17:35:01.123456Z"
    package static func utc(_ microseconds: Int64) -> String {
        let parts = broken(microseconds, gmtime_r)
        return "\(date(parts))T\(clock(parts)).\(padded(Int(fraction(microseconds)), 6))Z"
    }

    /// "2026-11-26 17:35:01.123", by the clock on the wall.
    package static func local(_ microseconds: Int64) -> String {
        let parts = broken(microseconds, localtime_r)
        return "\(date(parts)) \(clock(parts)).\(padded(Int(fraction(microseconds) / 1_000), 3))"
    }

    /// "17:35:01", or with milliseconds.
    package static func clock(_ microseconds: Int64, withMilliseconds: Bool = false) -> String {
        let text = clock(broken(microseconds, localtime_r))
        return withMilliseconds ? "\(text).\(padded(Int(fraction(microseconds) / 1_000), 3))" : text
    }

    /// "90s", "15m", "2h", "3d" before `now`; "2026-11-26", "2026-11-26 17:35[:01]"; "17:35[:01]" of today.
    ///
    /// Returns microseconds since 1970, nil for anything else.
    package static func parse(_ text: String, now: Int64) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        if let last = text.last, let unit = units[last], let count = Int64(text.dropLast()), count >= 0,
            count < 10_000_000
        {
            return now - count * unit * 1_000_000
        }
        let words = text.split { $0 == " " || $0 == "T" }.map(String.init)
        guard (1...2).contains(words.count) else { return nil }
        var parts = broken(now, localtime_r)
        (parts.tm_hour, parts.tm_min, parts.tm_sec, parts.tm_isdst) = (0, 0, 0, -1)
        for word in words {
            let numbers = word.split(separator: word.contains("-") ? "-" : ":").map { Int32($0) }
            guard numbers.allSatisfy({ $0 != nil }) else { return nil }
            let known = numbers.compactMap { $0 }
            if word.contains("-") {
                guard known.count == 3, (1970...9999).contains(known[0]), (1...12).contains(known[1]),
                    (1...31).contains(known[2])
                else { return nil }
                (parts.tm_year, parts.tm_mon, parts.tm_mday) = (known[0] - 1900, known[1] - 1, known[2])
            } else {
                guard (2...3).contains(known.count), (0...23).contains(known[0]), (0...59).contains(known[1]),
                    (0...60).contains(known.count > 2 ? known[2] : 0)
                else { return nil }
                (parts.tm_hour, parts.tm_min, parts.tm_sec) = (known[0], known[1], known.count > 2 ? known[2] : 0)
            }
        }
        let seconds = mktime(&parts)
        return seconds == -1 ? nil : Int64(seconds) * 1_000_000
    }

    private static func broken(
        _ microseconds: Int64, _ convert: (UnsafePointer<time_t>, UnsafeMutablePointer<tm>) -> UnsafeMutablePointer<tm>?
    ) -> tm {
        var seconds = time_t((Double(microseconds) / 1_000_000).rounded(.down))
        var parts = tm()
        _ = convert(&seconds, &parts)
        return parts
    }

    private static func fraction(_ microseconds: Int64) -> Int64 {
        let rest = microseconds % 1_000_000
        return rest < 0 ? rest + 1_000_000 : rest
    }

    private static func date(_ parts: tm) -> String {
        "\(parts.tm_year + 1900)-\(padded(Int(parts.tm_mon) + 1))-\(padded(Int(parts.tm_mday)))"
    }

    private static func clock(_ parts: tm) -> String {
        "\(padded(Int(parts.tm_hour))):\(padded(Int(parts.tm_min))):\(padded(Int(parts.tm_sec)))"
    }

    private static func padded(_ number: Int, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
