/// A command line → its words, by keepalived's rules: single and double quotes group, a backslash escapes, no shell.

enum CommandWords {
    enum Problem: Error, Hashable {
        case unclosed(Unicode.Scalar)
        case nothingEscaped
        case empty
    }

    /// Throws: what keeps the text from being a command.
    static func split(_ text: String) throws(Problem) -> [String] {
        let scalars = Array(text.unicodeScalars)
        var words: [String] = []
        var index = 0
        while true {
            while index < scalars.count, scalars[index].isBlank || scalars[index] == "\n" { index += 1 }
            guard index < scalars.count else { break }
            words.append(try word(scalars, &index))
        }
        guard let program = words.first, !program.isEmpty else { throw .empty }
        return words
    }

    private static func word(_ scalars: [Unicode.Scalar], _ index: inout Int) throws(Problem) -> String {
        var result = String.UnicodeScalarView()
        var quote: Unicode.Scalar?
        while index < scalars.count {
            let scalar = scalars[index]
            if scalar == "\\" {
                guard index + 1 < scalars.count else { throw .nothingEscaped }
                // A backslash before a letter without a meaning gives the letter.
                let (decoded, length) = Escape.decode(scalars[index...]) ?? (scalars[index + 1], 2)
                result.append(decoded)
                index += length
                continue
            }
            if let open = quote {
                if scalar == open { quote = nil } else { result.append(scalar) }
            } else if scalar == "\"" || scalar == "'" {
                quote = scalar
            } else if scalar.isBlank || scalar == "\n" {
                break
            } else {
                result.append(scalar)
            }
            index += 1
        }
        if let quote { throw .unclosed(quote) }
        return String(result)
    }

    /// Words that only a shell gives a meaning; a command that holds one was most likely written for a shell.
    static func shellWord(in words: [String]) -> String? {
        let operators: Set<String> = ["|", "||", "&&", ";", "&", ">", ">>", "2>&1", ">/dev/null", "2>/dev/null", "<"]
        return words.dropFirst().first { operators.contains($0) || $0.hasPrefix("$(") || $0.hasPrefix("`") }
    }
}
