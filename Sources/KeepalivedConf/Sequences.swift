/// `~SEQ(…)`, `~SEQx(…)` and `~LST(…)`: one line that stands for many.

/// What a sequence's head says: which names take which values, and the line to repeat.
struct Sequence {
    struct Problem {
        var message: String
        var location: SourceLocation
        var hint: String
    }

    var names: [String] = []
    /// One entry per repetition, with a value for each name.
    var rounds: [[String]] = []
    var body: SourceLine
    var problem: Problem?

    private static let usage = "write ~SEQ(NAME, first, step, last) statement, or ~LST(NAME, a, b) statement"
    /// One sequence's repetitions; several on one line multiply and meet `Preprocessor.lineLimit`.
    private static let roundLimit = 100_000

    /// nil when `line` doesn't begin with `~SEQ`, `~SEQx` or `~LST`.
    init?<Files>(_ line: SourceLine, expander: Preprocessor<Files>) {
        guard let start = line.firstIndex else { return nil }
        let text = line.text(of: line.cells[start...])
        guard let word = ["~SEQx(", "~SEQ(", "~LST("].first(where: { text.hasPrefix($0) }) else { return nil }
        let open = start + word.unicodeScalars.count
        body = line
        guard let close = line.cells[open...].firstIndex(where: { $0.scalar == ")" }) else {
            fail("this \(word.dropLast()) is never closed", at: line.location(start))
            return
        }
        body = line.dropping(close + 1)
        // The limits may come from definitions; the line to repeat is expanded once per repetition instead.
        var copy = expander
        let head = copy.expand(SourceLine(file: line.file, cells: Array(line.cells[open..<close]))).0
        if word == "~LST(" {
            readList(head.text, at: line.location(start))
        } else {
            readRange(head.text, isHexadecimal: word == "~SEQx(", at: line.location(start))
        }
    }

    private mutating func fail(_ message: String, at location: SourceLocation) {
        problem = Problem(message: message, location: location, hint: Self.usage)
        rounds = []
    }

    private mutating func readRange(_ text: String, isHexadecimal: Bool, at location: SourceLocation) {
        let parts = Self.split(text)
        guard (2...4).contains(parts.count), Self.isName(parts[0]) else {
            return fail("a sequence takes a name and one to three numbers", at: location)
        }
        let numbers = parts.dropFirst().compactMap { Self.number($0) }
        guard let last = numbers.last, numbers.count == parts.count - 1 else {
            return fail("a sequence counts with whole numbers", at: location)
        }
        let first = numbers.count > 1 ? numbers[0] : (last > 0 ? 1 : -1)
        let step = numbers.count == 3 ? numbers[1] : (last >= first ? 1 : -1)
        guard step != 0, (last >= first) == (step > 0) || last == first else {
            return fail("this sequence never reaches its end", at: location)
        }
        guard (last - first) / step < Self.roundLimit else {
            return fail("this sequence has more than \(Self.roundLimit) values", at: location)
        }
        names = [parts[0]]
        rounds = stride(from: first, through: last, by: step).map { [String($0, radix: isHexadecimal ? 16 : 10)] }
    }

    private mutating func readList(_ text: String, at location: SourceLocation) {
        let parts = Self.split(text)
        guard let head = parts.first, parts.count >= 2 else {
            return fail("a list takes a name and at least one value", at: location)
        }
        let tuples = parts.map { Self.tuple($0) }
        names = Self.tuple(head)
        guard names.allSatisfy(Self.isName), tuples.allSatisfy({ $0.count == names.count }) else {
            names = []
            return fail("every value of a list needs one part per name", at: location)
        }
        rounds = Array(tuples.dropFirst())
    }

    /// Splits at commas outside of braces.
    private static func split(_ text: String) -> [String] {
        var parts = [""]
        var depth = 0
        for character in text {
            if character == "," && depth == 0 {
                parts.append("")
                continue
            }
            if character == "{" { depth += 1 }
            if character == "}" { depth -= 1 }
            parts[parts.count - 1].append(character)
        }
        return parts.map(trimmed)
    }

    private static func tuple(_ text: String) -> [String] {
        guard text.hasPrefix("{"), text.hasSuffix("}") else { return [text] }
        return text.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false)
            .map { trimmed(String($0)) }
    }

    private static func trimmed(_ text: String) -> String {
        text.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, !("0"..."9").contains(first) else { return false }
        return text.unicodeScalars.allSatisfy(\.isNameCharacter)
    }

    /// Decimal, or hexadecimal with `0x`; small enough that no sum of two overflows.
    private static func number(_ text: String) -> Int? {
        let value = text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text)
        guard let value, value.magnitude <= 1 << 48 else { return nil }
        return value
    }
}
