/// halua.store: what survives a reload, and what is refused.
import Glibc
import LuaHost
import Testing

@Suite struct StoreTests {
    let bench = ScriptBench()

    private func check(_ body: String) -> String {
        "halua.check{name='c', interval='20ms', run=function(ctx)\n\(body)\nreturn true end}"
    }

    @Test("what the store holds survives a reload, nested changes included")
    func reload() throws {
        try bench.run(
            """
            local store = halua.store
            halua.spawn(function()
              store.text, store.number, store.whole, store.on = 'a\\0b', 1.5, 7, true
              store[3] = 'three'
              store.nested = {list = {1, 2, {x = 'y'}}, ['odd key'] = false}
              store.gone = 1
              store.gone = nil
              store.nested.later = 'added'
              print('written')
            end)
            """)
        #expect(bench.logged("written") != nil)
        try bench.run(
            """
            halua.spawn(function()
              local s = halua.store
              assert(s.text == 'a\\0b' and s.number == 1.5 and math.type(s.whole) == 'integer' and s.on == true)
              assert(s[3] == 'three' and s.nested.list[3].x == 'y' and s.nested['odd key'] == false)
              assert(s.gone == nil and s.nested.later == 'added')
              local keys = 0
              for _ in pairs(s) do keys = keys + 1 end
              print('read', keys)
            end)
            """)
        #expect(bench.logged("read") == "read\t6")
    }

    @Test("plugins have stores of their own, and a plugin that is gone leaves nothing behind")
    func separate() throws {
        let text = "halua.spawn(function() print(halua.store.x) halua.store.x = (halua.store.x or 0) + 1 end)"
        bench.start(try bench.load(bench.plugin(text, name: "a"), bench.plugin(text, name: "b")))
        #expect(bench.lines(2) == ["nil", "nil"])
        bench.clear()
        bench.start(try bench.load(bench.plugin(text, name: "a")))
        #expect(bench.lines(1) == ["1"])
        bench.clear()
        bench.start(try bench.load(bench.plugin(text, name: "a"), bench.plugin(text, name: "b")))
        #expect(bench.lines(2).sorted() == ["2", "nil"])
    }

    @Test(
        "what is no plain data is refused with file and line",
        arguments: [
            ("halua.store.f = print", "p.lua:2: store: store.f is a function: only nil, booleans, numbers, strings"),
            ("halua.store.t = {a = {b = coroutine.create(print)}}", "p.lua:2: store: store.t.a.b is a thread"),
            ("local t = {} t.t = t halua.store.t = t", "p.lua:2: store: store.t.t is a table that contains itself"),
            ("halua.store.t = {[print] = 1}", "p.lua:2: store: the key of store.t[function] is a function"),
            ("halua.store.t = setmetatable({}, {})", "p.lua:2: store: store.t is a table with a metatable"),
            (
                "halua.store.s = ('x'):rep(1 << 20)",
                "p.lua:2: store: store.s is too much: a plugin may keep 1048576 octets"
            ),
            ("halua.store.i = halua.instance('VI_1')", "p.lua:2: store: store.i is a userdata"),
            ("halua.store[{}] = 1", "p.lua:2: store: a key must be a string or a number, not a table"),
            ("halua.store[0/0] = 1", "p.lua:2: store: a key must be a string or a number, not"),
            ("local t = {} for i = 1, 40 do t = {t} end halua.store.t = t", "is deeper than 32 tables"),
            ("for i = 1, 20 do halua.store['k' .. i] = ('x'):rep(60000) end", "it is too much"),
        ])
    func refused(_ body: String, _ message: String) throws {
        guard case .broken(let text) = try bench.check(body, instances: [snapshot("VI_1")]) else {
            Issue.record("not broken")
            return
        }
        #expect(text.contains(message), "\(text)")
    }

    @Test("what became unfit inside of a table is said at the reload and left out; the rest is kept")
    func unfit() throws {
        try bench.run(
            """
            halua.spawn(function()
              halua.store.good, halua.store.bad = 1, {}
              halua.store.bad.f = print
              print('written')
            end)
            """)
        #expect(bench.logged("written") != nil)
        try bench.run("halua.spawn(function() print('read', halua.store.good, halua.store.bad) end)")
        #expect(bench.logged("read") == "read\t1\tnil")
        #expect(bench.logged("not carried over")?.hasPrefix("store: store.bad.f is a function") == true)
    }

    @Test("the store belongs to the running plugin: while loading it is refused with the line")
    func loading() {
        do throws(LoadFailures) {
            _ = try bench.load(bench.plugin("\nhalua.store.x = 1"))
            Issue.record("loaded")
        } catch {
            #expect(error.failures.first?.line == 2)
            #expect(error.failures.first?.message.contains("not while the plugin is loaded") == true)
        }
    }

    @Test("the thread that replaces a stuck one finds what was assigned last")
    func stalled() throws {
        try bench.run("halua.spawn(function() halua.store.x = {1} halua.store.x = {2} print('written') end)")
        #expect(bench.logged("written") != nil)
        bench.engine.abandon()
        try bench.run("halua.spawn(function() print('read', halua.store.x[1]) end)")
        #expect(bench.logged("read") == "read\t2")
    }
}
