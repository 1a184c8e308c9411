/// Processes that a script looks for: which ones fit, and, for a watch, the moment one comes or goes.
import LinuxIO

/// What makes a process the one that is meant.
enum ProcessCriterion: Hashable {
    /// The name the kernel shows, or the last part of its first argument.
    case name(String)
    /// One of its arguments is exactly one of these: never a part of one, so "tail -f X.log" does not fit X.
    case argument([String])
    /// The file it runs.
    case executable(String)
    /// The number in this file.
    case pidfile(String)

    func fits(_ entry: ProcessEntry, in view: any ProcessView) -> Bool {
        switch self {
        case .name(let name):
            // The kernel keeps 15 octets.
            if entry.name == name { return true }
            guard name.utf8.count > 15, name.utf8.starts(with: entry.name.utf8) else { return false }
            return view.arguments(entry.identifier).first?.split(separator: "/").last.map(String.init) == name
        case .argument(let wanted): return view.arguments(entry.identifier).contains(where: wanted.contains)
        case .executable(let path): return view.executable(entry.identifier) == path
        case .pidfile: return candidates(view) == [entry.identifier]
        }
    }

    /// The processes to look at: all, or the one in the file.
    private func candidates(_ view: any ProcessView) -> [Int32] {
        guard case .pidfile(let path) = self else { return view.identifiers() }
        guard let text = view.pidFile(path) else { return [] }
        return Int32(text.prefix { $0.isASCII && $0.isNumber }).map { [$0] } ?? []
    }

    /// All that fit now, zombies included, by their numbers.
    func find(in view: any ProcessView) -> [ProcessEntry] {
        candidates(view).compactMap(view.entry).filter { entry in
            if case .pidfile = self { return true }
            return fits(entry, in: view)
        }.sorted { $0.identifier < $1.identifier }
    }
}

/// The processes that fit a criterion, followed from event to event.
final class ProcessWatch: HandleObject {
    static let kind = HandleKind.watch

    let criterion: ProcessCriterion
    let view: any ProcessView
    /// Called whenever a process came or went.
    var listeners: [() -> Void] = []
    /// By what the kernel tells the end of each; nil where the view itself tells it.
    private var tracked: [Int32: (handle: ProcessHandle, registration: Registration)?] = [:]
    private weak var monitor: ProcessMonitor?

    init(_ criterion: ProcessCriterion, in view: any ProcessView) {
        self.criterion = criterion
        self.view = view
    }

    func released() {
        monitor?.remove(self)
        stop()
    }

    /// Begins to follow; the processes that fit already are known at once.
    func start(_ monitor: ProcessMonitor) {
        guard self.monitor == nil else { return }
        self.monitor = monitor
        monitor.add(self)
        rescan()
    }

    func stop() {
        for case (_, let entry?) in tracked { monitor?.loop.remove(entry.registration) }
        tracked = [:]
        monitor = nil
    }

    /// The processes that live, by their numbers.
    func identifiers() -> [Int32] {
        if case .pidfile = criterion { rescan() }
        return tracked.keys.sorted()
    }

    /// Compares with the process table: at the start, and when notices were lost.
    func rescan() {
        let now = criterion.find(in: view).filter { !$0.isZombie }
        for identifier in tracked.keys where !now.contains(where: { $0.identifier == identifier }) { drop(identifier) }
        for entry in now { track(entry.identifier) }
    }

    /// A process may fit now, or no longer.
    func examine(_ identifier: Int32) {
        if let entry = view.entry(identifier), !entry.isZombie, criterion.fits(entry, in: view) {
            track(identifier)
        } else {
            drop(identifier)
        }
    }

    func isTracking(_ identifier: Int32) -> Bool { tracked[identifier] != nil }

    private func track(_ identifier: Int32) {
        guard tracked[identifier] == nil, let monitor else { return }
        guard !monitor.isToldByView else {
            tracked.updateValue(nil, forKey: identifier)
            return notify()
        }
        // A process that ends right now has no handle any more, and then it is none of ours either.
        guard let handle = try? ProcessHandle(identifier),
            let registration = try? handle.onExit(
                monitor.loop,
                { [weak self] in
                    self?.drop(identifier)
                    // Its number may be another's already, when the notices of that were lost.
                    self?.examine(identifier)
                })
        else { return }
        tracked[identifier] = (handle, registration)
        notify()
    }

    func drop(_ identifier: Int32) {
        guard let entry = tracked.removeValue(forKey: identifier) else { return }
        if let entry { monitor?.loop.remove(entry.registration) }
        notify()
    }

    private func notify() {
        for listener in listeners { listener() }
    }
}

/// Passes the machine's process events on to the watches of all plugins.
final class ProcessMonitor {
    let loop: EventLoop
    private var watches: [ProcessWatch] = []
    private var events: ProcessEvents?
    /// The plugins look at processes that are not the kernel's; who plays them tells what becomes of them.
    private(set) var isToldByView = false

    init(loop: EventLoop) { self.loop = loop }

    func add(_ watch: ProcessWatch) {
        watches.append(watch)
        guard events == nil, !isToldByView else { return }
        isToldByView = watch.view.observe { [weak self] in self?.rescan() }
        guard !isToldByView else { return }
        events = ProcessEvents(
            on: loop, decided: { [weak self] _ in self?.rescan() },
            { [weak self] event in self?.receive(event) })
    }

    func remove(_ watch: ProcessWatch) {
        watches.removeAll { $0 === watch }
    }

    /// Lets go of the kernel's notices and of every process.
    func stop() {
        for watch in watches { watch.stop() }
        watches = []
        events = nil
    }

    private func rescan() {
        for watch in watches { watch.rescan() }
    }

    private func receive(_ event: ProcessEvent) {
        switch event {
        case .started(let identifier, let parent):
            // Until it runs a program of its own, a child looks like its parent.
            for watch in watches where watch.isTracking(parent) { watch.examine(identifier) }
        case .executed(let identifier), .renamed(let identifier, _):
            for watch in watches { watch.examine(identifier) }
        case .ended(let identifier):
            for watch in watches { watch.drop(identifier) }
        case .overrun:
            rescan()
        }
    }
}
