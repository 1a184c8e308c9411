/// What takes the place of a shell check: a shipped plugin with options.

package struct Proposal: Hashable, Sendable {
    package struct Option: Hashable, Sendable {
        package var key: String
        package var value: String
        /// Not to be shown on a terminal.
        package var isSecret = false
    }

    /// The plugin's file, without `.lua`.
    package var plugin: String
    /// The check of the plugin, such as "running".
    package var check: String
    package var options: [Option] = []
    /// What is not quite the same, or better; a sentence each.
    package var notes: [String] = []
    /// The password in the command itself, which reports must not show.
    var secret: String?

    init(_ plugin: String, _ check: String, notes: [String] = []) {
        self.plugin = plugin
        self.check = check
        self.notes = notes
    }

    mutating func add(_ key: String, _ value: String?, isSecret: Bool = false) {
        guard let value, !value.isEmpty else { return }
        if isSecret { secret = value }
        options.append(Option(key: key, value: value, isSecret: isSecret))
    }

    /// The `lua_plugin` block under a name, one line each.
    package func block(as name: String, showsSecrets: Bool) -> [String] {
        ["lua_plugin \(plugin) as \(name) {"]
            + options.map { option in
                let value = option.isSecret && !showsSecrets ? "…" : Self.quoted(option.value)
                return "    \(option.key) \(value)"
            } + ["}"]
    }

    /// As the configuration's reader takes a word: in quotes when it has blanks or what begins a comment.
    private static func quoted(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.allSatisfy { $0.isLetter || $0.isNumber || "/._:-@,=?&%+".contains($0) }
        if isPlain { return value }
        let inner = value.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case "\r": "\\r"
            case "\n": "\\n"
            default: String(scalar)
            }
        }
        return "\"" + inner.joined() + "\""
    }
}

/// What became of one check.
package enum Judgement: Hashable, Sendable {
    case lua(Proposal)
    /// It stays a program; why.
    case program(String)
}

/// Words of a command after its program, read as getopt(3) would.
struct CommandOptions {
    private(set) var flags: Set<String> = []
    private(set) var values: [String: String] = [:]
    private(set) var rest: [String] = []
    /// An option that was not expected.
    private(set) var unknown: String?

    /// `taking`: options with a value, with their dashes; `alone`: those without. One-letter options may stand together.
    init(_ words: some Sequence<String>, taking: Set<String>, alone: Set<String>) {
        var iterator = words.makeIterator()
        while let word = iterator.next() {
            guard word.hasPrefix("-"), word != "-", word != "--" else {
                if word != "--" { rest.append(word) }
                continue
            }
            if word.hasPrefix("--"), let equals = word.firstIndex(of: "=") {
                read(String(word[..<equals]), String(word[word.index(after: equals)...]), taking)
            } else if taking.contains(word) {
                values[word] = iterator.next() ?? ""
            } else if alone.contains(word) {
                flags.insert(word)
            } else if word.hasPrefix("--") {
                unknown = word
            } else {
                letters(word.dropFirst(), &iterator, taking, alone)
            }
        }
    }

    private mutating func read(_ name: String, _ value: String, _ taking: Set<String>) {
        if taking.contains(name) { values[name] = value } else { unknown = name }
    }

    private mutating func letters(
        _ letters: Substring, _ iterator: inout some IteratorProtocol<String>, _ taking: Set<String>,
        _ alone: Set<String>
    ) {
        var letters = letters
        while let letter = letters.popFirst() {
            let name = "-\(letter)"
            if taking.contains(name) {
                values[name] = letters.isEmpty ? iterator.next() ?? "" : String(letters)
                return
            }
            if alone.contains(name) { flags.insert(name) } else { unknown = name }
        }
    }

    func value(_ names: String...) -> String? { names.lazy.compactMap { values[$0] }.first }
    func has(_ names: String...) -> Bool { names.contains { flags.contains($0) } }
}
