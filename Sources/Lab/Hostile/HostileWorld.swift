/// Hostile plugins that go for the sandbox, the network, the host, and the daemon by what they ask of it.

extension HostileCase {
    static let sandbox: [HostileCase] = [
        .check("functions of the API taken away", "halua.sleep = nil halua.sleep(1)", "nil value"),
        .check(
            "a metatable for the API",
            "setmetatable(halua, {__index = error, __newindex = error}) rawset(halua, 'log', 1) halua.log.info('x')",
            "index"),
        .check("the metatable of strings", "getmetatable('').__index = nil", "attempt to index a boolean"),
        .check(
            "the metatable of handles", "getmetatable(halua.instance('VI_1')).__gc = nil", "attempt to index a boolean"),
        .check("a finalizer", "setmetatable({}, {__gc = function() while true do end end})", "__gc is not available"),
        .harmless(
            "a finalizer that comes later",
            "local m = {} local t = setmetatable({}, m) m.__gc = function() while 1 do end end t = nil collectgarbage() return true"
        ),
        .harmless(
            "bytecode",
            "return load('\\27Lua') == nil and load('\\27Lua', 'x', 'b') == nil and not pcall(string.dump, print)"),
        .check("huge source", "load(('x = 1 '):rep(60000))", "load takes at most"),
        .check("io", "io.open('/etc/shadow')", "io.open is not available"),
        .check("os", "os.execute('reboot')", "os.execute is not available"),
        .check("debug", "debug.sethook()", "debug.sethook is not available"),
        .check("package", "package.loadlib('x', 'y')", "package.loadlib is not available"),
        .check("the collector stopped", "collectgarbage('stop')", "bad argument"),
        .file("require in a circle", "halua.x = 1\nrequire 'p_module'", "p_module"),
        .check("hooks that are registered by a run", "halua.on.master(print)", "belongs into the file itself"),
        .check("methods on what is no handle", "halua.spawn(print).join({})", "must be called with a colon"),
        .check(
            "options of odd types",
            "halua.tcp.connect{host = {}, port = print, timeout = coroutine.running()}", "must be"),
        .check(
            "fields that are no names", "halua.http.get('http://127.0.0.1', {[print] = 1, [{}] = 2})",
            "there is no field"),
        .check("numbers out of range", "halua.tcp.connect{host = '127.0.0.1', port = math.maxinteger}", "port"),
    ]

    static let network: [HostileCase] = [
        .check(
            "a black hole", "halua.tcp.connect{host = '127.0.0.1', port = $fullPort$}", "timed out after",
            needs: [.fullPort],
            rounds: 1),
        .check(
            "black holes by the dozen",
            "local t = {} for i = 1, 39 do t[i] = function() return halua.tcp.connect{host = '127.0.0.1', port = $fullPort$} end end"
                + " halua.any(t)", "timed out after", "handles", "connections", needs: [.fullPort], rounds: 1),
        .check(
            "hundreds of connections",
            "local t = {} for i = 1, 500 do t[i] = assert(halua.tcp.connect{host = '127.0.0.1', port = $silentPort$}) end",
            "open already", "handles", "connections", "timed out after", needs: [.silentPort], rounds: 2),
        .check(
            "a peer that says nothing",
            "assert(halua.tcp.connect{host = '127.0.0.1', port = $silentPort$}):receive(1)", "timed out after",
            needs: [.silentPort], rounds: 1),
        .check(
            "a peer that never stops",
            "assert(halua.tcp.connect{host = '127.0.0.1', port = $endlessPort$}):receive('a')", "octets", "receive",
            "timed out after", computing, needs: [.endlessPort], rounds: 2),
        .check(
            "two tasks on one connection",
            """
            local c = assert(halua.tcp.connect{host = '127.0.0.1', port = $silentPort$})
            halua.spawn(function() c:receive(1) end) halua.sleep(0)
            c:receive(1)
            """, "already", "another task", "busy", needs: [.silentPort]),
        .check(
            "a body without end", "assert(halua.http.get('http://127.0.0.1:$bodyPort$/'))", "timed out after", "octets",
            "longer than", computing, needs: [.bodyPort], rounds: 2),
        .check(
            "requests by the hundred",
            "local t = {} for i = 1, 39 do t[i] = function() return halua.http.get('http://127.0.0.1:$silentPort$/') end end"
                + " assert(halua.any(t))", "timed out after", "already", "handles", computing, needs: [.silentPort],
            rounds: 1),
        .check(
            "a name server that is silent", "assert(halua.dns.resolve('a.example', {server = '$silentDNS$'}))",
            "timed out after", "no answer", needs: [.silentDNS], rounds: 1),
        .check(
            "a flood of datagrams",
            "local s = assert(halua.udp.socket{host = '127.0.0.1', port = 9}) local d = ('x'):rep(60000)"
                + " while true do s:send(d) end", computing, "timed out after"),
        .check("names of odd octets", "assert(halua.tcp.connect{host = ('a.'):rep(5000) .. '\\0', port = 1})", "p.lua"),
    ]

    static let host: [HostileCase] = [
        .check(
            "a command that prints without end",
            "local r = assert(halua.exec{'/bin/sh', '-c', 'while :; do echo xxxxxxxxxxxxxxxxxxxxx; done', timeout = '50ms'})",
            "timed out after", rounds: 1),
        .check(
            "a command that ignores SIGTERM",
            "assert(halua.exec{'/bin/sh', '-c', 'trap \"\" TERM; while :; do sleep 1; done', timeout = '30ms'})",
            "timed out after", rounds: 1),
        .check(
            "commands by the hundred",
            "for i = 1, 100 do halua.spawn(function() assert(halua.exec{'/bin/sleep', '9'}) end) end halua.sleep(1)",
            "commands", "tasks already", rounds: 1),
        .check(
            "a command with a huge argument", "assert(halua.exec{'/bin/true', ('x'):rep(1000000)})", "exec", rounds: 2),
        .check("a command that is not there", "assert(halua.exec{'/nowhere/at/all'})", "No such file", rounds: 5),
        .check("a device that never ends", "assert(halua.file.read('/dev/zero'))", "not a regular file"),
        .check("a FIFO without a writer", "assert(halua.file.read('$fifo$'))", "not a regular file", needs: [.fifo]),
        .check(
            "the kernel's log",
            "assert(halua.file.read('/proc/kmsg')) assert(halua.file.read('/proc/self/mem')) assert(halua.file.read('/proc/kcore'))",
            "file.read"),
        .check(
            "a path with a NUL and a path without end",
            "pcall(halua.file.read, '/etc/passwd\\0x') assert(halua.file.read(('/x'):rep(100000)))", "file.read"),
        .check(
            "watches by the thousand",
            "local t = {} for i = 1, 5000 do t[i] = assert(halua.file.watch('/tmp/x' .. i)) end",
            "open already", "handles", "watches"),
        .check(
            "process watches by the thousand",
            "local t = {} for i = 1, 5000 do t[i] = assert(halua.process.watch{name = 'nobody' .. i}) end",
            "open already", "handles", "watches", computing, rounds: 10),
    ]

    static let data: [HostileCase] = [
        .check("a store of a circle", "local t = {} t.t = t halua.store.x = t", "store"),
        .check("a store of functions", "halua.store.x = print", "store"),
        .check(
            "a store without end", "for i = 1, 1e6 do halua.store['k' .. i] = ('x'):rep(1000) end", "may keep",
            computing),
        .check(
            "a store of a deep table", "local t = {} for i = 1, 100000 do t = {t} end halua.store.x = t", "store",
            "deep", "not enough memory"),
        .check("JSON of a circle", "local t = {} t[1] = t halua.json.encode(t)", "json"),
        .check("JSON nested without end", "assert(halua.json.decode(('['):rep(200000)))", "json"),
        .check(
            "JSON of a deep table", "local t = {} for i = 1, 50000 do t = {t} end return halua.json.encode(t)", "json"),
        .check("JSON of huge numbers", "assert(halua.json.decode('[1e999, 99999999999999999999999]'))", "json"),
        .check(
            "base64 of megabytes", "while true do halua.base64.encode(('x'):rep(1000000)) end", computing, "octets",
            "not enough memory"),
        .check(
            "digests without end", "local s = ('x'):rep(1000000) while true do halua.crypto.sha256(s) end",
            rounds: 10),
        .check("random octets without end", "return halua.crypto.random(math.maxinteger)", "crypto.random"),
        .file("metrics without end", "for i = 1, 1e6 do\nhalua.metrics.counter('m' .. i) end", "at most"),
        .check(
            "samples without end",
            "local m = halua.metrics.counter('m', {labels = {'l'}}) for i = 1, 1e6 do m:inc(1, {l = tostring(i)}) end",
            computing, "labels", "metrics", isPlaced: false),
        .check("a flood of the log", "while true do halua.log.info(('x'):rep(100000)) end"),
        .check(
            "a flood of fields",
            "local t = {} for i = 1, 2000 do t[i] = ('x'):rep(1000) end while true do halua.log.info('x', t) end",
            computing, "not enough memory"),
    ]

    static let requests: [HostileCase] = [
        .check(
            "adjustments without end",
            "local i = halua.instance('VI_1') for n = 1, 1e6 do i:adjust_priority('k' .. n, -1, 'r', 60) end", "keys"),
        .check(
            "demotions without end",
            "local i = halua.instance('VI_1') for n = 1, 1e6 do i:demote('k' .. n, 'r', 60) end", "keys"),
        .check(
            "one adjustment without end",
            "local a = halua.instance('VI_1'):adjust_priority('k', -1, 'r') while true do a:set(-1) a:set(-2) end"),
        .check(
            "an adjustment out of range", "halua.instance('VI_1'):adjust_priority('k', math.mininteger, 'r')",
            "-253 to 253"),
        .harmless("reasons of megabytes", "halua.instance('VI_1'):demote('k', ('x'):rep(1000000)) return true"),
        .check("keys of megabytes", "halua.instance('VI_1'):demote(('k'):rep(1000000), 'r')", "key"),
    ]
}
