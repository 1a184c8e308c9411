/// Options of plugins and the search for their files: every complaint has its place.
import Glibc
import LuaHost
import Testing

@Suite struct OptionTests {
    let bench = ScriptBench()

    private func line(_ key: String, _ values: String..., at line: Int = 5) -> OptionLine {
        OptionLine(key: key, values: values, file: "halua.conf", line: line, column: 3)
    }

    private func failures(_ text: String, _ options: [OptionLine]) -> [String] {
        do throws(LoadFailures) {
            _ = try bench.load(bench.plugin(text, options: options))
            return []
        } catch {
            return error.failures.map(\.description)
        }
    }

    @Test("options take the type of their defaults, and the operator's values win")
    func types() throws {
        let text = """
            local opt = halua.options {
              host = 'x', port = 1, ratio = 0.5, on = false, flag = false, wait = '5s', pause = '1s', list = {'a'},
              numbers = {1}, url = halua.required 'url', standard = 'kept',
            }
            halua.check{name='c', interval='20ms', run=function()
              assert(opt.host == 'db1' and opt.port == 8066 and math.type(opt.port) == 'integer' and opt.ratio == 0.25)
              assert(opt.on == true and opt.flag == true and opt.wait == '250ms' and opt.pause == 3)
              assert(#opt.list == 3 and opt.list[3] == 'd' and opt.numbers[2] == 8)
              assert(opt.url == 'https://x' and opt.standard == 'kept')
              return true
            end}
            """
        let options = [
            line("host", "db1"), line("port", "8066"), line("ratio", "0.25"), line("on", "yes"), line("flag"),
            line("wait", "250ms"), line("pause", "3"), line("list", "b", "c"), line("list", "d"),
            line("numbers", "7", "8"), line("url", "https://x"),
        ]
        bench.start(try bench.load(bench.plugin(text, options: options)))
        #expect(bench.result(of: "p.c") == .passed)
    }

    @Test("a plugin refuses a value with the line that sets it, or that of its block, and catching does not help")
    func refused() {
        let text = """
            local opt = halua.options { port = 0 }
            pcall(halua.refuse, 'port', 'a port is a number from 1 to 65535, not ' .. opt.port)
            """
        let told = "port of plugin p: a port is a number from 1 to 65535, not"
        #expect(failures(text, [line("port", "99999", at: 6)]) == ["halua.conf:6:3: \(told) 99999"])
        let unset = failures(text, [])
        #expect(unset.count == 1 && unset.first?.hasSuffix("\(told) 0") == true)
    }

    @Test("what may be left out is nil or an empty list, and keeps its type")
    func optional() throws {
        let text = """
            local opt = halua.options {
              ca = halua.optional 'path', peers = halua.optional 'addresses', mode = halua.optional {'a', 'b'},
              targets = halua.required 'addresses', user = halua.optional 'string',
            }
            halua.check{name='c', interval='20ms', run=function()
              assert(opt.ca == nil and #opt.peers == 0 and opt.mode == nil and opt.user == 'halua')
              return #opt.targets == 2 and opt.targets[2] == '2001:db8::1'
            end}
            """
        let targets = line("targets", "192.0.2.1", "2001:db8::1")
        bench.start(try bench.load(bench.plugin(text, options: [targets, line("user", "halua")])))
        #expect(bench.result(of: "p.c") == .passed)
        #expect(
            failures(text, [targets, line("ca", "x", at: 6), line("peers", "x", at: 7), line("mode", "c", at: 8)]) == [
                "halua.conf:6:3: ca of plugin p takes a path that begins with /, not \"x\"",
                "halua.conf:7:3: peers of plugin p takes a list, each an IP address, not \"x\"",
                "halua.conf:8:3: mode of plugin p takes \"a\" or \"b\", not \"c\"",
            ])
        #expect(failures(text, []) == ["halua.conf:1: plugin p needs the option targets (a list, each an IP address)"])
    }

    @Test("every wrong option is reported, each with its line and column")
    func wrong() {
        let text = "halua.options { port = 1, on = true, wait = '1s', key = halua.required 'string', host = 'x' }"
        let found = failures(
            text,
            [
                line("prot", "1", at: 5), line("port", "many", at: 6), line("on", "maybe", at: 7),
                line("wait", "soon", at: 8), line("host", "a", at: 9), line("host", "b", at: 10),
                line("host", "a", "b", at: 11),
            ])
        #expect(
            found == [
                "halua.conf:5:3: plugin p has no option \"prot\" (did you mean \"port\"?)",
                "halua.conf:6:3: port of plugin p takes a whole number, not \"many\"",
                "halua.conf:7:3: on of plugin p takes on or off, not \"maybe\"",
                "halua.conf:8:3: wait of plugin p takes a duration such as 250ms or 5s, not \"soon\"",
                "halua.conf:10:3: host of plugin p is given twice",
                "halua.conf:11:3: host of plugin p is given twice",
                "halua.conf:1: plugin p needs the option key (a word)",
            ])
    }

    @Test(
        "the default is an example of the type, and what does not fit is refused with its line",
        arguments: [
            ("5", "0.5", "a whole number"), ("5.0", "x", "a number"), ("'5s'", "soon", "a duration"),
            ("'http://x'", "x", "an http:// or https:// address"), ("'/x'", "x", "a path that begins with /"),
            ("true", "maybe", "on or off"), ("{1}", "x", "a list, each a whole number"),
            ("halua.choice{'deny', 'allow'}", "maybe", "\"deny\" or \"allow\""),
            ("halua.required{'deny', 'allow'}", "maybe", "\"deny\" or \"allow\""),
            ("halua.required 'integer'", "1.5", "a whole number"), ("halua.required 'path'", "x", "a path"),
            ("halua.required 'address'", "localhost", "an IP address"),
            ("'127.0.0.1'", "a b", "an IP address or a name"),
            ("halua.optional 'host'", "", "an IP address or a name"), ("{'192.0.2.1'}", "a b", "a list, each an IP"),
            ("halua.required 'url'", "http://", "an http:// or https:// address with a host"),
            ("halua.required 'url'", "http://x:99999/", "an http:// or https:// address with a host"),
            ("halua.required 'number'", "x", "a number"),
            ("halua.required 'url'", "x", "an http:// or https:// address"),
            ("halua.required 'duration'", "-1", "a duration"), ("halua.required 'boolean'", "x", "on or off"),
        ])
    func examples(_ standard: String, _ given: String, _ wanted: String) {
        let found = failures("halua.options{ x = \(standard) }", [line("x", given, at: 7)])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("halua.conf:7:3: x of plugin p takes \(wanted)") == true, "\(found)")
    }

    @Test(
        "values that fit arrive",
        arguments: [
            ("5.0", "0.5", "0.5"), ("'5s'", "250ms", "'250ms'"), ("'/x'", "/y", "'/y'"), ("{}", "a", "({'a'})[1]"),
            ("halua.choice{'deny', 'allow'}", "allow", "'allow'"), ("halua.required 'address'", "fe80::1", "'fe80::1'"),
            ("halua.required 'integer'", "-3", "-3"), ("halua.ANY", "VI_1", "'VI_1'"),
        ])
    func fitting(_ standard: String, _ given: String, _ value: String) {
        let text = """
            local opt = halua.options{ x = \(standard) }
            local x = type(opt.x) == 'table' and opt.x[1] or opt.x
            assert(x == \(value), tostring(x))
            """
        #expect(failures(text, [line("x", given)]) == [])
    }

    @Test("without a line of the operator's a choice is its first word, and a required one is asked for")
    func choices() {
        #expect(failures("assert(halua.options{ x = halua.choice{'deny', 'allow'} }.x == 'deny')", []) == [])
        #expect(
            failures("halua.options{ x = halua.required{'deny', 'allow'} }", []) == [
                "halua.conf:1: plugin p needs the option x (\"deny\" or \"allow\")"
            ])
    }

    @Test("options for a plugin that states none are refused")
    func none() {
        #expect(
            failures("local x = 1", [line("port", "1")])
                == ["halua.conf:5:3: plugin p takes no options, so no \"port\""])
    }

    @Test("failures of all plugins are reported together, a script's with file and line")
    func several() {
        do throws(LoadFailures) {
            _ = try bench.load(
                bench.plugin("\nlocal x = = 1", name: "a"), bench.plugin("\n\nhalua.chek{}", name: "b"),
                bench.plugin("halua.check{name='c', run=1}", name: "c"),
                PluginSpec(name: "a", path: "/dev/null", file: "halua.conf", line: 1))
            Issue.record("loaded")
        } catch {
            let found = error.failures.map(\.description).map { $0.split(separator: "/").last.map(String.init) ?? $0 }
            #expect(
                found == [
                    "a.lua:2: unexpected symbol near '='",
                    "b.lua:3: attempt to call a nil value (field 'chek')",
                    "c.lua:1: check: field \"run\" must be a function, not number",
                    "halua.conf:1: there are two plugins a: give one another name by \"as\"",
                ])
        }
    }

    @Test(
        "a check that is registered wrongly is refused with its reason",
        arguments: [
            ("halua.check{run=print}", "field \"name\" is missing"),
            ("halua.check{name='a'}", "field \"run\" is missing"),
            ("halua.check{name='a b', run=print}", "\"a b\" is no name of a check"),
            ("halua.check{name='a', run=print, weight=300}", "a whole number from -253 to 253"),
            ("halua.check{name='a', run=print, interval='0s'}", "must be at least 10 ms"),
            ("halua.check{name='a', run=print, on_bug='ignore'}", "on_bug must be \"keep\" or \"fail\""),
            (
                "halua.check{name='a', run=print, wake_on='x'}",
                "field \"wake_on\" must be a Watch or a FileWatch, not string"
            ),
            ("for i = 1, 2 do halua.check{name='a', run=print} end", "the check \"a\" is registered twice"),
            ("halua.require_api(2)", "this plugin is written for API 2; halua"),
            ("halua.options{} halua.options{}", "options: is called twice"),
        ])
    func registration(_ text: String, _ message: String) {
        let found = failures(text, [])
        #expect(found.count == 1)
        #expect(found.first?.contains(message) == true)
    }

    @Test("a registered check is known to the daemon with the plugin's values")
    func registered() throws {
        let loaded = try bench.load(
            bench.plugin(
                """
                halua.check{name='full', interval='2s', timeout='1s', rise=2, fall=3, weight=-20, on_bug='fail', run=print}
                halua.check{name='bare', run=print}
                """))
        #expect(
            loaded.checks == [
                RegisteredCheck(
                    name: "p.full", interval: .seconds(2), timeout: .seconds(1), rise: 2, fall: 3, weight: -20,
                    onBug: .fail),
                RegisteredCheck(
                    name: "p.bare", interval: .seconds(5), timeout: .seconds(5), rise: 1, fall: 1, weight: nil,
                    onBug: .keep),
            ])
    }
}

@Suite struct PluginLoaderTests {
    let bench = ScriptBench()

    private func refusal(_ loader: PluginLoader, _ name: String) -> String? {
        do throws(LoadFailure) {
            _ = try loader.find(name, file: "halua.conf", line: 4)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("the first directory that has the file wins, and a missing one is told with all places")
    func search() throws {
        let path = bench.file("here.lua", "return")
        let folder = String(path.dropLast("/here.lua".count))
        let loader = PluginLoader(directories: ["/nowhere", folder])
        #expect(try loader.find("here") == path)
        #expect(try loader.find(path) == path)
        #expect(
            refusal(loader, "gone")
                == "halua.conf:4: there is no plugin gone.lua in /nowhere, \(folder); lua_path in global_defs names other directories"
        )
        #expect(refusal(loader, "../x")?.contains("neither the name of a plugin nor a path") == true)
    }

    @Test("what others could change is refused, with the part of the path and the remedy")
    func trust() throws {
        let path = bench.file("mine.lua", "return")
        let folder = String(path.dropLast("/mine.lua".count))
        let loader = PluginLoader(directories: [folder])
        chmod(path, 0o602)
        #expect(
            refusal(loader, "mine")
                == "halua.conf:4: plugin mine is refused: \(path) is writable by everybody: chmod o-w \(path)")
        chmod(path, 0o600)
        chmod(folder, 0o707)
        #expect(refusal(loader, "mine")?.contains("\(folder) is writable by everybody: chmod o-w \(folder)") == true)
        chmod(folder, 0o700)
        #expect(refusal(loader, "mine") == nil)
        guard geteuid() == 0 else { return }
        chown(path, 12_345, 12_345)
        #expect(refusal(loader, "mine")?.contains("\(path) belongs to user 12345, not to root") == true)
        chown(path, 0, 12_345)
        chmod(path, 0o660)
        #expect(refusal(loader, "mine")?.contains("\(path) is writable by group 12345: chmod g-w \(path)") == true)
    }
}
