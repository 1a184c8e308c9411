/// The definition of the API says what halua does: the same functions, fields, phases, limits, and examples that work.
import Foundation
import Testing

@testable import LuaHost

@Suite struct DefinitionTests {
    let nouns: [APINoun]
    /// The functions of the definition by their paths.
    let defined: [String: APINoun.Function]

    init() throws {
        nouns = try APIDefinition.read()
        let own = nouns.filter { $0.module == "halua" }.flatMap { $0.functions ?? [] }
        defined = Dictionary(own.map { ($0.name, $0) }) { first, _ in first }
    }

    /// Metamethods have no entry of their own.
    private var functions: [HostFunction] { Bindings.all.filter { !$0.path.contains(":__") } }

    @Test("every function that halua has is defined, and every function that is defined is there")
    func paths() {
        let there = Set(functions.map(\.path))
        let missing = there.subtracting(defined.keys).sorted()
        #expect(missing.isEmpty, "not in plugins/library/api: \(missing.joined(separator: ", "))")
        let invented = Set(defined.keys).subtracting(there).sorted()
        #expect(invented.isEmpty, "defined, but halua has no \(invented.joined(separator: ", "))")
    }

    @Test("phases, fields and waiting are as halua has them")
    func properties() {
        for function in functions {
            guard let entry = defined[function.path] else { continue }
            #expect(entry.phase == "\(function.phase)", "phase of \(function.path)")
            let named = Set((entry.fields ?? []).map(\.name))
            #expect(named == Set(function.fields), "fields of \(function.path)")
            #expect(entry.waits ?? false == function.waits, "whether \(function.path) waits")
        }
    }

    @Test("the values of the table halua are the ones that are defined")
    func constants() throws {
        let bench = ScriptBench()
        let names = nouns.filter { $0.module == "halua" }.flatMap { $0.constants ?? [] }.map(\.name).sorted()
        let list = """
            local names = {}
            local function add(prefix, group)
              for name, value in pairs(group) do
                if type(value) == 'table' and value ~= halua.store then add(prefix .. name .. '.', value)
                elseif type(value) ~= 'function' then names[#names + 1] = prefix .. name end
              end
            end
            add('', halua)
            table.sort(names)
            return false, table.concat(names, ' ')
            """
        #expect(try bench.check(list) == .failed(names.joined(separator: " ")))
    }

    @Test("the limits and their values are the ones that are enforced")
    func limits() {
        let written = nouns.flatMap { $0.limits ?? [] }
        let described = Dictionary(written.map { ($0.property, $0.default) }) { first, _ in first }
        let enforced = Mirror(reflecting: ScriptLimits()).children.map { child in
            (child.label ?? "", Self.words(child.value, of: child.label ?? ""))
        }
        #expect(described == Dictionary(enforced) { first, _ in first })
    }

    @Test("the keywords of the limits are the ones that the configuration knows")
    func limitKeywords() throws {
        let source = APIDefinition.root.appending(path: "Sources/KeepalivedConf/KeywordsLua.swift")
        let known = try String(contentsOf: source, encoding: .utf8).matches(of: /"(lua_\w+)", \./).map { String($0.1) }
        let written = nouns.flatMap { $0.limits ?? [] }.compactMap(\.keyword).filter { $0.hasPrefix("lua_") }
        #expect(Set(known).subtracting(written).sorted() == ["lua_path", "lua_stall_action", "lua_stall_timeout"])
        #expect(Set(written).subtracting(known).isEmpty)
    }

    @Test("the kinds of errors are the ones that are defined")
    func errorKinds() {
        let alias = nouns.flatMap { $0.aliases ?? [] }.first { $0.name == "halua.ErrorKind" }
        let written = alias?.type.split(separator: "|").map { $0.filter { $0 != "\"" } } ?? []
        #expect(written.sorted() == OperatingError.Kind.allCases.map(\.rawValue).sorted())
    }

    private static func words(_ value: Any, of property: String) -> String {
        if let span = value as? Duration { return Durations.describe(span) }
        guard let number = value as? Int else { return "\(value)" }
        guard property.hasSuffix("Bytes") else { return "\(number)" }
        return number % (1 << 20) == 0 ? "\(number >> 20) MiB" : "\(number >> 10) KiB"
    }

    @Test("every example of the load phase loads, every other one compiles where it belongs")
    func examplesLoad() throws {
        let bench = ScriptBench()
        for function in defined.values {
            guard let example = function.example else { continue }
            let text = function.phase == "loading" ? example : "local function run(ctx)\n\(example)\nend"
            do {
                _ = try bench.load(bench.plugin("local halua = require 'halua'\n\(text)"))
            } catch {
                Issue.record("example of \(function.name): \(error)")
            }
        }
    }

    @Test("every example that claims to run runs without an error")
    func examplesRun() throws {
        let bench = ScriptBench()
        for function in defined.values where function.runs == true {
            let example = function.example ?? ""
            let result = try bench.check(
                "local function run()\n\(example)\nend\nrun()\nreturn true", instances: [snapshot("VI_1")])
            #expect(result == .passed, "example of \(function.name)")
        }
    }

    // MARK: What functions hand out

    private func fields(of name: String) -> [APINoun.Class.Field] {
        guard let found = nouns.flatMap({ $0.classes ?? [] }).first(where: { $0.name == name }) else { return [] }
        return (found.fields ?? []) + (found.parent.map(fields(of:)) ?? [])
    }

    /// Compares the names that a script saw with the fields of a class; those whose type ends with `?` may be absent.
    private func compare(_ seen: [String], with name: String) {
        let all = fields(of: name)
        #expect(!all.isEmpty, "\(name) is defined")
        let invented = Set(seen).subtracting(all.map(\.name))
        #expect(invented.isEmpty, "\(name) has no field \(invented.sorted())")
        let missing = Set(all.filter { !$0.type.hasSuffix("?") }.map(\.name)).subtracting(seen)
        #expect(missing.isEmpty, "\(name) lacks \(missing.sorted())")
    }

    private static let keysOf = """
        local function keys(value)
          local names = {}
          for name in pairs(value) do names[#names + 1] = name end
          return table.concat(names, ' ')
        end
        """

    @Test(
        "what a function hands out has the fields that are defined",
        arguments: [
            ("halua.CheckContext", "ctx"),
            ("halua.Error", "select(2, halua.file.read '/nowhere')"),
            ("halua.Process", "halua.process.find { name = halua.process.status(1).name }[1]"),
            ("halua.ProcessStatus", "halua.process.status(1)"),
            ("halua.FileStatus", "halua.file.stat '/etc/passwd'"),
            ("halua.FileRoom", "halua.file.free '/'"),
            ("halua.ExecResult", "halua.exec { 'true' }"),
        ])
    func handedOut(_ name: String, _ expression: String) throws {
        let bench = ScriptBench()
        let result = try bench.check("\(Self.keysOf) return false, keys(\(expression))")
        guard case .failed(let words) = result else {
            Issue.record("\(name): \(String(describing: result))")
            return
        }
        compare(words.split(separator: " ").map(String.init), with: name)
    }

    @Test("events and instances have the fields that are defined")
    func events() throws {
        let bench = ScriptBench()
        try bench.run("\(Self.keysOf) halua.on.change(function(ev) print('keys ' .. keys(ev)) end)")
        bench.engine.send(transition("VI_1", 1))
        let seen = bench.logged("keys ")?.split(separator: " ").dropFirst().map(String.init) ?? []
        // A property that is looked up when it is asked for.
        compare(seen + ["current"], with: "halua.Event")
        compare(InstanceBinding.fieldNames, with: "halua.Instance")
    }
}
