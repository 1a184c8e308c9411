/// The operator's options of a plugin, typed by the defaults that the plugin states.
import CLua
import CLuaGlue
import Wire

/// What kind of value an option takes.
enum OptionType: Hashable {
    case string, integer, number, boolean, duration, url, path, address
    /// An IP address or a name that can be looked up.
    case host
    /// One of these words.
    case choice([String])
    indirect case list(OptionType)

    /// The word of `halua.required` and `halua.optional`; "list" is a list of strings.
    init?(word: String) {
        switch word {
        case "string": self = .string
        case "integer": self = .integer
        case "number": self = .number
        case "boolean": self = .boolean
        case "duration": self = .duration
        case "url": self = .url
        case "path": self = .path
        case "address": self = .address
        case "host": self = .host
        case "list": self = .list(.string)
        case "addresses": self = .list(.address)
        default: return nil
        }
    }

    static let words = [
        "string", "integer", "number", "boolean", "duration", "url", "path", "address", "host", "list",
        "addresses",
    ]

    /// "a number"
    var description: String {
        switch self {
        case .string: "a word"
        case .integer: "a whole number"
        case .number: "a number"
        case .boolean: "on or off"
        case .duration: "a duration such as 250ms or 5s"
        case .url: "an http:// or https:// address"
        case .path: "a path that begins with /"
        case .address: "an IP address"
        case .host: "an IP address or a name"
        case .choice(let words): words.map { "\"\($0)\"" }.joined(separator: " or ")
        case .list(let element): "a list, each \(element.description)"
        }
    }

    /// "a whole number, not "many"". A URL is not repeated: it may hold a secret.
    func wanted(insteadOf words: [String]) -> String {
        if words.isEmpty { return "\(description), not nothing" }
        if self == .url || self == .list(.url) { return "\(description) with a host, which this is not" }
        return "\(description), not \"\(words.joined(separator: " "))\""
    }
}

/// A typed value, ready for Lua.
indirect enum OptionValue: Hashable {
    case string(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case list([OptionValue])

    func push(on stack: Stack) {
        switch self {
        case .string(let value): stack.push(value)
        case .integer(let value): stack.push(value)
        case .number(let value): stack.push(value)
        case .boolean(let value): stack.push(value)
        case .list(let values):
            stack.pushTable()
            for (index, value) in values.enumerated() {
                value.push(on: stack)
                lua_rawseti(stack.pointer, -2, lua_Integer(index + 1))
            }
        }
    }
}

/// One option a plugin knows.
struct OptionSchema {
    var name: String
    var type: OptionType
    /// nil: the operator must give it, or there is none when it is left out.
    var standard: OptionValue?
    var mayBeMissing = false
}

/// Brings the operator's lines and the plugin's schema together.
enum Options {
    /// The values by name, and every complaint, each with the place of the line it is about.
    static func resolve(
        _ schema: [OptionSchema], _ spec: PluginSpec
    ) -> (values: [String: OptionValue], failures: [LoadFailure]) {
        var values: [String: OptionValue] = [:]
        var failures: [LoadFailure] = []
        for line in spec.options {
            func complain(_ message: String) {
                failures.append(
                    LoadFailure(message: message, file: line.file, line: line.line, column: line.column))
            }
            guard let option = schema.first(where: { $0.name == line.key }) else {
                complain(unknown(line.key, schema, spec))
                continue
            }
            if case .list(let element) = option.type {
                let words = line.values.map { typed($0, element) }
                guard !words.contains(nil), !words.isEmpty else {
                    let wrong = zip(line.values, words).first { $0.1 == nil }.map { [$0.0] } ?? []
                    complain("\(line.key) of plugin \(spec.name) takes \(option.type.wanted(insteadOf: wrong))")
                    continue
                }
                var all: [OptionValue] = []
                if case .list(let before)? = values[line.key] { all = before }
                values[line.key] = .list(all + words.compactMap(\.self))
            } else if values[line.key] != nil {
                complain("\(line.key) of plugin \(spec.name) is given twice")
            } else if line.values.isEmpty, option.type == .boolean {
                values[line.key] = .boolean(true)
            } else if line.values.count == 1, let value = typed(line.values[0], option.type) {
                values[line.key] = value
            } else {
                complain("\(line.key) of plugin \(spec.name) takes \(option.type.wanted(insteadOf: line.values))")
            }
        }
        for option in schema where values[option.name] == nil {
            values[option.name] = option.standard
            // A line with a wrong value has its own complaint.
            if option.standard == nil, !option.mayBeMissing, !spec.options.contains(where: { $0.key == option.name }) {
                failures.append(
                    LoadFailure(
                        message: "plugin \(spec.name) needs the option \(option.name) (\(option.type.description))",
                        file: spec.file, line: spec.line))
            }
        }
        return (values, failures)
    }

    static func unknown(_ key: String, _ schema: [OptionSchema], _ spec: PluginSpec) -> String {
        if schema.isEmpty { return "plugin \(spec.name) takes no options, so no \"\(key)\"" }
        return "plugin \(spec.name) has no option \"\(key)\"\(Suggestion.text(for: key, among: schema.map(\.name)))"
    }

    /// One word of the configuration as a value; nil when it is of another type.
    static func typed(_ word: String, _ type: OptionType) -> OptionValue? {
        switch type {
        case .string: return .string(word)
        case .integer: return Int(word).map(OptionValue.integer)
        case .number:
            if let value = Int(word) { return .integer(value) }
            guard let value = Double(word), value.isFinite else { return nil }
            return .number(value)
        case .boolean:
            switch word {
            case "true", "yes", "on", "1": return .boolean(true)
            case "false", "no", "off", "0": return .boolean(false)
            default: return nil
            }
        case .duration:
            // A bare number stays a number, which is seconds wherever the API takes a duration.
            if let seconds = Double(word) { return Durations.seconds(seconds).map { _ in .number(seconds) } }
            return Durations.parse(word).map { _ in .string(word) }
        case .url: return isURL(word) ? .string(word) : nil
        case .path: return word.hasPrefix("/") ? .string(word) : nil
        case .address: return IPAddress(word) == nil ? nil : .string(word)
        case .host: return DNSBinding.isName(word) ? .string(word) : nil
        case .choice(let words): return words.contains(word) ? .string(word) : nil
        case .list: return nil
        }
    }

    /// As `halua.http` judges it; on a host without its library by the beginning alone.
    private static func isURL(_ word: String) -> Bool {
        guard word.hasPrefix("http://") || word.hasPrefix("https://") else { return false }
        guard let library = try? HTTPAddress.library() else { return true }
        return HTTPAddress(word, library: library) != nil
    }
}
