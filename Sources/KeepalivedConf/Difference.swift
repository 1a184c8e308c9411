/// What a reload has to do: the way from the running configuration to a new one, as a list.
import Wire

/// One thing a reload does. The steps stand in the order in which they are to be taken: first what frees addresses
/// and virtual router IDs, then what claims them.
package enum ReloadStep: Hashable, Sendable {
    /// Stop it as at shutdown: priority 0, addresses removed.
    case removeInstance(name: String)
    /// Its identity on the wire changed, so its state can't be kept: stop the old one, start the new one in BACKUP.
    case restartInstance(name: String, reasons: [String])
    case addInstance(name: String)
    /// Its state is kept. `changes` says in words what differs, for the log.
    case updateInstance(name: String, changes: [String])
    case removeSyncGroup(name: String)
    case addSyncGroup(name: String)
    case updateSyncGroup(name: String)
    /// Plugins, their options, or what they are given changed: load a new generation of scripts.
    case reloadScripts
    case updateTrackProcesses
    case updateGlobalSettings(changes: [String])
}

package struct Difference: Hashable, Sendable {
    package var steps: [ReloadStep]

    package var isEmpty: Bool { steps.isEmpty }

    /// The steps that lead from `old` to `new`.
    package init(from old: Configuration, to new: Configuration) {
        steps = []
    }
}
