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
        var lines = [headline, "  \(number) | \(sourceLine)"]
        // A tab before the caret stays a tab, so that both lines shift alike in any terminal.
        let indent = sourceLine.prefix(location.column - 1).map { $0 == "\t" ? "\t" : " " }.joined()
        let carets = String(repeating: "^", count: max(1, width))
        lines.append("  \(margin) | \(indent)\(carets)" + (hint.map { " " + $0 } ?? ""))
        return lines.joined(separator: "\n")
    }
}
