/// The engine as the daemon sees it: load plugins, start a generation on the script thread, talk to it, give it up.
import LinuxIO

/// Runs scripts on a thread of their own. Owned by the main thread, which never waits for it.
package final class ScriptEngine: ScriptRunner {
    /// Of the generation that was started last: a fresh thread in its place gets the same.
    package private(set) var limits: ScriptLimits
    private let post: @Sendable (FromScript) -> Void
    private var worker: Worker?
    /// What plugins keep; also for the thread that replaces a stuck one.
    private var vault = StoreVault()

    private struct Worker {
        var thread: Thread
        var mailbox: Mailbox<ThreadCommand>
        var control: ThreadControl
    }

    /// C functions of Lua may be 200 deep in each other; memory that is never touched costs nothing.
    private static let stackSize = 4 << 20

    /// - Parameter post: called on the script thread with everything scripts say; it must not block.
    ///   The daemon passes the `send` of a mailbox that its own loop reads.
    package init(limits: ScriptLimits = ScriptLimits(), post: @escaping @Sendable (FromScript) -> Void) {
        self.limits = limits
        self.post = post
    }

    // MARK: Loading

    /// Runs the load phase of every plugin on the calling thread: registrations and options, no I/O but reading files.
    ///
    /// Takes at most `limits.loading` per plugin. For start-up and `check-config`; a daemon that is already
    /// serving uses `loadInBackground`.
    package static func load(
        _ plugins: [PluginSpec], limits: ScriptLimits = ScriptLimits()
    ) -> Result<LoadedGeneration, LoadFailures> {
        LoadedGeneration.load(plugins, limits: limits)
    }

    /// Like `load`, on a thread of its own; the answer arrives as `FromScript.loaded` with the same token.
    package func loadInBackground(_ plugins: [PluginSpec], token: UInt64) {
        do throws(IOFailure) {
            let thread = try Thread.start(name: "halua-load", stackSize: Self.stackSize) { [limits, post] in
                post(.loaded(token: token, LoadedGeneration.load(plugins, limits: limits)))
            }
            thread.detach()
        } catch {
            let failure = LoadFailure(message: "plugins cannot be loaded: \(error)", file: "")
            post(.loaded(token: token, .failure(LoadFailures([failure]))))
        }
    }

    // MARK: Running

    /// Makes the generation the running one: the tasks of the former are cancelled, its states closed.
    ///
    /// Starts the script thread when there is none. Checks that are not listed never run. When the system refuses a
    /// thread, the reason is posted as a log message, and `FromScript.stopped` after it.
    package func start(
        _ generation: LoadedGeneration, checks: [CheckSchedule], instances: [InstanceSnapshot] = []
    ) {
        limits = generation.limits
        do throws(IOFailure) {
            let worker: Worker
            if let running = self.worker { worker = running } else { worker = try makeWorker() }
            self.worker = worker
            worker.mailbox.send(.run(generation, checks: checks, instances: instances))
        } catch {
            post(.log(.error, plugin: "", message: "the script thread cannot start: \(error)", fields: []))
            post(.stopped)
        }
    }

    private func makeWorker() throws(IOFailure) -> Worker {
        let mailbox = try Mailbox<ThreadCommand>()
        let control = ThreadControl()
        let thread = try Thread.start(name: "halua-script", stackSize: Self.stackSize) { [limits, post, vault] in
            ScriptThread.run(mailbox, limits: limits, control: control, vault: vault, post: post)
        }
        return Worker(thread: thread, mailbox: mailbox, control: control)
    }

    /// Passes a message to the running generation; without effect when none runs.
    package func send(_ message: ToScript) {
        worker?.mailbox.send(.message(message))
        if case .stop = message, let worker {
            worker.thread.detach()
            self.worker = nil
        }
    }

    /// Ends all checks at once, gives hooks `limits.stopping`, then ends the thread; `FromScript.stopped` follows.
    package func stop() { send(.stop) }

    // MARK: A stuck thread

    /// What the script thread computes right now ("mycat.greeting"), and since when; nil while it waits for events.
    package var running: (name: String, sinceNanoseconds: Int64)? {
        worker?.control.note.withLock { $0.running }.map { ($0.name, $0.since) }
    }

    /// Gives up a thread that no longer answers: it drops to the idle scheduling class, everything it still says is
    /// discarded, and it ends by itself if it ever comes back. The next `start` makes a fresh thread.
    package func abandon() {
        guard let worker else { return }
        self.worker = nil
        // Should it ever come back, what it writes is nobody's.
        vault = StoreVault(copying: vault)
        worker.control.note.withLock { $0.isAbandoned = true }
        // It may have ended on its own in this moment; then there is nothing to slow down.
        try? Scheduling.setIdleClass(worker.thread.identifier)
        worker.thread.detach()
    }
}
