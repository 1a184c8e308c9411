/// plugins/mysql.lua against a real MariaDB: killed, frozen, read-only, out of connections, and as a replica.
import LuaHost
import Testing

@Suite(.serialized) struct MySQLPluginTests {
    /// Does what an administrator would.
    let administrator = ScriptBench()

    private static let path =
        "\(#filePath)".split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/plugins/mysql.lua"

    /// Starts one of the plugin's checks with a short interval, until the bench is gone.
    private func start(
        _ check: String, _ server: MariaDBServer, user: String = "watcher", options: [(String, String)] = []
    ) throws -> ScriptBench {
        let bench = ScriptBench()
        let all = [("port", "\(server.port)"), ("user", user), ("password", "secret")] + options
        let lines = all.map { OptionLine(key: $0, values: [$1], file: "halua.conf", line: 2, column: 5) }
        let spec = PluginSpec(name: "db", path: Self.path, options: lines, file: "halua.conf", line: 1)
        bench.engine.start(
            try bench.load(spec),
            checks: [CheckSchedule(name: "db.\(check)", interval: .milliseconds(50), timeout: .milliseconds(800))])
        return bench
    }

    /// Waits until the check says something that the pattern is a part of; "" stands for well.
    private func says(_ part: String, _ check: String, _ bench: ScriptBench) -> Bool {
        bench.clear()
        let seen = bench.wait { message -> Bool? in
            guard case .checkResult("db.\(check)", let result, _) = message else { return nil }
            if part.isEmpty { return result == .passed ? true : nil }
            guard case .failed(let reason) = result else { return nil }
            return reason.contains(part) ? true : nil
        }
        if seen == nil { Issue.record("\(check) never said \"\(part)\": \(bench.messages.suffix(2))") }
        return seen == true
    }

    private func run(_ server: MariaDBServer, _ statements: String...) throws {
        let quoted = statements.map { "assert(db:query([[\($0)]]))" }.joined(separator: "\n")
        let body = """
            local db <close> = assert(halua.mysql.connect{port=\(server.port), user='halua', password='secret'})
            \(quoted)
            return true
            """
        #expect(try administrator.check(body) == .passed)
    }

    @Test("a real server that is full, read-only, frozen or killed: each has its own reason")
    func failures() throws {
        let server = MariaDBServer()
        let address = "127.0.0.1:\(server.port)"
        let alive = try start("alive", server)
        let writable = try start("writable", server)
        #expect(says("", "alive", alive) && says("", "writable", writable))

        try run(server, "SET GLOBAL read_only = 1")
        #expect(says("\(address) is read-only: read_only is ON", "writable", writable))
        #expect(says("", "alive", alive))
        try run(server, "SET GLOBAL read_only = 0")
        #expect(says("", "writable", writable))

        try run(server, "SET GLOBAL max_connections = 10")
        let crowd = ScriptBench()
        try crowd.run(
            """
            halua.check{name='full', interval='1s', timeout='60s', run=function()
              local held = {}
              for i = 1, 20 do
                held[i] = halua.mysql.connect{port=\(server.port), user='watcher', password='secret'}
              end
              halua.sleep('60s')
              return #held > 0
            end}
            """)
        #expect(says("\(address) is out of connections: it lives", "alive", alive))
        let forgiving = try start("alive", server, options: [("when_full", "pass")])
        #expect(says("", "alive", forgiving))
        crowd.engine.stop()
        #expect(says("", "alive", alive))

        let stranger = try start("alive", server, user: "nobody")
        #expect(says("look at user and password of this check", "alive", stranger))

        server.freeze()
        #expect(says("accepts connections but let nobody in", "alive", alive))
        server.thaw()
        #expect(says("", "alive", alive))
        server.end()
        #expect(says("\(address) refuses connections", "alive", alive))
    }

    @Test("a real replica: running, behind, stopped by hand, broken, and without its source")
    func replication() throws {
        let source = MariaDBServer(["--log-bin=binary", "--server-id=1"])
        let replica = MariaDBServer(["--server-id=2"])
        let check = try start("replication", replica, options: [("max_lag", "1s")])
        let strict = try start("replication", replica, options: [("without_source", "fail")])
        #expect(says("", "replication", check))
        #expect(says("replicates from nobody", "replication", strict))

        let position = """
            local source <close> = assert(halua.mysql.connect{port=\(source.port), user='halua', password='secret'})
            local db <close> = assert(halua.mysql.connect{port=\(replica.port), user='halua', password='secret'})
            local at = assert(source:query('SELECT @@gtid_binlog_pos AS at'))[1].at
            assert(db:query('SET GLOBAL gtid_slave_pos = ' .. db:quote(at)))
            assert(db:query("CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=\(source.port), MASTER_USER='halua', "
              .. "MASTER_PASSWORD='secret', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1"))
            assert(db:query('START SLAVE'))
            return true
            """
        #expect(try administrator.check(position) == .passed)
        #expect(says("", "replication", strict))

        try run(replica, "STOP SLAVE")
        #expect(says("is stopped: somebody has stopped both threads", "replication", check))
        try run(replica, "START SLAVE IO_THREAD")
        #expect(says("the SQL thread has stopped, by hand", "replication", check))
        try run(replica, "START SLAVE", "STOP SLAVE IO_THREAD")
        #expect(says("the IO thread has stopped, by hand", "replication", check))

        // A statement that waits for a lock on the replica makes it late.
        try run(replica, "START SLAVE IO_THREAD")
        #expect(says("", "replication", check))
        let holder = ScriptBench()
        try holder.run(
            """
            halua.check{name='lock', interval='1s', timeout='60s', run=function()
              local db <close> = assert(halua.mysql.connect{port=\(replica.port), user='halua', password='secret'})
              assert(db:query('LOCK TABLES shop.goods WRITE'))
              halua.log.info('locked')
              halua.sleep('60s')
              return true
            end}
            """)
        #expect(holder.logged("locked") != nil)
        try run(source, "INSERT INTO shop.goods (name, price) VALUES ('pepper', 1)")
        #expect(says("s behind 127.0.0.1; 1 s are allowed", "replication", check))
        holder.engine.stop()
        #expect(says("", "replication", check))

        let goods = "INSERT INTO shop.goods (id, name, price) VALUES (50, 'rice', 1)"
        try run(replica, goods)
        try run(source, goods)
        #expect(says("the SQL thread has stopped, error 1062", "replication", check))
        try run(replica, "DELETE FROM shop.goods WHERE id = 50", "START SLAVE")
        #expect(says("", "replication", check))

        source.end()
        let lost = try start("replication", replica, options: [("source_lost", "fail")])
        #expect(says("does not reach 127.0.0.1", "replication", lost))
        #expect(says("", "replication", check))
    }
}
