/// A message about a configuration file: what is wrong, where, and what to do about it.

package enum Severity: Hashable, Sendable, Comparable {
    /// The configuration runs, but not as its writer may think.
    case warning
    /// The configuration as a whole is refused.
    case error

    package var word: String {
        switch self {
        case .warning: "warning"
        case .error: "error"
        }
    }
}

/// One finding. A list of them is the whole answer to "what is wrong with this file": reading never stops at the first.
package struct Diagnostic: Hashable, Sendable {
    package var severity: Severity
    package var location: SourceLocation
    /// What is wrong, in one line.
    package var message: String
    /// What to do about it, printed behind the carets.
    package var hint: String?
    /// The line of the file that `location` points into; empty when there is none (a missing file).
    package var sourceLine: String
    /// How many characters the carets underline; at least 1.
    package var width: Int

    package init(
        _ severity: Severity, at location: SourceLocation, _ message: String, hint: String? = nil,
        sourceLine: String = "", width: Int = 1
    ) {
        self.severity = severity
        self.location = location
        self.message = message
        self.hint = hint
        self.sourceLine = sourceLine
        self.width = width
    }

    /// The first line of `rendered`: "halua.conf:12:5: error: …".
    package var headline: String {
        "\(location.file):\(location.line):\(location.column): \(severity.word): \(message)"
    }

    /// The message with its source line and carets, as compilers print them. No newline at the end.
    package var rendered: String {
        guard !sourceLine.isEmpty else {
            guard let hint else { return headline }
            return headline + "\n  = " + hint
        }
        let number = String(location.line)
        let margin = String(repeating: " ", count: number.count)
        let excerpt = Excerpt(sourceLine, column: location.column)
        let carets = String(repeating: "^", count: min(max(1, width), Excerpt.length))
        return [
            headline, "  \(number) | \(excerpt.text)",
            "  \(margin) | \(excerpt.indent)\(carets)" + (hint.map { " " + $0 } ?? ""),
        ].joined(separator: "\n")
    }
}

/// The part of a line that is shown, and what to put below it so that the next character stands under the column.
private struct Excerpt {
    var text: String
    var indent: String

    /// In characters; longer lines are cut on both sides of the column.
    static let length = 200

    init(_ line: String, column: Int) {
        let scalars = Array(line.unicodeScalars)
        let target = min(max(0, column - 1), scalars.count)
        let start = scalars.count > Self.length ? max(0, target - Self.length / 2) : 0
        let end = min(scalars.count, start + Self.length)
        let shown = scalars[start..<end].map { Self.isPrintable($0) ? $0 : "\u{FFFD}" }
        text = String(String.UnicodeScalarView(shown))
        // A tab stays a tab, so that both lines shift alike; East Asian characters take two columns of a terminal.
        indent = scalars[start..<target].map { $0 == "\t" ? "\t" : Self.isWide($0) ? "  " : " " }.joined()
    }

    /// Control characters would let a file write into the operator's terminal.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\t" || (scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value))
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
