/// Hostile plugins that make tasks, coroutines and errors without end.

extension HostileCase {
    static let tasks: [HostileCase] = [
        .check("a million tasks", "for i = 1, 1e6 do halua.spawn(halua.sleep, 60) end", "tasks already"),
        .check(
            "a million sleepers", "while true do halua.spawn(function() halua.sleep('1ms') end) end", "tasks already"),
        .check(
            "tasks that spawn tasks", "local function f() halua.spawn(f) halua.spawn(f) halua.sleep(1) end f()",
            "tasks already", "timed out after"),
        .file(
            "a million timers", "for i = 1, 1e6 do\nhalua.every('10ms', print) end",
            "every: there are 40 already (lua_task_limit)", "not enough memory",
            "loading takes longer"),
        .file(
            "a million tasks while loading", "for i = 1, 1e6 do\nhalua.spawn(print) end", "tasks", "not enough memory",
            "loading takes longer"),
        .check(
            "all of thousands", "local t = {} for i = 1, 5000 do t[i] = halua.sleep end halua.all(t)",
            "all: takes at most"),
        .check(
            "any of too many", "local t = {} for i = 1, 40 do t[i] = function() halua.sleep(9) end end halua.any(t)",
            "tasks already"),
        .check(
            "with_timeout in with_timeout",
            "local function f() return halua.with_timeout(60, f) end return assert(f())", "tasks already"),
        .check(
            "tasks that cancel each other",
            """
            local a, b
            a = halua.spawn(function() halua.sleep(0) b:cancel() halua.sleep(9) end)
            b = halua.spawn(function() halua.sleep(0) a:cancel() halua.sleep(9) end)
            a:join() b:join()
            return false, 'both at line p.lua:5'
            """, "both at line"),
        .check(
            "a task that cancels itself", "local t t = halua.spawn(function() t:cancel() end) assert(t:join())",
            "cannot cancel itself"),
        .check(
            "tasks that join each other",
            """
            local a, b
            a = halua.spawn(function() halua.sleep(0) b:join() end)
            b = halua.spawn(function() halua.sleep(0) a:join() end)
            a:join()
            """, "timed out after", rounds: 2),
        .check(
            "a <close> that waits",
            "local t <close> = setmetatable({}, {__close = function() halua.sleep(60) end}) error('x')",
            "timed out after", "cannot wait here", "x"),
        .check(
            "a <close> that waits while it is cancelled",
            """
            local t = halua.spawn(function()
              local t <close> = setmetatable({}, {__close = function() halua.sleep(60) end})
              halua.sleep(60)
            end)
            halua.sleep(0) t:cancel()
            return false, select(2, t:join()).message .. ' p.lua:6'
            """, "cancelled"),
        .check(
            "a <close> that starts tasks",
            """
            local t = halua.spawn(function()
              local t <close> = setmetatable({}, {__close = function()
                halua.spawn(print) halua.all{print} halua.with_timeout(1, print) end})
              halua.sleep(60)
            end)
            halua.sleep(0) t:cancel() halua.sleep(0)
            return false, 'over p.lua:8'
            """, "over"),
        .check("a check that is always late", "halua.sleep(60)", "timed out after", rounds: 1),
        .check(
            "odd durations",
            """
            for _, span in ipairs{1e300, -1, 0/0, 1/0, -1/0, '1e999s', '', 's', ('9'):rep(400) .. 's', math.mininteger} do
              if pcall(halua.sleep, span) then return true end
            end
            error('refused')
            """, "refused"),
    ]

    static let coroutines: [HostileCase] = [
        .check(
            "a million coroutines", "local t = {} for i = 1, 1e6 do t[i] = coroutine.create(print) end",
            "not enough memory", computing),
        .check(
            "coroutines in coroutines", "local function f() coroutine.wrap(f)() end f()", "C stack overflow", computing,
            "not enough memory", "stack overflow"),
        .check(
            "coroutines in pcall in coroutines",
            "local function f() pcall(coroutine.wrap(f)) end while true do f() end", computing, "not enough memory"),
        .check(
            "ping-pong of wrap",
            "local f = coroutine.wrap(function() while true do coroutine.yield() end end) while 1 do f() end"),
        .check(
            "a coroutine that closes itself",
            "local c c = coroutine.create(function() coroutine.close(c) end) assert(coroutine.resume(c))",
            "cannot close a running"),
        .check(
            "a coroutine that closes its resumer",
            """
            local c = coroutine.running()
            assert(coroutine.resume(coroutine.create(function() coroutine.close(c) end)))
            """, "cannot close a normal"),
        .check(
            "close in close in close",
            """
            local function f()
              local c = coroutine.create(function()
                local t <close> = setmetatable({}, {__close = function() f() end})
                coroutine.yield()
              end)
              coroutine.resume(c) assert(coroutine.close(c))
            end
            f()
            """, "coroutines closed too deep", computing, "stack overflow", "not enough memory"),
        .check(
            "a coroutine that waits is resumed by another task",
            """
            local c = coroutine.create(function() halua.sleep(60) end)
            halua.spawn(coroutine.resume, c) halua.sleep(0)
            assert(coroutine.resume(c))
            """, "cannot resume non-suspended"),
        .check(
            "a coroutine that waits is closed by another task",
            """
            local c = coroutine.create(function() halua.sleep(60) end)
            halua.spawn(coroutine.resume, c) halua.sleep(0)
            coroutine.close(c)
            """, "cannot close a"),
        .check(
            "waiting in a coroutine after its task has ended",
            """
            local c = coroutine.create(function() halua.sleep(60) return 1 end)
            local t = halua.spawn(function() coroutine.resume(c) end)
            halua.sleep(0) t:cancel() halua.sleep(0) halua.sleep(0)
            assert(coroutine.resume(c))
            """, "cannot resume dead"),
        .check(
            "waiting three hundred coroutines deep",
            """
            local function f(n) if n == 0 then halua.sleep(60) end coroutine.wrap(f)(n - 1) end
            f(300)
            """, "timed out after", "C stack overflow", "stack overflow", computing, "too deep", rounds: 1),
        .check(
            "waiting with a full stack",
            """
            local function f(...) return coroutine.wrap(function() halua.sleep(0) return 1 end)() end
            for n = 999700, 999999 do pcall(f, table.unpack({}, 1, n)) end
            """, computing, "stack overflow", "too many results", "not enough memory"),
        .check("yield where nothing is to yield to", "coroutine.yield()", "outside of a coroutine"),
        .check("a task as a coroutine", "coroutine.wrap(halua.sleep)(60)", "timed out after", rounds: 1),
    ]

    static let errors: [HostileCase] = [
        .check("error of nil", "error(nil)", "no message but nil"),
        .check("error of a table", "error({})", "a table without a message"),
        .check("error of a function", "error(print)", "no message but function"),
        .check("error of a coroutine", "error(coroutine.create(print))", "no message but thread"),
        .check(
            "error in __tostring", "error(setmetatable({}, {__tostring = function() error('x') end}))",
            "a table without"),
        .check(
            "error with a circle", "local m = {} m.__index = m m.__metatable = m setmetatable(m, m) error(m)",
            "a table without"),
        .check("error of megabytes", "error(('x'):rep(2000000))", "xxx"),
        .check("reason of megabytes", "return false, ('x'):rep(2000000)", "xxx", isPlaced: false),
        .check("error that is binary", "error('\\0\\255\\27[2J\\r\\n')", "p.lua"),
        .check("error of an error of the API", "error(select(2, halua.file.read('/nowhere')))", "No such file"),
        .check("recursion", "local function f() return 1 + f() end return f()", "stack overflow", "not enough memory"),
        .check(
            "recursion in pcall", "local function f() pcall(f) f() end f()", "stack overflow", computing,
            "not enough memory"),
        .check(
            "recursion by __index",
            "local t = {} for i = 1, 9 do t = setmetatable({}, {__index = t}) end t = setmetatable({}, t) getmetatable(t).__index = t"
                + " local u = setmetatable({}, {}) getmetatable(u).__index = u return u.x", "loop", "stack overflow"),
        .check(
            "recursion of tostring",
            "local t t = setmetatable({}, {__tostring = function() return tostring(t) end}) return tostring(t)",
            "stack overflow", computing),
        .check("recursion of a sort", "local function f() table.sort({2, 1}, f) end f()", "stack overflow", computing),
        .check(
            "recursion of gsub", "local function f() return (('x'):gsub('x', f)) end f()", "stack overflow", computing),
        .check("source nested too deep", "assert(load(('('):rep(100000) .. '1'))", "overflow", "too many C levels"),
        .check(
            "traceback of a deep stack",
            "local function f(n) if n == 0 then error(debug.traceback()) end f(n - 1) return 1 end f(50000)", "p.lua",
            computing),
    ]
}
