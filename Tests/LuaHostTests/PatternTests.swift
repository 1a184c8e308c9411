/// The counting pattern matcher gives what the manual says, and gives up instead of running for ever.
import LuaHost
import Testing

@Suite struct PatternTests {
    let bench = ScriptBench()

    /// Each line is an expression that must be true; the expected values are those of Lua 5.4's own library.
    static let expressions = [
        "('hello world'):find('wor') == 7",
        "select(2, ('hello world'):find('wor')) == 9",
        "('hello'):find('l', 1, true) == 3",
        "('a.b'):find('.', 1, true) == 2",
        "('hello'):find('') == 1",
        "('hello'):find('', 6) == 6",
        "('hello'):find('', 7) == nil",
        "('hello'):find('h', -100) == 1",
        "('hello'):find('l', -2) == 4",
        "('hello'):find('xyz') == nil",
        "('key = value'):match('^(%w+)%s*=%s*(%w+)$') == 'key'",
        "select(2, ('key = value'):match('^(%w+)%s*=%s*(%w+)$')) == 'value'",
        "('  trim  '):match('^%s*(.-)%s*$') == 'trim'",
        "('2026-11-22'):match('(%d+)-(%d+)-(%d+)') == '2026'",
        "('abc'):match('()b()') == 2",
        "select(2, ('abc'):match('()b()')) == 3",
        "('abc'):match('b') == 'b'",
        "('f(a(b)c)d'):match('%b()') == '(a(b)c)'",
        "('THE (quick) fox'):find('%((%a+)%)') == 5",
        "('THE (quick) fox'):match('%f[%a]%a+%f[%A]', 5) == 'quick'",
        "('hello'):match('(l)%1') == 'l'",
        "('say \"hi\"'):match([[(['\"])(.-)%1]]) == '\"'",
        "('a,b,,c'):gsub(',', ';') == 'a;b;;c'",
        "select(2, ('a,b,,c'):gsub(',', ';')) == 3",
        "('abc'):gsub('', '-') == '-a-b-c-'",
        "('abc'):gsub('%w', '%0%0') == 'aabbcc'",
        "('hello world'):gsub('(%w+) (%w+)', '%2 %1') == 'world hello'",
        "('hello world'):gsub('o', '0', 1) == 'hell0 world'",
        "('$x and $y'):gsub('%$(%w+)', {x = 1}) == '1 and $y'",
        "('abc'):gsub('%w', function(c) if c == 'b' then return 'B' end end) == 'aBc'",
        "('abc'):gsub('b*', 'x') == 'xaxcx'",
        "('100%'):gsub('%%', '%%%%') == '100%%'",
        "('abc'):gsub('^a', 'x') == 'xbc'",
        "('aaa'):gsub('^a', 'x') == 'xaa'",
        "('[test]'):match('[%[%]]') == '['",
        "(']'):match('[]]') == ']'",
        "('a]'):match('[^]]') == 'a'",
        "('a-b'):match('[a%-]+') == 'a-'",
        "('x-y'):match('[a-]') == '-'",
        "('azAZ09'):match('[a-z]+') == 'az'",
        "('azAZ09'):match('[^a-z]+') == 'AZ09'",
        "('äöü'):len() == 6",
        "('a\\0b'):find('\\0') == 2",
        "('a\\0b'):match('[%z\\0]') == '\\0'",
        "('aaa'):match('a-') == ''",
        "('aaab'):match('a-b') == 'aaab'",
        "('aXb'):match('%u') == 'X'",
        "('a1 \\t'):match('%s+') == ' \\t'",
        "('beef12zz'):match('%x+') == 'beef12'",
        "('abc$'):match('c$') == nil",
        "('abc$'):match('c%$$') == 'c$'",
        "('a$b'):match('a$b') == 'a$b'",
        "('^a'):match('%^a') == '^a'",
        "('color colour'):gsub('colou?r', 'c') == 'c c'",
        "(function() local t = {} for w in ('one two'):gmatch('%a+') do t[#t + 1] = w end return table.concat(t, '|') end)() == 'one|two'",
        "(function() local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[k] = v end return t.a .. t.b end)() == '12'",
        "(function() local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n end)() == 4",
        "(function() local t = {} for p in ('abc'):gmatch('()') do t[#t + 1] = p end return table.concat(t, ',') end)() == '1,2,3,4'",
        "(function() for w in ('one two'):gmatch('%a+', 4) do return w end end)() == 'two'",
        "not pcall(string.find, 'a', '[a')",
        "not pcall(string.find, 'a', '%')",
        "not pcall(string.find, 'a', '(a')",
        "not pcall(string.match, 'a', 'a)')",
        "not pcall(string.find, 'a', '%1')",
        "not pcall(string.find, 'a', '%b')",
        "not pcall(string.find, 'a', '%f')",
        "not pcall(string.gsub, 'a', 'a', '%2')",
        "not pcall(string.gsub, 'a', 'a', '%x')",
        "not pcall(string.gsub, 'a', 'a', true)",
        "('ab'):rep(3) == 'ababab'",
        "('ab'):rep(3, ',') == 'ab,ab,ab'",
        "('ab'):rep(1, ',') == 'ab'",
        "('ab'):rep(0) == '' and ('ab'):rep(-1) == ''",
        "(''):rep(3, ',') == ',,'",
        "#('x'):rep(100001) == 100001",
    ]

    @Test("patterns and string.rep answer as the plain library does", arguments: expressions)
    func answers(_ expression: String) throws {
        let text = "halua.check{name='c', interval='20ms', run=function() return \(expression) end}"
        try bench.run(text)
        #expect(bench.result(of: "p.c") == .passed)
    }

    @Test(
        "a pattern that would run for ever raises an error instead",
        arguments: [
            "string.find(('a'):rep(28), ('a?'):rep(28) .. ('a'):rep(28))",
            "string.find(('a'):rep(300), '.-.-.-.-b')",
            "string.gsub(('a'):rep(300), '.-.-.-.-b', '')",
            "string.match(('a'):rep(5000), '(.-)%1(.-)%2x')",
            "for _ in string.gmatch(('a'):rep(300), '.*.*.*.*b') do end",
            "string.find(('x'):rep(100000), '.-b')",
        ])
    func endless(_ body: String) throws {
        guard case .broken(let message) = try bench.check(body) else {
            Issue.record("not refused")
            return
        }
        #expect(message.contains("pattern takes too many steps"))
    }

    @Test("an honest pattern works on a long text")
    func longText() throws {
        let body = """
            local text = ("key = value # comment\\n"):rep(20000)
            local count = 0
            for k, v in text:gmatch("(%w+)%s*=%s*(%w+)[^\\n]*\\n") do count = count + 1 end
            return count == 20000, tostring(count)
            """
        #expect(try bench.check(body) == .passed)
    }
}
