/// What operators have asked of instances: a demotion, or a lowered priority after a switchover, each with its author.
import ControlProtocol
import LinuxIO
import Logging
import VRRPCore

/// At most one request an instance; a new one replaces the old one. They belong to instances by name, so they outlive a
/// reload, also one that starts an instance anew. They end with the daemon: a restarted node serves as configured. Lives
/// on the main thread.
final class OperatorRequests {
    /// What the core knows the requests by. Scripts' keys have a dot in them.
    static let key = "the operator"

    /// Who asked, and why.
    struct Author: Hashable {
        var name: String
        var user: UInt32
        var reason: String

        /// "alice (uid 0)", or "uid 0" where the tool gave no name.
        var who: String { name.isEmpty ? "uid \(user)" : "\(name) (uid \(user))" }
    }

    private enum Kind: Hashable {
        case demoted
        /// By how much, as a number that is added.
        case lowered(Int)
    }

    private struct Entry {
        var instance: InstanceID
        var kind: Kind
        var author: Author
        var since: Int64
        /// nil: until it is restored.
        var until: Int64?
        var timer: TimerToken?

        /// The words behind "demoted by the operator: ".
        var words: String { author.reason.isEmpty ? author.who : "\(author.reason), by \(author.who)" }
    }

    private let loop: EventLoop
    private let logger: Logger
    private weak var sink: (any InputSink)?
    private let journal: EventJournal?
    private var entries: [String: Entry] = [:]

    init(loop: EventLoop, logger: Logger, sink: any InputSink, journal: EventJournal? = nil) {
        self.loop = loop
        self.logger = logger
        self.sink = sink
        self.journal = journal
    }

    private func tell(_ name: String, _ sentence: String) {
        logger.notice("\(name): \(sentence)")
        journal?.record("order", instance: name, sentence)
    }

    func has(_ name: String) -> Bool { entries[name] != nil }

    func isDemoted(_ name: String) -> Bool { entries[name]?.kind == .demoted }

    /// Keep an instance in FAULT.
    func demote(_ name: String, _ id: InstanceID, for span: Duration?, _ author: Author) {
        let former = entries[name]
        set(name, id, .demoted, for: span, author)
        if case .lowered = former?.kind { adjust(id, 0, "") }
        tellCore(name)
        let time = span.map { "for \($0.inWords)" } ?? "until it is restored"
        let why = author.reason.isEmpty ? "" : ": \(author.reason)"
        tell(name, "demoted by \(author.who) \(time)\(why)")
    }

    /// Lower the priority to `target`, instead of what was asked before; `priority` reads the effective one.
    ///
    /// The sum behind a priority may be beyond what a priority can be, so the difference is corrected until it holds.
    func lower(
        _ name: String, _ id: InstanceID, to target: Int, for span: Duration?, _ author: Author,
        priority: () -> Int
    ) {
        let wasDemoted = isDemoted(name)
        var delta = 0
        for _ in 0..<3 where priority() > target {
            delta -= priority() - target
            set(name, id, .lowered(delta), for: span, author)
            tellCore(name)
        }
        let time = span.map { "for \($0.inWords)" } ?? "until it is restored"
        tell(name, "priority lowered to \(target) for \(author.who) \(time)")
        if wasDemoted { sink?.feed(.faultEnded(.demoted(key: Self.key, reason: "")), to: id) }
    }

    /// The request ends. Returns false when there is none.
    @discardableResult
    func withdraw(_ name: String, _ why: String) -> Bool {
        guard let entry = entries.removeValue(forKey: name) else { return false }
        if let timer = entry.timer { loop.cancel(timer) }
        tell(name, "\(entry.kind == .demoted ? "the demotion" : "the lowered priority") ends: \(why)")
        switch entry.kind {
        case .demoted: sink?.feed(.faultEnded(.demoted(key: Self.key, reason: entry.words)), to: entry.instance)
        case .lowered: adjust(entry.instance, 0, why)
        }
        return true
    }

    /// An instance of this name has come, at start or by a reload.
    func instanceAdded(_ name: String, _ id: InstanceID) {
        guard entries[name] != nil else { return }
        entries[name]?.instance = id
        tellCore(name)
    }

    /// A reload has left only these.
    func keep(only names: [String]) {
        for (name, entry) in entries where !names.contains(name) {
            if let timer = entry.timer { loop.cancel(timer) }
            entries[name] = nil
        }
    }

    func status(of name: String) -> OperatorStatus? {
        guard let entry = entries[name] else { return nil }
        return OperatorStatus(
            kind: entry.kind == .demoted ? .demoted : .lowered, by: entry.author.name, user: Int(entry.author.user),
            reason: entry.author.reason, sinceMs: milliseconds(loop.now - entry.since),
            remainingMs: entry.until.map { max(0, milliseconds($0 - loop.now)) })
    }

    private func set(_ name: String, _ id: InstanceID, _ kind: Kind, for span: Duration?, _ author: Author) {
        if let timer = entries[name]?.timer { loop.cancel(timer) }
        var entry = Entry(instance: id, kind: kind, author: author, since: loop.now)
        if let span {
            entry.until = loop.now + span.inNanoseconds
            entry.timer = loop.after(span) { [weak self] in self?.withdraw(name, "its time is over") }
        }
        entries[name] = entry
    }

    private func tellCore(_ name: String) {
        guard let entry = entries[name] else { return }
        switch entry.kind {
        case .demoted: sink?.feed(.faultBegan(.demoted(key: Self.key, reason: entry.words)), to: entry.instance)
        case .lowered(let delta): adjust(entry.instance, delta, entry.words)
        }
    }

    private func adjust(_ id: InstanceID, _ delta: Int, _ reason: String) {
        sink?.feed(.adjustPriority(key: Self.key, delta: delta, reason: reason), to: id)
    }
}
