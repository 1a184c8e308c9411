/// Swift source without its comments and string contents, so that a rule about code does not trip over prose.

enum Code {
    /// What the reader of the characters is in the middle of.
    private enum Place: Equatable {
        case code
        case lineComment
        case blockComment(depth: Int)
        /// A string literal with this many `#`; `isLong`: in three quotes.
        case string(hashes: Int, isLong: Bool)
    }

    /// The lines of the text; comments and the contents of literals are blank, code inside `\( )` too.
    static func lines(_ text: String) -> [String] {
        var result = ""
        var place = Place.code
        let characters = Array(text)
        var index = 0
        while index < characters.count {
            let step = step(characters, index, &place)
            for offset in 0..<step.length {
                let character = characters[index + offset]
                result.append(character == "\n" ? "\n" : step.isCode ? character : " ")
            }
            index += step.length
        }
        return result.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func step(_ text: [Character], _ index: Int, _ place: inout Place) -> (length: Int, isCode: Bool) {
        func has(_ word: String, at start: Int) -> Bool {
            let end = start + word.count
            return end <= text.count && text[start..<end].elementsEqual(word)
        }
        switch place {
        case .code:
            if has("//", at: index) {
                place = .lineComment
            } else if has("/*", at: index) {
                place = .blockComment(depth: 1)
                return (2, false)
            } else if let quote = openingQuote(text, index) {
                place = .string(hashes: quote.hashes, isLong: quote.isLong)
                return (quote.hashes + (quote.isLong ? 3 : 1), false)
            }
            return (1, place == .code)
        case .lineComment:
            if text[index] == "\n" { place = .code }
            return (1, false)
        case .blockComment(let depth):
            if has("/*", at: index) { place = .blockComment(depth: depth + 1) }
            if has("*/", at: index) { place = depth == 1 ? .code : .blockComment(depth: depth - 1) }
            return (has("/*", at: index) || has("*/", at: index) ? 2 : 1, false)
        case .string(let hashes, let isLong):
            let guards = String(repeating: "#", count: hashes)
            let close = (isLong ? "\"\"\"" : "\"") + guards
            if has(close, at: index) {
                place = .code
                return (close.count, false)
            }
            if has("\\" + guards + "(", at: index) {
                return (interpolation(text, from: index + 1 + hashes), false)
            }
            let isEscape = has("\\" + guards, at: index) && index + 1 + hashes < text.count
            return (isEscape ? 2 + hashes : 1, false)
        }
    }

    private static func openingQuote(_ text: [Character], _ index: Int) -> (hashes: Int, isLong: Bool)? {
        var end = index
        while end < text.count, text[end] == "#" { end += 1 }
        guard end < text.count, text[end] == "\"" else { return nil }
        return (end - index, end + 2 < text.count && text[end + 1] == "\"" && text[end + 2] == "\"")
    }

    /// How far the interpolation whose parenthesis stands at `start` reaches, counted from its backslash.
    private static func interpolation(_ text: [Character], from start: Int) -> Int {
        var depth = 0
        var end = start
        while end < text.count {
            if text[end] == "(" { depth += 1 }
            if text[end] == ")" { depth -= 1 }
            end += 1
            if depth == 0 { break }
        }
        return end - start + 1
    }
}
