/// What the service manager hears of the daemon, see sd_notify(3): readiness, reloads, states, and that its loop turns.
import LinuxIO
import Logging

/// Lives on the main thread, and the watchdog is fed by the main loop alone: a script thread that works on keeps no daemon
/// alive whose adverts have stopped.
final class ServiceNotices {
    typealias States = () -> [(name: String, state: String)]

    private let loop: EventLoop
    private let logger: Logger
    private let manager: ServiceManager
    private var states: States = { [] }
    private var isReady = false
    private var isStatusDue = false
    private var watchdogTimer: TimerToken?
    /// Made once: a tick allocates nothing.
    private lazy var feed: () -> Void = { [weak self] in self?.feedWatchdog() }

    /// More instances than these are counted, not named.
    private static let mostNamed = 8

    /// nil when no service manager waits for notices.
    static func make(
        loop: EventLoop, logger: Logger,
        manager: () throws(IOFailure) -> ServiceManager? = { () throws(IOFailure) in
            try ServiceManager.make()
        }
    ) -> ServiceNotices? {
        do throws(IOFailure) {
            guard let manager = try manager() else { return nil }
            return ServiceNotices(loop: loop, logger: logger, manager: manager)
        } catch {
            logger.warning("the service manager is not told anything: \(error)")
            return nil
        }
    }

    private init(loop: EventLoop, logger: Logger, manager: ServiceManager) {
        self.loop = loop
        self.logger = logger
        self.manager = manager
    }

    deinit { if let watchdogTimer { loop.cancel(watchdogTimer) } }

    /// Everything is set up; from here on the watchdog is fed.
    func begin(_ states: @escaping States) {
        self.states = states
        isReady = true
        say { (manager) throws(IOFailure) in try manager.ready(status: text) }
        feedWatchdog()
    }

    func reloading() { say { (manager) throws(IOFailure) in try manager.reloading() } }

    /// The reload is over, whatever came of it.
    func reloaded() { say { (manager) throws(IOFailure) in try manager.ready(status: text) } }

    func stopping() { say { (manager) throws(IOFailure) in try manager.stopping() } }

    /// A state has changed. However many do so in a turn, they are told once.
    func stateChanged() {
        guard isReady, !isStatusDue else { return }
        isStatusDue = true
        loop.post { [weak self] in
            guard let self else { return }
            isStatusDue = false
            say { (manager) throws(IOFailure) in try manager.status(text) }
        }
    }

    /// Twice and a bit in the time that the service manager waits.
    private func feedWatchdog() {
        guard let limit = manager.watchdog else { return }
        say { (manager) throws(IOFailure) in try manager.keepAlive() }
        watchdogTimer = loop.after(limit * 2 / 5, feed)
    }

    /// "VI_1 MASTER, VI_2 BACKUP", or "250 MASTER, 5 BACKUP".
    private var text: String {
        let all = states()
        if all.isEmpty { return "no instances" }
        if all.count <= Self.mostNamed { return all.map { "\($0.name) \($0.state)" }.joined(separator: ", ") }
        let counts = Dictionary(grouping: all, by: \.state).mapValues(\.count)
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
            .joined(separator: ", ")
    }

    /// A failure is said and changes nothing.
    private func say(_ body: (ServiceManager) throws(IOFailure) -> Void) {
        do throws(IOFailure) {
            try body(manager)
        } catch {
            logger.warning("the service manager was not told: \(error)")
        }
    }
}
