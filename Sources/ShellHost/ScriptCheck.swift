/// One `vrrp_script`: run again and again on an absolute schedule, never twice at a time.
import LinuxIO

/// What to run, and how often.
package struct ShellCheck: Hashable, Sendable {
    package var name: String
    package var command: ShellCommand
    package var interval: Duration
    package var timeout: Duration

    package init(name: String, command: ShellCommand, interval: Duration, timeout: Duration) {
        self.name = name
        self.command = command
        self.interval = interval
        self.timeout = timeout
    }
}

package enum ShellCheckResult: Hashable, Sendable {
    case passed
    /// With the reason in words.
    case failed(String)
    /// It could not be started, so it says nothing about what it checks.
    case broken(String)
}

final class ScriptCheck {
    private(set) var check: ShellCheck
    private let surroundings: ScriptSurroundings
    private let post: (FromShell) -> Void
    private var run: ScriptRun?
    private var timer: TimerToken?
    private var nextStart: Int64 = 0
    private var isStopped = false
    /// Ticks that found the last run still being ended.
    private var skipped = 0

    private var loop: EventLoop { surroundings.loop }

    init(_ check: ShellCheck, in surroundings: ScriptSurroundings, post: @escaping (FromShell) -> Void) {
        self.check = check
        self.surroundings = surroundings
        self.post = post
    }

    /// The first run is at once, as in keepalived: a node may wait for it.
    func start() {
        nextStart = Clock.monotonic
        tick()
    }

    /// Takes the values of a reload. The schedule goes on unless it has changed; another command runs at once.
    func update(_ new: ShellCheck) {
        let old = check
        check = new
        guard new != old else { return }
        if new.interval != old.interval || new.command != old.command {
            if let timer { loop.cancel(timer) }
            start()
        }
    }

    /// Ends the run and the schedule; `whenGone` is called when nothing of it is left.
    func stop(_ whenGone: @escaping () -> Void = {}) {
        isStopped = true
        if let timer { loop.cancel(timer) }
        timer = nil
        guard let run else { return whenGone() }
        self.whenGone = whenGone
        run.cancel()
    }

    private var whenGone: (() -> Void)?

    func kill() { run?.kill() }

    private func tick() {
        guard !isStopped else { return }
        let now = Clock.monotonic
        let step = max(1_000_000, check.interval.wholeNanoseconds)
        // Absolute: a tick that comes late does not move the ones after it, and missed ones are left out.
        nextStart += step * max(1, (now - nextStart) / step + 1)
        timer = loop.after(.nanoseconds(max(0, nextStart - now))) { [weak self] in self?.tick() }
        if run == nil { begin() } else { skip() }
    }

    private func skip() {
        skipped += 1
        if skipped == 1 {
            post(.log(.warning, "check \(check.name): its last run still goes on, so one is left out"))
        }
    }

    private func begin() {
        let began = Clock.monotonic
        let check = check
        run = ScriptRun(
            check.command, timeout: check.timeout, in: surroundings,
            result: { [weak self] end in self?.report(end, check, took: .nanoseconds(Clock.monotonic - began)) },
            gone: { [weak self] in self?.runIsGone() })
    }

    private func report(_ end: ScriptEnd, _ check: ShellCheck, took: Duration) {
        let result: ShellCheckResult =
            switch (end, end.failure(limit: check.timeout)) {
            case (_, nil): .passed
            case (.refused, let why?): .broken(why)
            case (.ended, let why?), (.timedOut, let why?): .failed(why)
            }
        post(.checkResult(name: check.name, result, took: took))
    }

    private func runIsGone() {
        run = nil
        if skipped > 1 { post(.log(.warning, "check \(check.name): \(skipped) runs were left out")) }
        skipped = 0
        whenGone?()
        whenGone = nil
    }
}
