/// What the daemon hands to the script engine, and what it learns once the plugins are loaded.

/// One option line of a `lua_plugin` block, with its place for messages.
package struct OptionLine: Hashable, Sendable {
    package var key: String
    package var values: [String]
    package var file: String
    package var line: Int
    package var column: Int

    package init(key: String, values: [String], file: String, line: Int, column: Int) {
        self.key = key
        self.values = values
        self.file = file
        self.line = line
        self.column = column
    }
}

/// A plugin to load: the name its checks go by, the file the loader found, and the operator's options.
package struct PluginSpec: Hashable, Sendable {
    package var name: String
    /// The path of the file, already found by `PluginLoader`.
    package var path: String
    package var options: [OptionLine]
    /// Where `require` looks for modules, after the directory `lib` beside the plugin.
    package var moduleDirectories: [String]
    /// Where the `lua_plugin` line stands, for messages about options that are missing.
    package var file: String
    package var line: Int

    package init(
        name: String, path: String, options: [OptionLine] = [], moduleDirectories: [String] = [], file: String = "",
        line: Int = 0
    ) {
        self.moduleDirectories = moduleDirectories
        self.name = name
        self.path = path
        self.options = options
        self.file = file
        self.line = line
    }
}

/// One reason why a plugin was not loaded, with the place to look at.
package struct LoadFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var message: String
    /// The plugin's file, or the configuration file when an option is wrong.
    package var file: String
    /// From 1; 0 when there is no line.
    package var line: Int
    /// From 1; 0 when there is no column.
    package var column: Int

    package init(message: String, file: String, line: Int = 0, column: Int = 0) {
        self.message = message
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String {
        var place = file
        if line > 0 { place += ":\(line)" }
        if column > 0 { place += ":\(column)" }
        return place.isEmpty ? message : "\(place): \(message)"
    }
}

/// All reasons why a set of plugins was not loaded: never only the first.
package struct LoadFailures: Error, Hashable, Sendable {
    package var failures: [LoadFailure]

    package init(_ failures: [LoadFailure]) { self.failures = failures }
}

/// What a run of a check that ends by a bug in the script means for the node.
package enum BugPolicy: String, Hashable, Sendable {
    /// The check keeps its last state and shows as ERROR.
    case keep
    /// The check counts as failed.
    case fail
}

/// A check that a plugin registered: the plugin's own values, which the operator's win over.
package struct RegisteredCheck: Hashable, Sendable {
    /// "plugin.check"
    package var name: String
    package var interval: Duration
    package var timeout: Duration
    package var rise: Int
    package var fall: Int
    /// nil: FAULT while down.
    package var weight: Int?
    package var onBug: BugPolicy

    package init(
        name: String, interval: Duration, timeout: Duration, rise: Int, fall: Int, weight: Int?, onBug: BugPolicy
    ) {
        self.name = name
        self.interval = interval
        self.timeout = timeout
        self.rise = rise
        self.fall = fall
        self.weight = weight
        self.onBug = onBug
    }
}

/// What scripts may use up. Each is a stop for accidents, not a quota to tune.
package struct ScriptLimits: Hashable, Sendable {
    /// Of each plugin; a plugin at its limit gets "not enough memory" and the others go on.
    package var memoryBytes = 64 << 20
    /// How long a script computes before the others get a turn.
    package var slice: Duration = .milliseconds(5)
    /// How much a run of a check or hook may compute in all before it is ended.
    package var computing: Duration = .milliseconds(200)
    /// How long loading one plugin file may take.
    package var loading: Duration = .milliseconds(500)
    /// How long all `<close>` handlers of a cancelled run may compute.
    package var closing: Duration = .milliseconds(50)
    /// How long a hook may take when it states no timeout.
    package var hookTimeout: Duration = .seconds(10)
    /// How many transitions wait for one hook and instance; beyond, the oldest go.
    package var hookQueue = 16
    /// How long hooks that still run may go on when the engine is told to stop.
    package var stopping: Duration = .seconds(2)
    /// Connections and watches that one plugin may hold open.
    package var handles = 256
    /// Tasks that one plugin may have at a time.
    package var tasks = 1_000
    /// Commands of one plugin that may run at a time, those included that are being ended.
    package var commands = 16
    /// Whom commands run as that name no user: "user", or "user:group". When this standard user does not exist, nobody.
    package var commandUser = Self.standardCommandUser

    package static let standardCommandUser = "keepalived_script"

    package init() {}
}
