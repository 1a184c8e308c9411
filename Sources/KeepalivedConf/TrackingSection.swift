/// `track_interface`, `track_script`, `track_process` and `track_lua`, the same in instances and sync groups.
import Wire

/// A name of a `vrrp_script` or a `vrrp_track_process`, to be resolved when all of them are known.
struct TrackedName {
    var word: Word
    /// nil: the definition's own.
    var weight: Int?
    var isReversed: Bool?
}

/// What one block tracks, as written.
struct TrackingDraft {
    var interfaces: [TrackedInterface] = []
    /// Parallel to `interfaces`.
    var interfaceWords: [Word] = []
    var scripts: [TrackedName] = []
    var processes: [TrackedName] = []
    var checks: [TrackedLuaCheck] = []
    /// Parallel to `checks`.
    var checkWords: [Word] = []
}

struct TrackingReader {
    let findings: Findings

    private var values: ValueReader { ValueReader(findings: findings) }
    private var options: OptionReader { OptionReader(findings: findings) }

    /// Whether the statement was one of the `track_*` blocks that work.
    func read(_ statement: Statement, into draft: inout TrackingDraft) -> Bool {
        switch statement.name {
        case "track_interface":
            for entry in entries(of: statement.node, in: .trackLine) { readInterface(entry, into: &draft) }
        case "track_script":
            for entry in entries(of: statement.node, in: .trackLine) { draft.scripts.append(name(entry)) }
        case "track_process":
            for entry in entries(of: statement.node, in: .trackLine) { draft.processes.append(name(entry)) }
        case "track_lua":
            for entry in entries(of: statement.node, in: .checkLine) { readCheck(entry, into: &draft) }
        default: return false
        }
        return true
    }

    /// `{ a b weight 5 c }` on one line is three entries. keepalived's own blocks are told that it reads only `a`.
    private func entries(of node: Node, in place: Keyword.Place) -> [[Word]] {
        var result: [[Word]] = []
        for line in node.children ?? [] {
            guard line.children == nil else {
                findings.error(
                    "\"\(node.keyword.text)\" holds no blocks", at: line.keyword, hint: "write one name per line")
                continue
            }
            var entry: [Word] = []
            var isValue = false
            for word in line.words {
                let option = Keyword.find(word.text, in: place)
                // On its own line, a word that is no option is a slip; in a one-line block it is the next entry.
                if !isValue, !entry.isEmpty, option == nil, node.isOneLine {
                    if place == .trackLine {
                        findings.warn(
                            "keepalived reads one name per line and ignores \"\(word.text)\" here", at: word,
                            hint: "halua reads it; put it on a line of its own")
                    }
                    result.append(entry)
                    entry = []
                }
                isValue = !isValue && !entry.isEmpty && option?.wordCount.lowerBound == 1
                entry.append(word)
            }
            result.append(entry)
        }
        return result
    }

    private func weight(_ option: LineOption) -> Int? {
        guard let number = values.integer(option.value, of: "weight", -254...254) else { return nil }
        guard number.magnitude == 254 else { return number }
        findings.warn(
            "weight \(number) is cut to \(number.signum() * 253)", at: option.value, hint: "weights go from -253 to 253"
        )
        return number.signum() * 253
    }

    private func readInterface(_ entry: [Word], into draft: inout TrackingDraft) {
        guard let name = values.interfaceName(entry[0]) else { return }
        var interface = TrackedInterface(name: name, weight: 0, isReversed: false)
        for option in options.options(entry.dropFirst(), in: .trackLine) {
            switch option.name {
            case "weight": interface.weight = weight(option) ?? 0
            case "reverse": interface.isReversed = true
            default: interface.isReversed = false
            }
        }
        if interface.isReversed && interface.weight == 0 {
            findings.error(
                "interface \(name) with reverse needs a weight", at: entry[0],
                hint: "without a weight its failure means FAULT, which can't be reversed")
        }
        draft.interfaces.append(interface)
        draft.interfaceWords.append(entry[0])
    }

    private func name(_ entry: [Word]) -> TrackedName {
        var tracked = TrackedName(word: entry[0])
        for option in options.options(entry.dropFirst(), in: .trackLine) {
            switch option.name {
            case "weight": tracked.weight = weight(option)
            case "reverse": tracked.isReversed = true
            default: tracked.isReversed = false
            }
        }
        return tracked
    }

    private func readCheck(_ entry: [Word], into draft: inout TrackingDraft) {
        guard var check = LuaCheckName(findings: findings).check(entry[0]) else { return }
        for option in options.options(entry.dropFirst(), in: .checkLine) {
            switch option.name {
            case "weight": check.weight = weight(option)
            case "reverse": check.isReversed = true
            case "interval": check.interval = values.duration(option.value, of: "interval", atLeast: .milliseconds(10))
            case "timeout": check.timeout = values.duration(option.value, of: "timeout", atLeast: .milliseconds(1))
            case "rise": check.rise = values.integer(option.value, of: "rise", 1...1_000_000)
            case "fall": check.fall = values.integer(option.value, of: "fall", 1...1_000_000)
            case "init_fail": check.startsFailed = true
            default: check.isReversed = false
            }
        }
        draft.checks.append(check)
        draft.checkWords.append(entry[0])
    }
}

/// "plugin.check"
struct LuaCheckName {
    let findings: Findings

    func check(_ word: Word) -> TrackedLuaCheck? {
        let parts = word.text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            findings.error(
                "\"\(word.text)\" is not the name of a Lua check", at: word,
                hint: "write PLUGIN.CHECK, as in mycat.process")
            return nil
        }
        return TrackedLuaCheck(name: word.text, location: word.location)
    }

    /// The part before the first point.
    static func plugin(of check: TrackedLuaCheck) -> String {
        check.name.split(separator: ".").first.map(String.init) ?? check.name
    }
}
