/// What can make a check run at once: a watch that a plugin holds.

/// A watch that begins with its plugin and tells its listeners when something has happened.
protocol WakeSource: HandleObject {
    /// Called whenever something happened.
    var listeners: [() -> Void] { get set }
    /// Begins to watch. Returns why it cannot: what the limits of the machine forbid stays silent for ever.
    func start(_ scheduler: Scheduler) -> OperatingError?
}

extension ProcessWatch: WakeSource {
    func start(_ scheduler: Scheduler) -> OperatingError? {
        start(scheduler.processes)
        return nil
    }
}

extension Fields {
    /// The watch in a field, of whatever kind.
    func wakeSource(_ name: String) throws(ScriptFault) -> (any WakeSource)? {
        try read(name, "a Watch or a FileWatch") { stack in
            call.program.object(ProcessWatch.self, at: -1, of: stack)
                ?? call.program.object(FileWatch.self, at: -1, of: stack)
        }
    }
}
