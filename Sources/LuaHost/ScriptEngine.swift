/// The engine as the daemon sees it: load plugins, start a generation on the script thread, talk to it, give it up.

/// Runs scripts on a thread of their own. Owned by the main thread, which never waits for it.
package final class ScriptEngine {
    package let limits: ScriptLimits
    private let post: @Sendable (FromScript) -> Void

    /// - Parameter post: called on the script thread with everything scripts say; it must not block.
    ///   The daemon passes the `post` of a mailbox that its own loop reads.
    package init(limits: ScriptLimits = ScriptLimits(), post: @escaping @Sendable (FromScript) -> Void) {
        self.limits = limits
        self.post = post
    }

    /// Runs the load phase of every plugin on the calling thread: registrations and options, no I/O.
    ///
    /// Takes at most `limits.loading` per plugin. For start-up and `check-config`; a daemon that is already
    /// serving uses `loadInBackground`.
    package static func load(
        _ plugins: [PluginSpec], limits: ScriptLimits = ScriptLimits()
    ) -> Result<LoadedGeneration, LoadFailures> {
        .success(LoadedGeneration(checks: []))
    }

    /// Like `load`, on a thread of its own; the answer arrives as `FromScript.loaded` with the same token.
    package func loadInBackground(_ plugins: [PluginSpec], token: UInt64) {
    }

    /// Makes the generation the running one: the tasks of the former are cancelled, its states closed.
    ///
    /// Starts the script thread when there is none.
    package func start(_ generation: LoadedGeneration, checks: [CheckSchedule], instances: [InstanceSnapshot] = []) {
    }

    /// Passes a message to the running generation; without effect when none runs.
    package func send(_ message: ToScript) {
    }

    /// Ends all checks at once, gives hooks `limits.stopping`, then ends the thread; `FromScript.stopped` follows.
    package func stop() {
    }

    /// Gives up a thread that no longer answers: it drops to the idle scheduling class, everything it still says is
    /// discarded, and it ends by itself if it ever comes back. The next `start` makes a fresh thread.
    package func abandon() {
    }
}
