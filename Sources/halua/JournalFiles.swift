/// Event journals on the disk, with the files that were written before them.
import ArgumentParser
import Daemon
import Glibc
import Journal
import LinuxIO

/// Where the package's unit lets the daemon write.
let defaultJournalPath = "/var/lib/halua/events.jsonl"

/// What the commands that read journals share.
struct JournalOptions: ParsableArguments {
    @Argument(help: "The journals; without one, /var/lib/halua/events.jsonl.")
    var files: [String] = []

    @Option(help: "Only what happened since then: 90s, 15m, 2h, 3d ago, or 2026-11-26, 17:35, \"2026-11-26 17:35\".")
    var since: TypedMoment?

    var paths: [String] { files.isEmpty ? [defaultJournalPath] : files }

    /// Every entry of every file and its predecessors (events.jsonl.3, .2, .1). Lines that are none are told of.
    ///
    /// Throws: a sentence for the terminal.
    func read() throws -> [JournalEntry] {
        var (entries, unreadable): ([JournalEntry], Int) = ([], 0)
        for path in paths {
            var names = [path]
            while case let older = "\(path).\(names.count)", names.count <= 100, access(older, F_OK) == 0 {
                names.append(older)
            }
            for file in names.reversed() {
                let (some, strange) = journalEntries(of: try Self.octets(of: file))
                entries += some
                unreadable += strange
            }
        }
        if unreadable > 0 { printError("halua: \(unreadable) lines are no events: a crash may have cut them off") }
        return entries
    }

    private static func octets(of path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ToolError(sentence(path, errno)) }
        defer { close(descriptor) }
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw ToolError(sentence(path, errno)) }
            if count == 0 { return octets }
            octets += buffer[..<count]
        }
    }

    private static func sentence(_ path: String, _ number: Int32) -> String {
        switch number {
        case ENOENT:
            "there is no \(path): the daemon writes one under systemd, or where \"event_journal\" in global_defs says"
        case EACCES: "\(path) may be read by root, and by the group of haluad's --control-group"
        default: "\(path): \(String(cString: strerror(number)))"
        }
    }
}

/// "--since": a span before now, or a moment.
struct TypedMoment: ExpressibleByArgument {
    var microseconds: Int64

    init?(argument: String) {
        guard let moment = Moments.parse(argument, now: Clock.realtime / 1_000) else { return nil }
        microseconds = moment
    }
}
