/// Commands that people check services with → the plugin that asks the same.

/// Judges a check's command. Opens no file itself.
package struct CheckJudge {
    /// The text of a script; nil: it can't be read, or is no text.
    package typealias ScriptReader = (_ path: String) -> String?

    private let readScript: ScriptReader

    package init(readScript: @escaping ScriptReader) { self.readScript = readScript }

    /// `words`: the program and its arguments, as keepalived takes a command apart.
    package func judge(_ words: [String]) -> Judgement {
        do throws(UnreadableShell) {
            return judge(try question(words))
        } catch {
            return .program(error.reason)
        }
    }

    private func question(_ words: [String]) throws(UnreadableShell) -> [[String]] {
        let program = Words.name(words[0])
        if words[0].hasPrefix("</dev/tcp/") { return [["<" + words[0].dropFirst()]] }
        if program == "timeout", let start = words.dropFirst().firstIndex(where: { !$0.hasPrefix("-") }),
            words.count > start + 1
        {
            return try question(Array(words[(start + 1)...]))
        }
        let isShell = ["sh", "bash", "dash", "ksh", "zsh"].contains(program)
        if isShell, let command = words.firstIndex(of: "-c"), words.count > command + 1 {
            return try ShellMeaning.question(in: words[command + 1]).pipeline
        }
        let script = isShell ? words.dropFirst().first { !$0.hasPrefix("-") } : words[0]
        if let script, script.hasPrefix("/"), let text = readScript(script) {
            let first = text.prefix { !$0.isNewline }
            guard !first.hasPrefix("#!") || first.contains("sh") else {
                throw UnreadableShell(reason: "it is written in another language: \(first.dropFirst(2))")
            }
            return try ShellMeaning.question(in: text).pipeline
        }
        if let harm = Words.effect(of: words) { throw UnreadableShell(reason: harm) }
        // What keepalived passes on as words was most likely meant for a shell.
        let operators: Set<String> = [
            "|", "||", "&&", ";", ">", "2>", ">/dev/null", "2>&1", "2>/dev/null", "&>/dev/null",
        ]
        if words.contains(where: operators.contains) {
            return try ShellMeaning.question(in: words.joined(separator: " ")).pipeline
        }
        return [words]
    }

    private func judge(_ pipeline: [[String]]) -> Judgement {
        let first = pipeline[0]
        if ["timeout", "nice", "env", "sudo"].contains(Words.name(first[0])) {
            let inner = first.dropFirst().drop {
                $0.hasPrefix("-") || $0.contains("=") || Int($0.prefix { $0 != "s" }) != nil
            }
            if !inner.isEmpty {
                if Words.name(first[0]) == "timeout", Words.name(inner.first ?? "").hasSuffix("sh") {
                    return judge(Array(inner))
                }
                return judge([Array(inner)] + pipeline.dropFirst())
            }
        }
        let readers: [([[String]]) -> Proposal?] = [
            ProcessQuestions.read, SocketQuestions.read, WebQuestions.read, DatabaseQuestions.read,
        ]
        for read in readers { if let proposal = read(pipeline) { return .lua(proposal) } }
        let text = pipeline.map { $0.joined(separator: " ") }.joined(separator: " | ")
        if ["ping", "ping6", "arping", "fping"].contains(Words.name(first[0])) {
            return .program(
                "the plugin gateway_witness asks gateways by ARP and ICMP, and as a promotion gate: see its head")
        }
        return .program("no shipped plugin asks the same as \"\(text)\"; plugins/GUIDE.md shows how to write one")
    }
}
