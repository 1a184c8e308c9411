/// Collects diagnostics while a configuration is read, and keeps the text they quote.

/// One collector lives as long as one call of `loadConfiguration` and is handed from stage to stage.
final class Findings {
    private(set) var diagnostics: [Diagnostic] = []
    /// The lines of every file read so far, by the file's name, and which file came first.
    private var lines: [String: [String]] = [:]
    private var order: [String: Int] = [:]
    private var seen: Set<Diagnostic> = []

    /// A file that repeats one mistake for ever must not fill the log; the rest is counted.
    static let limit = 200

    private(set) var suppressed = 0

    func register(file: String, lines text: [String]) {
        lines[file] = text
        if order[file] == nil { order[file] = order.count }
    }

    /// Everything found, in the order of the text.
    func sorted() -> [Diagnostic] {
        let ranked = diagnostics.enumerated().sorted { left, right in
            rank(left.element.location, left.offset).lexicographicallyPrecedes(
                rank(right.element.location, right.offset))
        }
        var result = ranked.map(\.element)
        if suppressed > 0, let last = result.last {
            result.append(
                Diagnostic(
                    .warning, at: last.location, "\(suppressed) more findings are not shown",
                    hint: "correct these first"))
        }
        return result
    }

    private func rank(_ location: SourceLocation, _ offset: Int) -> [Int] {
        [order[location.file] ?? .max, location.line, location.column, offset]
    }

    func error(_ message: String, at word: Word, hint: String? = nil) {
        add(.error, message, at: word.location, width: word.width, hint: hint)
    }

    func warn(_ message: String, at word: Word, hint: String? = nil) {
        add(.warning, message, at: word.location, width: word.width, hint: hint)
    }

    /// Sequences and macros run one line many times; a finding that is equal in every part is kept once.
    func add(_ severity: Severity, _ message: String, at location: SourceLocation, width: Int = 1, hint: String?) {
        guard !isFull || (severity == .error && !hasErrors) else {
            suppressed += 1
            return
        }
        let diagnostic = Diagnostic(
            severity, at: location, message, hint: hint, sourceLine: line(at: location), width: width)
        guard seen.insert(diagnostic).inserted else { return }
        if severity == .error { hasErrors = true }
        diagnostics.append(diagnostic)
    }

    private(set) var hasErrors = false

    /// Whether more findings are only counted.
    var isFull: Bool { diagnostics.count >= Self.limit }

    /// Findings go to the log, where passwords don't belong: the word behind such a keyword becomes stars.
    static func masked(_ line: String) -> String {
        var result = String.UnicodeScalarView()
        var word = String.UnicodeScalarView()
        var hidesNext = false
        func flush() {
            result += hidesNext && !word.isEmpty ? String(repeating: "*", count: word.count).unicodeScalars : word
            let text = String(word)
            if !word.isEmpty {
                hidesNext = text == "auth_pass" || text == "password" || text == "secret" || text == "token"
            }
            word = String.UnicodeScalarView()
        }
        for scalar in line.unicodeScalars {
            let isQuoted = word.first == "\"" && !(word.count > 1 && word.last == "\"")
            if !isQuoted, scalar.isBlank || scalar == "{" || scalar == "}" {
                flush()
                result.append(scalar)
            } else {
                word.append(scalar)
            }
        }
        flush()
        return String(result)
    }

    private func line(at location: SourceLocation) -> String {
        guard let text = lines[location.file], location.line >= 1, location.line <= text.count else { return "" }
        return Self.masked(text[location.line - 1])
    }
}
