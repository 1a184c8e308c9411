/// Entries as lines, and moments as they are typed.
import ControlProtocol
import Glibc
import Journal
import Testing

@Suite struct JournalEntryTests {
    private let entry = JournalEntry(
        at: 1_764_178_501_123_456, monotonic: 42, node: "mycat01", instance: "VI_1", event: "transition",
        text: "BACKUP → MASTER: no \"master\"\nwas heard",
        fields: [.init("to", .string("MASTER")), .init("sequence", .integer(2))])

    @Test("an entry survives the way through its line, which is one line")
    func roundTrip() throws {
        let line = entry.json.text()
        #expect(!line.contains("\n"))
        #expect(try JournalEntry(parsing: line.utf8) == entry)
        #expect(line.contains("\"time\":\"2025-11-26T17:35:01.123456Z\""), "\(line)")
    }

    @Test("a line that a crash cut off costs itself and nothing else")
    func torn() {
        let line = entry.json.text()
        let text = Array("\(line)\n\(line.prefix(40))\n{}\n\(line)\n".utf8)
        let (entries, unreadable) = journalEntries(of: text)
        #expect(entries == [entry, entry])
        #expect(unreadable == 2)
    }

    @Test("members that this version does not know are kept as fields")
    func unknownMembers() throws {
        let line = #"{"v":9,"at_us":5,"node":"a","event":"new","text":"x","more":[1]}"#
        let entry = try JournalEntry(parsing: line.utf8)
        #expect(entry["more"] == [1])
    }

    @Test("moments are typed as spans before now, as days, and as times of the day")
    func moments() throws {
        setenv("TZ", "UTC", 1)
        tzset()
        let now: Int64 = 1_764_178_501_000_000
        #expect(Moments.parse("90s", now: now) == now - 90_000_000)
        #expect(Moments.parse("2h", now: now) == now - 7_200_000_000)
        #expect(Moments.parse("3d", now: now) == now - 259_200_000_000)
        #expect(Moments.parse("2025-11-26", now: now) == 1_764_115_200_000_000)
        #expect(Moments.parse("2025-11-26 17:35", now: now) == 1_764_178_500_000_000)
        #expect(Moments.parse("17:35:01", now: now) == now)
        for wrong in ["", "h", "soon", "25:00", "2025-13-01", "1:2:3:4", "2025-11-26 17:35 x", "-5m"] {
            #expect(Moments.parse(wrong, now: now) == nil, "\(wrong)")
        }
        #expect(Moments.local(now + 7_000) == "2025-11-26 17:35:01.007")
    }
}
