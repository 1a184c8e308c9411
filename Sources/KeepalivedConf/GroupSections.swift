/// `vrrp_sync_group` and `lua_plugin`.
import Wire

/// One sync group as written.
struct GroupDraft {
    var name: Word
    var members: [Word] = []
    var usesTrackingWeights = false
    var tracking = TrackingDraft()
    var notify = NotifySettings()
    /// smtp_alert; nil: as in global_defs.
    var isMailed: Bool?
}

struct GroupSections {
    let findings: Findings

    func group(_ node: Node) -> GroupDraft {
        var draft = GroupDraft(name: node.words[1])
        let checker = StatementChecker(findings: findings)
        for statement in checker.statements(node.children ?? [], in: .syncGroup, isOneLine: node.isOneLine) {
            if TrackingReader(findings: findings).read(statement, into: &draft.tracking) { continue }
            if NotifyReader(findings: findings).read(statement, into: &draft.notify) { continue }
            switch statement.name {
            // Unlike other lists, this one takes several names per line, as keepalived does.
            case "group": draft.members += (statement.node.children ?? []).flatMap(\.words)
            case "sync_group_tracking_weight": draft.usesTrackingWeights = true
            case "smtp_alert": draft.isMailed = ValueReader(findings: findings).boolean(statement)
            default: preconditionFailure("\(statement.name) is marked as working, but nothing reads it.")
            }
        }
        return draft
    }

    /// nil when its head makes no sense.
    func plugin(_ node: Node) -> (PluginSettings, name: Word)? {
        let file = node.words[1]
        guard isName(file) else { return nil }
        var name = file
        if node.words.count > 2 {
            guard node.words.count == 4, node.words[2].text == "as" else {
                findings.error(
                    "\"\(node.words[2].text)\" is not understood here", at: node.words[2],
                    hint: "write lua_plugin FILE as NAME { … }")
                return nil
            }
            name = node.words[3]
            guard isName(name) else { return nil }
        }
        let options = (node.children ?? []).flatMap { readOptions($0, isOneLine: node.isOneLine) }
        var first: [String: PluginOption] = [:]
        for option in options {
            if let before = first[option.key] {
                let word = Word(option.key, location: option.location)
                findings.error(
                    "option \"\(option.key)\" is given twice", at: word,
                    hint: "the first is on line \(before.location.line)")
            }
            first[option.key] = option
        }
        let settings = PluginSettings(file: file.text, name: name.text, options: options, location: file.location)
        return (settings, name)
    }

    /// Names become file names and the first half of "plugin.check".
    private func isName(_ word: Word) -> Bool {
        guard !word.text.isEmpty, word.text.unicodeScalars.allSatisfy({ $0.isNameCharacter || $0 == "-" }) else {
            let bare = word.text.hasSuffix(".lua") ? "leave out \".lua\"" : "use letters, digits, _ and - only"
            findings.error(
                "\"\(word.text)\" can't be the name of a plugin", at: word,
                hint: "\(bare); lua_path says where files are searched")
            return false
        }
        return true
    }

    /// A line is a key and its values. In a block of one line, `{ user a password b }`, keys and values alternate,
    /// because nothing but the plugin knows which words are keys.
    private func readOptions(_ node: Node, isOneLine: Bool) -> [PluginOption] {
        if let children = node.children {
            findings.error(
                "the option \"\(node.keyword.text)\" holds a block", at: node.keyword,
                hint: "options are a name and values on one line"
                    + (children.isEmpty ? "" : "; a \"}\" may be missing above"))
            return []
        }
        guard isOneLine, node.words.count > 2 else {
            return [
                PluginOption(
                    key: node.keyword.text, values: node.arguments.map(\.text), location: node.keyword.location)
            ]
        }
        guard node.words.count.isMultiple(of: 2) else {
            findings.error(
                "on one line, options must come in pairs of name and value", at: node.keyword,
                hint: "write one option per line")
            return []
        }
        return stride(from: 0, to: node.words.count, by: 2).map { index in
            PluginOption(
                key: node.words[index].text, values: [node.words[index + 1].text], location: node.words[index].location)
        }
    }
}
