/// Every option of every shipped plugin, set wrongly, by the whole way of `halua check-config`: refused with file and line.
import Foundation
import Testing

@Suite struct PluginOptionTests {
    /// The lines that a plugin needs, without those for the options in `lines`.
    private func needed(_ plugin: String, besides lines: [String]) -> [String] {
        (wrongOptions[plugin]?.needs ?? []).filter { need in !lines.contains { key(of: $0) == key(of: need) } }
    }

    private func key(of line: String) -> Substring { line.prefix { $0 != " " } }

    @Test("every plugin has its cases, and they name every option that not any text will do for")
    func complete() throws {
        #expect(ShippedPlugins.names.count >= 11)
        for plugin in ShippedPlugins.names {
            guard let cases = wrongOptions[plugin] else {
                Issue.record("\(plugin) has no cases in WrongOptions.swift")
                continue
            }
            let options = try ShippedPlugins.options(of: plugin)
            for option in options {
                let isNamed = cases.wrong.contains { key(of: $0.lines.last ?? "") == option.name }
                let isPlain = cases.plain.contains(option.name)
                #expect(isNamed != isPlain, "\(plugin): \(option.name) is wrong in no case, or has cases and is plain")
            }
            #expect(cases.plain.subtracting(options.map(\.name)).isEmpty, "\(plugin)")
        }
    }

    @Test(
        "what a plugin needs is enough, and a required option that is missing is asked for",
        arguments: ShippedPlugins.names)
    func required(_ plugin: String) throws {
        let plugins = try ShippedPlugins()
        let needs = wrongOptions[plugin]?.needs ?? []
        let found = try plugins.complaints(plugin, needs)
        #expect(found == [])
        for option in try ShippedPlugins.options(of: plugin) where option.isRequired {
            let missing = try plugins.complaints(plugin, needs.filter { key(of: $0) != option.name })
            #expect(missing.count == 1)
            #expect(
                missing.first?.hasPrefix("4: plugin \(plugin) needs the option \(option.name) (") == true, "\(missing)")
        }
    }

    @Test("a misspelt name is refused with what was meant, each on its line", arguments: ShippedPlugins.names)
    func misspelt(_ plugin: String) throws {
        let options = try ShippedPlugins.options(of: plugin)
        let needs = needed(plugin, besides: [])
        let found = try ShippedPlugins().complaints(plugin, needs + options.map { "\($0.name)x 1" })
        let expected = options.enumerated().map { index, option in
            "\(5 + needs.count + index):5: plugin \(plugin) has no option \"\(option.name)x\" "
                + "(did you mean \"\(option.name)\"?)"
        }
        #expect(found == expected)
    }

    @Test(
        "a value of another type, none at all, and a second one are refused, each on its line",
        arguments: ShippedPlugins.names)
    func types(_ plugin: String) throws {
        let plugins = try ShippedPlugins()
        for option in try ShippedPlugins.options(of: plugin) {
            let needs = needed(plugin, besides: ["\(option.name) x"])
            let place = "\(5 + needs.count):5: \(option.name) of plugin \(plugin) "
            if let wrong = option.wrong {
                let found = try plugins.complaints(plugin, needs + ["\(option.name) \(wrong.value)"])
                #expect(found.count == 1 && found.first?.hasPrefix(place) == true, "\(found)")
                #expect(found.first?.hasSuffix(wrong.words) == true, "\(found)")
            }
            if option.standard != "true", option.standard != "false" {
                let found = try plugins.complaints(plugin, needs + [option.name])
                #expect(found.count == 1 && found.first?.hasPrefix(place) == true, "\(found)")
                #expect(found.first?.hasSuffix(", not nothing") == true, "\(found)")
            }
            let found = try plugins.complaints(plugin, needs + ["\(option.name) a", "\(option.name) b"])
            let twice = "\(6 + needs.count):5: error: option \"\(option.name)\" is given twice\n"
            #expect(found.count == 1 && found.first?.hasPrefix(twice) == true, "\(found)")
        }
    }

    @Test(
        "a value out of range, and one that contradicts another, are refused on their line",
        arguments: ShippedPlugins.names)
    func senseless(_ plugin: String) throws {
        let plugins = try ShippedPlugins()
        for wrong in wrongOptions[plugin]?.wrong ?? [] {
            let lines = needed(plugin, besides: wrong.lines) + wrong.lines
            let found = try plugins.complaints(plugin, lines)
            let name = wrong.isAboutWhole ? nil : key(of: wrong.lines.last ?? "")
            let place = name.map { "\(4 + lines.count):5: \($0) of plugin \(plugin)" } ?? "4: "
            #expect(found.count == 1 && found.first?.hasPrefix(place) == true, "\(wrong.lines): \(found)")
            #expect(found.first?.contains(wrong.words) == true, "\(wrong.lines): \(found)")
        }
    }
}
