/// all, any and with_timeout: results, failures, bugs, and what is left of the others.
import LuaHost
import Testing

@Suite struct GroupTests {
    let bench = ScriptBench()

    @Test(
        "functions run side by side and give what they return",
        arguments: [
            """
            local began = {}
            local r = assert(halua.all{
              function() began[#began + 1] = 1 halua.sleep('20ms') return #began, 'second' end,
              function() began[#began + 1] = 2 halua.sleep('1ms') return false, 'a reason' end,
              function() began[#began + 1] = 3 return nil end,
            })
            return r.n == 3 and r[1] == 3 and r[2] == false and r[3] == nil, r[1]
            """,
            "local r = halua.all{} return r.n == 0 and #r == 0",
            // The outer one waits for tasks that wait for tasks.
            """
            local r = assert(halua.all{
              function() return halua.all{function() halua.sleep('1ms') return 1 end, function() return 2 end} end,
              function() return halua.any{function() return nil end, function() halua.sleep('2ms') return 3 end} end,
            })
            return r[1][1] == 1 and r[1][2] == 2 and r[2] == 3
            """,
            """
            local a, b, c = halua.any{
              function() halua.sleep(60) return 'late' end,
              function() return false, 'no' end,
              function() halua.sleep('2ms') return 'won', nil, 7 end,
            }
            return a == 'won' and b == nil and c == 7, tostring(a)
            """,
            "local a, b = halua.with_timeout(5, function(x, y) halua.sleep('1ms') return y, x end, 1, 2) return a == 2 and b == 1",
        ])
    func results(_ body: String) throws {
        #expect(try bench.check(body) == .passed)
    }

    @Test("all gives the first error, and the others end with their close handlers run")
    func firstError() throws {
        let body = """
            local closed = 0
            local function noisy() return setmetatable({}, {__close = function() closed = closed + 1 end}) end
            local went_on = false
            local r, err = halua.all{
              function() local x <close> = noisy() halua.sleep(60) went_on = true end,
              function() halua.sleep('2ms') return halua.file.read('/nowhere') end,
              function() local x <close> = noisy() halua.sleep(60) went_on = true end,
            }
            halua.sleep('5ms')
            return r == nil and err.kind == 'denied' and err.where == 'p.lua:7' and closed == 2 and not went_on,
              tostring(err) .. closed
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("any tells every different reason once when nothing succeeds")
    func reasons() throws {
        let body = """
            local r, err = halua.any{
              function() return nil, halua.sleep('3ms') and 'slow' end,
              function() return false, 'down' end,
              function() return false, 'down' end,
              function() return halua.file.read('/nowhere') end,
              function() return false end,
            }
            return r == nil and err.message ==
              'slow; down; file.read /nowhere: No such file or directory; function 5 gave no reason', err.message
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("the winner of any ends the losers before the caller goes on")
    func losers() throws {
        let body = """
            local closed = 0
            local function slow()
              local x <close> = setmetatable({}, {__close = function() closed = closed + 1 end})
              halua.sleep(60)
            end
            local won = halua.any{slow, function() halua.sleep('2ms') return true end, slow}
            return won and closed == 2, closed
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test(
        "a bug in a function is raised where it was waited for, with its own line",
        arguments: [
            "halua.all{function() halua.sleep('1ms') error('bug') end, function() halua.sleep(60) end}",
            "halua.any{function() halua.sleep('1ms') error('bug') end, function() halua.sleep(60) end}",
            "halua.with_timeout(5, function() halua.sleep('1ms') error('bug') end)",
        ])
    func bugs(_ body: String) throws {
        guard case .broken(let text) = try bench.check(body) else {
            Issue.record("not broken")
            return
        }
        #expect(text.contains("p.lua:2: bug"))
        #expect(text.contains("stack traceback"))
    }

    @Test(
        "wrong arguments are the script's bugs",
        arguments: [
            ("halua.all(print)", "all: argument 1 must be a list of functions, not function"),
            ("halua.all{1}", "all: element 1 of the list must be a function, not number"),
            ("halua.any{}", "any: takes a list of at least one function"),
            ("halua.with_timeout(print, 1)", "with_timeout: argument 1 must be a duration"),
            ("halua.with_timeout(1)", "with_timeout: argument 2 must be a function"),
            (
                "local t = {} for i = 1, 1000 do t[i] = function() halua.sleep(60) end end halua.all(t)",
                "all: there are 1000 tasks already (lua_task_limit)"
            ),
            ("table.sort({2, 1}, function(a, b) halua.all{print} return a < b end)", "cannot wait here"),
        ])
    func wrongArguments(_ body: String, _ message: String) throws {
        guard case .broken(let text) = try bench.check(body) else {
            Issue.record("not broken")
            return
        }
        #expect(text.contains(message))
        #expect(try bench.check("return true") == .passed)
    }

    @Test("a time that is over is an error that names line and function, close handlers run, and nothing goes on")
    func timeout() throws {
        let server = FakeServer(.silent)
        let body = """
            local closed, went_on = 0, false
            local function noisy() return setmetatable({}, {__close = function() closed = closed + 1 end}) end
            local r, err = halua.with_timeout('30ms', function()
              local a <close> = noisy()
              return halua.with_timeout(60, function()
                local b <close> = noisy()
                local conn <close> = assert(halua.tcp.connect{host='127.0.0.1', port=\(server.port)})
                conn:receive(1)
                went_on = true
              end)
            end)
            halua.sleep('5ms')
            return r == nil and err.kind == 'timeout' and closed == 2 and not went_on
              and tostring(err) == 'timed out after 30 ms in receive (p.lua:9)', tostring(err) .. closed
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("the inner time may be shorter than the outer one")
    func nested() throws {
        let body = """
            local a, err = halua.with_timeout(60, function()
              local inner, why = halua.with_timeout('5ms', halua.sleep, 60)
              return inner == nil and why.kind
            end)
            return a == 'timeout', tostring(err)
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("a check that times out in them names what the innermost one waits in")
    func deadline() throws {
        let expected = CheckResult.failed("timed out after 50 ms in sleep (p.lua:3)")
        for call in ["halua.all{f}", "halua.any{f}", "halua.with_timeout(60, f)", "halua.spawn(f):join()"] {
            let body = "local f = function()\nhalua.sleep(60) end\n" + call
            #expect(try bench.check(body, timeout: "50ms") == expected)
        }
    }

    @Test("a function that computes without end ends alone, as an error")
    func computing() throws {
        let body = """
            local r, err = halua.all{function() while true do end end, function() halua.sleep(60) end}
            return r == nil and err.kind == 'timeout' and err.message:find('computed for more than 200 ms: do less', 1, true) ~= nil, tostring(err)
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("cancelling the one who waits ends them all")
    func cancelled() throws {
        let body = """
            local closed = 0
            local function slow()
              local x <close> = setmetatable({}, {__close = function() closed = closed + 1 end})
              halua.sleep(60)
            end
            for _, wait in ipairs{halua.all, halua.any, function(list) halua.with_timeout(60, list[1]) end} do
              local task = halua.spawn(wait, {slow, slow})
              halua.sleep('2ms')
              task:cancel()
              halua.sleep('2ms')
            end
            return closed == 5, closed
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("ten thousand rounds leave no task and no memory behind")
    func rounds() throws {
        try bench.run(
            """
            halua.spawn(function()
              local function fail() return nil, 'no' end
              local function hang() halua.sleep(60) end
              local function round()
                halua.all{fail, hang}
                halua.any{hang, function() return true end}
                halua.with_timeout(0, hang)
                halua.with_timeout(60, fail)
              end
              for i = 1, 100 do round() end
              collectgarbage() collectgarbage()
              local before = collectgarbage('count')
              for i = 1, 2500 do round() end
              collectgarbage() collectgarbage()
              print('grown', collectgarbage('count') - before < 50)
              -- Nothing is left of the plugin's thousand tasks.
              local all = {}
              for i = 1, 990 do all[i] = function() return i end end
              print('tasks', halua.all(all).n)
            end)
            """)
        #expect(bench.wait(seconds: 60) { if case .log(_, _, "grown\ttrue", _) = $0 { true } else { nil } } == true)
        #expect(bench.logged("tasks") == "tasks\t990")
    }
}
