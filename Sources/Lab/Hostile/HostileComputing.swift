/// Hostile plugins that compute: loops in every place that runs code, patterns, memory.

extension HostileCase {
    static let loops: [HostileCase] = [
        .check("endless loop", "while true do end"),
        .check("endless goto", "::again:: goto again"),
        .check("endless loop in pcall", "while true do pcall(function() while true do end end) end"),
        .check("pcall of pcall of error", "while true do pcall(pcall, error) end"),
        .check(
            "endless loop in a handler of xpcall", "while true do xpcall(error, function() while true do end end) end"),
        .check("endless loop in a comparator", "table.sort({3, 2, 1}, function() while true do end end)"),
        .check(
            "comparator that hides in pcall",
            "while true do pcall(table.sort, {3, 2, 1}, function() while true do pcall(error) end end) end"),
        .check(
            "endless loop in <close>",
            "local t <close> = setmetatable({}, {__close = function() while true do end end})"),
        .check(
            "error in <close> in <close>",
            """
            local function bad() local t <close> = setmetatable({}, {__close = function() bad() end}) error('x') end
            while true do pcall(bad) end
            """, computing, "stack overflow", "error in error handling", "not enough memory"),
        .check("endless loop in __index", "return setmetatable({}, {__index = function() while true do end end}).x"),
        .check(
            "endless loop in __lt", "local m = setmetatable({}, {__lt = function() while true do end end}) return m < m"
        ),
        .check(
            "endless loop in __tostring", "tostring(setmetatable({}, {__tostring = function() while true do end end}))"),
        .check(
            "endless loop in a field of the log",
            "print(setmetatable({}, {__tostring = function() while 1 do end end}))"),
        .check("endless loop in a replacement", "string.gsub('x', 'x', function() while true do end end)"),
        .check("endless collecting", "while true do collectgarbage() end"),
        .check("endless compiling", "local s = ('x = 1 '):rep(20000) while true do load(s) end"),
        .check("endless sorting", "local t = {} for i = 1, 100000 do t[i] = i % 7 end while true do table.sort(t) end"),
        .check("endless walk of next", "local t = {} t[1] = 1 while true do for _ in pairs(t) do end end"),
        .check("a generator without end", "for _ in function() return 1 end do end"),
        .check(
            "endless __concat",
            "local m = {} m = setmetatable({}, {__concat = function(a, b) return a .. b end}) return m .. m",
            computing, "stack overflow", "not enough memory"),
        .file("endless loop in a hook of every", "halua.every('10ms', function()\nwhile true do end end)", computing),
        .file("endless loop in a spawned task", "halua.spawn(function()\nwhile true do end end)", computing),
        .check("computing without end in slices", "while true do halua.sleep(0) end", "timed out after", computing),
    ]

    static let patterns: [HostileCase] = [
        .check(
            "pattern that tries everything", "local s = ('a'):rep(28) return s:find(('a?'):rep(28) .. s .. 'b') ~= nil",
            "takes too many steps"),
        .check(
            "pattern of stars", "local s = ('a'):rep(50000) while true do s:match('.-.-.-.-b') end", computing,
            "pattern"),
        .check("gmatch without end", "while true do for _ in ('x'):rep(1000):gmatch('') do end end"),
        .check(
            "gsub that grows", "local s = 'x' while true do s = s:gsub('x', 'xx') end", computing, "not enough memory"),
        .check("pattern nested too deep", "return ('x'):find(('('):rep(300))", "pattern", "capture"),
        .check("find of the plain", "local s = ('x'):rep(1000000) while true do s:find('zz', 1, true) end"),
    ]

    static let memory: [HostileCase] = [
        .check("tables without end", "local t = {} while true do t[#t + 1] = {} end", "not enough memory", computing),
        .check("a string that doubles", "local s = 'x' while true do s = s .. s end", "not enough memory", computing),
        .check(
            "closures without end", "local t = {} while true do local x = {} t[#t + 1] = function() return x end end",
            "not enough memory", computing),
        .check(
            "upvalues without end", "local f = print while true do local g = f f = function() return g end end",
            "not enough memory", computing),
        .check("string.rep of a petabyte", "return ('x'):rep(1e15)", "not enough memory"),
        .check("string.rep of overflow", "return ('xx'):rep(math.maxinteger)", "not enough memory", "too large"),
        .harmless("string.rep of nothing", "return (''):rep(1e15) == ''"),
        .check("string.format of widths", "return string.format('%99999d', 1)", "invalid conversion", "invalid format"),
        .check("string.format without end", "while true do string.format('%99.99f', 1e308) end"),
        .check(
            "table.concat of a million", "local t = {} for i = 1, 1e6 do t[i] = 'xxxxxxxx' end return table.concat(t)",
            "not enough memory", computing),
        .check("a million results", "return select('#', table.unpack({}, 1, 1e8))", "too many results"),
        .check(
            "varargs without end", "local function f(...) return f(1, ...) end return f()", "stack overflow", computing,
            "not enough memory"),
        .check(
            "table.pack of varargs", "while true do table.pack(table.unpack({}, 1, 200000)) end", computing,
            "not enough memory", "too many results"),
        .check("utf8.char of many", "return utf8.char(table.unpack({}, 1, 1e7))", "too many results"),
        .check("table.move of everything", "table.move({}, 1, 1e15, 2)", "too many elements"),
        .check(
            "length that lies", "table.concat(setmetatable({}, {__len = function() return 1e15 end}))",
            "too many elements"),
        .file(
            "memory that loading keeps", "hoard = {}\nwhile true do hoard[#hoard + 1] = ('x'):rep(1000) .. #hoard end",
            "not enough memory: a plugin may have 4 MiB", "loading takes longer"),
        .file("loading without end", "x = 1\nwhile true do end", "loading takes longer"),
    ]
}
