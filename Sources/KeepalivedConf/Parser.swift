/// Words and braces → the tree of statements.

/// Builds the tree line by line. Whatever the text, it returns a tree; what didn't fit is in the findings.
struct Parser {
    let findings: Findings

    /// A block that is being read.
    private struct OpenBlock {
        var node: Node
        var children: [Node] = []
        /// The line of its `{`, and whether something stands behind it there.
        var openLine: Int
    }

    private var roots: [Node] = []
    private var open: [OpenBlock] = []
    /// Whether the next `{` may still belong to the last statement, which ended with its line.
    private var lastMayOpen = false

    init(findings: Findings) { self.findings = findings }

    /// Deeper blocks than any keyword opens are a mistake; the limit keeps recursion over the tree harmless.
    private static let depthLimit = 16

    mutating func parse(_ lines: [SourceLine]) -> [Node] {
        for line in lines { parse(line) }
        for block in open.reversed() {
            findings.error(
                "this block is never closed", at: block.node.keyword,
                hint: "add the missing \"}\"")
        }
        while !open.isEmpty { closeBlock(at: nil) }
        return roots
    }

    private mutating func parse(_ line: SourceLine) {
        var lexer = Lexer(line: line, quoting: quoting(line), findings: findings)
        var words: [Word] = []
        for token in lexer.tokens() {
            switch token {
            case .word(let word):
                if words.isEmpty { lastMayOpen = false }
                words.append(word)
            case .open(let brace):
                openBlock(words, at: brace)
                words = []
            case .close(let brace):
                flush(&words, of: line)
                closeBlock(at: brace)
            }
        }
        if !words.isEmpty {
            flush(&words, of: line)
            lastMayOpen = true
        }
    }

    /// keepalived reads escapes in the lines that hold a command; halua also in the options of plugins.
    private func quoting(_ line: SourceLine) -> Quoting {
        if open.first?.node.keyword.text == "lua_plugin" { return .escapes }
        // In a block of one line the command stands further back.
        let words = line.text.split { $0.isWhitespace || $0 == "{" }
        switch words.first {
        case "process", "lua_plugin": return .escapes
        case let first?:
            let isOneLine = first.hasPrefix("vrrp_") && line.text.contains("{")
            return (isOneLine ? words[...] : words.prefix(1)).contains(where: Self.takesCommand) ? .command : .plain
        case nil: return .plain
        }
    }

    private static func takesCommand(_ keyword: Substring) -> Bool {
        keyword == "script" || keyword == "startup_script" || keyword == "shutdown_script"
            || keyword.hasPrefix("notify") && keyword != "notify_priority_changes"
            || keyword.hasPrefix("vrrp_notify_fifo")
    }

    private mutating func flush(_ words: inout [Word], of line: SourceLine) {
        guard !words.isEmpty else { return }
        var node = Node(words: words)
        node.attachedComment = line.attachedComment
        append(node)
        words = []
    }

    private mutating func append(_ node: Node) {
        if open.isEmpty {
            roots.append(node)
        } else {
            open[open.count - 1].children.append(node)
        }
    }

    private mutating func openBlock(_ words: [Word], at brace: Word) {
        var words = words
        if words.isEmpty {
            guard lastMayOpen, let last = removeLast() else {
                findings.error(
                    "\"{\" without a keyword in front of it", at: brace, hint: "name the block, or remove the brace")
                pushBlock(Node(words: [brace]), at: brace)
                return
            }
            words = last.words
        }
        lastMayOpen = false
        closeForgottenBlocks(before: words[0])
        pushBlock(Node(words: words), at: brace)
    }

    private mutating func pushBlock(_ node: Node, at brace: Word) {
        if open.count == Self.depthLimit {
            findings.error(
                "blocks stand in each other more than \(Self.depthLimit) deep", at: brace, hint: "close some")
        }
        open.append(OpenBlock(node: node, openLine: brace.location.line))
    }

    private mutating func removeLast() -> Node? {
        if open.isEmpty { return roots.isEmpty ? nil : roots.removeLast() }
        return open[open.count - 1].children.popLast()
    }

    /// A block that only stands at the top, met inside another one, means that a `}` is missing before it. Saying so
    /// here gives one message instead of one per statement that follows.
    private mutating func closeForgottenBlocks(before word: Word) {
        guard let block = open.first, Keyword.opensOnlyAtTop(word.text), block.node.keyword.text != "lua_plugin",
            block.node.keyword.text != "{"
        else { return }
        let opened = open.last?.node.keyword ?? block.node.keyword
        findings.error(
            "\"\(word.text)\" can't stand inside \"\(opened.text)\"", at: word,
            hint: "a \"}\" is missing: \"\(opened.text)\" of line \(opened.location.line) is still open")
        while !open.isEmpty { closeBlock(at: nil) }
    }

    private mutating func closeBlock(at brace: Word?) {
        lastMayOpen = false
        guard let block = open.popLast() else {
            if let brace {
                findings.error(
                    "this \"}\" closes nothing", at: brace,
                    hint: "remove it, or look for a block above that was closed too early")
            }
            return
        }
        var node = block.node
        // Statements below the limit are dropped: the finding that refuses them is already there.
        node.children = open.count >= Self.depthLimit ? [] : block.children
        node.isOneLine = brace.map { $0.location.line == block.openLine } ?? false
        // A brace without a keyword was reported; what stands in it has no meaning.
        guard node.keyword.text != "{" || node.keyword.isQuoted else { return }
        append(node)
    }
}
