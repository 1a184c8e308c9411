/// Words → numbers, spans of time, booleans and addresses, each with a message that says what would be right.
import Wire

struct ValueReader {
    let findings: Findings

    func integer(_ statement: Statement, _ range: ClosedRange<Int>) -> Int? {
        integer(statement.value, of: statement.name, range)
    }

    func integer(_ word: Word, of name: String, _ range: ClosedRange<Int>) -> Int? {
        guard let value = Int(word.text) else {
            findings.error(
                "\"\(word.text)\" is not a whole number", at: word, hint: hint(word, "\(name) takes \(text(range))"))
            return nil
        }
        guard range.contains(value) else {
            findings.error("\(name) \(word.text) is out of range", at: word, hint: "\(name) takes \(text(range))")
            return nil
        }
        return value
    }

    private func text(_ range: ClosedRange<Int>) -> String {
        if range.count == 2 { return "\(range.lowerBound) or \(range.upperBound)" }
        return "\(range.lowerBound) to \(range.upperBound)"
    }

    /// keepalived's timers: decimal seconds.
    func seconds(_ statement: Statement, atLeast minimum: Duration = .zero, atMost maximum: Duration = longest)
        -> Duration?
    {
        seconds(statement.value, of: statement.name, atLeast: minimum, atMost: maximum)
    }

    /// Longer than any span a configuration means: 10 years.
    static let longest = Duration.seconds(10 * 366 * 86400)

    func seconds(
        _ word: Word, of name: String, atLeast minimum: Duration = .zero, atMost maximum: Duration = longest
    ) -> Duration? {
        guard let value = Duration(decimalSeconds: word.text) else {
            findings.error(
                "\"\(word.text)\" is not a number of seconds", at: word,
                hint: hint(word, "\(name) takes seconds, as in 3 or 0.5"))
            return nil
        }
        return bounded(value, word, of: name, minimum, maximum)
    }

    /// halua's own: seconds, or a number with a unit, as in "250ms".
    func duration(
        _ word: Word, of name: String, atLeast minimum: Duration = .zero, atMost maximum: Duration = Self.longest
    ) -> Duration? {
        guard let value = Duration(text: word.text) else {
            findings.error(
                "\"\(word.text)\" is not a span of time", at: word,
                hint: hint(word, "\(name) takes seconds or a number with ms, s, m or h, as in 250ms"))
            return nil
        }
        return bounded(value, word, of: name, minimum, maximum)
    }

    private func bounded(
        _ value: Duration, _ word: Word, of name: String, _ minimum: Duration, _ maximum: Duration
    ) -> Duration? {
        guard value >= minimum, value <= maximum else {
            findings.error(
                "\(name) \(word.text) is out of range", at: word,
                hint: "\(name) takes \(minimum.secondsText) to \(maximum.secondsText) seconds")
            return nil
        }
        return value
    }

    /// on, true, yes or nothing; off, false, no.
    func boolean(_ statement: Statement) -> Bool? {
        guard statement.node.words.count > 1 else { return true }
        switch statement.value.text {
        case "on", "true", "yes": return true
        case "off", "false", "no": return false
        default:
            findings.error(
                "\"\(statement.value.text)\" is neither on nor off", at: statement.value,
                hint: hint(statement.value, "\(statement.name) takes on or off, or nothing for on"))
            return nil
        }
    }

    /// One of a few words.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ statement: Statement) -> Choice? {
        let word = statement.value
        if let choice = Choice(rawValue: word.text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        findings.error(
            "\(statement.name) \"\(word.text)\" is unknown", at: word,
            hint: Spelling.nearest(to: word.text, among: names).map { "did you mean \"\($0)\"?" }
                ?? hint(word, "\(statement.name) takes \(names.joined(separator: " or "))"))
        return nil
    }

    func address(_ word: Word, of name: String) -> IPAddress? {
        guard let address = IPAddress(word.text) else {
            findings.error(
                "\"\(word.text)\" is not an IP address", at: word,
                hint: hint(word, "\(name) takes an IPv4 or IPv6 address; names are not looked up"))
            return nil
        }
        return address
    }

    func interfaceName(_ word: Word) -> String? {
        guard !word.text.isEmpty, word.text.utf8.count <= 15, !word.text.contains("/") else {
            findings.error(
                "\"\(word.text)\" can't be the name of an interface", at: word,
                hint: hint(word, "names have 1 to 15 characters and no \"/\"; see \"ip link\""))
            return nil
        }
        return word.text
    }

    /// A value that still begins with "$" is most often a definition that doesn't exist.
    private func hint(_ word: Word, _ text: String) -> String {
        guard word.text.contains("$") else { return text }
        return "nothing of this name was defined above; " + text
    }
}

extension Duration {
    /// Digits with at most one point, at most 9 places behind it.
    init?(decimalSeconds text: some StringProtocol) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? String(parts[1]) : ""
        guard parts.contains(where: { !$0.isEmpty }), fraction.utf8.count <= 9 else { return nil }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard parts.allSatisfy({ $0.utf8.allSatisfy(digits.contains) }) else { return nil }
        let padded = fraction + String(repeating: "0", count: 9 - fraction.utf8.count)
        guard let seconds = parts[0].isEmpty ? 0 : Int64(parts[0]), seconds <= 1 << 40,
            let nanoseconds = Int64(padded)
        else { return nil }
        self = .seconds(seconds) + .nanoseconds(nanoseconds)
    }

    /// Decimal seconds, or a number with ms, s, m or h.
    init?(text: String) {
        let units: [(String, Int)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        guard let (unit, factor) = units.first(where: { text.hasSuffix($0.0) }) else {
            self.init(decimalSeconds: text)
            return
        }
        guard let value = Duration(decimalSeconds: text.dropLast(unit.count)) else { return nil }
        self = value * factor / 1000
    }

    /// "3", "0.5", "40.95": as short as it can be said.
    var secondsText: String {
        let (seconds, attoseconds) = components
        guard attoseconds != 0 else { return String(seconds) }
        var fraction = String(attoseconds.magnitude / 1_000_000_000)
        fraction = String(repeating: "0", count: max(0, 9 - fraction.count)) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(seconds).\(fraction)"
    }
}
