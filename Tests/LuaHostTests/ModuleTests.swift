/// require: modules beside a plugin, loaded once, trusted like plugins.
import Glibc
import LuaHost
import Testing

@Suite struct ModuleTests {
    let bench = ScriptBench()

    /// Writes the files into `lib` beside the plugin, loads it, and returns its failures.
    private func load(_ text: String, _ modules: [String: String]) -> [String] {
        var spec = bench.plugin(text)
        spec.moduleDirectories = []
        for (name, module) in modules { bench.module(name, module) }
        do throws(LoadFailures) {
            bench.start(try bench.load(spec))
            return []
        } catch {
            return error.failures.map(\.description)
        }
    }

    @Test("a module is loaded once, gets its name and path, and is the same value everywhere")
    func once() throws {
        let failures = load(
            """
            local a = require 'a'
            assert(a == require 'a' and a.b == require 'sub.b' and require 'halua' == halua and require 'empty' == true)
            halua.check{name='c', interval='20ms', run=function() return a == require 'a' and a.value() == 1 end}
            """,
            [
                "a.lua": """
                local name, path = ...
                assert(name == 'a' and path:match('/lib/a.lua$'))
                local count = 0
                local function value() return count end
                count = count + 1
                return {value = value, b = require 'sub.b'}
                """,
                "sub/b.lua": "return {}", "empty.lua": "local x = 1",
            ])
        #expect(failures == [])
        #expect(bench.result(of: "p.c") == .passed)
    }

    @Test(
        "a module that cannot be had is refused with file and line",
        arguments: [
            ("require 'gone'", [:], "p.lua:1: require: there is no module \"gone\""),
            ("require '../x'", [:], "p.lua:1: require: \"../x\" is no name of a module"),
            ("require ''", [:], "p.lua:1: require: \"\" is no name of a module"),
            ("require 'a'", ["a.lua": "\nlocal x = = 1"], "a.lua:2: unexpected symbol near '='"),
            ("\nrequire 'a'", ["a.lua": "\n\nerror('odd')"], "a.lua:3: odd"),
            ("require 'a'", ["a.lua": "halua.sleep(1)"], "a.lua:1: sleep: works inside of checks"),
            ("require 'a'", ["a.lua": "\u{1B}Lua"], "p.lua:1: require: a.lua: attempt to load a binary chunk"),
            (
                "require 'a'", ["a.lua": "require 'b'", "b.lua": "require 'c'", "c.lua": "\nrequire 'a'"],
                "c.lua:2: require: the modules require each other: a → b → c → a"
            ),
            ("require 'a'", ["a.lua": "while true do end"], "loading takes longer than 500 ms"),
        ] as [(String, [String: String], String)])
    func refused(_ text: String, _ modules: [String: String], _ message: String) {
        let failures = load(text, modules)
        #expect(failures.count == 1)
        #expect(failures.first?.contains(message) == true, "\(failures)")
    }

    @Test("a failure that the plugin catches does not make the module look like one that is being loaded")
    func caught() throws {
        let failures = load(
            """
            local ok, err = pcall(require, 'a')
            assert(not ok and err == 'a.lua:1: odd', err)
            ok, err = pcall(require, 'a')
            assert(not ok and err == 'a.lua:1: odd', err)
            """, ["a.lua": "error('odd')"])
        #expect(failures == [])
    }

    @Test("modules are loaded while the plugin is: later it is a bug")
    func late() throws {
        #expect(
            load("halua.check{name='c', interval='20ms', run=function() return require 'a' end}", ["a.lua": "return 1"])
                == [])
        guard case .broken(let text) = bench.result(of: "p.c") else {
            Issue.record("not broken")
            return
        }
        #expect(text.hasPrefix("p.lua:1: require: module \"a\" is not loaded: modules are required in the file itself"))
    }

    @Test("a module that others could change is refused with the remedy")
    func trust() {
        var spec = bench.plugin("require 'a'")
        spec.moduleDirectories = []
        let path = bench.module("a.lua", "return 1")
        chmod(path, 0o666)
        do throws(LoadFailures) {
            _ = try bench.load(spec)
            Issue.record("loaded")
        } catch {
            #expect(
                error.failures.first?.message
                    == "require: module a is refused: \(path) is writable by everybody: chmod o-w \(path)")
        }
    }

    @Test("a changed module is a changed source")
    func sources() throws {
        let spec = bench.plugin("require 'a'")
        bench.module("a.lua", "return 1")
        let first = try bench.load(spec).sources
        #expect(try bench.load(spec).sources == first)
        bench.module("a.lua", "return 2")
        #expect(try bench.load(spec).sources != first)
    }
}
