/// halua.crypto and halua.base64, against the vectors of their standards and against the openssl program.
import LuaHost
import Testing

@Suite struct CryptoTests {
    let bench = ScriptBench()

    @Test(
        "digests are those of the standards",
        arguments: [
            // FIPS 180-4.
            "return halua.crypto.sha1('abc') == 'a9993e364706816aba3e25717850c26c9cd0d89d'",
            "return halua.crypto.sha1('') == 'da39a3ee5e6b4b0d3255bfef95601890afd80709'",
            "return halua.crypto.sha256('abc') == 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'",
            "return #halua.crypto.sha1('x', {raw = true}) == 20 and #halua.crypto.sha256('x', {raw = true}) == 32",
            // RFC 4231, test case 2; RFC 2202, test case 2.
            """
            return halua.crypto.hmac('sha256', 'Jefe', 'what do ya want for nothing?')
              == '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
            """,
            """
            return halua.crypto.hmac('sha1', 'Jefe', 'what do ya want for nothing?')
              == 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'
            """,
            "return #halua.crypto.hmac('sha512', '', '', {raw = true}) == 64",
            """
            local data = ('\\0\\1\\255'):rep(100000)
            local line = assert(halua.exec{'openssl', 'dgst', '-sha256', '-r', input = data}).stdout
            return line:match('^%x+') == halua.crypto.sha256(data), line
            """,
            """
            local data = halua.crypto.random(1000, {raw = true})
            local text = assert(halua.exec{'openssl', 'base64', '-A', input = data}).stdout
            return text == halua.base64.encode(data) and halua.base64.decode(text) == data
            """,
            "return halua.crypto.equal('abc', 'abc') and not halua.crypto.equal('abc', 'abd') and not halua.crypto.equal('', 'a')",
            """
            local seen = {}
            for i = 1, 1000 do
              local id = halua.crypto.random(16)
              if #id ~= 32 or id:find('%X') or seen[id] then return false, id end
              seen[id] = true
            end
            return #halua.crypto.random(4096, {raw = true}) == 4096
            """,
        ])
    func vectors(_ body: String) throws {
        #expect(try bench.check(body) == .passed)
    }

    @Test("base64 is written and read as RFC 4648 says, and nothing else is read")
    func base64() throws {
        let body = """
            for plain, text in pairs{[''] = '', f = 'Zg==', fo = 'Zm8=', foo = 'Zm9v', foobar = 'Zm9vYmFy'} do
              if halua.base64.encode(plain) ~= text or halua.base64.decode(text) ~= plain then return false, plain end
              local url = text:gsub('=', '')
              if halua.base64.encode(plain, {url = true}) ~= url then return false, url end
              if halua.base64.decode(url, {url = true}) ~= plain then return false, url end
            end
            assert(halua.base64.encode('\\251\\255\\254') == '+//+' and halua.base64.decode('-__-', {url = true}) == '\\251\\255\\254')
            for _, wrong in ipairs{'Z', 'Zg', 'Zg=', 'Zg===', 'Zh==', 'Zm9=', 'Zm9v\\n', ' Zm9v', '-__-', '=', '====', 'Zg==Zg=='} do
              local none, err = halua.base64.decode(wrong)
              if none ~= nil or err.kind ~= 'protocol' then return false, wrong end
            end
            for length = 0, 300 do
              local data = length == 0 and '' or halua.crypto.random(length, {raw = true})
              assert(halua.base64.decode(halua.base64.encode(data)) == data)
              assert(halua.base64.decode(halua.base64.encode(data, {url = true}), {url = true}) == data)
            end
            return true
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test(
        "wrong arguments are the script's bugs",
        arguments: [
            ("halua.crypto.sha1(5)", "argument 1 must be data (a string), not number"),
            ("halua.crypto.sha1('x', {row = true})", "there is no field \"row\" (did you mean \"raw\"?)"),
            ("halua.crypto.sha1('x', {raw = 1})", "field \"raw\" must be true or false"),
            ("halua.crypto.hmac('sha265', 'k', 'd')", "there is no algorithm \"sha265\" (did you mean \"sha256\"?)"),
            ("halua.crypto.random(0)", "gives from 1 to 4096 octets"),
            ("halua.crypto.sha1(('x'):rep(5 * 1024 * 1024))", "data may have at most 4194304 octets"),
            ("halua.base64.decode()", "argument 1 must be text (a string), not nothing"),
        ])
    func wrongArguments(_ body: String, _ message: String) throws {
        guard case .broken(let text) = try bench.check(body) else {
            Issue.record("not broken")
            return
        }
        #expect(text.contains(message))
    }

    @Test("they work while the plugin is loaded, and ten thousand rounds leave nothing behind")
    func rounds() throws {
        try bench.run(
            """
            local seed = halua.crypto.sha256('seed')
            halua.spawn(function()
              local function rounds(count)
                for i = 1, count do
                  seed = halua.crypto.hmac('sha256', seed, halua.base64.encode(halua.crypto.random(8)))
                  if i % 100 == 0 then halua.sleep('1ms') end
                end
                collectgarbage() collectgarbage()
                return collectgarbage('count')
              end
              local before = rounds(100)
              print('grown', rounds(10000) - before < 20)
            end)
            """)
        #expect(bench.wait(seconds: 60) { if case .log(_, _, "grown\ttrue", _) = $0 { true } else { nil } } == true)
    }
}
