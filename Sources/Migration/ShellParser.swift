/// Tokens of a shell script → statements.

struct ShellParser {
    private var tokens: [ShellToken]
    private var index = 0

    /// Throws: `UnreadableShell` for whatever a check does not need.
    static func parse(_ text: String) throws(UnreadableShell) -> [ShellStatement] {
        var lexer = ShellLexer(text)
        var parser = ShellParser(tokens: try lexer.tokens())
        let statements = try parser.list(until: [])
        guard parser.index == parser.tokens.count else { throw UnreadableShell(reason: "it is not a plain script") }
        return statements
    }

    private init(tokens: [ShellToken]) { self.tokens = tokens }

    private var current: ShellToken? { index < tokens.count ? tokens[index] : nil }

    private func isKeyword(_ word: String) -> Bool { current == .word(word, isBare: true) }

    private mutating func skip(_ symbol: String) {
        while current == .symbol(symbol) { index += 1 }
    }

    private mutating func expect(_ word: String) throws(UnreadableShell) {
        skip(";")
        guard isKeyword(word) else { throw UnreadableShell(reason: "its \"if\" has no \"\(word)\"") }
        index += 1
    }

    private mutating func list(until ends: [String]) throws(UnreadableShell) -> [ShellStatement] {
        var result: [ShellStatement] = []
        skip(";")
        while let token = current, !ends.contains(where: { token == .word($0, isBare: true) }) {
            result.append(try chain())
            skip(";")
        }
        return result
    }

    /// `a && b || c`, from left to right.
    private mutating func chain() throws(UnreadableShell) -> ShellStatement {
        var left = try command()
        while case .symbol(let symbol)? = current, symbol == "&&" || symbol == "||" {
            index += 1
            skip(";")
            let right = try command()
            left = symbol == "&&" ? .and(left, right) : .or(left, right)
        }
        return left
    }

    private mutating func command() throws(UnreadableShell) -> ShellStatement {
        if isKeyword("if") { return try condition() }
        var isNegated = false
        if isKeyword("!") {
            isNegated = true
            index += 1
        }
        var commands: [[String]] = [try words()]
        while current == .symbol("|") {
            index += 1
            skip(";")
            commands.append(try words())
        }
        if !isNegated, commands.count == 1 {
            if let assignment = Self.assignment(commands[0]) { return assignment }
            if commands[0][0] == "exit" { return .exit(commands[0].dropFirst().first) }
        }
        return .pipeline(commands, isNegated: isNegated)
    }

    private mutating func words() throws(UnreadableShell) -> [String] {
        let reserved = [
            "for", "while", "until", "case", "function", "do", "done", "esac", "{", "}", "then", "fi", "else",
        ]
        var result: [String] = []
        while case .word(let text, let isBare)? = current {
            if result.isEmpty, isBare, reserved.contains(text) {
                throw UnreadableShell(reason: "it has a \"\(text)\" where a command should be")
            }
            result.append(text)
            index += 1
        }
        guard !result.isEmpty else { throw UnreadableShell(reason: "a command is missing") }
        return result
    }

    /// `NAME=VALUE`, also behind `export` or `local`.
    private static func assignment(_ words: [String]) -> ShellStatement? {
        var words = words[...]
        if words.first == "export" || words.first == "readonly" { words = words.dropFirst() }
        guard words.count == 1, let word = words.first, let equals = word.firstIndex(of: "=") else { return nil }
        let name = word[..<equals]
        guard let first = name.first, first.isLetter || first == "_",
            name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
        else { return nil }
        return .assignment(name: String(name), value: String(word[word.index(after: equals)...]))
    }

    private mutating func condition() throws(UnreadableShell) -> ShellStatement {
        index += 1
        let question = try list(until: ["then"])
        try expect("then")
        let then = try list(until: ["else", "elif", "fi"])
        var otherwise: [ShellStatement] = []
        if isKeyword("elif") {
            otherwise = [try condition()]
            return .condition(question, then: then, otherwise: otherwise)
        }
        if isKeyword("else") {
            index += 1
            otherwise = try list(until: ["fi"])
        }
        try expect("fi")
        return .condition(question, then: then, otherwise: otherwise)
    }
}
