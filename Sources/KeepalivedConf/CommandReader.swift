/// Statements that name a program → commands; the same in `vrrp_script`, instances, sync groups and `global_defs`.
import Wire

struct CommandReader {
    let findings: Findings

    /// `COMMAND [USER [GROUP]]`: the command is one word, so it stands in quotes when it has arguments.
    func command(_ statement: Statement) -> ScriptCommand? {
        let arguments = Array(statement.node.arguments)
        guard let first = arguments.first, let words = words(first) else { return nil }
        return ScriptCommand(
            words: words, user: user(arguments.dropFirst()), location: first.location, width: first.width)
    }

    /// `script COMMAND`: keepalived takes the first word only; what is meant is the whole line.
    func wholeLine(_ statement: Statement) -> ScriptCommand? {
        let arguments = Array(statement.node.arguments)
        guard let first = arguments.first else { return nil }
        if arguments.count > 1 {
            findings.warn(
                "keepalived runs \"\(first.text)\" alone and ignores the rest of the line", at: first,
                hint: "halua runs the whole line; put the command into double quotes")
        }
        var all: [String] = []
        for argument in arguments {
            guard let words = words(argument) else { return nil }
            all += words
        }
        return ScriptCommand(words: all, location: first.location, width: first.width)
    }

    /// `USER [[:]GROUP]`
    func user(_ words: ArraySlice<Word>) -> ScriptUser? {
        guard let name = words.first else { return nil }
        var user = ScriptUser(name: name.text)
        if let group = words.dropFirst().first {
            user.hasSupplementaryGroups = group.text.hasPrefix(":")
            let bare = user.hasSupplementaryGroups ? String(group.text.dropFirst()) : group.text
            user.group = bare.isEmpty ? nil : bare
        }
        return user
    }

    private func words(_ word: Word) -> [String]? {
        do throws(CommandWords.Problem) {
            let words = try CommandWords.split(word.text)
            warnOfShell(words, word)
            return words
        } catch {
            switch error {
            case .unclosed(let quote):
                findings.error("this command has a \(quote) that is never closed", at: word, hint: "close it")
            case .nothingEscaped:
                findings.error("this command ends with a backslash", at: word, hint: "remove it, or write \\\\")
            case .empty:
                findings.error("this command is empty", at: word, hint: "name a program with its whole path")
            }
            return nil
        }
    }

    /// keepalived starts programs without a shell since version 2.0, and files written before that still do the rounds.
    private func warnOfShell(_ words: [String], _ word: Word) {
        guard let found = CommandWords.shellWord(in: words), !Self.isShell(words[0]) else { return }
        findings.warn(
            "no shell reads this command: \"\(found)\" is passed to \(words[0]) as it is", at: word,
            hint: "as in keepalived; put it into a script, or write /bin/sh -c '…' around it")
    }

    private static func isShell(_ program: String) -> Bool {
        ["sh", "bash", "dash", "zsh", "ksh"].contains(String(program.split(separator: "/").last ?? ""))
    }
}

/// `notify*` of an instance or a sync group.
struct NotifyReader {
    let findings: Findings

    /// Whether the statement was one of them.
    func read(_ statement: Statement, into notify: inout NotifySettings) -> Bool {
        let commands = CommandReader(findings: findings)
        switch statement.name {
        case "notify": notify.any = commands.command(statement)
        case "notify_master": notify.master = commands.command(statement)
        case "notify_backup": notify.backup = commands.command(statement)
        case "notify_fault": notify.fault = commands.command(statement)
        case "notify_stop": notify.stop = commands.command(statement)
        case "notify_deleted":
            notify.saysDeleted = true
            if statement.node.words.count > 1 { notify.deleted = commands.command(statement) }
        case "notify_master_rx_lower_pri": notify.lowerPriorityHeard = commands.command(statement)
        case "notify_priority_changes": notify.tellsPriority = ValueReader(findings: findings).boolean(statement)
        default: return false
        }
        return true
    }
}

/// The keywords of `global_defs` that are about programs.
struct ScriptDefaultsReader {
    let findings: Findings
    private var commands: CommandReader { CommandReader(findings: findings) }
    private var values: ValueReader { ValueReader(findings: findings) }
    /// What may be written before the command or the path it belongs to.
    private var startup: ScriptCommand?
    private var shutdown: ScriptCommand?
    private var startupTimeout: Duration = .seconds(10)
    private var shutdownTimeout: Duration = .seconds(10)
    private var readers: [String: ScriptCommand] = [:]

    init(findings: Findings) { self.findings = findings }

    /// Whether the statement was one of them.
    mutating func read(_ statement: Statement, into settings: inout ScriptDefaults) -> Bool {
        switch statement.name {
        case "script_user": settings.user = commands.user(statement.node.arguments)
        // keepalived reads no value here, so "off" leaves the file valid for both.
        case "enable_script_security":
            if let isOn = values.boolean(statement) { settings.demandsSafePaths = isOn }
        case "use_symlink_paths": if let isOn = values.boolean(statement) { settings.keepsSymbolicLinks = isOn }
        case "set_supplementary_groups": settings.hasSupplementaryGroups = true
        case "notify_timeout":
            if let span = values.duration(statement.value, of: statement.name, atLeast: .milliseconds(100)) {
                settings.notifyTimeout = span
            }
        case "startup_script": startup = commands.command(statement)
        case "shutdown_script": shutdown = commands.command(statement)
        case "startup_script_timeout": startupTimeout = timeout(statement) ?? startupTimeout
        case "shutdown_script_timeout": shutdownTimeout = timeout(statement) ?? shutdownTimeout
        case "notify_fifo": settings.fifo = fifo(statement)
        case "vrrp_notify_fifo": settings.vrrpFIFO = fifo(statement)
        case "notify_fifo_script", "vrrp_notify_fifo_script":
            if let command = commands.command(statement) { readers[statement.name] = command }
        case "vrrp_notify_priority_changes":
            if let isOn = values.boolean(statement) { settings.tellsPriority = isOn }
        case "fifo_write_vrrp_states_on_reload": settings.repeatsStatesOnReload = true
        default: return false
        }
        settings.startup = startup.map { OnceSettings(command: $0, timeout: startupTimeout) }
        settings.shutdown = shutdown.map { OnceSettings(command: $0, timeout: shutdownTimeout) }
        settings.fifo?.reader = readers["notify_fifo_script"]
        settings.vrrpFIFO?.reader = readers["vrrp_notify_fifo_script"]
        return true
    }

    private func timeout(_ statement: Statement) -> Duration? {
        values.seconds(statement, atLeast: .seconds(1), atMost: .seconds(1000))
    }

    private func fifo(_ statement: Statement) -> FIFOSettings? {
        let path = statement.value
        guard path.text.hasPrefix("/") else {
            findings.error(
                "\"\(path.text)\" is not an absolute path", at: path, hint: "write it from the root: /run/halua/notify")
            return nil
        }
        return FIFOSettings(
            path: path.text, user: commands.user(statement.node.arguments.dropFirst()), location: path.location)
    }
}

/// What the host says about the programs of a configuration: whether they exist, and whether they may run.
struct CommandRules {
    let findings: Findings
    /// The reader's context: it says what keeps a command from running, or nil.
    let judge: (@Sendable (ScriptCommand, ScriptDefaults) -> ScriptComplaint?)?

    func check(_ configuration: Configuration) {
        let names = configuration.trackedScriptNames
        for script in configuration.scripts where !names.contains(script.name) {
            findings.add(
                .warning, "vrrp_script \"\(script.name)\" is tracked by nobody, so it does not run",
                at: script.location, width: script.name.unicodeScalars.count, hint: "name it in a track_script block")
        }
        guard let judge else { return }
        for (purpose, command) in configuration.commands {
            guard let complaint = judge(command, configuration.global.scripts) else { continue }
            findings.add(
                .warning,
                complaint.prevents ? "\(purpose) does NOT run: \(complaint.text)" : "\(purpose): \(complaint.text)",
                at: command.location, width: command.width, hint: complaint.hint)
        }
    }
}

/// What is wrong with a command on this host.
package struct ScriptComplaint: Hashable, Sendable {
    package var text: String
    package var hint: String
    /// It does not run as long as this is so.
    package var prevents: Bool

    package init(_ text: String, hint: String, prevents: Bool = true) {
        self.text = text
        self.hint = hint
        self.prevents = prevents
    }
}
