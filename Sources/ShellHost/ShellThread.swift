/// The thread of the shell scripts: its loop, its checks, lanes and FIFOs.
import CLinux
import Glibc
import LinuxIO

/// Lives on its own thread only.
final class ShellThread {
    /// The word that keepalived gives the end of the daemon.
    static let stopState = "STOP"
    /// Between SIGTERM and SIGKILL, and what a script gets after SIGKILL until it is given up.
    static let grace = Duration.milliseconds(300)

    private let loop: EventLoop
    private let post: (FromShell) -> Void
    private let starter: ChildStarter
    private let drains = OutputDrains()
    private let environment = ShellCommand.environment()
    private var checks: [String: ScriptCheck] = [:]
    private var lanes: [String: NotifyLane] = [:]
    private var fifos: [NotifyFIFO] = []
    private var once: [ScriptRun] = []
    private var notifyTimeout = ShellPlan().notifyTimeout
    private var isStopping = false
    /// Nothing is left to wait for.
    private(set) var isStopped = false
    /// What must be gone before the thread may end.
    private var remaining = 0

    init(loop: EventLoop, post: @escaping (FromShell) -> Void) {
        self.loop = loop
        self.post = post
        starter = ChildStarter(loop: loop)
    }

    /// The body of the thread. Returns when everything has been stopped.
    static func run(_ mailbox: Mailbox<ToShell>, post: @escaping @Sendable (FromShell) -> Void) {
        do throws(IOFailure) {
            let loop = try EventLoop()
            let thread = ShellThread(loop: loop, post: post)
            let mail = try mailbox.attach(to: loop) { thread.receive($0) }
            loop.run()
            loop.remove(mail)
            thread.close()
        } catch {
            post(.log(.error, "no script can run: \(error)"))
        }
        post(.stopped)
    }

    private func surroundings(grace: Duration = .seconds(1)) -> ScriptSurroundings {
        ScriptSurroundings(starter: starter, drains: drains, environment: environment, grace: grace)
    }

    func receive(_ message: ToShell) {
        guard !isStopping else { return }
        switch message {
        case .apply(let plan): apply(plan)
        case .notify(let name, let calls): lane(name).add(calls)
        case .line(let line): for fifo in fifos { fifo.write(line) }
        case .once(let label, let command, let timeout): runOnce(label, command, timeout)
        case .stop(let limit): stop(within: limit)
        }
    }

    // MARK: Plans

    private func apply(_ plan: ShellPlan) {
        let wanted = Dictionary(plan.checks.map { ($0.name, $0) }) { first, _ in first }
        for (name, running) in checks where wanted[name] == nil {
            checks[name] = nil
            keepUntilGone(running) { running.stop($0) }
        }
        for check in plan.checks {
            if let running = checks[check.name] {
                running.update(check)
            } else {
                let new = ScriptCheck(check, in: surroundings(), post: post)
                checks[check.name] = new
                new.start()
            }
        }
        apply(plan.fifos)
        notifyTimeout = plan.notifyTimeout
        for lane in lanes.values { lane.timeout = notifyTimeout }
    }

    private func apply(_ plan: [ShellFIFO]) {
        for fifo in fifos where !plan.contains(fifo.settings) {
            keepUntilGone(fifo) { fifo.close(patience: .seconds(1), $0) }
        }
        fifos.removeAll { !plan.contains($0.settings) }
        for settings in plan where !fifos.contains(where: { $0.settings == settings }) {
            fifos.append(NotifyFIFO(settings, in: surroundings(), post: post))
        }
    }

    /// Holds an object until its end is told.
    private func keepUntilGone(_ object: AnyObject, _ end: (@escaping () -> Void) -> Void) {
        let key = ObjectIdentifier(object)
        leaving[key] = object
        end { [weak self] in self?.leaving[key] = nil }
    }

    private var leaving: [ObjectIdentifier: AnyObject] = [:]

    private func lane(_ name: String) -> NotifyLane {
        if let lane = lanes[name] { return lane }
        let lane = NotifyLane(name, timeout: notifyTimeout, in: surroundings(grace: Self.grace), post: post)
        lanes[name] = lane
        // An instance that is gone leaves nothing behind.
        lane.onIdle = { [weak self, weak lane] in
            guard let self, let lane else { return }
            if isStopping { oneIsGone() } else { loop.post { if lane.isIdle { self.lanes[name] = nil } } }
        }
        return lane
    }

    private func runOnce(_ label: String, _ command: ShellCommand, _ timeout: Duration) {
        let run = ScriptRun(
            command, timeout: timeout, in: surroundings(),
            result: { [post] end in
                if let why = end.failure(limit: timeout) { post(.log(.warning, "\(label): \(command.text): \(why)")) }
                post(.onceEnded(label: label))
            },
            gone: {})
        once.append(run)
    }

    // MARK: Stopping

    private func stop(within limit: Duration) {
        isStopping = true
        // Nothing is done before everything has been told.
        remaining += 1
        // A check that runs would only be waited for.
        for check in checks.values {
            remaining += 1
            check.stop { [weak self] in self?.oneIsGone() }
        }
        for fifo in fifos {
            remaining += 1
            // What was written last is still to be read.
            fifo.close(patience: .milliseconds(500)) { [weak self] in self?.oneIsGone() }
        }
        for lane in lanes.values {
            lane.keepOnly(state: Self.stopState)
            if !lane.isIdle { remaining += 1 }
        }
        loop.after(limit) { [weak self] in self?.cancelLanes() }
        loop.after(limit + Self.grace * 2) { [weak self] in self?.giveUp() }
        oneIsGone()
    }

    private func cancelLanes() { for lane in lanes.values { lane.cancel() } }

    private func oneIsGone() {
        remaining -= 1
        if remaining == 0 { finish() }
    }

    private func giveUp() {
        for check in checks.values { check.kill() }
        for lane in lanes.values { lane.kill() }
        for fifo in fifos { fifo.kill() }
        if !isStopped { post(.log(.warning, "scripts that do not end are left to the kernel")) }
        finish()
    }

    private func finish() {
        isStopped = true
        loop.stop()
    }

    private func close() {
        for run in once { run.kill() }
        drains.close()
        starter.stop()
    }
}
