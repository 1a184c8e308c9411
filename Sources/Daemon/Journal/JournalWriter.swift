/// Writes the event journal on a thread of its own: the main loop never waits for a disk.
import ControlProtocol
import Glibc
import Journal
import KeepalivedConf
import LinuxIO
import SystemPackage

/// Takes entries from any thread. A disk that is full, or a folder that is missing, is said once; what could not be
/// written is counted, and the count stands in the journal as soon as it can be written again.
package final class JournalWriter: Sendable {
    private static let queueLimit = 4096

    private let mailbox: Mailbox<JournalEntry?>
    private let thread: LinuxIO.Thread
    private let dropped = Lock(0)

    /// `group`: may read the files; nil: only root. `complain`: called on the writer's thread. Throws: EMFILE, EAGAIN.
    package init(
        _ settings: JournalSettings, group: gid_t?, complain: @escaping @Sendable (String) -> Void
    ) throws(IOFailure) {
        let mailbox = try Mailbox<JournalEntry?>(limit: Self.queueLimit)
        self.mailbox = mailbox
        thread = try Thread.start(name: "halua-journal") {
            guard let loop = try? EventLoop(maximumEvents: 4) else { return }
            let file = JournalFile(settings, group: group, complain: complain)
            let registration = try? mailbox.attach(to: loop) { entry in
                guard let entry else { return loop.stop() }
                file.write(entry)
            }
            if registration != nil { loop.run() }
        }
    }

    package func send(_ entry: JournalEntry) {
        let missed = dropped.withLock { count in
            defer { count = 0 }
            return count
        }
        var entry = entry
        if missed > 0 { entry.fields.append(.init("lost_before", .integer(missed))) }
        if !mailbox.send(entry) { dropped.withLock { $0 += missed + 1 } }
    }

    /// Writes what waits, then ends the thread. Nothing may be sent afterwards.
    package func finish() {
        mailbox.send(nil)
        thread.join()
    }
}

/// The file and its predecessors. Lives on the writer's thread alone.
private final class JournalFile {
    private let settings: JournalSettings
    private let group: gid_t?
    private let complain: @Sendable (String) -> Void
    private var descriptor: OwnedDescriptor?
    private var size = 0
    /// The file ends in a line that was cut off: by a crash, or by a full disk.
    private var isTorn = false
    private var lost = 0

    init(_ settings: JournalSettings, group: gid_t?, complain: @escaping @Sendable (String) -> Void) {
        self.settings = settings
        self.group = group
        self.complain = complain
    }

    func write(_ entry: JournalEntry) {
        var entry = entry
        if lost > 0 { entry.fields.append(.init("lost_before", .integer(lost))) }
        var line = Array((entry.json.text() + "\n").utf8)
        do throws(IOFailure) {
            let file = try opened()
            if isTorn { line.insert(UInt8(ascii: "\n"), at: 0) }
            let count = line.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count >= 0 else { throw IOFailure("write", Errno.last, settings.path) }
            size += count
            isTorn = count < line.count
            if isTorn { throw IOFailure("write", .noSpace, settings.path) }
            if lost > 0 { complain("the event journal is written again: \(lost) events are missing in it") }
            lost = 0
            if size >= settings.fileLimit { rotate() }
        } catch {
            if lost == 0 { complain("the event journal cannot be written: \(error); halua goes on without it") }
            lost += 1
            // Whatever was wrong with it, the next one is opened anew.
            descriptor = nil
        }
    }

    private func opened() throws(IOFailure) -> Int32 {
        if let raw = descriptor?.rawValue { return raw }
        let flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW
        let owned = try OwnedDescriptor("open", detail: settings.path) { open(settings.path, flags, 0o640) }
        let raw = owned.rawValue
        var facts = stat()
        try systemCall("fstat", detail: settings.path) { fstat(raw, &facts) }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw IOFailure("open", .invalidArgument, "\(settings.path), which is no plain file")
        }
        if let group { try systemCall("fchown", detail: settings.path) { fchown(raw, uid_t.max, group) } }
        size = Int(facts.st_size)
        var last: UInt8 = 0
        isTorn = size > 0 && pread(raw, &last, 1, off_t(size - 1)) == 1 && last != UInt8(ascii: "\n")
        descriptor = consume owned
        return raw
    }

    /// events.jsonl becomes events.jsonl.1, that one events.jsonl.2, and so on.
    private func rotate() {
        for number in stride(from: settings.files - 1, to: 0, by: -1) {
            let older = "\(settings.path).\(number)"
            rename(number == 1 ? settings.path : "\(settings.path).\(number - 1)", older)
        }
        if settings.files == 1 { unlink(settings.path) }
        descriptor = nil
    }
}
