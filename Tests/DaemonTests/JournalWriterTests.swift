/// The event journal on a disk: whole lines, files that change, and disks that refuse.
import ControlProtocol
import Foundation
import Journal
import KeepalivedConf
import LinuxIO
import Testing

@testable import Daemon

@Suite struct JournalWriterTests {
    private func entry(_ number: Int) -> JournalEntry {
        JournalEntry(
            at: Int64(number), monotonic: 0, node: "a", instance: "VI_1", event: "transition", text: "number \(number)")
    }

    /// Writes entries as the daemon does; returns what the writer complained of.
    private func write(_ entries: [JournalEntry], _ settings: JournalSettings, between: (Int) -> Void = { _ in }) throws
        -> [String]
    {
        let complaints = Lock([String]())
        let writer = try JournalWriter(settings, group: nil) { text in complaints.withLock { $0.append(text) } }
        for (number, entry) in entries.enumerated() {
            between(number)
            writer.send(entry)
        }
        writer.finish()
        return complaints.withLock { $0 }
    }

    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "halua-journal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    private func read(_ path: String) throws -> (entries: [JournalEntry], unreadable: Int) {
        journalEntries(of: Array(try Data(contentsOf: URL(filePath: path))))
    }

    @Test("entries are lines of a file that only root reads, and a later process goes on behind them")
    func appends() throws {
        try inFolder { folder in
            let settings = JournalSettings(path: folder + "/events.jsonl")
            let complaints = try write([entry(1), entry(2)], settings) + write([entry(3)], settings)
            #expect(complaints.isEmpty)
            let entries = try read(settings.path).entries
            #expect(entries == [entry(1), entry(2), entry(3)])
            var facts = stat()
            #expect(stat(settings.path, &facts) == 0 && facts.st_mode & 0o777 == 0o640)
        }
    }

    @Test("a line that a crash cut off stays alone: the next one begins anew")
    func torn() throws {
        try inFolder { folder in
            let settings = JournalSettings(path: folder + "/events.jsonl")
            let line = entry(1).json.text()
            try Data("\(line)\n\(line.prefix(20))".utf8).write(to: URL(filePath: settings.path))
            let complaints = try write([entry(2)], settings)
            #expect(complaints.isEmpty)
            let (entries, unreadable) = try read(settings.path)
            #expect(entries == [entry(1), entry(2)] && unreadable == 1)
        }
    }

    @Test("a full file is renamed, and the oldest of them goes")
    func rotation() throws {
        try inFolder { folder in
            var settings = JournalSettings(path: folder + "/events.jsonl")
            (settings.fileLimit, settings.files) = (2_000, 3)
            let complaints = try write((0..<100).map(entry), settings)
            #expect(complaints.isEmpty)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(files == ["events.jsonl", "events.jsonl.1", "events.jsonl.2"])
            let all = try ["events.jsonl.2", "events.jsonl.1", "events.jsonl"].flatMap {
                try read("\(folder)/\($0)").entries
            }
            #expect(all.last == entry(99))
            #expect(zip(all, all.dropFirst()).allSatisfy { $0.at + 1 == $1.at }, "nothing is missing in between")
        }
    }

    @Test("a missing folder is said once; when it is there, what is missing is counted in the journal")
    func recovers() throws {
        try inFolder { folder in
            let settings = JournalSettings(path: folder + "/later/events.jsonl")
            let complaints = try write((0..<6).map(entry), settings) { number in
                guard number == 4 else { return }
                // The first ones have failed by then.
                usleep(300_000)
                mkdir(folder + "/later", 0o755)
            }
            #expect(complaints.count == 2, "\(complaints)")
            #expect(complaints.first?.contains("cannot be written") == true)
            #expect(complaints.last == "the event journal is written again: 4 events are missing in it")
            let entries = try read(settings.path).entries
            #expect(entries.map(\.at) == [4, 5])
            #expect(entries.first?["lost_before"] == 4)
        }
    }

    @Test("a journal is no way to write elsewhere: symbolic links and devices are refused")
    func refusesLinks() throws {
        try inFolder { folder in
            let settings = JournalSettings(path: folder + "/events.jsonl")
            symlink(folder + "/target", settings.path)
            let refusals = try write([entry(1)], settings)
            #expect(refusals.count == 1)
            #expect(access(folder + "/target", F_OK) != 0)
            let full = try write([entry(1)], JournalSettings(path: "/dev/full"))
            #expect(full.count == 1)
        }
    }
}
