/// `vrrp_script` and `vrrp_track_process`: named checks that instances track.
import Wire

/// One `vrrp_script` as written.
struct ScriptDraft {
    var name: Word
    /// nil: it holds a program, or neither.
    var lua: TrackedLuaCheck?
    var luaWord: Word?
    var shell: ScriptSettings?
    var weight: Int?
    var isReversed = false
}

struct CheckSections {
    let findings: Findings

    private var values: ValueReader { ValueReader(findings: findings) }

    func script(_ node: Node) -> ScriptDraft {
        var draft = ScriptDraft(name: node.words[1])
        var commandWord: Word?
        var command: ScriptCommand?
        var user: ScriptUser?
        var check = TrackedLuaCheck(name: "", location: node.words[1].location)
        let checker = StatementChecker(findings: findings)
        for statement in checker.statements(node.children ?? [], in: .script, isOneLine: node.isOneLine) {
            switch statement.name {
            case "lua":
                draft.luaWord = statement.value
                draft.lua = LuaCheckName(findings: findings).check(statement.value)
            case "script":
                commandWord = statement.word
                command = CommandReader(findings: findings).wholeLine(statement)
            case "user": user = CommandReader(findings: findings).user(statement.node.arguments)
            case "interval": check.interval = values.seconds(statement)
            case "timeout": check.timeout = values.seconds(statement)
            case "weight": (check.weight, check.isReversed) = weight(statement)
            case "rise": check.rise = values.integer(statement, 1...1_000_000)
            case "fall": check.fall = values.integer(statement, 1...1_000_000)
            case "init_fail": check.startsFailed = true
            default: preconditionFailure("\(statement.name) is marked as working in vrrp_script, but nothing reads it.")
            }
        }
        if check.interval == .zero { check.interval = .seconds(1) }
        if check.timeout == .zero { check.timeout = nil }
        draft.weight = check.weight
        draft.isReversed = check.isReversed
        if let lua = draft.lua {
            check.name = lua.name
            check.location = lua.location
            draft.lua = check
        }
        if draft.luaWord == nil, commandWord == nil {
            findings.error(
                "vrrp_script \"\(draft.name.text)\" has neither lua nor script", at: draft.name,
                hint: "write script \"/path/to/check\" or lua PLUGIN.CHECK in it")
        } else if let commandWord, draft.luaWord != nil {
            findings.error(
                "vrrp_script \"\(draft.name.text)\" has both lua and script", at: commandWord,
                hint: "remove one of them")
        } else if var command {
            if let user { command.user = user }
            draft.shell = shell(draft, check, command)
        }
        return draft
    }

    private func shell(_ draft: ScriptDraft, _ values: TrackedLuaCheck, _ command: ScriptCommand) -> ScriptSettings {
        var settings = ScriptSettings(name: draft.name.text, command: command, location: draft.name.location)
        settings.interval = values.interval ?? settings.interval
        settings.timeout = values.timeout ?? settings.interval
        settings.weight = draft.weight ?? 0
        settings.isReversed = draft.isReversed
        settings.rise = values.rise ?? 1
        settings.fall = values.fall ?? 1
        settings.startsFailed = values.startsFailed
        return settings
    }

    private func weight(_ statement: Statement) -> (Int?, Bool) {
        guard let number = values.integer(statement, -254...254) else { return (nil, false) }
        var isReversed = false
        if statement.node.words.count > 2 {
            let word = statement.node.words[2]
            isReversed = word.text == "reverse"
            if !isReversed {
                findings.error(
                    "unknown option \"\(word.text)\"", at: word, hint: "behind a weight may stand \"reverse\"")
            }
        }
        guard number.magnitude == 254 else { return (number, isReversed) }
        let cut = number.signum() * 253
        findings.warn("weight \(number) is cut to \(cut)", at: statement.value, hint: "weights go from -253 to 253")
        return (cut, isReversed)
    }

    /// nil when it doesn't say which process.
    func process(_ node: Node) -> (TrackProcessSettings, name: Word, isReversed: Bool)? {
        let name = node.words[1]
        var settings = TrackProcessSettings(name: name.text, command: [], location: name.location)
        var isReversed = false
        let checker = StatementChecker(findings: findings)
        for statement in checker.statements(node.children ?? [], in: .trackProcess, isOneLine: node.isOneLine) {
            switch statement.name {
            case "process":
                settings.command = statement.node.arguments.map(\.text)
                // With arguments keepalived compares the command line, as with full_command.
                if settings.command.count > 1 { settings.matchesArguments = true }
            case "full_command": settings.matchesArguments = true
            case "weight":
                let (number, reversed) = weight(statement)
                settings.weight = number ?? 0
                isReversed = reversed
            case "quorum": if let number = values.integer(statement, 1...65535) { settings.quorum = number }
            case "quorum_max": settings.quorumMaximum = values.integer(statement, 0...65535)
            case "delay":
                guard let span = values.seconds(statement, atMost: .seconds(3600)) else { break }
                settings.forkDelay = span
                settings.terminateDelay = span
            case "fork_delay":
                if let span = values.seconds(statement, atMost: .seconds(3600)) { settings.forkDelay = span }
            case "terminate_delay":
                if let span = values.seconds(statement, atMost: .seconds(3600)) { settings.terminateDelay = span }
            default: preconditionFailure("\(statement.name) is marked as working, but nothing reads it.")
            }
        }
        finish(&settings, name)
        return settings.command.isEmpty ? nil : (settings, name, isReversed)
    }

    private func finish(_ settings: inout TrackProcessSettings, _ name: Word) {
        guard let command = settings.command.first else {
            findings.error(
                "vrrp_track_process \"\(name.text)\" names no process", at: name, hint: "write process NAME in it")
            return
        }
        if settings.matchesArguments {
            settings.command = settings.command.flatMap { $0.split(separator: " ").map(String.init) }
        } else if command.utf8.count > 15 {
            findings.warn(
                "process \"\(command)\" has more than 15 characters; the kernel keeps 15, which are compared", at: name,
                hint: "add full_command to compare the whole command line")
            settings.command = [String(decoding: command.utf8.prefix(15), as: UTF8.self)]
        }
        if let most = settings.quorumMaximum, most < settings.quorum {
            findings.error(
                "quorum_max \(most) is below quorum \(settings.quorum): no number of processes is right", at: name,
                hint: "raise quorum_max or lower quorum")
        }
    }
}
