/// Colours of a terminal, or none.

package struct Paint: Hashable, Sendable {
    package var isOn: Bool

    package static let off = Paint(isOn: false)

    package init(isOn: Bool) { self.isOn = isOn }

    private func code(_ code: String, _ text: String) -> String { isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }

    package func bold(_ text: String) -> String { code("1", text) }
    package func faint(_ text: String) -> String { code("2", text) }
    package func good(_ text: String) -> String { code("32", text) }
    package func warning(_ text: String) -> String { code("33", text) }
    package func bad(_ text: String) -> String { code("31", text) }

    package func state(_ state: String) -> String {
        switch state {
        case "MASTER": code("1;32", state)
        case "FAULT": code("1;31", state)
        case "INIT": code("33", state)
        default: bold(state)
        }
    }

    package func check(_ state: String) -> String {
        switch state {
        case "up": good(state)
        case "down", "error": bad(state)
        default: warning(state)
        }
    }

    /// The first `width` characters that can be seen, with all colours that begin before; colours end with them.
    package static func clip(_ text: String, _ width: Int) -> String {
        var (result, seen, isCode) = ("", 0, false)
        for character in text {
            if character == "\u{1B}" { isCode = true }
            if isCode {
                result.append(character)
                if character == "m" { isCode = false }
                continue
            }
            guard seen < width else {
                result.removeLast()
                return result + "…" + (text.contains("\u{1B}") ? "\u{1B}[0m" : "")
            }
            result.append(character)
            seen += 1
        }
        return result
    }
}
