/// A file that a script watches: the last change that nobody has asked for yet, and who waits for the next.
import LinuxIO

final class FileWatch: HandleObject, WakeSource {
    static let kind = HandleKind.fileWatch

    let path: String
    var listeners: [() -> Void] = []
    /// A plugin's test has files of its own.
    private let scripted: ScriptedFiles?
    private var notices: FileNotices?
    private var token: UInt64?
    private(set) var isClosed = false
    /// What happened since somebody asked last: never more than the one thing that it comes to.
    private var pending: (change: FileChange, detail: String)?
    private var waiter: ((FileChange, String) -> Void)?
    /// Told when the watch is closed while somebody waits.
    private var giveUp: ((OperatingError) -> Void)?
    /// What a scripted file was.
    private var content: [UInt8]?

    init(_ path: String, _ scripted: ScriptedFiles?) {
        self.path = path
        self.scripted = scripted
    }

    func start(_ scheduler: Scheduler) -> OperatingError? {
        let failure = begin(scheduler)
        if failure != nil { close() }
        return failure
    }

    /// Begins to watch; returns what is in the way.
    func begin(_ scheduler: Scheduler) -> OperatingError? {
        guard token == nil, !isClosed else { return nil }
        if let scripted {
            token = 0
            content = scripted.read(path)
            scripted.observe { [weak self] path in self?.look(path) }
            return nil
        }
        do throws(IOFailure) {
            notices = scheduler.files
            token = try scheduler.files.watch(path) { [weak self] change, detail in self?.happened(change, detail) }
            return nil
        } catch {
            return OperatingError(.denied, "file.watch \(path): \(error)")
        }
    }

    private func look(_ changed: String) {
        guard let scripted, changed == path, !isClosed else { return }
        let before = content
        content = scripted.read(path)
        happened(content == nil ? .removed : before == nil ? .created : .changed, "")
    }

    private func happened(_ change: FileChange, _ detail: String) {
        for listener in listeners { listener() }
        if let waiter {
            endWait()
            waiter(change, detail)
            return
        }
        pending = (Self.sum(pending?.change, change), detail)
    }

    /// What two changes in a row come to.
    private static func sum(_ first: FileChange?, _ second: FileChange) -> FileChange {
        switch (first, second) {
        case (.created, .changed): .created
        case (.removed, .created): .changed
        default: second
        }
    }

    func released() { close() }

    func close() {
        isClosed = true
        if let token { notices?.remove(token) }
        token = nil
        listeners = []
        let giveUp = giveUp
        endWait()
        giveUp?(OperatingError(.closed, "the watch of \(path) was closed"))
    }

    // MARK: Waiting

    var isBusy: Bool { waiter != nil }

    /// What has happened already, once.
    func take() -> (change: FileChange, detail: String)? {
        defer { pending = nil }
        return pending
    }

    func wait(_ waiter: @escaping (FileChange, String) -> Void, giveUp: @escaping (OperatingError) -> Void) {
        self.waiter = waiter
        self.giveUp = giveUp
    }

    func endWait() {
        waiter = nil
        giveUp = nil
    }
}
