/// Whether a script is nothing but one question, and which: it is played twice, once with the answer yes and once with
/// no. When its exit status says the same both times as the question would, the question can take its place.

/// What a command line or a script asks.
struct ShellQuestion: Hashable {
    /// Commands with pipes between them.
    var pipeline: [[String]]
}

struct ShellMeaning {
    /// Throws: `UnreadableShell` when it does anything besides asking, or asks several things.
    static func question(in text: String) throws(UnreadableShell) -> ShellQuestion {
        let statements = try ShellParser.parse(text)
        var yes = Play(answer: true)
        var no = Play(answer: false)
        let good = try yes.run(statements)
        let bad = try no.run(statements)
        let asked = yes.asked + no.asked
        guard let first = asked.first else { throw UnreadableShell(reason: "it asks nothing that is known here") }
        guard asked.allSatisfy({ $0 == first }) else {
            throw UnreadableShell(reason: "it asks more than one thing")
        }
        guard good == 0, bad != 0 else {
            throw UnreadableShell(reason: "its exit status is not that of its question")
        }
        return ShellQuestion(pipeline: first)
    }
}

/// One run of a script in which every question gets the same answer.
private struct Play {
    let answer: Bool
    private(set) var asked: [[[String]]] = []
    private var variables: [String: String] = [:]
    private var status = 0
    private var isOver = false
    /// Stands for the output of a question that was answered with yes.
    private static let something = "\u{2}something"

    init(answer: Bool) { self.answer = answer }

    /// The exit status.
    mutating func run(_ statements: [ShellStatement]) throws(UnreadableShell) -> Int {
        for statement in statements where !isOver { try run(statement) }
        return status
    }

    private mutating func run(_ statement: ShellStatement) throws(UnreadableShell) {
        switch statement {
        case .assignment(let name, let value):
            variables[name] = try expand(value)
            if !value.hasPrefix("$(") { status = 0 }
        case .exit(let code):
            if let code { status = Int(try expand(code)) ?? 1 }
            isOver = true
        case .and(let left, let right):
            try run(left)
            if !isOver, status == 0 { try run(right) }
        case .or(let left, let right):
            try run(left)
            if !isOver, status != 0 { try run(right) }
        case .condition(let question, let then, let otherwise):
            for part in question where !isOver { try run(part) }
            guard !isOver else { return }
            let branch = status == 0 ? then : otherwise
            status = 0
            for part in branch where !isOver { try run(part) }
        case .pipeline(let commands, let isNegated):
            try run(commands)
            if isNegated { status = status == 0 ? 1 : 0 }
        }
    }

    private mutating func run(_ commands: [[String]]) throws(UnreadableShell) {
        var expanded: [[String]] = []
        for command in commands {
            var words: [String] = []
            for word in command { words.append(try expand(word)) }
            expanded.append(words)
        }
        let program = Words.name(expanded[0][0])
        switch program {
        case let name where Words.saysOnly(name) && expanded.allSatisfy({ Words.saysOnly(Words.name($0[0])) }):
            status = 0
        case "false": status = 1
        case "[", "test", "[[":
            guard let outcome = Self.test(expanded[0]) else {
                throw UnreadableShell(
                    reason: "its condition \"\(expanded[0].joined(separator: " "))\" is not known here")
            }
            status = outcome ? 0 : 1
        default:
            if let harm = Words.effect(of: expanded[0]) { throw UnreadableShell(reason: harm) }
            asked.append(expanded)
            status = answer ? 0 : 1
        }
    }

    /// Variables and substitutions. A substitution that counts gives 1 or 0, another one something or nothing.
    private mutating func expand(_ word: String) throws(UnreadableShell) -> String {
        var result = ""
        var rest = word[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.hasPrefix("(") {
                guard let end = Self.end(of: rest) else { throw UnreadableShell(reason: "a $( is never closed") }
                let inner = String(rest[rest.index(after: rest.startIndex)..<end])
                rest = rest[rest.index(after: end)...]
                if let pidFile = Self.fileRead(by: inner) {
                    result += "$(cat \(try expand(pidFile)))"
                } else {
                    result += try output(of: inner)
                }
            } else if rest.hasPrefix("?") {
                result += "\(status)"
                rest = rest.dropFirst()
            } else {
                let isBraced = rest.hasPrefix("{")
                if isBraced { rest = rest.dropFirst() }
                let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                rest = rest[name.endIndex...]
                if isBraced {
                    guard rest.hasPrefix("}") else {
                        throw UnreadableShell(reason: "it computes with its variables")
                    }
                    rest = rest.dropFirst()
                }
                guard let value = variables[String(name)] else {
                    throw UnreadableShell(reason: "it uses $\(name), which it does not set")
                }
                result += value
            }
        }
        return result + rest
    }

    private static func end(of text: Substring) -> Substring.Index? {
        var depth = 0
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }

    private static func fileRead(by text: String) -> String? {
        let words = text.split(separator: " ").map(String.init)
        return words.count == 2 && words[0] == "cat" ? words[1] : nil
    }

    private mutating func output(of text: String) throws(UnreadableShell) -> String {
        let statements = try ShellParser.parse(text)
        guard statements.count == 1, case .pipeline(var commands, false) = statements[0] else {
            throw UnreadableShell(reason: "it uses what \"\(text)\" prints")
        }
        var counts = false
        if let last = commands.last, Words.name(last[0]) == "wc", commands.count > 1 {
            counts = true
            commands.removeLast()
        } else if let last = commands.last, Words.name(last[0]) == "grep", last.contains("-c") {
            counts = true
        }
        // Which of its own lines it leaves out says nothing.
        commands.removeAll { Words.name($0[0]) == "grep" && $0.contains("-v") }
        guard !commands.isEmpty else { throw UnreadableShell(reason: "it uses what \"\(text)\" prints") }
        try run(commands)
        if counts { return answer ? "1" : "0" }
        return answer ? Self.something : ""
    }

    /// `[ a -eq b ]` and its relatives; nil when it asks for anything else.
    private static func test(_ words: [String]) -> Bool? {
        var parts = words.dropFirst().filter { $0 != "]" && $0 != "]]" }
        var isNegated = false
        if parts.first == "!" {
            isNegated = true
            parts.removeFirst()
        }
        guard let outcome = plainTest(parts) else { return nil }
        return outcome != isNegated
    }

    private static func plainTest(_ parts: [String]) -> Bool? {
        if parts.count == 1 { return !parts[0].isEmpty }
        if parts.count == 2 {
            switch parts[0] {
            case "-z": return parts[1].isEmpty
            case "-n": return !parts[1].isEmpty
            default: return nil
            }
        }
        guard parts.count == 3 else { return nil }
        // Sides may carry an x against empty values: [ "x$A" = "x" ].
        if let left = Int(parts[0]), let right = Int(parts[2]) {
            switch parts[1] {
            case "-eq", "=", "==": return left == right
            case "-ne", "!=": return left != right
            case "-gt": return left > right
            case "-ge": return left >= right
            case "-lt": return left < right
            case "-le": return left <= right
            default: return nil
            }
        }
        guard !parts[0].contains(something) || parts[2].allSatisfy({ $0 == "x" }) else { return nil }
        switch parts[1] {
        case "=", "==": return parts[0] == parts[2]
        case "!=": return parts[0] != parts[2]
        default: return nil
        }
    }
}

/// Questions about words of commands.
enum Words {
    /// The program without its folder.
    static func name(_ program: String) -> String { program.split(separator: "/").last.map(String.init) ?? program }

    /// Whether it neither asks nor does anything that counts.
    static func saysOnly(_ program: String) -> Bool {
        ["echo", "printf", "logger", "true", ":", "set", "date", "ulimit", "umask", "sync"].contains(program)
    }

    /// What a command does besides asking; nil when it only asks, as far as its name tells.
    static func effect(of command: [String]) -> String? {
        let program = name(command[0])
        let text = command.joined(separator: " ")
        switch program {
        case "kill", "killall", "pkill", "killall5":
            let asks = command.contains { ["-0", "0", "-s0"].contains($0) }
            if asks { return nil }
        case "systemctl":
            if command.contains(where: { ["is-active", "status", "is-failed", "show"].contains($0) }) { return nil }
        case "service":
            if command.last == "status" { return nil }
        case "rm", "mv", "cp", "touch", "sleep", "ip", "ifconfig", "mail", "sendmail", "reboot", "iptables", "nft",
            "arping", "start-stop-daemon", "docker", "kubectl", "ssh", "source", ".", "tee", "sed", "awk":
            break
        default:
            let isStarter = command.contains { ["start", "restart", "reload", "stop"].contains($0) }
            if !isStarter { return nil }
        }
        return "it does more than ask: \(text)"
    }
}
