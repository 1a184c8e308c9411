/// halua.tcp against real servers on loopback.
import LuaHost
import Testing

@Suite struct TCPTests {
    let bench = ScriptBench()

    private func connect(_ server: FakeServer, timeout: String = "2s") -> String {
        "local conn <close> = assert(halua.tcp.connect{host='localhost', port=\(server.port), timeout='\(timeout)'})\n"
    }

    @Test("octets that arrive one by one are collected until the pattern is full")
    func dribble() throws {
        let server = FakeServer(.dribbles(Array("abcd first\r\nsecond\nrest".utf8)))
        let body =
            connect(server) + """
                assert(conn:receive(4) == 'abcd')
                local one, two, rest = conn:receive('*l'), conn:receive('*l'), conn:receive('*a')
                return one == ' first' and two == 'second' and rest == 'rest', tostring(one)
                """
        #expect(try bench.check(body) == .passed)
    }

    @Test("what is sent arrives")
    func echo() throws {
        let server = FakeServer(.echoes)
        let body = connect(server) + "assert(conn:send('hello\\n')) return conn:receive('*a') == 'hello\\n'"
        #expect(try bench.check(body) == .passed)
    }

    @Test("a port where nobody listens refuses")
    func refused() throws {
        // A server that is gone leaves a port that is surely free.
        var server: FakeServer? = FakeServer(.closes)
        let port = server?.port ?? 0
        server = nil
        let body = """
            local conn, err = halua.tcp.connect{host='127.0.0.1', port=\(port)}
            return conn == nil and err.kind == 'refused' and err.where == 'p.lua:2', tostring(err)
            """
        #expect(try bench.check(body) == .passed)
        let result = try bench.check("assert(halua.tcp.connect{host='127.0.0.1', port=\(port)})")
        #expect(result == .failed("connect to 127.0.0.1:\(port): connection refused (p.lua:2)"))
    }

    @Test("a silent server is an error with the time it was waited for")
    func silent() throws {
        let server = FakeServer(.silent)
        let body = connect(server) + "local d, err, got = conn:receive(4, '50ms') return d, err"
        let result = try bench.check(body)
        #expect(result == .failed("receive from 127.0.0.1:\(server.port): timed out after 50 ms (p.lua:3)"))
        let kind = try bench.check(connect(server) + "return select(2, conn:receive(1, 0.02)).kind == 'timeout'")
        #expect(kind == .passed)
    }

    @Test("the deadline of the check ends a receive and says where it was")
    func deadline() throws {
        let server = FakeServer(.silent)
        let result = try bench.check(connect(server) + "conn:receive('*l')", timeout: "100ms")
        #expect(result == .failed("timed out after 100 ms in receive (p.lua:3)"))
    }

    @Test("an end of the connection tells what had arrived before it")
    func closedEarly() throws {
        let server = FakeServer(.sendsAndCloses(Array("abc".utf8)))
        let body =
            connect(server) + """
                local data, err, partial = conn:receive(10)
                return data == nil and err.kind == 'closed' and partial == 'abc', tostring(err) .. tostring(partial)
                """
        #expect(try bench.check(body) == .passed)
        let empty = FakeServer(.closes)
        let nothing = connect(empty) + "return select(3, conn:receive(1)) == ''"
        #expect(try bench.check(nothing) == .passed)
    }

    @Test("closing twice is fine, and a closed connection answers with an error")
    func closed() throws {
        let server = FakeServer(.silent)
        let body =
            connect(server) + """
                conn:close() conn:close()
                local data, err = conn:receive(1)
                return data == nil and err.kind == 'closed' and conn:send('x') == nil, tostring(err)
                """
        #expect(try bench.check(body) == .passed)
    }

    @Test("a connection can come from a chosen address and interface, and an impossible choice is an error")
    func sourceAndInterface() throws {
        let server = FakeServer(.sends([UInt8(ascii: "k")]))
        let body = """
            local function connect(source, interface)
              return halua.tcp.connect{host='127.0.0.1', port=\(server.port), source=source, interface=interface}
            end
            local conn <close> = assert(connect('127.0.0.1', 'lo'))
            assert(conn:receive(1) == 'k')
            local none, err = connect('192.0.2.1')
            assert(none == nil and err.kind == 'denied', tostring(err))
            none, err = connect(nil, 'nowhere0')
            return none == nil and err.kind == 'denied', tostring(err)
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("names are not looked up, and the error says so")
    func names() throws {
        let body = """
            local conn, err = halua.tcp.connect{host='example.org', port=1}
            return err.kind == 'dns', tostring(err)
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test(
        "a wrong argument is a bug with its line",
        arguments: [
            ("halua.tcp.connect{host='127.0.0.1'}", "p.lua:2: tcp.connect: field \"port\" is missing"),
            (
                "halua.tcp.connect{host='127.0.0.1', prot=1}",
                "p.lua:2: tcp.connect: there is no field \"prot\" (did you mean \"port\"?)"
            ),
            (
                "halua.tcp.connect{host='127.0.0.1', port=0}",
                "p.lua:2: tcp.connect: field \"port\" must be a whole number from 1 to 65535, not number"
            ),
            ("halua.tcp.connect('x')", "p.lua:2: tcp.connect: argument 1 must be a table of named fields, not string"),
            ("halua.sleep('5 parsecs')", "p.lua:2: sleep: argument 1 must be a duration"),
            ("halua.sleep(-1)", "p.lua:2: sleep: argument 1 must be a duration"),
        ])
    func wrongArguments(_ body: String, _ message: String) throws {
        guard case .broken(let text) = try bench.check(body) else {
            Issue.record("not broken")
            return
        }
        #expect(text.hasPrefix(message))
    }

    @Test("a large amount goes through a slow reader piece by piece")
    func largeSend() throws {
        let server = FakeServer(.sends([UInt8(ascii: "k")]))
        let body = connect(server) + "assert(conn:send(('x'):rep(5000000))) return conn:receive(1) == 'k'"
        #expect(try bench.check(body) == .passed)
    }

    @Test("two tasks cannot read one connection at the same time")
    func busy() throws {
        let server = FakeServer(.silent)
        let body =
            connect(server) + """
                local task = halua.spawn(function() conn:receive(1) end)
                halua.sleep('10ms')
                conn:receive(1)
                """
        guard case .broken(let text) = try bench.check(body) else {
            Issue.record("not broken")
            return
        }
        #expect(text.contains("another task already waits for this connection"))
    }
}
