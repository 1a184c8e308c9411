/// `halua events`: what has happened, from the event journal; it survives restarts.
import ArgumentParser
import ControlProtocol
import Daemon
import Glibc
import Journal
import LinuxIO

struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what has happened: every transition, check, hook, alarm and order, with its reason.",
        discussion: """
            The daemon keeps a journal of events, which survives restarts (event_journal in halua.conf(5)).

              sudo halua events --since 2h
              sudo halua events --instance VI_1 --follow

            Journals of other nodes can be given, too; then the events are in the order of their moments.

            Exit status: 0, or 2 when a journal cannot be read.
            """)

    @OptionGroup var journals: JournalOptions

    @Option(help: "Only this vrrp_instance, and what is about the daemon itself.")
    var instance: String?

    @Flag(name: [.customShort("f"), .long], help: "Go on showing what happens.")
    var follow = false

    @Flag(help: "Print the entries as they stand in the journal, one JSON object a line.")
    var json = false

    func run() throws {
        // Before it is read: nothing between the two is missed.
        var tails = follow ? journals.paths.map { JournalTail($0) } : []
        do {
            let entries = try journals.read()
            show(entries.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element))
        } catch let error as ToolError {
            guard follow else {
                printError("halua: \(error)")
                throw ExitCode(2)
            }
            printError("halua: \(error); waiting for it")
        }
        while follow {
            usleep(100_000)
            for index in tails.indices { show(tails[index].news()) }
        }
    }

    private func show(_ entries: [JournalEntry]) {
        for entry in entries where isWanted(entry) {
            print(json ? entry.json.text() : "\(Moments.local(entry.at))  \(entry.node)  \(entry.sentence)")
        }
        // Whoever pipes it into a file still sees it grow.
        fflush(nil)
    }

    private func isWanted(_ entry: JournalEntry) -> Bool {
        if let since = journals.since, entry.at < since.microseconds { return false }
        if entry.event == "alive", !json { return false }
        guard let instance, let own = entry.instance else { return true }
        return own == instance
    }
}

/// The end of a journal, also when a new file takes the place of a full one.
private struct JournalTail {
    private let path: String
    private var descriptor: Int32 = -1
    private var inode: ino_t = 0
    private var rest: [UInt8] = []

    init(_ path: String) {
        self.path = path
        open(atEnd: true)
    }

    private mutating func open(atEnd: Bool) {
        descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        var facts = stat()
        fstat(descriptor, &facts)
        inode = facts.st_ino
        if atEnd { lseek(descriptor, 0, SEEK_END) }
    }

    mutating func news() -> [JournalEntry] {
        if descriptor < 0 { open(atEnd: false) }
        guard descriptor >= 0 else { return [] }
        readOn()
        var facts = stat()
        if stat(path, &facts) == 0, facts.st_ino != inode {
            // What was written to the full one before it was renamed.
            readOn()
            close(descriptor)
            open(atEnd: false)
            readOn()
        }
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let whole = Array(rest[...end])
        rest.removeFirst(end + 1)
        return journalEntries(of: whole).entries
    }

    private mutating func readOn() {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while descriptor >= 0, case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 {
            rest += buffer[..<count]
        }
    }
}
