/// What a configuration says about programs that halua starts: checks of `vrrp_script`, notify scripts, FIFO readers.
import Wire

/// A program with its arguments, and whom to run it as.
package struct ScriptCommand: Hashable, Sendable {
    /// The program and its arguments, taken apart as keepalived does; never empty.
    package var words: [String]
    /// nil: `script_user`, or its default.
    package var user: ScriptUser?
    package var location: SourceLocation
    /// In characters, for the carets of a message about it.
    package var width: Int

    package init(words: [String], user: ScriptUser? = nil, location: SourceLocation, width: Int = 1) {
        precondition(!words.isEmpty, "A command has at least its program.")
        self.words = words
        self.user = user
        self.location = location
        self.width = width
    }
}

/// `USER [[:]GROUP]`
package struct ScriptUser: Hashable, Sendable {
    package var name: String
    /// nil: the user's own.
    package var group: String?
    /// A `:` before the group: the user's supplementary groups too.
    package var hasSupplementaryGroups: Bool

    package init(name: String, group: String? = nil, hasSupplementaryGroups: Bool = false) {
        self.name = name
        self.group = group
        self.hasSupplementaryGroups = hasSupplementaryGroups
    }
}

/// A `vrrp_script` whose check is a program.
package struct ScriptSettings: Hashable, Sendable {
    package var name: String
    package var command: ScriptCommand
    package var interval: Duration = .seconds(1)
    /// A run that takes longer has failed; keepalived takes the interval when nothing is said.
    package var timeout: Duration = .seconds(1)
    /// 0: FAULT while it fails.
    package var weight = 0
    package var isReversed = false
    package var rise = 1
    package var fall = 1
    package var startsFailed = false
    package var location: SourceLocation

    package init(name: String, command: ScriptCommand, location: SourceLocation) {
        self.name = name
        self.command = command
        self.location = location
    }
}

/// `track_script { NAME weight n reverse }`, where NAME is a program.
package struct TrackedScript: Hashable, Sendable {
    package var name: String
    package var weight: Int
    package var isReversed: Bool
    package var location: SourceLocation

    package init(name: String, weight: Int, isReversed: Bool, location: SourceLocation) {
        self.name = name
        self.weight = weight
        self.isReversed = isReversed
        self.location = location
    }
}

/// The notify scripts of an instance or a sync group.
package struct NotifySettings: Hashable, Sendable {
    package var master: ScriptCommand?
    package var backup: ScriptCommand?
    package var fault: ScriptCommand?
    package var stop: ScriptCommand?
    package var deleted: ScriptCommand?
    /// `notify`: at every change, with four more arguments.
    package var any: ScriptCommand?
    /// notify_master_rx_lower_pri
    package var lowerPriorityHeard: ScriptCommand?
    /// `notify_deleted` is written, with or without a command: a removed instance is DELETED and not FAULT.
    package var saysDeleted = false
    /// notify_priority_changes; nil: as vrrp_notify_priority_changes in global_defs.
    package var tellsPriority: Bool?

    package init() {}

    /// Every command with the keyword it is written behind.
    package var commands: [(keyword: String, command: ScriptCommand)] {
        let all: [(String, ScriptCommand?)] = [
            ("notify_master", master), ("notify_backup", backup), ("notify_fault", fault), ("notify_stop", stop),
            ("notify_deleted", deleted), ("notify", any), ("notify_master_rx_lower_pri", lowerPriorityHeard),
        ]
        return all.compactMap { keyword, command in command.map { (keyword, $0) } }
    }
}

/// A named pipe that every change of state is written to, and the program that reads it.
package struct FIFOSettings: Hashable, Sendable {
    package var path: String
    package var user: ScriptUser?
    package var location: SourceLocation
    package var reader: ScriptCommand?

    package init(path: String, user: ScriptUser?, location: SourceLocation) {
        self.path = path
        self.user = user
        self.location = location
    }
}

/// A program that runs once, at start or at stop.
package struct OnceSettings: Hashable, Sendable {
    package var command: ScriptCommand
    package var timeout: Duration

    package init(command: ScriptCommand, timeout: Duration) {
        self.command = command
        self.timeout = timeout
    }
}

/// What `global_defs` says about programs.
package struct ScriptDefaults: Hashable, Sendable {
    /// script_user; nil: keepalived_script if that user exists, else root, as keepalived has it.
    package var user: ScriptUser?
    /// enable_script_security: what runs as root must be safe from everybody else. On unless it says `off`.
    package var demandsSafePaths = true
    /// use_symlink_paths: start a script by the path that is written, not by what it resolves to.
    package var keepsSymbolicLinks = false
    /// set_supplementary_groups
    package var hasSupplementaryGroups = false
    /// After this long a notify script is ended, so that the next one can run.
    package var notifyTimeout: Duration = .seconds(60)
    package var startup: OnceSettings?
    package var shutdown: OnceSettings?
    /// notify_fifo
    package var fifo: FIFOSettings?
    /// vrrp_notify_fifo
    package var vrrpFIFO: FIFOSettings?
    /// vrrp_notify_priority_changes
    package var tellsPriority = false
    /// fifo_write_vrrp_states_on_reload
    package var repeatsStatesOnReload = false

    package init() {}
}

extension Configuration {
    /// The scripts that some instance or group tracks; the others never run.
    package var trackedScriptNames: Set<String> {
        let tracked = instances.flatMap(\.trackedScripts) + syncGroups.flatMap(\.trackedScripts)
        return Set(tracked.map(\.name))
    }

    /// Every command that is written anywhere, with what it is for.
    package var commands: [(purpose: String, command: ScriptCommand)] {
        var list = scripts.map { ("vrrp_script \($0.name)", $0.command) }
        for instance in instances {
            list += instance.notify.commands.map { ("\($0.keyword) of \(instance.name)", $0.command) }
        }
        for group in syncGroups {
            list += group.notify.commands.map { ("\($0.keyword) of \(group.name)", $0.command) }
        }
        let global = global.scripts
        let once = [("startup_script", global.startup), ("shutdown_script", global.shutdown)]
        list += once.compactMap { name, settings in settings.map { (name, $0.command) } }
        let fifos = [("notify_fifo_script", global.fifo), ("vrrp_notify_fifo_script", global.vrrpFIFO)]
        list += fifos.compactMap { name, fifo in fifo?.reader.map { (name, $0) } }
        return list
    }
}
