/// One line of characters → words and braces.

enum Token {
    case word(Word)
    case open(Word)
    case close(Word)
}

/// What quotes and backslashes mean in a line.
enum Quoting {
    case plain
    /// `\n`, `\x41` and the like mean something inside quotes: in plugin options and tracked processes.
    case escapes
    /// A line that holds a command: `'` quotes as well, and the word is taken apart once more later.
    case command
}

/// Splits at white space; double quotes group; a brace is a token.
///
/// keepalived takes every unquoted brace for a token. Here the braces of `%{http_code}` and of an undefined `${NAME}`
/// belong to the word, so that messages can show it in one piece.
struct Lexer {
    let line: SourceLine
    let quoting: Quoting
    let findings: Findings

    private var index = 0

    init(line: SourceLine, quoting: Quoting, findings: Findings) {
        self.line = line
        self.quoting = quoting
        self.findings = findings
    }

    mutating func tokens() -> [Token] {
        var tokens: [Token] = []
        while let scalar = peek() {
            if scalar.isBlank {
                index += 1
            } else if scalar.isLookalike {
                refuseLookalike(scalar)
            } else if scalar == "{" || scalar == "}" {
                if scalar == "{" && peek(1) == "{" {
                    refusePlaceholder()
                    return []
                }
                let word = Word(String(scalar), location: line.location(index))
                tokens.append(scalar == "{" ? .open(word) : .close(word))
                index += 1
            } else if quoting == .command {
                tokens.append(.word(commandWord()))
            } else if scalar == "\"" {
                tokens.append(.word(quotedWord()))
            } else {
                tokens.append(.word(plainWord()))
            }
        }
        return tokens
    }

    private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        index + ahead < line.cells.count ? line.cells[index + ahead].scalar : nil
    }

    /// A template that was never rendered would give a cascade of misleading messages.
    private mutating func refusePlaceholder() {
        let start = line.location(index)
        findings.add(
            .error, "\"{{\" looks like a placeholder of a template", at: start, width: 2,
            hint: "render the template first; halua reads the result")
        index = line.cells.count
    }

    private mutating func plainWord() -> Word {
        let start = index
        var depth = 0
        scan: while let scalar = peek(), !scalar.isBlank, !scalar.isLookalike, scalar != "\"" {
            if scalar == "{" {
                guard depth > 0 || index > start, ["$", "%"].contains(line.cells[index - 1].scalar) else { break scan }
                depth += 1
            } else if scalar == "}" {
                guard depth > 0 else { break scan }
                depth -= 1
            }
            index += 1
        }
        let word = Word(
            line.text(of: line.cells[start..<index]), location: line.location(start), width: line.width(start..<index))
        warnOfQuotes(word)
        return word
    }

    private func warnOfQuotes(_ word: Word) {
        guard word.text.unicodeScalars.contains(where: { $0 == "\u{201C}" || $0 == "\u{201D}" }) else { return }
        findings.error("this word holds a typographic quote", at: word, hint: "use the plain quote \"")
    }

    /// Characters that look like a space, or like nothing, come with text copied from web pages. Each ends a word.
    private mutating func refuseLookalike(_ scalar: Unicode.Scalar) {
        findings.add(
            .error, "this character looks like a space but isn't (U+\(scalar.hex))", at: line.location(index),
            hint: "replace it by a plain space")
        index += 1
    }

    /// Quotes of both kinds group and go away; what they and the backslashes mean inside is for `CommandWords`.
    private mutating func commandWord() -> Word {
        let start = index
        var text = String.UnicodeScalarView()
        var quote: Unicode.Scalar?
        var isQuoted = false
        while let scalar = peek() {
            if scalar == "\\", let next = peek(1) {
                text.append(scalar)
                text.append(next)
                index += 2
                continue
            }
            if let open = quote {
                if scalar == open { quote = nil } else { text.append(scalar) }
            } else if scalar == "\"" || scalar == "'" {
                quote = scalar
                isQuoted = true
            } else if scalar.isBlank || scalar.isLookalike || endsCommandWord(scalar, text) {
                break
            } else {
                text.append(scalar)
            }
            index += 1
        }
        let location = line.location(start)
        if let quote {
            findings.add(
                .error, "this quote is never closed", at: location, width: 1,
                hint: "end the text with \(quote) on the same line")
        }
        let word = Word(String(text), location: location, width: line.width(start..<index), isQuoted: isQuoted)
        warnOfQuotes(word)
        return word
    }

    /// A brace ends a word unless it belongs to `%{http_code}` or an undefined `${NAME}`.
    private func endsCommandWord(_ scalar: Unicode.Scalar, _ text: String.UnicodeScalarView) -> Bool {
        let open = text.lastIndex(of: "{")
        switch scalar {
        case "{": return text.last.map { $0 != "$" && $0 != "%" } ?? true
        case "}":
            guard let open else { return true }
            return text[open...].contains("}")
        default: return false
        }
    }

    private mutating func quotedWord() -> Word {
        let start = index
        index += 1
        var text = String.UnicodeScalarView()
        while let scalar = peek(), scalar != "\"" {
            let rest = line.cells[index...].prefix(6).map(\.scalar)
            if scalar == "\\", quoting == .escapes, let (decoded, length) = Escape.decode(rest[...]) {
                text.append(decoded)
                index += length
            } else {
                text.append(scalar)
                index += 1
            }
        }
        let location = line.location(start)
        if peek() == nil {
            findings.add(
                .error, "this quote is never closed", at: location, width: 1,
                hint: "end the text with \" on the same line")
        } else {
            index += 1
        }
        return Word(String(text), location: location, width: line.width(start..<index), isQuoted: true)
    }
}

/// The escapes of keepalived's script lines: \a \b \E \f \n \r \t \v, up to three octal digits, \xXX, \cC, \C.
enum Escape {
    static func decode(_ rest: ArraySlice<Unicode.Scalar>) -> (Unicode.Scalar, length: Int)? {
        let scalars = Array(rest.prefix(6))
        guard scalars.count >= 2 else { return nil }
        switch scalars[1] {
        case "a": return ("\u{07}", 2)
        case "b": return ("\u{08}", 2)
        case "E": return ("\u{1B}", 2)
        case "f": return ("\u{0C}", 2)
        case "n": return ("\n", 2)
        case "r": return ("\r", 2)
        case "t": return ("\t", 2)
        case "v": return ("\u{0B}", 2)
        case "x": return number(scalars.dropFirst(2), radix: 16, digits: 2, prefix: 2)
        case "0"..."7": return number(scalars.dropFirst(1), radix: 8, digits: 3, prefix: 1)
        case "c":
            guard scalars.count >= 3, scalars[2].isASCII else { return nil }
            return (Unicode.Scalar(UInt8(scalars[2].value & 0x1F)), 3)
        default: return (scalars[1], 2)
        }
    }

    private static func number(
        _ scalars: ArraySlice<Unicode.Scalar>, radix: Int, digits: Int, prefix: Int
    ) -> (Unicode.Scalar, length: Int)? {
        var value = 0
        var count = 0
        for scalar in scalars.prefix(digits) {
            guard let digit = Character(scalar).hexDigitValue, digit < radix else { break }
            value = value * radix + digit
            count += 1
        }
        guard count > 0, value > 0, value < 256 else { return nil }
        return (Unicode.Scalar(UInt8(value)), prefix + count)
    }
}

extension Unicode.Scalar {
    /// A space that isn't white space to any parser of configurations, or a character without width.
    var isLookalike: Bool {
        switch self {
        case "\u{A0}", "\u{2002}", "\u{2003}", "\u{200B}", "\u{202F}", "\u{3000}", "\u{FEFF}": true
        default: false
        }
    }

    var hex: String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
