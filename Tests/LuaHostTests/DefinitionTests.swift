/// The definition of the API says what halua does: the same functions, fields, phases, limits, and examples that work.
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
}
