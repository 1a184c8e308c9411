/// No script can stop the script thread, take all memory, or get at what it must not have.
import LuaHost
import Testing

@Suite struct LimitTests {
    /// Small and fast, so that attacks end soon.
    let bench = ScriptBench(limits: Self.limits)

    static var limits: ScriptLimits {
        var limits = ScriptLimits()
        limits.memoryBytes = 8 << 20
        limits.computing = .milliseconds(50)
        return limits
    }

    @Test(
        "a script that computes for ever is ended, whatever it hides in",
        arguments: [
            "while true do end",
            "while true do pcall(function() while true do end end) end",
            "while true do pcall(pcall, function() while true do end end) end",
            "while true do pcall(error) end",
            "local co = coroutine.wrap(function() while true do end end) co()",
            "while true do pcall(coroutine.wrap(function() while true do end end)) end",
            "while true do local co = coroutine.create(function() coroutine.yield() end) coroutine.resume(co) end",
            "table.sort({3, 2, 1}, function() while true do end end)",
            "while true do pcall(table.sort, {3, 2, 1}, function() while true do end end) end",
            "table.sort({3, 2, 1}, function() while true do pcall(function() while true do end end) end end)",
            "string.gsub('x', 'x', function() while true do end end)",
            "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
            "local t = setmetatable({}, {__lt = function() while true do end end}) return t < t",
            "setmetatable({}, {__tostring = function() while true do end end}) for i = 1, 9 do tostring(i) end while 1 do end",
            "tostring(setmetatable({}, {__tostring = function() while true do end end}))",
            "print(setmetatable({}, {__tostring = function() while true do end end}))",
            "xpcall(function() error('x') end, function() while true do end end) while true do end",
            "local s = ('x'):rep(1000000) while true do local t = s .. 'y' end",
            "local s = ('x'):rep(1000000) while true do s:find('zz', 1, true) end",
            "local s = ('x'):rep(1000000) while true do pcall(string.find, s, '.-z') end",
            "while true do collectgarbage() end",
            "while true do load('return 1') end",
            "local t <close> = setmetatable({}, {__close = function() while true do end end}) while true do end",
        ])
    func endlessLoop(_ body: String) throws {
        let result = try bench.check(body)
        guard case .failed(let reason) = result else {
            Issue.record("not ended: \(body): \(String(describing: result))")
            return
        }
        #expect(reason.hasPrefix("computed for more than 50 ms"))
        try expectOthersRun()
    }

    @Test("an endless loop is reported with the line it is in")
    func place() throws {
        let result = try bench.check("\nwhile true do end")
        #expect(
            result
                == .failed(
                    "computed for more than 50 ms (p.lua:3): do less in one run, or raise lua_computing_limit"))
    }

    @Test(
        "what no instruction count sees is refused by its size",
        arguments: [
            ("('x'):rep(1e15)", "not enough memory"),
            ("('x'):rep(100, ('y'):rep(1e6))", "not enough memory"),
            ("table.move({}, 1, 1e15, 2)", "too many elements"),
            ("table.insert(setmetatable({}, {__len = function() return 1e15 end}), 1, 'x')", "too many elements"),
            ("table.concat(setmetatable({}, {__len = function() return 1e15 end}))", "too many elements"),
            ("load(('x=1 '):rep(100000))", "load takes at most"),
            ("local s = 'x' while true do s = s .. s end", "not enough memory"),
            ("local t = {} for i = 1, 1e9 do t[i] = {i} end", "not enough memory"),
            ("local function f() return 1 + f() end f()", "not enough memory"),
            ("local function f() pcall(f) f() end f()", "stack overflow"),
            ("string.format('%s', setmetatable({}, {__tostring = function() error('no') end}))", "no"),
            ("table.unpack({}, 1, 1e8)", "too many results"),
        ])
    func bombs(_ body: String, _ message: String) throws {
        guard let result = try bench.check(body) else {
            Issue.record("no result: \(body)")
            return
        }
        switch result {
        case .broken(let text): #expect(text.contains(message))
        // Some end by their computing first; that is as good.
        case .failed(let text): #expect(text.contains("computed for more than"))
        case .passed: Issue.record("passed: \(body)")
        }
        try expectOthersRun()
    }

    @Test("string.rep of an empty string ends at once, however often")
    func emptyRep() throws {
        #expect(try bench.check("return (''):rep(1e15) == '' and (''):rep(1e15, '') == ''") == .passed)
    }

    @Test(
        "what could break out or block is absent, and the error says what to use",
        arguments: [
            ("io.open('/etc/passwd')", "io.open is not available to plugins: it would block the script thread"),
            ("os.execute('ls')", "os.execute is not available to plugins"),
            ("os.exit()", "os.exit is not available to plugins"),
            ("os.remove('x')", "os.remove is not available to plugins"),
            ("dofile('x')", "dofile is not available to plugins: use require, or halua.file.read"),
            ("loadfile('x')", "loadfile is not available to plugins"),
            ("return package.cpath", "package.cpath is not available to plugins"),
            ("debug.sethook()", "debug.sethook is not available to plugins"),
            ("debug.getregistry()", "debug.getregistry is not available to plugins"),
            ("string.dump(print)", "string.dump is not available to plugins: bytecode is refused"),
            ("require 'socket'", "module \"socket\" is not loaded"),
            ("setmetatable({}, {__gc = function() end})", "__gc is not available: use a <close> variable and __close"),
            ("load(function() return nil end)", "load takes a string here"),
            ("collectgarbage('stop')", "bad argument #1 to 'collectgarbage'"),
            ("getmetatable('').__index = nil", "attempt to index a boolean value"),
        ])
    func sandbox(_ body: String, _ message: String) throws {
        guard case .broken(let text) = try bench.check(body) else {
            Issue.record("not refused: \(body)")
            return
        }
        #expect(text.contains(message))
    }

    @Test("bytecode is refused in text and in mode b")
    func bytecode() throws {
        let body = """
            local f, err = load("\\27Lua\\x54\\0")
            if f or not err:find("binary chunk") then return false, tostring(err) end
            f, err = load("\\27Lua\\x54\\0", "x", "b")
            return not f, tostring(err)
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("what belongs to a sandbox is still there")
    func available() throws {
        let body = """
            assert(os.time() > 0 and os.date and os.clock and os.getenv('PATH'))
            assert(load('return 1 + 1')() == 2)
            assert(load('return x', 'n', 't', {x = 5})() == 5)
            assert(math.floor(1.5) == 1 and utf8.char(228) == 'ä')
            assert(debug.traceback('x'):find('traceback'))
            assert(table.concat({1, 2}, ',') == '1,2' and #table.pack(1, 2) == 2)
            local t = {1, 2, 3} table.insert(t, 4) table.remove(t, 1) table.sort(t, function(a, b) return a > b end)
            assert(t[1] == 4 and table.unpack(t) == 4 and table.move(t, 1, 2, 2)[3] == 3)
            assert(collectgarbage('count') > 0 and collectgarbage() == 0)
            assert(require 'halua' == halua and halua.api == 1 and #halua.hostname > 0)
            return true
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("a task that waits on a full stack, behind a coroutine, gets an error or its answer, and the daemon lives")
    func fullStack() throws {
        var limits = ScriptLimits()
        limits.computing = .seconds(20)
        let wide = ScriptBench(limits: limits)
        let body = """
            local function wait(...) return coroutine.wrap(function() halua.sleep(0) return true end)() end
            for n = 999700, 999990, 10 do pcall(wait, table.unpack({}, 1, n)) end
            return true
            """
        #expect(try wide.check(body, timeout: "60s") == .passed)
    }

    @Test("a run over its memory ends with an error, and the next run has all of it again")
    func memoryComesBack() throws {
        try bench.run(
            """
            local bomb = true
            halua.check{name='c', interval='20ms', run=function()
              if bomb then
                bomb = false
                local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end
              end
              return true
            end}
            """)
        let results = bench.results(of: "p.c", 2)
        #expect(results.count >= 2)
        // On a slow machine its computing ends first.
        #expect(results.first != .passed)
        #expect(results.dropFirst().first == .passed)
    }

    @Test("a script that computes gives the others their turn in between")
    func slices() throws {
        let slow = ScriptBench()
        try slow.run(
            """
            local turns = 0
            halua.check{name='busy', interval=60, run=function()
              -- Not by os.clock, which counts all threads: when nobody else gets a turn, the limit ends it.
              local before = turns
              while turns - before < 3 do end
              return true
            end}
            halua.spawn(function() while true do turns = turns + 1 halua.sleep('1ms') end end)
            """)
        #expect(slow.result(of: "p.busy") == .passed)
    }

    @Test("loading may not take longer than its limit, nor wait")
    func loading() {
        #expect(
            loadMessage("while true do end")
                == "loading takes longer than 500 ms: do it in a task, or raise lua_loading_limit")
        #expect(
            loadMessage("\nhalua.sleep(1)")
                == "sleep: works inside of checks, hooks and tasks, not while the plugin is loaded")
        #expect(loadMessage("x = = 1") == "unexpected symbol near '='")
        #expect(loadMessage("error('no')") == "no")
        #expect(loadMessage("pcall(table.sort, {1,2,3}, function() while true do end end)").contains("500 ms"))
    }

    private func loadMessage(_ text: String) -> String {
        do throws(LoadFailures) {
            _ = try bench.load(bench.plugin(text))
            return "loaded"
        } catch {
            return error.failures.map(\.message).joined(separator: "; ")
        }
    }

    /// The same thread still serves.
    private func expectOthersRun() throws {
        #expect(try bench.check("return true") == .passed)
    }
}
