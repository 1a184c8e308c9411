/// `halua keyword`: what a word of the configuration means, from the table that the daemon reads by.
import ArgumentParser
import ControlProtocol
import KeepalivedConf

struct KeywordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keyword",
        abstract: "Say what a keyword of the configuration means, where it stands, and what holds without it.",
        discussion: """
              halua keyword nopreempt

            The same table makes the manual page halua.conf(5).

            Exit status: 0, or 1 when there is no such keyword.
            """)

    @Argument(help: "The keyword.")
    var name: String?

    @Flag(help: "Print the whole table as JSON.")
    var json = false

    func validate() throws {
        guard json != (name != nil) else { throw ValidationError("name a keyword, or use --json for all of them") }
    }

    func run() throws {
        if json {
            print(JSONValue.array(Keyword.table.map(\.json)).text())
            return
        }
        let name = name ?? ""
        let found = Keyword.table.filter { $0.name == name }
        guard !found.isEmpty else {
            let near = Keyword.suggestion(for: name).map { "; did you mean \($0)?" } ?? ""
            print("there is no keyword \(name)\(near)")
            throw ExitCode(1)
        }
        print(found.map(\.text).joined(separator: "\n"))
    }
}

extension Keyword {
    fileprivate var text: String {
        var text = "\(name)\(arguments.isEmpty ? "" : " \(arguments)")  (\(place.rawValue))\n  \(documentation)\n"
        if !defaultValue.isEmpty { text += "  default: \(defaultValue)\n" }
        if origin == .halua { text += "  keepalived does not know it\n" }
        if let reason { text += "  not done: \(reason)\n" }
        return text
    }

    /// What halua does not do, and what that means.
    private var reason: String? {
        switch status {
        case .works: nil
        case .ignored(let what, let meaning), .later(let what, let meaning): "\(what); \(meaning)"
        }
    }

    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("name", .string(name)), .init("place", .string(place.rawValue)),
            .init("arguments", .string(arguments)), .init("default", .string(defaultValue)),
            .init("documentation", .string(documentation)), .init("own", .boolean(origin == .halua)),
        ]
        if let reason { members.append(.init("ignored", .string(reason))) }
        return .object(members)
    }
}
