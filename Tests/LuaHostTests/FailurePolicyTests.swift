/// The failure policy, sentence by sentence: what an operating error means, what a bug means, and odd error values.
import LuaHost
import Testing

@Suite struct FailurePolicyTests {
    let bench = ScriptBench()

    private func broken(_ body: String) throws -> String? {
        guard case .broken(let text) = try bench.check(body) else { return nil }
        return text
    }

    @Test("an error of the API that a script raises is a failure, wherever it is raised from")
    func operating() throws {
        let refusal = "file.read /nowhere: No such file or directory"
        #expect(try bench.check("assert(halua.file.read('/nowhere'))") == .failed("\(refusal) (p.lua:2)"))
        #expect(
            try bench.check("local _, err = halua.file.read('/nowhere')\nerror(err)") == .failed("\(refusal) (p.lua:2)")
        )
        #expect(
            try bench.check("local ok, err = pcall(function() assert(halua.file.read('/nowhere')) end) error(err)")
                == .failed("\(refusal) (p.lua:2)"))
        #expect(
            try bench.check("return false, select(2, halua.file.read('/nowhere'))") == .failed("\(refusal) (p.lua:2)"))
    }

    @Test(
        "anything else is a bug in the script, told with file, line and traceback",
        arguments: [
            ("error('typo')", "p.lua:2: typo"), ("local x = nil + 1", "p.lua:2: attempt to perform arithmetic"),
            ("local _, err = halua.file.read('/nowhere') error('why: ' .. err)", "p.lua:2: why: file.read"),
            ("error()", "the error value is no message but nil"),
            ("error(nil)", "the error value is no message but nil"),
            ("error({})", "the error value is a table without a message"),
            ("error({message = 'm', kind = 'timeout'})", "the error value is a table without a message"),
            ("error(print)", "the error value is no message but function"),
            ("error(true)", "the error value is no message but true"), ("error(42, 0)", "42"),
            ("error(coroutine.create(print))", "the error value is no message but thread"),
            ("error(halua.instance('VI_1'))", "the error value is no message but userdata"),
            ("error(setmetatable({}, {__tostring = function() error('inner') end}))", "the error value is a table"),
            ("error(setmetatable({}, {__tostring = function() while true do end end}))", "the error value is a table"),
            ("error(setmetatable({}, {__name = ('x'):rep(100000)}))", "the error value is a table"),
            ("assert(false)", "p.lua:2: assertion failed!"), ("assert(nil, 'why')", "p.lua:2: why"),
            ("assert(nil, {})", "the error value is a table without a message"),
        ])
    func bug(_ body: String, _ message: String) throws {
        guard case .broken(let text) = try bench.check(body, instances: [snapshot("VI_1")]) else {
            Issue.record("not broken: \(body)")
            return
        }
        #expect(text.hasPrefix(message), "\(text)")
        #expect(text.contains("stack traceback"))
    }

    @Test("a script cannot make an error object of the API of its own")
    func forged() throws {
        #expect(
            try broken(
                """
                local _, real = halua.file.read('/nowhere')
                assert(getmetatable(real) == false)
                local ok = pcall(setmetatable, {}, getmetatable(real))
                assert(not ok)
                error({kind = 'timeout', message = 'm', where = 'x:1'})
                """)?.hasPrefix("the error value is a table") == true)
    }

    @Test("with on_bug = \"fail\" a bug is a failure with its first line")
    func onBug() throws {
        try bench.run(
            "halua.check{name='c', interval='20ms', on_bug='fail', run=function() error('typo') end}")
        #expect(bench.result(of: "p.c") == .failed("bug in the script: p.lua:1: typo"))
    }

    @Test("a check that returns nothing is a bug, one that returns false or nil has failed")
    func returns() throws {
        #expect(try broken("return")?.hasPrefix("the check returned nothing") == true)
        #expect(try bench.check("return nil") == .failed("no reason given"))
        #expect(try bench.check("return false, 'why'") == .failed("why"))
        #expect(try bench.check("return nil, 7") == .failed("7"))
        #expect(try bench.check("return false, {}") == .failed("a table"))
    }

    @Test("a hook that raises anything leaves the other hooks and the checks alone")
    func hooks() throws {
        try bench.run(
            """
            for _, value in ipairs{'text', {}, print, 1} do
              halua.on.master(function() error(value) end)
            end
            halua.on.master(function() error() end)
            halua.on.master(function(ev) ev.instance.state = 'MASTER' end)
            halua.on.master(function() print('last') end)
            halua.check{name='c', interval='20ms', run=function() return true end}
            """, instances: [snapshot("VI_1")])
        bench.engine.send(transition("VI_1", 1))
        #expect(bench.logged("last") != nil)
        #expect(bench.lines(7).filter { $0.contains("stack traceback") }.count == 6)
        bench.clear()
        #expect(bench.result(of: "p.c") == .passed)
    }
}
