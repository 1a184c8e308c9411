/// halua.json: what is written reads back as the same value, and what is no JSON is said with its place.
import LuaHost
import Testing

@Suite struct JSONTests {
    let bench = ScriptBench()

    @Test(
        "a value is written as JSON says it",
        arguments: [
            ("1", "1"), ("-9223372036854775808", "math.mininteger"), ("1.0", "1.0"), ("0.1", "0.1"),
            ("1e300", "1e300"), ("true", "true"), ("null", "nil"),
            ("null", "json.null"), ("{}", "{}"), ("[]", "json.array{}"), ("[]", "json.array()"),
            ("[1,null,\"a\"]", "{1, json.null, 'a'}"), ("{\"a\":[{}]}", "{a={{}}}"),
            ("\"\\u0000\\n\\\"\u{e9}\"", "'\\0\\n\"\u{e9}'"), ("[0.3333333333333333,1]", "{1/3, 1}"),
        ])
    func encode(_ text: String, _ value: String) throws {
        let result = try bench.check(
            "local json = halua.json\nlocal text, err = json.encode(\(value))\nreturn false, text or tostring(err)")
        #expect(result == .failed(text))
    }

    @Test("names are sorted and lines indented when asked")
    func pretty() throws {
        let result = try bench.check(
            "return false, halua.json.encode({b=1, a={2}, c='x'}, {pretty=true, sort=true})")
        #expect(result == .failed("{\n  \"a\": [\n    2\n  ],\n  \"b\": 1,\n  \"c\": \"x\"\n}"))
    }

    // Ten runs: what one run may compute is limited, and a debug build on a busy machine is slow.
    @Test("ten thousand numbers of every kind come back exactly, floats as floats", arguments: 1...10)
    func roundTrip(_ seed: Int) throws {
        let result = try bench.check(
            """
            local json, list = halua.json, {}
            local seed = \(seed)
            for i = 1, 500 do
              seed = seed * 6364136223846793005 + 1442695040888963407
              list[#list + 1] = seed
              local x = string.unpack('<d', string.pack('<i8', seed))
              list[#list + 1] = x - x == 0 and x or 2.0 ^ (i % 1000 - 500)
            end
            local all = json.decode(json.encode(list))
            for i = 1, #list do
              local text = assert(json.encode(list[i]))
              local back = assert(json.decode(text))
              if back ~= list[i] or math.type(back) ~= math.type(list[i]) then return false, text end
              if all[i] ~= list[i] then return false, 'together' end
            end
            return true
            """, timeout: "20s")
        #expect(result == .passed)
    }

    @Test("arrays, objects and nulls are told apart, and an emptied array stays an array")
    func decode() throws {
        let result = try bench.check(
            """
            local json = halua.json
            local v = assert(json.decode('{"a":[],"b":{},"n":null,"l":[1,null,2.5],"s":"\\\\u0000\\\\u00e9"}'))
            assert(v.n == nil and v.l[2] == json.null and #v.l == 3 and math.type(v.l[3]) == 'float')
            assert(v.s == '\\0\u{e9}' and json.encode(v.a) == '[]' and json.encode(v.b) == '{}')
            table.remove(v.l) table.remove(v.l) table.remove(v.l)
            assert(json.encode(v.l) == '[]')
            local kept = assert(json.decode('{"n":null}', {nulls=true}))
            assert(kept.n == json.null and json.encode(kept) == '{"n":null}')
            return json.decode('17') == 17 and json.decode('null') == json.null and json.decode('"x"') == 'x'
            """)
        #expect(result == .passed)
    }

    @Test(
        "a wrong text is an error with its place",
        arguments: [
            ("''", "the text is empty"),
            ("'{\"a\":1,\\n\\n  \"b\" 2}'", "line 3 column 7: ':' expected near '2'"),
            ("'[1,2'", "line 1 column 4: ']' expected near end of file"),
            ("'\"\\xff\"'", "line 1 column 1: unable to decode byte 0xff near '\"'"),
            ("'18446744073709551616'", "line 1 column 20: too big integer near '18446744073709551616'"),
            ("'{\"a\":1,\"a\":2}'", "line 1 column 10: duplicate object key near '\"a\"'"),
            ("('['):rep(150) .. (']'):rep(150)", "nested deeper than 100"),
            ("('['):rep(1000000)", "more than 200000 values"),
            ("('['):rep(3000)", "line 1 column 2049: maximum parsing depth reached near '['"),
            ("'\"' .. ('x'):rep(5000000) .. '\"'", "longer than 4194304 octets"),
            ("'1 2'", "line 1 column 3: end of file expected near '2'"),
        ])
    func wrongText(_ text: String, _ words: String) throws {
        let result = try bench.check(
            "local v, err = halua.json.decode(\(text))\nreturn v, err.kind .. ' ' .. tostring(err)")
        #expect(result == .failed("protocol json.decode: \(words) (p.lua:2)"))
    }

    @Test(
        "what came from outside and cannot be JSON is an error",
        arguments: [
            ("{a={'\\xff'}}", "value.a[1]: the text is not valid UTF-8"),
            ("{['\\xff']=1}", "value: a name that is not valid UTF-8"),
            ("{['a\\0b']=1}", "value: a name with a zero octet in it"), ("0/0", "value: JSON has no number "),
            ("{x=1/0}", "value.x: JSON has no number inf"),
            ("(function() local t = {1} for i = 1, 40 do t = {t, t} end return t end)()", "more than 200000 values"),
            ("(function() local s = ('x'):rep(1000000) return {s,s,s,s,s} end)()", "more than 4194304 octets of text"),
        ])
    func outside(_ value: String, _ words: String) throws {
        let result = try bench.check("return halua.json.encode(\(value))")
        guard case .failed(let text) = result else {
            Issue.record("\(String(describing: result))")
            return
        }
        #expect(text.hasPrefix("json.encode: \(words)"))
    }

    @Test(
        "what no correct script writes is a bug with its line",
        arguments: [
            ("{f=print}", "value.f: a function cannot be written as JSON"),
            ("{[1]=1, [3]=3}", "value: an array with a hole: 2 elements, the last at 3"),
            ("{1, a=2}", "value: a table with names and numbers as keys is neither an array nor an object"),
            ("{[1.5]=1}", "value: 1.5 cannot be a key in JSON"),
            ("{[true]=1}", "value: a boolean cannot be a key in JSON"),
            ("{[0]=1}", "value: 0 cannot be a key in JSON"),
            (
                "(function() local t = {} t.t = t return t end)()",
                "tables are nested deeper than 100, or one contains itself"
            ),
            ("1, {prety=true}", "there is no field \"prety\" (did you mean \"pretty\"?)"),
        ])
    func bugs(_ value: String, _ words: String) throws {
        let result = try bench.check("return halua.json.encode(\(value))")
        guard case .broken(let text) = result else {
            Issue.record("\(String(describing: result))")
            return
        }
        #expect(text.hasPrefix("p.lua:2: json.encode: \(words)"))
    }

    /// Each round that leaked would leak some megabytes, so that other tests' memory does not matter.
    @Test("documents, good and bad, leave nothing behind")
    func leaksNothing() throws {
        let body = """
            local json = halua.json
            local list = {}
            for i = 1, 2000 do list[i] = {i} end
            local good = json.encode(list)
            list[2001] = '\\xff'
            for i = 1, 40 do
              assert(json.decode(good))
              json.decode(good .. '!') json.encode(list) pcall(json.encode, {list, print})
            end
            return true
            """
        #expect(try bench.check(body, timeout: "20s") == .passed)
        let before = Memory.resident
        for _ in 0..<7 { #expect(try bench.check(body, timeout: "20s") == .passed) }
        #expect(Memory.resident - before < 50 << 20)
    }
}
