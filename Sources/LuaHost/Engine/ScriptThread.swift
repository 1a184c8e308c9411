/// The script thread: its loop, the generation that runs on it, and its heartbeat.
import LinuxIO

/// What the engine tells the thread.
enum ThreadCommand: Sendable {
    case run(LoadedGeneration, checks: [CheckSchedule], instances: [InstanceSnapshot])
    case message(ToScript)
}

/// What engine and thread both touch.
final class ThreadControl: Sendable {
    struct Note {
        var isAbandoned = false
        /// What runs right now, and since when.
        var running: (name: String, since: Int64)?
    }

    let note = Lock(Note())
    var isAbandoned: Bool { note.withLock { $0.isAbandoned } }
}

/// Lives on the thread of its loop only: the script thread, or for tests the one thread there is.
final class ScriptThread {
    private static let heartbeat = Duration.seconds(1)

    private let loop: EventLoop
    /// Of the generation that runs.
    private var limits: ScriptLimits
    private let control: ThreadControl
    private let post: (FromScript) -> Void
    /// Outlive a generation: a reload must not take back what the next one is about to ask for again.
    private let lapses: Lapses
    /// A command that a reload cancels is still given its moment to end.
    private let commands: ChildStarter
    private let vault: StoreVault
    private let metrics: MetricStore
    private var generation: RunningGeneration?
    private var isStopping = false
    private var isShutdownSaid = false
    /// Told when everything that was to end has ended.
    private let finish: () -> Void
    /// Watches the tasks of every generation; set before the first.
    var trace: ((TaskStep) -> Void)?

    init(
        loop: EventLoop, limits: ScriptLimits, control: ThreadControl, vault: StoreVault,
        post: @escaping (FromScript) -> Void, finish: @escaping () -> Void
    ) {
        self.loop = loop
        self.limits = limits
        self.control = control
        self.vault = vault
        self.finish = finish
        // An abandoned thread has been replaced: what it still says is about a past that the daemon has closed.
        self.post = { message in
            if !control.isAbandoned { post(message.bounded) }
        }
        lapses = Lapses(loop: loop, post: self.post)
        commands = ChildStarter(loop: loop)
        metrics = MetricStore(loop: loop, post: self.post)
    }

    /// The body of the thread. Returns when it was told to stop or was abandoned.
    static func run(
        _ mailbox: Mailbox<ThreadCommand>, limits: ScriptLimits, control: ThreadControl, vault: StoreVault,
        post: @escaping @Sendable (FromScript) -> Void
    ) {
        do throws(IOFailure) {
            let loop = try EventLoop()
            let thread = ScriptThread(
                loop: loop, limits: limits, control: control, vault: vault, post: post
            ) { loop.stop() }
            let mail = try mailbox.attach(to: loop) { command in thread.receive(command) }
            loop.afterTurn = { if control.isAbandoned { loop.stop() } }
            thread.beat()
            loop.run()
            // Loop and thread hold each other by these.
            loop.afterTurn = nil
            loop.remove(mail)
            thread.end()
        } catch {
            post(.log(.error, plugin: "", message: "the script thread cannot start: \(error)", fields: []))
        }
        if !control.isAbandoned { post(.stopped) }
    }

    /// Ends the generation for good.
    func end() {
        generation?.stop()
        generation = nil
        commands.stop()
    }

    func beat() {
        post(.alive(atNanoseconds: loop.time))
        loop.after(Self.heartbeat) { [weak self] in self?.beat() }
    }

    func receive(_ command: ThreadCommand) {
        guard !isStopping else { return }
        switch command {
        case .run(let loaded, let checks, let instances):
            limits = loaded.limits
            let next = RunningGeneration(
                loaded.take(), loop: loop, limits: limits, control: control, lapses: lapses, commands: commands,
                vault: vault, metrics: metrics, post: post)
            next.trace = trace
            // Side by side until here; the old one ends before the new one begins.
            let former = generation?.stop() ?? RunningGeneration.Inheritance()
            generation = next
            post(.started)
            next.start(checks: checks, instances: instances, after: former)
        case .message(.shutdown(let now)):
            sayShutdown(at: now)
            waitForShutdownHooks(until: loop.time + limits.stopping.wholeNanoseconds)
        case .message(.stop): stop()
        case .message(let message): generation?.receive(message)
        }
    }

    /// Gives the end to the hooks of on.shutdown, once.
    private func sayShutdown(at now: Int64) {
        guard !isShutdownSaid else { return }
        isShutdownSaid = true
        generation?.receive(.event(EventMessage(.shutdown, sequence: 1, atNanoseconds: now)))
    }

    private func waitForShutdownHooks(until end: Int64) {
        guard let generation, !generation.isShutdownDone, loop.time < end else {
            return post(.shutdownHooksEnded)
        }
        loop.after(.milliseconds(5)) { [weak self] in self?.waitForShutdownHooks(until: end) }
    }

    /// Checks end at once; hooks that run or wait may go on for a while.
    private func stop() {
        sayShutdown(at: loop.time)
        isStopping = true
        generation?.stopChecks()
        let end = loop.time + limits.stopping.wholeNanoseconds
        waitForHooks(until: end)
    }

    private func waitForHooks(until end: Int64) {
        guard let generation, !generation.isHookless, loop.time < end else { return finish() }
        loop.after(.milliseconds(5)) { [weak self] in self?.waitForHooks(until: end) }
    }
}
