/// Notices a script thread that hangs, and sees to it that a fresh one takes its place.
import KeepalivedConf
import LinuxIO
import Logging

/// Looks once a second whether the script thread still gives signs of life. Lives on the main thread.
final class StallKeeper {
    /// What the bridge does for it.
    struct Hands {
        /// There are plugins, so there must be signs of life.
        var isNeeded: () -> Bool
        /// What the thread computes right now: "mycat.greeting".
        var running: () -> String?
        /// Give the thread up; with true, start a fresh one in its place.
        var replace: (Bool) -> Void
        /// Put every instance that tracks a Lua check into FAULT, or (nil) end that.
        var hold: (String?) -> Void
    }

    private let loop: EventLoop
    private let logger: Logger
    private var watch: StallWatch
    private var action: LuaSettings.StallAction
    private var hands: Hands?
    private var isHolding = false
    /// Made once: a closure for each look would be an allocation every second, on the thread that advertises.
    private lazy var lookAgain: () -> Void = { [weak self] in self?.look() }

    init(loop: EventLoop, logger: Logger, settings: LuaSettings) {
        self.loop = loop
        self.logger = logger
        watch = StallWatch(timeout: settings.stallTimeout)
        action = settings.stallAction
    }

    func begin(_ hands: Hands) {
        self.hands = hands
        watch.heard(now: loop.now)
        look()
    }

    /// Takes the values of a new configuration.
    func adopt(_ settings: LuaSettings) {
        watch.timeout = settings.stallTimeout
        action = settings.stallAction
        // A new generation gets the whole time.
        watch.heard(now: loop.now)
    }

    var silence: Duration { watch.silence(now: loop.now) }

    func hearSignOfLife() {
        watch.heard(now: loop.now)
        guard isHolding else { return }
        isHolding = false
        hands?.hold(nil)
    }

    private func look() {
        if let hands, hands.isNeeded(), watch.hasStalled(now: loop.now) { handleStall(hands) }
        loop.after(.seconds(1), lookAgain)
    }

    /// The thread is stuck inside one call of C that nothing can interrupt. A fresh thread loads the plugins again;
    /// after a few such stalls the scripts stay stopped, and say so.
    private func handleStall(_ hands: Hands) {
        let place = hands.running().map { " inside \($0)" } ?? ""
        let seconds = silence.components.seconds
        let mayRestart = watch.mayRestart(now: loop.now)
        watch.heard(now: loop.now)
        let meaning =
            action == .freeze
            ? "its checks keep their last state" : "instances that track a Lua check are in FAULT"
        if mayRestart {
            logger.error(
                "the script thread has been silent for \(seconds) s\(place); \(meaning) while a fresh one starts")
        } else {
            logger.critical(
                "the script thread stalled again\(place): scripts stay stopped until the next reload, \(meaning)")
        }
        if action == .fault {
            isHolding = true
            hands.hold("the script thread has been silent for \(seconds) s\(place)")
        }
        hands.replace(mayRestart)
    }
}

/// Decides when silence is a stall, and how often a stalled thread is replaced.
struct StallWatch {
    private static let restartLimit = 3
    private static let restartWindow: Duration = .seconds(600)

    var timeout: Duration
    private var lastHeard: Int64 = 0
    private var restarts: [Int64] = []

    init(timeout: Duration) { self.timeout = timeout }

    mutating func heard(now: Int64) { lastHeard = now }

    func silence(now: Int64) -> Duration { .nanoseconds(now - lastHeard) }

    func hasStalled(now: Int64) -> Bool { silence(now: now) > timeout }

    /// True when the thread may be replaced once more; counts the replacement.
    mutating func mayRestart(now: Int64) -> Bool {
        restarts.removeAll { .nanoseconds(now - $0) > Self.restartWindow }
        guard restarts.count < Self.restartLimit else { return false }
        restarts.append(now)
        return true
    }
}
