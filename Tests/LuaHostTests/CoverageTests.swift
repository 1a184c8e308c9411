/// Every function of the API is called by a test that runs real plugins against real counterparts.
import Foundation
import Testing

@testable import LuaHost

/// A search in the text of the tests: it cannot prove that a test is good, only find the function that has none.
@Suite struct CoverageTests {
    /// The tests of a function that the search cannot see, because Lua calls it without its name.
    private static let unseen: [String: (file: String, test: String)] = [
        "Database:__index": ("MySQLTests.swift", "rows come with their columns' names and types, and NULL is absent"),
        "Error:__concat": ("FailurePolicyTests.swift", "an error of the API that a script raises is a failure"),
        "Error:__tostring": ("TLSTests.swift", "a peer that speaks no TLS, ends, or says nothing is an error"),
        "Event:__index": ("HookEventTests.swift", "on.priority tells both priorities and the explanation"),
        "Instance:__index": ("HookTests.swift", "the fields of an instance are those of the daemon's last snapshot"),
        "on.fault": ("HookTests.swift", "each hook runs for its own state only, change for all"),
        "Store:__index": ("StoreTests.swift", "what the store holds survives a reload, nested changes included"),
        "Store:__len": ("StoreTests.swift", "what the store holds survives a reload, nested changes included"),
        "Store:__newindex": ("StoreTests.swift", "what the store holds survives a reload, nested changes included"),
        "Store:__pairs": ("StoreTests.swift", "what the store holds survives a reload, nested changes included"),
    ]

    /// What makes a handle whose method has a name that other kinds of handles have, too.
    private static let makers = [
        "Adjustment": #"adjust_priority"#, "Connection": #"(?:tcp|unix)\.connect"#, "Database": #"mysql\.connect"#,
        "FileWatch": #"file\.watch"#, "Metric": #"metrics\.\w+"#, "Recurring": #"halua\.every"#,
        "Task": #"halua\.spawn"#, "UDPSocket": #"udp\.socket"#, "Watch": #"process\.watch"#,
    ]

    /// Played worlds, and tests that look at the definition of the API.
    private static let others: Set = [
        "APIDefinition.swift", "CoverageTests.swift", "DefinitionTests.swift", "DirectEngineTests.swift",
    ]

    private static let folders = ["Tests/LuaHostTests", "Tests/NetnsTests", "plugins"]

    /// The text of each file by its path, without comments that fill a line.
    private func read() throws -> [String: String] {
        var texts: [String: String] = [:]
        for folder in Self.folders.map({ APIDefinition.root.appending(path: $0) }) {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path())
            where (name.hasSuffix(".swift") || name.hasSuffix(".lua")) && !Self.others.contains(name) {
                let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
                let lines = text.split(separator: "\n").filter { line in
                    let start = line.drop { $0 == " " }
                    return !start.hasPrefix("//") && !start.hasPrefix("--")
                }
                texts[folder.appending(path: name).path()] = lines.joined(separator: "\n")
            }
        }
        return texts
    }

    @Test("every function of the API is called for real by some test")
    func everyFunction() throws {
        let texts = try read()
        // One test is one piece: a handle that another test has made proves nothing.
        let pieces = texts.values.flatMap { $0.components(separatedBy: "@Test(") }
        let paths = Bindings.all.map(\.path).filter { $0 != RequireBinding.loadedPath }
        for path in paths where Self.unseen[path] == nil {
            let isUsed = try use(of: path, among: paths)
            // Apart, because a failure would print all that it was looked for in.
            let hasUse = pieces.contains(where: isUsed)
            #expect(hasUse, "no test calls \(path)")
        }
        for (path, place) in Self.unseen {
            #expect(paths.contains(path), "there is no \(path) any more")
            let text = texts.first { $0.key.hasSuffix("/LuaHostTests/\(place.file)") }?.value
            let isThere = text?.contains(place.test) == true
            #expect(isThere, "\(path): no test \"\(place.test)\"")
        }
    }

    /// Whether a piece of text calls the function.
    private func use(of path: String, among paths: [String]) throws -> (String) -> Bool {
        let parts = path.split(separator: ":").map(String.init)
        guard parts.count == 2 else {
            // "sleep" is a word of many meanings; "tcp.connect" is not, and may be called by a shorter name.
            let isGlobal = path == "print" || path == "require"
            let head = path.contains(".") || isGlobal ? #"(?:^|[^\w.:])(?:halua\.)?"# : #"\bhalua\."#
            let call = try Regex(head + NSRegularExpression.escapedPattern(for: path) + #"\b"#)
            return { $0.contains(call) }
        }
        let (kind, name) = (parts[0], parts[1])
        let isShared = paths.filter { $0.hasSuffix(":\(name)") }.count > 1
        guard isShared, let maker = Self.makers[kind] else {
            let call = try Regex(":\(name)\\b")
            return { $0.contains(call) }
        }
        if name == "__close" {
            let made = try Regex(#"<close>[^\n=]*=[^\n]*"# + maker)
            return { $0.contains(made) }
        }
        let made = try Regex(#"(\w+)(?:\s*<close>)?(?:\s*,\s*\w+)*\s*=\s*(?:assert\(\s*)?[^\n=]*?"# + maker)
        return { text in
            text.matches(of: made).contains { match in
                guard let variable = match.output[1].substring else { return false }
                return text.contains("\(variable):\(name)")
            }
        }
    }
}
