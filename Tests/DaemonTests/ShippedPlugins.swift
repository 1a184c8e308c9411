/// The plugins that come with halua, as their files state them, in a folder that the daemon trusts.
import Foundation
import KeepalivedConf
import Testing

@testable import Daemon

/// A copy of `plugins`: the daemon loads no file that others could change, and a source tree may be anybody's.
final class ShippedPlugins {
    static let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "plugins")

    /// "disk", "exec", …
    static let names =
        (try? FileManager.default.contentsOfDirectory(atPath: source.path))
        .map { files in files.filter { $0.hasSuffix(".lua") }.map { String($0.dropLast(4)) }.sorted() } ?? []

    /// One line of a plugin's `halua.options`.
    struct Option {
        var name: String
        /// The Lua of its default.
        var standard: String
        var isRequired: Bool { standard.hasPrefix("halua.required") }
    }

    private let folder: URL
    private var file: URL { folder.appending(path: "halua.conf") }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "halua-options-\(UUID().uuidString)")
        let manager = FileManager.default
        let privately: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
        try manager.createDirectory(at: folder, withIntermediateDirectories: false, attributes: privately)
        for name in Self.names.map({ $0 + ".lua" }) + ["lib"] {
            let copy = folder.appending(path: name)
            try manager.copyItem(at: Self.source.appending(path: name), to: copy)
            let (user, group) = (NSNumber(value: geteuid()), NSNumber(value: getegid()))
            for path in [copy.path] + (manager.subpaths(atPath: copy.path) ?? []).map({ "\(copy.path)/\($0)" }) {
                var mode = try manager.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? 0o700
                mode &= 0o755
                try manager.setAttributes(
                    [.ownerAccountID: user, .groupOwnerAccountID: group, .posixPermissions: mode], ofItemAtPath: path)
            }
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private static let instance = """
        vrrp_instance VI_1 {
            interface eth0
            virtual_router_id 51
            virtual_ipaddress {
                192.0.2.10/24
            }
        }

        """

    /// What `halua check-config` says about one plugin with these lines in its block, which begins in line 4.
    /// Warnings and the path of the configuration are left out.
    func complaints(_ plugin: String, _ lines: [String]) throws -> [String] {
        let block = lines.map { "    \($0)\n" }.joined()
        let text = "global_defs {\n    lua_path \(folder.path)\n}\nlua_plugin \(plugin) {\n\(block)}\n\(Self.instance)"
        try text.write(to: file, atomically: false, encoding: .utf8)
        let report = checkConfiguration(
            file: file.path, configurationID: nil, interfaces: ["eth0": InterfaceFacts()])
        #expect(report.isAccepted == (report.errors == 0), "\(report.text)")
        return report.messages.filter { !$0.contains(": warning: ") }.map { $0.replacing("\(file.path):", with: "") }
    }

    /// The options of a plugin, one a line in its file.
    static func options(of plugin: String) throws -> [Option] {
        let text = try String(contentsOf: source.appending(path: "\(plugin).lua"), encoding: .utf8)
        let begin = try #require(text.range(of: "halua.options {\n"), "\(plugin) states no options")
        let end = try #require(text.range(of: "\n}", range: begin.upperBound..<text.endIndex))
        return try text[begin.upperBound..<end.lowerBound].split(separator: "\n").compactMap { line in
            let line = line.drop { $0 == " " }
            if line.isEmpty || line.hasPrefix("--") { return nil }
            let match = try #require(line.wholeMatch(of: /(\w+) = (.+),/), "\(plugin): one option a line, not \(line)")
            return Option(name: String(match.1), standard: String(match.2))
        }
    }
}

extension ShippedPlugins.Option {
    /// A value of another type, and what the complaint says instead; nil when any text will do.
    var wrong: (value: String, words: String)? {
        switch standard {
        case "true", "false", #"halua.required "boolean""#: ("maybe", #"takes on or off, not "maybe""#)
        case let text where text.wholeMatch(of: /-?\d+|halua.\w+ "integer"/) != nil:
            ("many", #"takes a whole number, not "many""#)
        case let text where text.wholeMatch(of: /-?\d+\.\d+|halua.\w+ "number"/) != nil:
            ("many", #"takes a number, not "many""#)
        case let text where text.wholeMatch(of: /"\d+(us|ms|s|m|h)"|halua.\w+ "duration"/) != nil:
            ("soon", #"takes a duration such as 250ms or 5s, not "soon""#)
        case let text where text.wholeMatch(of: /"https?:.*"|halua.\w+ "url"/) != nil:
            ("http://", "takes an http:// or https:// address with a host, which this is not")
        case let text where text.wholeMatch(of: #/"/.*"|halua.\w+ "path"/#) != nil:
            ("here", #"takes a path that begins with /, not "here""#)
        case let text where text.wholeMatch(of: /halua.\w+ "address"/) != nil:
            ("gateway", #"takes an IP address, not "gateway""#)
        case let text where text.wholeMatch(of: /halua.\w+ "addresses"/) != nil:
            ("192.0.2.1 gateway", #"takes a list, each an IP address, not "gateway""#)
        case let text where text.wholeMatch(of: /"127.0.0.1"|halua.\w+ "host"/) != nil:
            (#""a b""#, #"takes an IP address or a name, not "a b""#)
        case let text where text.hasPrefix("halua.choice") || text.hasPrefix("halua.required {"):
            ("perhaps", #", not "perhaps""#)
        default: nil
        }
    }
}
