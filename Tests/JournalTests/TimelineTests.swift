/// From journals to lanes: holders, overlaps, gaps, and daemons that ended without a word.
import ControlProtocol
import Glibc
import Journal
import Testing

@Suite struct TimelineTests {
    init() {
        setenv("TZ", "UTC", 1)
        tzset()
    }

    /// Seconds after a moment of the tests' own.
    private func at(_ seconds: Double) -> Int64 { 1_764_178_500_000_000 + Int64(seconds * 1_000_000) }

    private func entry(
        _ seconds: Double, _ node: String, _ event: String, _ fields: [JSONValue.Member] = [], _ text: String = ""
    ) -> JournalEntry {
        JournalEntry(
            at: at(seconds), monotonic: 0, node: node,
            instance: ["start", "stop", "alive"].contains(event) ? nil : "VI_1",
            event: event, text: text.isEmpty ? event : text, fields: fields)
    }

    private func transition(_ seconds: Double, _ node: String, _ to: String, _ reason: String = "x") -> JournalEntry {
        entry(seconds, node, "transition", [.init("to", .string(to)), .init("reason", .string(reason))], "to \(to)")
    }

    /// a is master from 3, is stopped at 10, and b follows two milliseconds later.
    private var handOver: [JournalEntry] {
        [
            entry(0, "a", "start"), transition(0, "a", "BACKUP"), transition(3, "a", "MASTER"),
            entry(3.001, "a", "serving"),
            entry(1, "b", "start"), transition(1, "b", "BACKUP"),
            entry(10, "a", "stop"), entry(10.001, "a", "released"), transition(10.001, "a", "INIT", "shutdown"),
            transition(10.002, "b", "MASTER"), entry(10.003, "b", "serving"), entry(20, "b", "alive"),
        ]
    }

    @Test("a hand-over has one holder, nobody for a moment, and the other holder")
    func handedOver() throws {
        let timeline = try #require(Timeline(handOver))
        let router = try #require(timeline.routers.first)
        #expect(timeline.nodes == ["a", "b"] && router.name == "VI_1")
        #expect(router.holders.map(\.nodes) == [["a"], [], ["b"]])
        #expect(router.gaps.map { $0.end - $0.start } == [2_000])
        #expect(router.overlaps.isEmpty)
        #expect(router.lanes[0].states.map(\.kind) == [.backup, .master, .initialize])
        #expect(router.lanes[1].holds.first?.end == timeline.end)
    }

    @Test("two holders are an overlap, as long as both have the addresses")
    func overlap() throws {
        let entries =
            handOver + [transition(15, "a", "MASTER"), entry(15, "a", "serving"), entry(17.5, "a", "released")]
        let router = try #require(Timeline(entries)?.routers.first)
        #expect(router.overlaps.map(\.nodes) == [["a", "b"]])
        #expect(router.overlaps.map { $0.end - $0.start } == [2_500_000])
    }

    @Test("a daemon that ended without a word holds until another node serves, and no overlap is made up")
    func killed() throws {
        let entries = [
            entry(0, "a", "start"), transition(3, "a", "MASTER"), entry(3, "a", "serving"), entry(5, "a", "check"),
            transition(8, "b", "MASTER"), entry(8, "b", "serving"),
            entry(12, "a", "start"), transition(12, "a", "BACKUP"),
        ]
        let router = try #require(Timeline(entries)?.routers.first)
        #expect(router.lanes[0].holds.map(\.kind) == [.holding, .fading])
        #expect(router.lanes[0].holds.map { $0.end } == [at(5), at(8)])
        #expect(router.overlaps.isEmpty)
    }

    @Test("a master that only wrote that it lives is a holder; one that wrote nothing for minutes is gone")
    func silence() throws {
        let both = [
            entry(0, "a", "start"), entry(3, "a", "serving"), entry(60, "a", "alive"), entry(120, "a", "alive"),
            entry(100, "b", "serving"), entry(150, "b", "alive"),
        ]
        #expect(Timeline(both)?.routers.first?.overlaps.map { $0.start } == [at(100)])
        let gone = both.filter { $0.node == "b" || $0.at < at(50) }
        let router = try #require(Timeline(gone)?.routers.first)
        #expect(router.overlaps.isEmpty)
        #expect(router.lanes[0].holds.last?.kind == .fading && router.lanes[0].holds.last?.end == at(100))
    }

    @Test("missed adverts, failing checks, hooks and alarms have their places")
    func besides() throws {
        let check: (Double, String) -> JournalEntry = { moment, state in
            entry(moment, "b", "check", [.init("check", .string("mycat.process")), .init("state", .string(state))])
        }
        let entries =
            handOver + [
                entry(5, "b", "adverts_missed"), entry(5.5, "b", "adverts_back"), check(6, "down"), check(7, "up"),
                entry(12, "b", "hook", [.init("took_us", .integer(500_000))]),
                entry(13, "b", "guard", [.init("guard", .string("peer_silent")), .init("alarm", .boolean(true))]),
                entry(14, "b", "guard", [.init("guard", .string("peer_silent")), .init("alarm", .boolean(false))]),
            ]
        let lane = try #require(Timeline(entries)?.routers.first?.lanes.last)
        #expect(lane.missed.map { [$0.start, $0.end] } == [[at(5), at(5.5)]])
        #expect(lane.checks.map { [$0.start, $0.end] } == [[at(6), at(7)]])
        #expect(lane.hooks.map { [$0.start, $0.end] } == [[at(11.5), at(12)]])
        #expect(lane.marks.map(\.kind) == [.start, .alarm])
    }

    @Test("what is older than the beginning only tells how things stood then")
    func since() throws {
        let timeline = try #require(Timeline(handOver, since: at(8)))
        #expect(timeline.start == at(8))
        #expect(timeline.routers.first?.holders.first?.start == at(8))
        #expect(timeline.routers.first?.lanes.first?.states.map(\.kind) == [.master, .initialize])
        #expect(timeline.entries.first?.at == at(10))
        #expect(Timeline([]) == nil)
    }

    @Test("as text")
    func text() throws {
        let text = try #require(Timeline(handOver)).text(columns: 20)
        #expect(
            text.hasPrefix(
                """
                2025-11-26 17:35:00.000 to 17:35:20, 2 nodes: a, b

                VI_1
                  a        bbMMMMMMMMiiiiiiiiii
                  b        bbbbbbbbbMMMMMMMMMMM
                  holders    111111111111111111
                  17:35:03.001  a for 7.0 s
                  17:35:10.001  nobody for 2.0 ms
                  17:35:10.003  b for 10.1 s

                """), "\(text)")
        #expect(text.contains("\n17:35:10.001  a        VI_1: to INIT\n"))
        #expect(!text.contains("alive"))
    }

    @Test("the page has a lane for each node, marks overlaps, and asks no network for anything")
    func page() throws {
        let entries =
            handOver + [
                entry(15, "a", "serving", [], "<script>alert(1)</script> & \"more\""), entry(17.5, "a", "released"),
            ]
        let page = try #require(Timeline(entries)).page
        #expect(page.contains("<section class=\"router\" data-router=\"VI_1\">"))
        #expect(
            page.contains("<div class=\"lane\" data-node=\"a\">")
                && page.contains("<div class=\"lane\" data-node=\"b\">"))
        #expect(page.contains("<i class=\"overlap\" data-node=\"a and b\""))
        #expect(page.contains("Two holders: once, 2.5 s in all."))
        #expect(
            page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;") && !page.contains("<script"))
        for foreign in ["http:", "https:", "src=", "@import", "url("] { #expect(!page.contains(foreign), "\(foreign)") }
        #expect(try #require(Timeline(handOver)).page.contains("No address had two holders."))
    }
}
