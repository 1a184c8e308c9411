/// halua.mysql against a real MariaDB, a server that speaks as Mycat does, and servers that stop in the middle.
import Lab
import LinuxIO
import LuaHost
import Testing

@Suite(.serialized) struct MySQLTests {
    let bench = ScriptBench()
    let server = MariaDBServer.shared

    private func connect(_ more: String = "", user: String = "halua") -> String {
        "local db <close> = assert(halua.mysql.connect{port=\(server.port), user='\(user)', password='secret'\(more)})\n"
    }

    @Test("rows come with their columns' names and types, and NULL is absent")
    func types() throws {
        let body =
            connect(", database='shop'") + #"""
                local rows = assert(db:query("SELECT id, name, price FROM goods ORDER BY id"))
                assert(#rows == 2 and rows[1].id == 1 and rows[1].name == 'tea' and rows[1].price == '2.50')
                local one = assert(db:query([[SELECT 1 i, -9223372036854775808 b, 18446744073709551615 u, 1.5e0 d,
                  CAST(0.1 AS DECIMAL(5,3)) x, NULL n, '2026-01-02 03:04:05' t, X'00FF' o, TRUE y, '€' e, '' z]]))[1]
                assert(math.type(one.i) == 'integer' and one.b == math.mininteger and one.u == '18446744073709551615')
                assert(math.type(one.d) == 'float' and one.d == 1.5 and one.x == '0.100' and one.n == nil)
                assert(one.t == '2026-01-02 03:04:05' and one.o == '\0\xff' and one.y == 1 and one.e == '€' and one.z == '')
                assert(#assert(db:query("SELECT 1 FROM goods WHERE id > 99")) == 0)
                return db.server_version:find('MariaDB') ~= nil, db.server_version
                """#
        let result = try bench.check(body)
        #expect(result == .passed)
    }

    @Test("statements say what they changed, procedures answer by their first result, and the connection goes on")
    func statements() throws {
        let body =
            connect(", database='shop', timeout='2s'") + #"""
                assert(db:query("CREATE TEMPORARY TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, s VARCHAR(99))"))
                local done = assert(db:query("INSERT INTO t (s) VALUES ('a'), ('b')"))
                assert(done.affected == 2 and done.insert_id == 1)
                local odd = "x' OR '1'='1\\\0\n€"
                assert(db:query("INSERT INTO t (s) VALUES (" .. db:quote(odd) .. ")"))
                assert(db:query("SELECT s FROM t WHERE id = " .. db:quote(3))[1].s == odd)
                assert(db:quote(nil) == 'NULL' and db:quote(true) == 'TRUE' and db:quote('') == "''" and db:quote(1.5) == '1.5')
                assert(db:query("CALL two()")[1].a == 1)
                local none, err = db:query("SELEC 1")
                assert(none == nil and err.kind == 'denied' and err.message:find('error 1064: You have an error', 1, true))
                none, err = db:query("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t")
                assert(none == nil, 'a file went out')
                assert(db:ping() and db:ping('1s'))
                return db:query("SELECT 1 a")[1].a == 1
                """#
        let result = try bench.check(body)
        #expect(result == .passed)
    }

    @Test("a socket in the file system serves as well, and its absence is told")
    func socket() throws {
        let body = """
            local db <close> = assert(halua.mysql.connect{socket='\(server.socket)', user='root'})
            assert(db:query('SELECT 1 a')[1].a == 1)
            local none, err = halua.mysql.connect{socket='\(server.socket)x', user='root'}
            return none == nil and err.kind == 'refused', tostring(err)
            """
        let result = try bench.check(body)
        #expect(result == .passed)
    }

    @Test("a refused login has the kind auth, with the server's number and text")
    func refusedLogin() throws {
        let prefix = "mysql.connect 127.0.0.1:\(server.port): error"
        let wrong = "halua.mysql.connect{port=\(server.port), user='halua', password='wrong'}"
        let refused = try bench.check("local db, err = \(wrong)\nreturn db, err.kind .. ' ' .. err.message")
        #expect(
            refused
                == .failed("auth \(prefix) 1045: Access denied for user 'halua'@'127.0.0.1' (using password: YES)"))
        let database = "halua.mysql.connect{port=\(server.port), user='halua', password='secret', database='nowhere'}"
        let unknown = try bench.check("local db, err = \(database)\nreturn db, err.kind .. ' ' .. err.message")
        #expect(
            unknown
                == .failed("denied \(prefix) 1049: Unknown database 'nowhere'"))
        let body =
            connect("", user: "lonely") + """
                local other, err = halua.mysql.connect{port=\(server.port), user='lonely', password='secret'}
                return other, err.kind .. ' ' .. err.message
                """
        guard case .failed(let text) = try bench.check(body) else {
            Issue.record("not failed")
            return
        }
        #expect(text.hasPrefix("denied \(prefix) 1226: "))
    }

    @Test("more than the limits allow is an error that closes the connection")
    func limits() throws {
        let body =
            connect(", database='shop', max_rows=100, max_bytes=10000") + """
                local none, err = db:query("SELECT seq FROM seq_1_to_101")
                assert(none == nil and err.kind == 'protocol' and err.message:find('more than 100 rows'), tostring(err))
                assert(select(2, db:ping()).kind == 'closed')
                """
            + "local other <close> = assert(halua.mysql.connect{port=\(server.port), user='halua', password='secret',\n"
            + "database='shop', max_bytes=10000})\n"
                + """
                assert(#other:query("SELECT seq FROM seq_1_to_1000") == 1000)
                none, err = other:query("SELECT REPEAT('x', 6000) FROM seq_1_to_2")
                assert(none == nil and err.message:find('more than 10000 octets'), tostring(err))
                none, err = other:query("SELECT 1")
                return none == nil and err.kind == 'closed', tostring(err)
                """
        let result = try bench.check(body)
        #expect(result == .passed)
    }

    @Test("a connection that is killed in the middle of a statement, and one closed by another task, end the statement")
    func killed() throws {
        let body =
            connect() + """
                local id = db:query('SELECT CONNECTION_ID() id')[1].id
                local killer <close> = assert(halua.mysql.connect{port=\(server.port), user='halua', password='secret'})
                local task = halua.spawn(function() return db:query('SELECT SLEEP(20)') end)
                halua.sleep('50ms')
                assert(killer:query('KILL ' .. id))
                local none, err = task:join()
                assert(none == nil and err.kind == 'closed', tostring(err))
                task = halua.spawn(function() return killer:query('SELECT SLEEP(20)') end)
                halua.sleep('20ms')
                local fine, fault = pcall(killer.query, killer, 'SELECT 1')
                assert(not fine and tostring(fault):find('another task already waits'))
                killer:close()
                none, err = task:join()
                return none == nil and err.kind == 'closed', tostring(err)
                """
        let result = try bench.check(body)
        #expect(result == .passed)
    }

    @Test("a frozen server is a time-out in a statement, in a ping and in a login")
    func frozen() throws {
        server.freeze()
        defer { server.thaw() }
        let fresh = try bench.check(
            "return halua.mysql.connect{port=\(server.port), user='halua', password='secret', timeout='100ms'}")
        #expect(fresh == .failed("mysql.connect 127.0.0.1:\(server.port): timed out after 100 ms (p.lua:2)"))
        server.thaw()
        try bench.run(
            "halua.check{name='kept', interval='20ms', timeout='20s', run=function()\n\(connect())"
                + "halua.log.info('connected') halua.sleep('200ms')\n"
                + "local none, err = db:query('SELECT 1', '100ms') return none, err end}", name: "k")
        #expect(bench.logged("connected") != nil)
        server.freeze()
        #expect(
            bench.result(of: "k.kept")
                == .failed("query 127.0.0.1:\(server.port): timed out after 100 ms (k.lua:4)"))
    }

    @Test("the deadline of the check ends a statement and says where")
    func deadline() throws {
        let result = try bench.check(connect() + "db:query('SELECT SLEEP(20)')", timeout: "300ms")
        #expect(result == .failed("timed out after 300 ms in query (p.lua:3)"))
    }

    @Test("Mycat's protocol is spoken: the old login, no word after it that was not asked for, a goodbye at the end")
    func mycat() throws {
        let heard = Lock<[[UInt8]]>([])
        let mycat = HTTPServer(raw: { client in
            client.send(MySQLPacket.greeting(MycatTables.version))
            heard.withLock { $0.append(client.read() ?? []) }
            client.send(MySQLPacket.ok(2))
            while let command = client.read() {
                heard.withLock { $0.append(command) }
                if command.count > 4, command[4] == 1 { return }
                if command.count > 4, command[4] == 0x0E {
                    client.send(MySQLPacket.ok(1))
                    continue
                }
                client.send(
                    MySQLPacket.packet(1, [2]) + StandInMySQL.column(2, "NAME") + StandInMySQL.column(3, "RS_CODE")
                        + StandInMySQL.end(4) + StandInMySQL.row(5, ["dn1", "1"]) + StandInMySQL.row(6, ["dn2", nil])
                        + StandInMySQL.end(7))
            }
        })
        let body = """
            local db <close> = assert(halua.mysql.connect{port=\(mycat.port), user='root', password='digdeep'})
            halua.sleep('30ms')
            assert(db.server_version:find('-mycat-', 1, true), db.server_version)
            assert(db:ping())
            local rows = assert(db:query('show @@heartbeat'))
            assert(#rows == 2 and rows[1].NAME == 'dn1' and rows[1].RS_CODE == '1' and rows[2].RS_CODE == nil)
            return true
            """
        let result = try bench.check(body)
        #expect(result == .passed)
        #expect(bench.wait { _ in heard.withLock { $0.count } >= 4 ? true : nil } == true)
        // The check runs again and again; the first run's packets will do.
        let packets = heard.withLock { Array($0.prefix(4)) }
        guard packets.count == 4 else { return }
        #expect(packets[0].contains(subsequence: Array("root".utf8) + [0, 20] + StandInMySQL.token))
        #expect(packets[1] == [1, 0, 0, 0, 0x0E])
        #expect(packets[2] == MySQLPacket.packet(0, [3] + Array("show @@heartbeat".utf8)))
        #expect(packets[3] == [1, 0, 0, 0, 1])
    }

    @Test("a server that is full, and one that asks for a file, get their answer")
    func refusals() throws {
        let full = HTTPServer(raw: { client in
            client.send(MySQLPacket.failure(0, 1_040, "Too many connections"))
            client.shutDown()
        })
        let result = try bench.check(
            "local db, err = halua.mysql.connect{port=\(full.port), user='u'}\nreturn db, err.kind .. ' ' .. err.message"
        )
        #expect(result == .failed("denied mysql.connect 127.0.0.1:\(full.port): error 1040: Too many connections"))
        let heard = Lock<[UInt8]>([])
        let thief = HTTPServer(raw: { client in
            client.send(MySQLPacket.greeting(MycatTables.version))
            _ = client.read()
            client.send(MySQLPacket.ok(2))
            _ = client.read()
            client.send(MySQLPacket.packet(1, [0xFB] + Array("/etc/hostname".utf8)))
            while let more = client.read() { heard.withLock { $0 += more } }
        })
        let body = """
            local db <close> = assert(halua.mysql.connect{port=\(thief.port), user='u'})
            local rows, err = db:query('SELECT 1', '200ms')
            return rows == nil, tostring(err)
            """
        #expect(try bench.check(body) == .passed)
        #expect(heard.withLock { $0.count } < 10)
    }

    @Test("every stage at which a server can stop ends with the time-out, or at once")
    func stages() throws {
        for stage in StandInMySQL.Stage.allCases {
            let stopping = HTTPServer(raw: { StandInMySQL.serve($0, until: stage) })
            let body = """
                local db, err = halua.mysql.connect{port=\(stopping.port), user='u', timeout='60ms'}
                if not db then return false, err.kind end
                local rows, why = db:query('SELECT 1', '60ms')
                return false, 'query ' .. why.kind
                """
            let expected =
                switch stage {
                case .noGreeting, .halfGreeting, .greeting: "timeout"
                case .login, .halfResult, .halfRow: "query timeout"
                case .garbage, .nothing: "closed"
                }
            let result = try bench.check(body)
            #expect(result == .failed(expected), "\(stage)")
            // The check would run again and again.
            #expect(try bench.check("return true") == .passed)
            #expect(bench.wait { _ in stopping.openCount == 0 ? true : nil } == true, "\(stage)")
        }
        var gone: HTTPServer? = HTTPServer(raw: { _ in })
        let port = gone?.port ?? 0
        gone = nil
        let refused = try bench.check("return halua.mysql.connect{port=\(port), user='u'}")
        #expect(refused == .failed("mysql.connect 127.0.0.1:\(port): connection refused (p.lua:2)"))
    }

    @Test("a name server that never answers delays nobody else")
    func deadNameServer() throws {
        let silent = SilentUDP()
        let body = """
            local turns = 0
            halua.spawn(function() while true do halua.sleep('5ms') turns = turns + 1 end end)
            local db, err = halua.mysql.connect{host='db.example', user='u', nameserver='127.0.0.1:\(silent.port)',
              timeout='200ms'}
            return db == nil and err.kind == 'timeout' and turns >= 5, tostring(err) .. turns
            """
        let result = try bench.check(body)
        #expect(result == .passed)
    }

    @Test(
        "a wrong argument is a bug with its line",
        arguments: [
            ("mysql.connect{}", "mysql.connect: field \"user\" is missing"),
            ("mysql.connect{user='u', pasword='x'}", "mysql.connect: there is no field \"pasword\" (did you mean"),
            ("mysql.connect{user='u', socket='/x', host='y'}", "mysql.connect: takes a socket, or a host and a port"),
            ("mysql.connect{user='u', host='a b'}", "mysql.connect: \"a b\" is no name of a host"),
            ("mysql.connect{user='u\\0'}", "mysql.connect: neither user nor password may have a zero octet"),
        ])
    func wrongArguments(_ call: String, _ words: String) throws {
        guard case .broken(let text) = try bench.check("halua.\(call)") else {
            Issue.record("not broken")
            return
        }
        #expect(text.hasPrefix("p.lua:2: \(words)"))
    }

    @Test("ten thousand connections, cancelled or timed out at every stage, leave nothing open")
    func leaksNothing() throws {
        let turn = Lock(0)
        let stopping = HTTPServer(raw: { client in
            let stage = turn.withLock { count in
                count += 1
                return StandInMySQL.Stage(rawValue: count % StandInMySQL.Stage.allCases.count) ?? .noGreeting
            }
            StandInMySQL.serve(client, until: stage)
        })
        let body = """
            local function one()
              local db, err = halua.mysql.connect{port=\(stopping.port), user='u', timeout='10ms'}
              if not db then return nil, err end
              return db:query('SELECT 1', '5ms')
            end
            for round = 1, 25 do
              local tasks = {}
              for i = 1, 40 do tasks[i] = halua.spawn(one) end
              halua.sleep('3ms')
              for i = 1, 40, 3 do tasks[i]:cancel() end
              for i = 1, 40 do tasks[i]:join() end
            end
            return true
            """
        #expect(try bench.check(body, timeout: "60s") == .passed)
        let (memory, descriptors) = (Memory.resident, Memory.descriptors)
        for _ in 0..<9 { #expect(try bench.check(body, timeout: "60s") == .passed) }
        // Connections that scripts dropped are closed when the collector finds them.
        #expect(try bench.check("collectgarbage() collectgarbage() halua.sleep(0) return true") == .passed)
        // The check would run again and again.
        #expect(try bench.check("return true") == .passed)
        #expect(bench.wait { _ in stopping.openCount == 0 ? true : nil } == true)
        #expect(Memory.descriptors - descriptors < 300)
        #expect(Memory.resident - memory < 100 << 20)
    }
}

extension Array where Element == UInt8 {
    func contains(subsequence: [UInt8]) -> Bool { indices.contains { self[$0...].starts(with: subsequence) } }
}
