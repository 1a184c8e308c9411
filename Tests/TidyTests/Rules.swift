/// The rules as functions over text, so that each can be shown a sinner.
import Testing

enum Rules {
    // MARK: Words that must not stand in code

    struct Forbidden: Sendable, CustomTestStringConvertible {
        var why: String
        var isBroken: @Sendable (String) -> Bool
        init(_ why: String, _ isBroken: @escaping @Sendable (String) -> Bool) {
            self.why = why
            self.isBroken = isBroken
        }
        func isBroken(by line: String) -> Bool { isBroken(line) }
        var testDescription: String { why }
    }

    static let forbidden: [Forbidden] = [
        Forbidden("try! turns an operating error into a crash") { $0.contains("try!") },
        Forbidden("a forced cast; say with as? what happens otherwise") { $0.contains("as!") },
        Forbidden("a forced unwrap; say with guard what happens otherwise", forcesUnwrap),
        Forbidden("public: the package has no outside, say package") { contains(word: "public", Substring($0)) },
    ]

    /// A `!` after a name, a closing bracket or a quote that is not `!=`.
    private static let forcesUnwrap: @Sendable (String) -> Bool = { line in
        let characters = Array(line)
        for index in characters.indices.dropFirst() where characters[index] == "!" {
            let before = characters[index - 1]
            guard before.isLetter || before.isNumber || ")]_".contains(before) else { continue }
            let after = index + 1 < characters.count ? characters[index + 1] : " "
            // `#if !os` and `a != b` are no unwraps; `try!` and `as!` have sentences of their own.
            if after == "=" { continue }
            let word = String(characters[..<index].reversed().prefix { $0.isLetter }.reversed())
            if word != "try" && word != "as" { return true }
        }
        return false
    }

    // MARK: Promises

    /// The numbers of the lines with an unchecked promise and no comment directly above.
    static func unprovedPromises(code: [String], lines: [Substring]) -> [Int] {
        code.indices.filter { index in
            let line = code[index]
            guard line.contains("@unchecked") || line.contains("nonisolated(unsafe)") else { return false }
            let above = index > 0 ? lines[index - 1].drop { $0 == " " } : ""
            return !above.hasPrefix("//")
        }.map { $0 + 1 }
    }

    // MARK: Imports

    static func imports(in code: [String]) -> [String] {
        code.compactMap { line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
                words[..<place].allSatisfy({ $0.hasPrefix("@") || $0 == "package" || $0 == "internal" })
            else { return nil }
            let kinds = ["struct", "class", "enum", "func", "var", "let", "protocol", "typealias"]
            let name = kinds.contains(String(words[place + 1])) && place + 2 < words.count ? place + 2 : place + 1
            return words[name].split(separator: ".").first.map(String.init)
        }
    }

    /// Modules that decide know nothing of the system; only some may know Foundation; only LuaHost knows Lua.
    static func mayImport(_ module: String, _ imported: String) -> Bool {
        switch module {
        case "Wire": return false
        case "VRRPCore", "KeepalivedConf": return imported == "Wire"
        case "Migration": return imported == "Wire" || imported == "KeepalivedConf"
        case "Simulation": return imported == "Wire" || imported == "VRRPCore"
        default: break
        }
        if imported.hasPrefix("Foundation") { return module == "Lab" || module == "halua" }
        if imported.hasPrefix("CLua") { return module == "LuaHost" }
        if imported == "VRRPCore" { return ["Daemon", "PluginTesting", "simulate"].contains(module) }
        return true
    }

    // MARK: Functions

    struct Function: Equatable {
        var line: Int
        var length: Int
    }

    /// Each `func`, `init` or `deinit` with the lines from its first word to its closing brace.
    static func functions(in code: [String]) -> [Function] {
        var result: [Function] = []
        /// Functions whose end was not seen yet: the line of the first word, and the depth outside of the body.
        var open: [(line: Int, depth: Int)] = []
        /// A function whose body has not begun.
        var waiting: Int?
        var depth = 0
        for (index, line) in code.enumerated() {
            if startsFunction(line) { waiting = index }
            for character in line {
                if character == "{" {
                    if let first = waiting { open.append((first, depth)) }
                    waiting = nil
                    depth += 1
                } else if character == "}" {
                    // A requirement of a protocol has no body.
                    waiting = nil
                    depth -= 1
                    if let last = open.last, last.depth == depth {
                        result.append(Function(line: last.line + 1, length: index - last.line + 1))
                        open.removeLast()
                    }
                }
            }
        }
        return result
    }

    private static func startsFunction(_ line: String) -> Bool {
        let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "@") }
        guard let first = words.first(where: { !isModifier($0) && !$0.hasPrefix("@") }) else { return false }
        return first == "func" || first == "init" || first == "deinit"
    }

    private static func isModifier(_ word: Substring) -> Bool {
        [
            "package", "private", "fileprivate", "internal", "static", "mutating", "consuming", "borrowing", "final",
            "override", "convenience", "required", "nonisolated", "unsafe", "set", "indirect",
        ].contains(String(word))
    }

    // MARK: Text

    static func isText(_ path: String) -> Bool {
        ["swift", "lua", "md", "c", "h", "conf", "txt", "json", "yml", "yaml", "modulemap", "service"].contains {
            path.hasSuffix("." + $0)
        } || path.hasSuffix("Makefile")
    }

    /// Makefiles by their grammar; sample configurations and golden files because they are other people's texts.
    static func needsTabs(_ path: String) -> Bool {
        path.hasSuffix("Makefile") || path.hasPrefix("packaging/debian")
            || (path.hasPrefix("Tests/") && !path.hasSuffix(".swift"))
    }

    /// The word stands alone, not inside a longer one.
    static func contains(word: String, _ line: Substring) -> Bool {
        guard line.contains(word) else { return false }
        return line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.contains { $0 == word }
    }
}
