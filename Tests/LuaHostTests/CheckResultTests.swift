/// What checks return, raise and run into, and how it counts.
import LuaHost
import Testing

@Suite struct CheckResultTests {
    let bench = ScriptBench()

    @Test("a check that returns true passes")
    func passes() throws {
        #expect(try bench.check("return true") == .passed)
    }

    @Test("a check that returns false and a reason has failed with that reason")
    func failsWithReason() throws {
        #expect(try bench.check("return false, 'one backend up'") == .failed("one backend up"))
    }

    @Test("an error object of the API as the reason is told in one line with its place")
    func failsWithError() throws {
        let result = try bench.check("return halua.file.read('/nowhere')")
        #expect(result == .failed("file.read /nowhere: No such file or directory (p.lua:2)"))
    }

    @Test("assert of an API error is an operating error: failed, not broken")
    func assertFails() throws {
        let result = try bench.check("assert(halua.file.read('/nowhere')) return true")
        #expect(result == .failed("file.read /nowhere: No such file or directory (p.lua:2)"))
    }

    @Test("a nil index is a bug: broken, with line and traceback")
    func bug() throws {
        guard case .broken(let message) = try bench.check("local t = nil\nreturn t.x") else {
            Issue.record("not broken")
            return
        }
        #expect(message.hasPrefix("p.lua:3: attempt to index a nil value (local 't')"))
        #expect(message.contains("stack traceback:"))
    }

    @Test("a check that returns nothing is broken: a forgotten return must not count as an answer")
    func returnsNothing() throws {
        #expect(
            try bench.check("local x = 1") == .broken("the check returned nothing; return true, or false and a reason"))
    }

    @Test("on_bug = fail makes a bug a failure")
    func bugPolicy() throws {
        try bench.run("halua.check{name='c', on_bug='fail', run=function() error('oops') end}")
        #expect(bench.result(of: "p.c") == .failed("bug in the script: p.lua:1: oops"))
    }

    @Test("a check that takes too long has failed, and the reason says in which call and line")
    func timesOut() throws {
        let result = try bench.check("halua.sleep(60) return true", timeout: "50ms")
        #expect(result == .failed("timed out after 50 ms in sleep (p.lua:2)"))
    }
}
