/// One set of loaded plugins: what `load` makes and an engine runs.

/// Plugins that were loaded together and will be replaced together.
///
/// The daemon reads `checks`, and hands the generation to `ScriptEngine.start`, once.
///
/// Sendable because only `checks`, which never changes, can be read by more than one thread; the rest is taken out
/// exactly once by the thread that runs it.
package final class LoadedGeneration: @unchecked Sendable {
    /// Every check of every plugin, in the order of registration.
    package let checks: [RegisteredCheck]

    init(checks: [RegisteredCheck]) {
        self.checks = checks
    }
}
