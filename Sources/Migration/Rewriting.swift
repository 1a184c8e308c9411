/// The main file with Lua in the place of the shell checks that it can do, and an account of each line that changed.
import KeepalivedConf

package struct Rewriting: Hashable, Sendable {
    package private(set) var text = ""
    /// "keepalived.conf:12: …", a sentence for each line.
    package private(set) var changes: [String] = []
    /// Proposals that are not in the text, and why.
    package private(set) var left: [String] = []

    private var lines: [String]
    private let file: String

    package init(_ migration: Migration) {
        file = migration.installation.mainFile
        let bytes = migration.installation.files.read(file) ?? []
        lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.last == "\r" ? String($0.dropLast()) : String($0) }
        if lines.last == "" { lines.removeLast() }
        makeIncludesAbsolute()
        // From the end, so that the numbers of the lines before stay right.
        let sorted = migration.checks.sorted { $0.script.location.line > $1.script.location.line }
        var accounts: [[String]] = []
        for check in sorted {
            guard case .lua(let proposal) = check.judgement else { continue }
            switch replace(check, proposal) {
            case .success(let account): accounts.append(account)
            case .failure(let obstacle): left.append("\(check.script.name): \(obstacle.why)")
            }
        }
        changes += accounts.reversed().flatMap { $0 }
        left.reverse()
        text = lines.joined(separator: "\n") + "\n"
    }

    private struct Obstacle: Error { var why: String }

    private func words(_ index: Int) -> [Substring] {
        let line = lines[index].prefix { $0 != "#" && $0 != "!" }
        return line.split { $0 == " " || $0 == "\t" }
    }

    private mutating func makeIncludesAbsolute() {
        guard let slash = file.lastIndex(of: "/") else { return }
        for index in lines.indices {
            let words = words(index)
            guard words.count == 2, words[0].hasPrefix("include"), !words[1].hasPrefix("/"), !words[1].hasPrefix("$"),
                let place = lines[index].range(of: words[1])
            else { continue }
            let path = file[...slash] + words[1]
            lines[index].replaceSubrange(place, with: path)
            changes.append("\(file):\(index + 1): the path of \(words[0]) is now \(path)")
        }
    }

    private mutating func replace(_ check: Migration.Check, _ proposal: Proposal) -> Result<[String], Obstacle> {
        let location = check.script.location
        guard location.file == file else {
            return .failure(Obstacle(why: "it stands in \(location.file), which is included: paste the text there"))
        }
        let start = location.line - 1
        guard lines.indices.contains(start), words(start).first == "vrrp_script",
            words(start).dropFirst().first.map(String.init)?.filter({ $0 != "\"" && $0 != "{" }) == check.script.name
        else {
            return .failure(Obstacle(why: "it is made by a definition or a condition: paste the text by hand"))
        }
        guard let end = (start..<lines.count).first(where: { lines[$0].contains("}") }), end > start,
            let command = (start...end).first(where: { words($0).first == "script" })
        else { return .failure(Obstacle(why: "its block is on one line: paste the text by hand")) }
        return .success(rewrite(check, proposal, start, command, end))
    }

    private mutating func rewrite(
        _ check: Migration.Check, _ proposal: Proposal, _ start: Int, _ command: Int, _ end: Int
    ) -> [String] {
        var command = command
        var account = [
            "\(file):\(start + 1): in front of it, \(check.pluginName) is loaded from the plugin \(proposal.plugin)"
        ]
        let indent = String(lines[command].prefix { $0 == " " || $0 == "\t" })
        var body = [indent + "lua \(check.pluginName).\(proposal.check)"]
        account.append("\(file):\(command + 1): \"script\" became \"lua \(check.pluginName).\(proposal.check)\"")
        let written = Set((start...end).compactMap { words($0).first.map(String.init) })
        for number in check.numbers where !written.contains(number.keyword) {
            body.append(indent + "\(number.keyword) \(number.value)")
            account.append(
                "\(file):\(command + 1): behind it, \"\(number.keyword) \(number.value)\", which is keepalived's default"
            )
        }
        if let user = (start...end).first(where: { words($0).first == "user" }) {
            account.append("\(file):\(user + 1): \"user\" is gone, because nothing is started")
            lines.remove(at: user)
            if user < command { command -= 1 }
        }
        lines.replaceSubrange(command...command, with: body)
        lines.insert(contentsOf: proposal.block(as: check.pluginName, showsSecrets: true) + [""], at: start)
        return account
    }
}

extension String {
    /// Where a part of this very string stands.
    fileprivate func range(of part: Substring) -> Range<String.Index>? {
        part.startIndex < part.endIndex && part.startIndex >= startIndex && part.endIndex <= endIndex
            ? part.startIndex..<part.endIndex : nil
    }
}
