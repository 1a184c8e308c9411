/// Holds the statements of a block against the keyword table: what is unknown, incomplete or without effect is
/// reported here, once for every section.

/// A statement that its section has to read: known, complete, and marked as working.
struct Statement {
    var keyword: Keyword
    var node: Node

    var name: String { keyword.name }
    var word: Word { node.keyword }
    /// The first word behind the keyword, else the keyword itself: where a message about the value points.
    var value: Word { node.words.count > 1 ? node.words[1] : node.words[0] }
}

struct StatementChecker {
    let findings: Findings

    /// The statements of `nodes` that work. `isOneLine`: they stand in a block of one line, so one node may be several.
    func statements(_ nodes: [Node], in place: Keyword.Place, isOneLine: Bool = false) -> [Statement] {
        var result: [Statement] = []
        var first: [String: Word] = [:]
        for node in isOneLine ? nodes.flatMap({ split($0, in: place) }) : nodes {
            guard let keyword = Keyword.find(node.keyword.text, in: place) else {
                reportUnknown(node.keyword, in: place)
                continue
            }
            guard isEffective(keyword, at: node.keyword), hasRightShape(node, keyword) else { continue }
            if !keyword.isBlock, !Self.repeatable.contains(keyword.name) {
                if let before = first[keyword.name], Self.firstCounts(keyword.name) {
                    findings.warn(
                        "\"\(keyword.name)\" is given twice, the first one counts", at: node.keyword,
                        hint: "remove one; the first is on line \(before.location.line)")
                    continue
                }
                if let before = first[keyword.name] {
                    findings.warn(
                        "\"\(keyword.name)\" is given twice, the last one counts", at: node.keyword,
                        hint: "remove one; the first is on line \(before.location.line)")
                }
                first[keyword.name] = node.keyword
            }
            result.append(Statement(keyword: keyword, node: node))
        }
        return result
    }

    /// Lists that may be written in several lines.
    private static let repeatable: Set<String> = ["lua_path", "promotion_gate"]

    /// As in keepalived: a second notify script of the same kind does not run.
    private static func firstCounts(_ name: String) -> Bool {
        name.hasPrefix("notify") && name != "notify_priority_changes" && name != "notify_timeout"
    }

    /// Warns of a keyword without effect; exactly once, whatever stands in its block.
    private func isEffective(_ keyword: Keyword, at word: Word) -> Bool {
        switch keyword.status {
        case .works:
            return true
        case .ignored(let what, let meaning):
            findings.warn("\"\(keyword.name)\" is ignored: \(what)", at: word, hint: meaning)
        case .later(let what, let meaning):
            findings.warn("\"\(keyword.name)\" has no effect: \(what)", at: word, hint: meaning)
        }
        return false
    }

    private func reportUnknown(_ word: Word, in place: Keyword.Place) {
        guard !findings.isFull else { return findings.error("unknown keyword \"\(word.text)\"", at: word) }
        let names = Keyword.names(in: place)
        if let nearest = Spelling.nearest(to: word.text, among: names) {
            findings.error("unknown keyword \"\(word.text)\"", at: word, hint: "did you mean \"\(nearest)\"?")
            return
        }
        let others = Keyword.places(of: word.text)
        if let home = others.first {
            findings.error(
                "\"\(word.text)\" can't stand \(place.phrase)", at: word, hint: "it belongs \(home.phrase)")
            return
        }
        let everywhere = Spelling.nearest(to: word.text, among: Keyword.allNames)
        let hint: String
        if word.text.contains("=") || word.text.hasPrefix("$") {
            hint = "a definition is written $NAME=value, with no space before the =; a statement has no ="
        } else if let everywhere, let home = Keyword.places(of: everywhere).first {
            hint = "\"\(everywhere)\" is known, \(home.phrase)"
        } else {
            hint = "remove it, or see halua.conf(5) for what may stand \(place.phrase)"
        }
        findings.error("unknown keyword \"\(word.text)\"", at: word, hint: hint)
    }

    private func hasRightShape(_ node: Node, _ keyword: Keyword) -> Bool {
        let usage = keyword.arguments.isEmpty ? keyword.name : "\(keyword.name) \(keyword.arguments)"
        if keyword.needsBlock, node.children == nil {
            findings.error("\"\(keyword.name)\" needs a block", at: node.keyword, hint: "write \(usage)")
            return false
        }
        if !keyword.isBlock, node.children != nil {
            findings.error("\"\(keyword.name)\" takes no block", at: node.keyword, hint: "write \(usage)")
            return false
        }
        let count = node.words.count - 1
        guard count >= keyword.wordCount.lowerBound else {
            let missing = keyword.isBlock ? "a name" : "a value"
            findings.error("\"\(keyword.name)\" needs \(missing)", at: node.keyword, hint: "write \(usage)")
            return false
        }
        if count > keyword.wordCount.upperBound {
            let extra = node.words[keyword.wordCount.upperBound + 1]
            findings.warn(
                "\"\(extra.text)\" is one word too many for \"\(keyword.name)\" and is ignored", at: extra,
                hint: "write \(usage)")
        }
        return true
    }

    /// `{ auth_type PASS auth_pass 1111 }`: several statements in one line. keepalived reads only the first.
    private func split(_ node: Node, in place: Keyword.Place) -> [Node] {
        guard node.children == nil else { return [node] }
        var result: [Node] = []
        var rest = node.words[...]
        while let head = rest.first {
            let keyword = Keyword.find(head.text, in: place)
            let count = keyword?.wordCount ?? 0...rest.count
            let minimum = min(rest.count, 1 + count.lowerBound)
            var end = rest.startIndex + minimum
            // "on" and "off" may be keywords of the place, too.
            if keyword?.shape == .bool, end < rest.endIndex, ["on", "off"].contains(rest[end].text) { end += 1 }
            while end < rest.endIndex, Keyword.find(rest[end].text, in: place) == nil { end += 1 }
            result.append(Node(words: Array(rest[..<end])))
            rest = rest[end...]
            if let next = rest.first, !place.isOwn {
                findings.warn(
                    "keepalived reads one statement per line and ignores \"\(next.text)\" here", at: next,
                    hint: "halua reads it; put it on a line of its own")
            }
        }
        return result
    }
}
