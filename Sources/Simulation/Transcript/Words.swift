/// The words of one line of a transcript, and the values they stand for.
import VRRPCore
import Wire

/// A line that cannot be understood or done; the sentence names the word.
package struct TranscriptError: Error, Hashable, CustomStringConvertible {
    package var line: Int
    package var sentence: String

    package var description: String { "line \(line): \(sentence)" }
}

/// Takes one word after the other; text in double quotes is one word.
struct Words {
    private var words: [String] = []
    private var position = 0

    init(_ line: String) {
        var word = ""
        var isQuoted = false
        var hasWord = false
        for character in line {
            switch character {
            case "\"":
                isQuoted.toggle()
                hasWord = true
            case " " where !isQuoted:
                if hasWord { words.append(word) }
                word = ""
                hasWord = false
            default:
                word.append(character)
                hasWord = true
            }
        }
        if hasWord { words.append(word) }
    }

    var isAtEnd: Bool { position == words.count }

    var peek: String? { isAtEnd ? nil : words[position] }

    mutating func next(_ what: String) throws(ActionError) -> String {
        guard !isAtEnd else { throw ActionError(sentence: "\(what) is missing") }
        position += 1
        return words[position - 1]
    }

    /// Takes the word only if it is this one.
    mutating func take(_ word: String) -> Bool {
        if peek != word { return false }
        position += 1
        return true
    }

    func end() throws(ActionError) {
        if let word = peek { throw ActionError(sentence: "\(word) is too much") }
    }

    mutating func integer(_ what: String) throws(ActionError) -> Int {
        let word = try next(what)
        guard let value = Int(word) else { throw ActionError(sentence: "\(word) is no number (\(what))") }
        return value
    }

    mutating func isOn() throws(ActionError) -> Bool {
        let word = try next("on or off")
        guard word == "on" || word == "off" else { throw ActionError(sentence: "\(word) is not on or off") }
        return word == "on"
    }

    mutating func address() throws(ActionError) -> IPAddress {
        let word = try next("an address")
        guard let address = IPAddress(word) else { throw ActionError(sentence: "\(word) is no address") }
        return address
    }

    mutating func span() throws(ActionError) -> Duration {
        let word = try next("a span")
        guard let span = Duration(transcript: word) else {
            throw ActionError(sentence: "\(word) is no span such as 5s, 100ms or 250us")
        }
        return span
    }

    /// A percentage with up to four decimals, in millionths.
    mutating func chance() throws(ActionError) -> Int {
        let word = try next("a percentage")
        guard word.last == "%", let value = decimal(word.dropLast(), decimals: 4), (0...1_000_000).contains(value)
        else {
            throw ActionError(sentence: "\(word) is no percentage such as 30% or 0.5%")
        }
        return Int(value)
    }

    mutating func target() throws(ActionError) -> Target {
        let word = try next("a node")
        guard let slash = word.firstIndex(of: "/") else { return Target(word) }
        return Target(String(word[..<slash]), String(word[word.index(after: slash)...]))
    }
}

/// "1.25" with two decimals is 125; nil for what is no such number.
private func decimal(_ text: Substring, decimals: Int) -> Int64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = Int64(parts[0]), whole >= 0 else { return nil }
    var scale: Int64 = 1
    for _ in 0..<decimals { scale *= 10 }
    guard parts.count == 2 else { return whole * scale }
    let digits = String(parts[1]) + String(repeating: "0", count: max(0, decimals - parts[1].count))
    guard digits.count == decimals, let fraction = Int64(digits), fraction >= 0 else { return nil }
    return whole * scale + fraction
}

extension Duration {
    private static let units: [(suffix: String, nanoseconds: Int64, decimals: Int)] = [
        ("ms", 1_000_000, 6), ("us", 1000, 3), ("ns", 1, 0), ("s", 1_000_000_000, 9),
    ]

    init?(transcript text: String) {
        for unit in Self.units where text.hasSuffix(unit.suffix) {
            guard let value = decimal(text.dropLast(unit.suffix.count), decimals: unit.decimals) else { return nil }
            self = .nanoseconds(value)
            return
        }
        return nil
    }

    /// In the largest unit that needs no decimals.
    var transcript: String {
        let nanoseconds = inNanoseconds
        if nanoseconds % 1_000_000_000 == 0 { return "\(nanoseconds / 1_000_000_000)s" }
        if nanoseconds % 1_000_000 == 0 { return "\(nanoseconds / 1_000_000)ms" }
        return nanoseconds % 1000 == 0 ? "\(nanoseconds / 1000)us" : "\(nanoseconds)ns"
    }

    /// In whole milliseconds, rounded down: what a reader of a transcript wants to see.
    var milliseconds: String { "\(inNanoseconds / 1_000_000) ms" }
}

/// A chance in millionths as a percentage.
func percentage(_ millionths: Int) -> String {
    if millionths % 10_000 == 0 { return "\(millionths / 10_000)%" }
    let fraction = String(millionths % 10_000)
    return "\(millionths / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction + "%"
}

extension Target: CustomStringConvertible {
    package var description: String { instance.map { "\(node)/\($0)" } ?? node }
}
