/// halua.dns against a server on loopback that answers, lies, or says nothing.
import LuaHost
import Testing

@Suite struct DNSTests {
    let bench = ScriptBench()

    private func resolve(_ server: FakeDNS, _ name: String, _ fields: String = "") -> String {
        "halua.dns.resolve('\(name)', {server='127.0.0.1:\(server.port)', timeout='2s', \(fields)})"
    }

    private let known = FakeDNS(
        .knows([
            .ipv4("db.example", 192, 0, 2, 7), .ipv4("db.example", 192, 0, 2, 8), .ipv6("db.example", 9),
            .ipv4("old.example", 192, 0, 2, 1),
            .text("db.example", "v=1 ", "one record"), .text("db.example", "two"),
            .service("_sql._tcp.example", [20, 5, 3307], "b.example"),
            .service("_sql._tcp.example", [10, 1, 3306], "a.example"),
            .service("_sql._tcp.example", [10, 60, 3306], "c.example"),
            .pointer("7.2.0.192.in-addr.arpa", "db.example"),
        ]))

    @Test("a name has the addresses that the server says, of one family or both")
    func addresses() throws {
        let body = """
            local four = assert(\(resolve(known, "db.example", "type='A'")))
            local six = assert(\(resolve(known, "db.example", "type='AAAA'")))
            local both = assert(\(resolve(known, "db.example")))
            table.sort(four)
            return table.concat(four, ' ') == '192.0.2.7 192.0.2.8' and #six == 1 and six[1] == '2001:db8::9'
              and #both == 3, table.concat(four, ' ') .. ';' .. table.concat(six, ' ') .. ';' .. table.concat(both, ' ')
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("a name with addresses of one family only is no error")
    func oneFamily() throws {
        let body = "local all = assert(\(resolve(known, "old.example"))) return #all == 1 and all[1] == '192.0.2.1'"
        #expect(try bench.check(body) == .passed)
    }

    @Test("services come in the order in which they are to be tried, texts whole, and addresses have names")
    func otherTypes() throws {
        let body = """
            local srv = assert(\(resolve(known, "_sql._tcp.example", "type='SRV'")))
            assert(#srv == 3 and srv[1].target == 'c.example' and srv[1].port == 3306 and srv[1].weight == 60)
            assert(srv[2].target == 'a.example' and srv[3].target == 'b.example' and srv[3].priority == 20)
            local txt = assert(\(resolve(known, "db.example", "type='TXT'")))
            assert(#txt == 2 and txt[1] == 'v=1 one record' and txt[2] == 'two', txt[1])
            local ptr = assert(\(resolve(known, "192.0.2.7", "type='PTR'")))
            local same = assert(\(resolve(known, "7.2.0.192.in-addr.arpa", "type='PTR'")))
            return #ptr == 1 and ptr[1] == 'db.example' and same[1] == 'db.example', ptr[1]
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("an address is its own answer, and localhost is this host, without any server")
    func literals() throws {
        let body = """
            assert(halua.dns.resolve('192.0.2.1')[1] == '192.0.2.1')
            assert(halua.dns.resolve('2001:db8::1')[1] == '2001:db8::1')
            assert(table.concat(halua.dns.resolve('localhost'), ' ') == '127.0.0.1 ::1')
            assert(halua.dns.resolve('localhost', {type='AAAA'})[1] == '::1')
            local none, err = halua.dns.resolve('192.0.2.1', {type='AAAA'})
            return none == nil and err.kind == 'dns', tostring(err)
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("a server that never answers is a timeout, after the time that was given")
    func silent() throws {
        let server = FakeDNS(.silent)
        let body = "return halua.dns.resolve('a.example', {server='127.0.0.1:\(server.port)', timeout='60ms'})"
        #expect(try bench.check(body) == .failed("looking up a.example: timed out after 60 ms (p.lua:2)"))
        let kind = "local _, err = halua.dns.resolve('a.example', {server='127.0.0.1:\(server.port)', timeout='60ms'})"
        #expect(try bench.check(kind + " return err.kind == 'timeout'") == .passed)
        #expect(server.questionCount > 1, "it asked again within its time")
    }

    @Test("the deadline of the check ends a lookup and says where it was")
    func deadline() throws {
        let server = FakeDNS(.silent)
        let result = try bench.check("\(resolve(server, "a.example"))", timeout: "100ms")
        #expect(result == .failed("timed out after 100 ms in dns.resolve (p.lua:2)"))
    }

    @Test("octets that are no answer are not taken for one")
    func garbage() throws {
        let server = FakeDNS(.garbage)
        let body = "local _, err = halua.dns.resolve('a.example', {server='127.0.0.1:\(server.port)', timeout='100ms'})"
        #expect(try bench.check(body + " return err.kind == 'timeout' or err.kind == 'dns', err") == .passed)
    }

    @Test(
        "what the server says against it becomes a sentence",
        arguments: [
            (FakeDNS.Behaviour.code(3), ["there is no such name"]),
            // c-ares before 1.20 does not tell these from a server that is not there.
            (
                .code(2),
                ["the DNS server failed", "no DNS server gives an answer: it refuses, fails, or cannot be reached"]
            ),
            (
                .code(5),
                [
                    "the DNS server refuses to answer",
                    "no DNS server gives an answer: it refuses, fails, or cannot be reached",
                ]
            ),
            (.knows([.text("a.example", "x")]), ["the name has no A record"]),
        ])
    func refusals(_ behaviour: FakeDNS.Behaviour, _ words: [String]) throws {
        let server = FakeDNS(behaviour)
        let body =
            "local none, err = \(resolve(server, "a.example", "type='A'"))\nassert(err.kind == 'dns') return none, err"
        let result = try bench.check(body)
        #expect(words.contains { result == .failed("looking up a.example: \($0) (p.lua:2)") })
    }

    @Test(
        "a wrong argument is a bug with its line",
        arguments: [
            ("halua.dns.resolve('a b')", "dns.resolve: \"a b\" is no name"),
            (
                "halua.dns.resolve('x', {type='MX'})",
                "dns.resolve: type must be one of A, AAAA, SRV, TXT, PTR, not \"MX\""
            ),
            (
                "halua.dns.resolve('x', {sever='1'})",
                "dns.resolve: there is no field \"sever\" (did you mean \"server\"?)"
            ),
            ("halua.dns.resolve('x', {server='ns1'})", "dns.resolve: server must be an IP address"),
        ])
    func wrongArguments(_ body: String, _ message: String) throws {
        guard case .broken(let text) = try bench.check(body) else {
            Issue.record("not broken")
            return
        }
        #expect(text.hasPrefix("p.lua:2: " + message))
    }
}
