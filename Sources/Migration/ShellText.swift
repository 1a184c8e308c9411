/// The little of a shell's language that check scripts are written in, as a tree: commands, pipes, `if`, `&&`, `||`.
///
/// Loops, functions and whatever else is not known make the text unreadable, which is an answer, too: such a script
/// stays a program.

/// What a script does, as far as it can be read.
indirect enum ShellStatement: Hashable {
    /// Commands with `|` between them, without redirections.
    case pipeline([[String]], isNegated: Bool)
    case assignment(name: String, value: String)
    case exit(String?)
    case and(ShellStatement, ShellStatement)
    case or(ShellStatement, ShellStatement)
    case condition([ShellStatement], then: [ShellStatement], otherwise: [ShellStatement])
}

/// Why a text could not be read.
struct UnreadableShell: Error, Hashable {
    var reason: String
}

enum ShellToken: Hashable {
    /// `isBare`: without quotes, so that it may be a word of the language.
    case word(String, isBare: Bool)
    /// `|`, `||`, `&&`, `;` (a line's end is one, too), `(` and `)`.
    case symbol(String)
}

/// Text → tokens. Substitutions stay in their word as they are written: "$(pidof x | wc -l)".
struct ShellLexer {
    private let scalars: [Unicode.Scalar]
    private var index = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    private var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }
    private func peek(_ offset: Int = 1) -> Unicode.Scalar? {
        index + offset < scalars.count ? scalars[index + offset] : nil
    }

    mutating func tokens() throws(UnreadableShell) -> [ShellToken] {
        var result: [ShellToken] = []
        while let scalar = current {
            switch scalar {
            case " ", "\t", "\r": index += 1
            case "\\" where peek() == "\n": index += 2
            case "#": while let next = current, next != "\n" { _ = next; index += 1 }
            case "\n", ";":
                index += 1
                if result.last != .symbol(";"), !result.isEmpty { result.append(.symbol(";")) }
            case "|", "&":
                let isDouble = peek() == scalar
                if scalar == "&", !isDouble {
                    guard peek() == ">" else { throw UnreadableShell(reason: "it starts something in the background") }
                    index += 1
                    try redirection()
                    continue
                }
                result.append(.symbol(isDouble ? "\(scalar)\(scalar)" : "|"))
                index += isDouble ? 2 : 1
            case ">", "<":
                if scalar == "<", let probe = try probe() { result.append(probe) } else { try redirection() }
            case "0"..."9" where peek() == ">":
                index += 1
                try redirection()
            case "(", ")": throw UnreadableShell(reason: "it has a function or a subshell")
            default: result.append(try word())
            }
        }
        return result
    }

    /// `>FILE`, `>>FILE`, `>&2`, `2>&1`: where output goes decides nothing.
    private mutating func redirection() throws(UnreadableShell) {
        while current == ">" || current == "<" || current == "&" { index += 1 }
        while current == " " { index += 1 }
        _ = try word()
    }

    /// `</dev/tcp/HOST/PORT`, which bash makes a connection of.
    private mutating func probe() throws(UnreadableShell) -> ShellToken? {
        var copy = self
        copy.index += 1
        while copy.current == " " { copy.index += 1 }
        guard case .word(let text, _) = try copy.word(), text.hasPrefix("/dev/tcp/") else { return nil }
        self = copy
        return .word("<" + text, isBare: false)
    }

    private mutating func word() throws(UnreadableShell) -> ShellToken {
        var text = String.UnicodeScalarView()
        var isBare = true
        while let scalar = current {
            switch scalar {
            case " ", "\t", "\n", "\r", ";", "|", "<", ">", ")", "(": return .word(String(text), isBare: isBare)
            case "&" where peek() == "&" || peek() == ">": return .word(String(text), isBare: isBare)
            case "\\":
                index += 1
                if let next = current { text.append(next) }
                index += 1
            case "'", "\"":
                isBare = false
                try quoted(scalar, into: &text)
            case "`": try copy(until: "`", into: &text)
            case "$" where peek() == "(": try copySubstitution(into: &text)
            case "$" where peek() == "{":
                while let next = current, next != "}" {
                    text.append(next)
                    index += 1
                }
            default:
                text.append(scalar)
                index += 1
            }
        }
        return .word(String(text), isBare: isBare)
    }

    private mutating func quoted(_ quote: Unicode.Scalar, into text: inout String.UnicodeScalarView)
        throws(UnreadableShell)
    {
        index += 1
        while let scalar = current, scalar != quote {
            if quote == "\"", scalar == "$", peek() == "(" {
                try copySubstitution(into: &text)
                continue
            }
            if quote == "\"", scalar == "`" {
                try copy(until: "`", into: &text)
                continue
            }
            if quote == "\"", scalar == "\\", let next = peek(), "\"\\$`".unicodeScalars.contains(next) { index += 1 }
            guard let scalar = current else { break }
            text.append(scalar)
            index += 1
        }
        guard current == quote else { throw UnreadableShell(reason: "a quote is never closed") }
        index += 1
    }

    /// A substitution in backquotes is kept as `$(…)`.
    private mutating func copy(until end: Unicode.Scalar, into text: inout String.UnicodeScalarView)
        throws(UnreadableShell)
    {
        index += 1
        text.append(contentsOf: "$(".unicodeScalars)
        while let scalar = current, scalar != end {
            text.append(scalar)
            index += 1
        }
        guard current == end else { throw UnreadableShell(reason: "a ` is never closed") }
        text.append(")")
        index += 1
    }

    private mutating func copySubstitution(into text: inout String.UnicodeScalarView) throws(UnreadableShell) {
        var depth = 0
        while let scalar = current {
            if scalar == "(" { depth += 1 }
            if scalar == ")" { depth -= 1 }
            text.append(scalar)
            index += 1
            if scalar == ")", depth == 0 { return }
        }
        throw UnreadableShell(reason: "a $( is never closed")
    }
}
