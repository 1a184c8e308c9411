/// halua's own keywords in global_defs: where plugins are, and what their scripts may use up.

/// What the scripts of plugins are told and granted.
package struct LuaSettings: Hashable, Sendable {
    /// What a script thread that gives no sign of life means for the node.
    package enum StallAction: String, Hashable, Sendable, CaseIterable {
        /// Its checks keep their last state.
        case freeze
        /// Instances that track a Lua check are in FAULT until a fresh thread runs.
        case fault
    }

    /// lua_path: directories searched before /usr/share/halua/plugins.
    package var pluginDirectories: [String] = ["/etc/halua/plugins", "/usr/share/halua/plugins"]
    package var memoryLimitBytes: Int = 64 << 20
    package var stallTimeout: Duration = .seconds(10)
    package var stallAction = StallAction.freeze
    /// stop_hooks_first: on.shutdown comes before the removal of addresses.
    package var runsStopHooksFirst = false
    package var limits = LuaLimits()
    /// Whom halua.exec runs commands as: script_user, unless that is root; nil: the standard user.
    package var commandUser: ScriptUser?

    package init() {}
}

/// What one run, one hook, one plugin may use up; each has a keyword of its own.
package struct LuaLimits: Hashable, Sendable {
    package var slice: Duration = .milliseconds(5)
    package var computing: Duration = .milliseconds(200)
    package var loading: Duration = .milliseconds(500)
    package var closing: Duration = .milliseconds(50)
    package var hookTimeout: Duration = .seconds(10)
    package var hookQueue = 16
    package var stopping: Duration = .seconds(2)
    package var handles = 256
    package var tasks = 1_000
    package var commands = 16

    package init() {}
}

struct LuaSection {
    let findings: Findings
    private var hasPluginDirectories = false

    init(findings: Findings) { self.findings = findings }

    private var values: ValueReader { ValueReader(findings: findings) }

    /// False when the statement is none of halua's.
    mutating func read(_ statement: Statement, into settings: inout LuaSettings) -> Bool {
        switch statement.name {
        case "lua_path": readPluginDirectories(statement, &settings)
        case "lua_memory_limit": readMemoryLimit(statement, &settings)
        case "lua_stall_timeout": read(statement, &settings.stallTimeout, from: .seconds(1), to: .seconds(3_600))
        case "lua_stall_action": readStallAction(statement, &settings)
        case "stop_hooks_first": settings.runsStopHooksFirst = true
        default: return readLimit(statement, &settings.limits)
        }
        return true
    }

    private func readLimit(_ statement: Statement, _ limits: inout LuaLimits) -> Bool {
        switch statement.name {
        case "lua_slice": read(statement, &limits.slice, from: .milliseconds(1), to: .milliseconds(100))
        case "lua_computing_limit": read(statement, &limits.computing, from: .milliseconds(10), to: .seconds(10))
        case "lua_loading_limit": read(statement, &limits.loading, from: .milliseconds(50), to: .seconds(60))
        case "lua_closing_limit": read(statement, &limits.closing, from: .milliseconds(1), to: .seconds(1))
        case "lua_hook_timeout": read(statement, &limits.hookTimeout, from: .milliseconds(10), to: .seconds(3_600))
        case "lua_hook_queue": read(statement, &limits.hookQueue, in: 1...1_024)
        case "lua_stop_timeout": read(statement, &limits.stopping, from: .zero, to: .seconds(60))
        case "lua_handle_limit": read(statement, &limits.handles, in: 1...65_536)
        case "lua_task_limit": read(statement, &limits.tasks, in: 1...100_000)
        case "lua_command_limit": read(statement, &limits.commands, in: 1...1_000)
        default: return false
        }
        return true
    }

    private func read(
        _ statement: Statement, _ value: inout Duration, from least: Duration, to most: Duration
    ) {
        if let span = values.duration(statement.value, of: statement.name, atLeast: least, atMost: most) {
            value = span
        }
    }

    private func read(_ statement: Statement, _ value: inout Int, in range: ClosedRange<Int>) {
        if let number = values.integer(statement, range) { value = number }
    }

    private func readStallAction(_ statement: Statement, _ settings: inout LuaSettings) {
        guard let action = LuaSettings.StallAction(rawValue: statement.value.text) else {
            findings.error(
                "lua_stall_action \"\(statement.value.text)\" is unknown", at: statement.value,
                hint: "write freeze (checks keep their last state) or fault")
            return
        }
        settings.stallAction = action
    }

    private mutating func readPluginDirectories(_ statement: Statement, _ settings: inout LuaSettings) {
        var directories: [String] = []
        for word in statement.node.arguments {
            // The form of Lua's package.path is understood too: what counts is the directory.
            let text = word.text.hasSuffix("/?.lua") ? String(word.text.dropLast(6)) : word.text
            guard text.hasPrefix("/") else {
                findings.error(
                    "lua_path \"\(word.text)\" is not an absolute path", at: word,
                    hint: "write it from the root: /etc/halua/plugins")
                continue
            }
            directories.append(text)
        }
        let last = LuaSettings().pluginDirectories.suffix(1)
        let before = hasPluginDirectories ? settings.pluginDirectories.dropLast() : []
        settings.pluginDirectories = before + directories + last
        hasPluginDirectories = true
    }

    private func readMemoryLimit(_ statement: Statement, _ settings: inout LuaSettings) {
        let word = statement.value
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        var text = word.text
        var factor = 1
        if let last = text.last, let unit = units[Character(last.uppercased())] {
            factor = unit
            text.removeLast()
        }
        guard let number = Int(text), number > 0 else {
            findings.error(
                "\"\(word.text)\" is not an amount of memory", at: word, hint: "write a number with K, M or G: 64M")
            return
        }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: factor)
        guard !overflows, bytes >= 1 << 20, bytes <= 1 << 36 else {
            findings.error(
                "lua_memory_limit \(word.text) is out of range", at: word, hint: "choose 1M to 64G; 64M is the default")
            return
        }
        settings.memoryLimitBytes = bytes
    }
}
