/// Tasks: sleeping, spawning, joining, cancelling, and the script's own coroutines.
import Glibc
import LinuxIO
import LuaHost
import Testing

@Suite struct TaskTests {
    let bench = ScriptBench()

    @Test(
        "waiting works wherever a script may call it",
        arguments: [
            "halua.sleep('5ms') return true",
            "pcall(function() halua.sleep('5ms') error('x') end) return true",
            "return coroutine.wrap(function() halua.sleep('5ms') return true end)()",
            "return select(2, coroutine.resume(coroutine.create(function() halua.sleep('5ms') return true end)))",
            """
            local outer = coroutine.wrap(function()
              local inner = coroutine.wrap(function() halua.sleep('1ms') coroutine.yield(1) halua.sleep('1ms') return 2 end)
              coroutine.yield(inner()) coroutine.yield(inner())
            end)
            return outer() == 1 and outer() == 2
            """,
            "for v in coroutine.wrap(function() halua.sleep('1ms') coroutine.yield(true) end) do return v end",
            "local t = setmetatable({}, {__index = function() halua.sleep('1ms') return true end}) return t.x",
            """
            local co = coroutine.create(function() halua.sleep('1ms') error('oops') end)
            local ok, err = coroutine.resume(co)
            return not ok and err:find('oops') and coroutine.status(co) == 'dead'
            """,
            """
            local ok, err = pcall(coroutine.wrap(function() halua.sleep('1ms') error('oops', 0) end))
            return not ok and err == 'oops'
            """,
            """
            local closed = false
            local ok = pcall(coroutine.wrap(function()
              local x <close> = setmetatable({}, {__close = function() closed = true end})
              error('oops')
            end))
            return not ok and closed
            """,
            "local x <close> = setmetatable({}, {__close = function() halua.sleep('1ms') end}) return true",
            "return select('#', coroutine.wrap(function(...) halua.sleep('1ms') return ... end)(1, nil, 3)) == 3",
        ])
    func waiting(_ body: String) throws {
        #expect(try bench.check(body) == .passed)
    }

    @Test(
        "where a wait cannot be, the error says so",
        arguments: [
            ("table.sort({2, 1}, function(a, b) halua.sleep(0) return a < b end)", "sleep: cannot wait here"),
            ("string.gsub('x', 'x', function() halua.sleep(0) end)", "sleep: cannot wait here"),
            (
                "table.sort({2, 1}, function(a, b) coroutine.wrap(function() halua.sleep(0) end)() return a < b end)",
                "sleep: cannot wait here"
            ),
            ("coroutine.yield()", "coroutine.yield outside of a coroutine"),
            ("halua.check{name='x', run=print}", "check: belongs into the file itself"),
        ])
    func refusedWaiting(_ body: String, _ message: String) throws {
        guard case .broken(let text) = try bench.check(body) else {
            Issue.record("not broken")
            return
        }
        #expect(text.contains(message))
    }

    @Test("a coroutine that waits belongs to its resumer: nobody else can resume or close it")
    func busyCoroutine() throws {
        let body = """
            local co = coroutine.create(function() halua.sleep('30ms') return 'mine' end)
            local task = halua.spawn(function() return select(2, coroutine.resume(co)) end)
            halua.sleep('5ms')
            assert(coroutine.status(co) == 'normal')
            local ok, err = coroutine.resume(co)
            assert(not ok and err == 'cannot resume non-suspended coroutine', err)
            assert(not pcall(coroutine.close, co))
            return task:join() == 'mine'
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("join gives the results, the operating error, or raises the bug")
    func join() throws {
        let body = """
            local a = halua.spawn(function(x, y) halua.sleep('1ms') return x + y, nil, 'z' end, 1, 2)
            local sum, hole, z = a:join()
            assert(sum == 3 and hole == nil and z == 'z')
            assert(a:join() == 3)
            local none, err = halua.spawn(function() assert(halua.file.read('/nowhere')) end):join()
            assert(none == nil and err.kind == 'denied')
            local ok, message = pcall(function() halua.spawn(function() error('bug') end):join() end)
            return not ok and message:find('p.lua:8: bug') ~= nil, tostring(message)
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("a cancelled task runs its close handlers and not one instruction more")
    func cancel() throws {
        let body = """
            local closed, went_on = false, false
            local task = halua.spawn(function()
              local x <close> = setmetatable({}, {__close = function() closed = true end})
              halua.sleep('10ms')
              went_on = true
            end)
            halua.sleep('1ms')
            task:cancel()
            local none, err = task:join()
            halua.sleep('30ms')
            return closed and not went_on and none == nil and err.kind == 'cancelled', tostring(err)
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("a task cancels its parent: both end, and nothing breaks")
    func cancelParent() throws {
        try bench.run(
            """
            halua.spawn(function()
              local parent
              parent = halua.spawn(function()
                local x <close> = setmetatable({}, {__close = function() print('parent closed') end})
                halua.spawn(function() parent:cancel() while true do halua.sleep('1ms') end end)
                halua.sleep(60)
              end)
              parent:join()
              print('joined')
            end)
            """)
        #expect(bench.logged("joined") != nil)
        #expect(bench.log.first == "parent closed")
    }

    @Test("a run that ends takes the tasks it spawned with it")
    func children() throws {
        try bench.run(
            """
            halua.check{name='c', interval='50ms', run=function(ctx)
              if ctx.run > 1 then return true end
              halua.spawn(function()
                local x <close> = setmetatable({}, {__close = function() print('child closed') end})
                halua.sleep(60)
              end)
              halua.sleep('5ms')
              return true
            end}
            """)
        #expect(bench.logged("child closed") != nil)
    }

    @Test("a timed-out run closes its connection, its coroutines from the inside out, and never goes on")
    func timeoutCleansUp() throws {
        let server = FakeServer(.silent)
        let body = """
            local function noisy(name) return setmetatable({}, {__close = function() print('close', name) end}) end
            local outer <close> = noisy('outer')
            coroutine.wrap(function()
              local inner <close> = noisy('inner')
              local conn = halua.tcp.connect{host='127.0.0.1', port=\(server.port)}
              pcall(conn.receive, conn, 1)
              print('went on')
            end)()
            """
        #expect(try bench.check(body, timeout: "60ms") == .failed("timed out after 60 ms in receive (p.lua:7)"))
        #expect(bench.logged("close\touter") != nil)
        #expect(Array(bench.log.prefix(2)) == ["close\tinner", "close\touter"])
        usleep(50_000)
        #expect(!bench.log.contains("went on"))
    }

    @Test("a close handler that never ends is ended too")
    func endlessClose() throws {
        let body = """
            local x <close> = setmetatable({}, {__close = function() print('closing') while true do end end})
            halua.sleep(60)
            """
        #expect(try bench.check(body, timeout: "50ms") == .failed("timed out after 50 ms in sleep (p.lua:3)"))
        #expect(try bench.check("return true") == .passed)
    }

    @Test("a background task may live for ever: its computing counts from wait to wait")
    func background() throws {
        var limits = ScriptLimits()
        limits.computing = .milliseconds(30)
        let bench = ScriptBench(limits: limits)
        try bench.run(
            """
            halua.spawn(function()
              for round = 1, 12 do
                local start = os.clock() while os.clock() - start < 0.005 do end
                halua.sleep('1ms')
              end
              print('still here')
            end)
            """)
        #expect(bench.logged("still here") != nil)
    }

    @Test("a plugin may not have tasks without end")
    func tooManyTasks() throws {
        let body = "for i = 1, 2000 do halua.spawn(halua.sleep, 60) end"
        guard case .broken(let text) = try bench.check(body) else {
            Issue.record("not broken")
            return
        }
        #expect(text.contains("spawn: there are 1000 tasks already"))
        #expect(try bench.check("return true") == .passed)
    }

    @Test("a bug in a task that nobody joins is logged")
    func backgroundBug() throws {
        try bench.run("halua.spawn(function() error('lost') end)")
        #expect(bench.logged("p.lua:1: lost") != nil)
    }
}
