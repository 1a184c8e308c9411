/// The levels of plugins/mycat.lua that log in, against what real Mycats said, and against a real MariaDB.
import Glibc
import Lab
import LinuxIO
import LuaHost
import Testing

@Suite(.serialized) struct MycatManagerTests {
    let bench = ScriptBench()

    private func start(
        _ checks: [String], port: Int, managerPort: Int, options: [(String, String)] = []
    ) throws {
        let all =
            [
                ("port", "\(port)"), ("manager_port", "\(managerPort)"), ("user", "root"), ("password", "digdeep"),
                ("schema", "TESTDB"), ("query", "select id from company limit 1"), ("pause", "3s"),
                ("query_timeout", "3s"), ("failures", "1"),
            ].filter { pair in !options.contains { $0.0 == pair.0 } } + options
        let lines = all.map {
            OptionLine(key: $0.0, values: [$0.1], file: "halua.conf", line: 2, column: 5)
        }
        let loaded = try bench.load(
            PluginSpec(name: "mycat", path: MycatPluginTests.path, options: lines, file: "halua.conf", line: 1))
        bench.engine.start(
            loaded,
            checks: checks.map {
                CheckSchedule(name: "mycat.\($0)", interval: .milliseconds(50), timeout: .seconds(3))
            },
            instances: [snapshot("VI_1")])
    }

    private func start(_ checks: [String], _ mycat: ReplayedMycat, options: [(String, String)] = []) throws {
        try start(checks, port: mycat.port, managerPort: mycat.managerPort, options: options)
    }

    private func reason(_ check: String) -> String? {
        bench.wait { message in
            guard case .checkResult("mycat.\(check)", .failed(let reason), _) = message else { return nil }
            return reason
        }
    }

    @Test("a login adds three checks, of which the shared ones have weights; without a schema there is no query")
    func registration() throws {
        func checks(_ options: [(String, String)]) throws -> [String] {
            let lines = options.map { OptionLine(key: $0.0, values: [$0.1], file: "f", line: 1, column: 1) }
            return try bench.load(PluginSpec(name: "mycat", path: MycatPluginTests.path, options: lines)).checks.map {
                "\($0.name) \($0.weight.map(String.init) ?? "fault")"
            }
        }
        let open = ["mycat.process fault", "mycat.greeting fault"]
        let manager = open + ["mycat.manager fault", "mycat.backends -5"]
        #expect(try checks([]) == open)
        #expect(try checks([("user", "root")]) == manager)
        #expect(try checks([("user", "root"), ("schema", "TESTDB")]) == manager + ["mycat.query -20"])
    }

    @Test(
        "a healthy Mycat passes in every level, by one login for each port, and nothing else is asked of it",
        arguments: [MySQLPacket.greeting(MycatTables.version), ReplayedMycat.newGreeting])
    func healthy(_ greeting: [UInt8]) throws {
        let mycat = ReplayedMycat(.init(greeting: greeting))
        try start(["greeting", "manager", "backends", "query"], mycat)
        for check in ["greeting", "manager", "backends", "query"] {
            #expect(bench.results(of: "mycat.\(check)", 5).allSatisfy { $0 == .passed }, "\(check)")
        }
        #expect(mycat.loginCount == 2)
        #expect(
            Set(mycat.statements) == [
                "show @@server", "show @@time.current", "show @@heartbeat", "show @@datasource",
                "select id from company limit 1",
            ])
    }

    @Test("when the plugin ends, every connection has been left by COM_QUIT")
    func goodbye() throws {
        let mycat = ReplayedMycat()
        try start(["greeting", "manager", "backends", "query"], mycat)
        _ = bench.results(of: "mycat.query", 3)
        bench.engine.stop()
        for _ in 0..<1_000 where mycat.openCount > 0 { usleep(2_000) }
        #expect(mycat.openCount == 0)
        // A greeting that was interrupted by the end may lack its own.
        #expect(mycat.quitCount >= mycat.acceptCount - 1)
    }

    @Test(
        "a backend is judged by what the table means",
        arguments: [
            ((-1, 0, "idle"), "its heartbeat fails (RS_CODE -1)"),
            ((-2, 0, "idle"), "its heartbeat times out (RS_CODE -2)"),
            ((1, 2, "idle"), "2 heartbeats have failed so far"),
        ])
    func backends(_ second: (Int, Int, String), _ words: String) throws {
        let mycat = ReplayedMycat(.init(second: second))
        try start(["backends", "query"], mycat)
        #expect(
            reason("backends")
                == "2 of 3 data nodes have a live write host; lost: dn3 (hostM2 127.0.0.1:13307: \(words))")
        _ = bench.results(of: "mycat.query", 3)
        #expect(!mycat.statements.contains("select id from company limit 1"))
    }

    @Test("a pool of threads that is stuck answers PING and no statement, and the reason says so")
    func stuckPool() throws {
        let mycat = ReplayedMycat(.init(isPoolStuck: true))
        try start(["manager"], mycat, options: [("pause", "300ms")])
        #expect(
            reason("manager") == "the manager 127.0.0.1:\(mycat.managerPort) does not answer: "
                + "it answers PING, but runs no statement: its pool of threads is stuck")
    }

    @Test("timers that are dead are known by the clock that stands still")
    func deadTimers() throws {
        let mycat = ReplayedMycat(.init(areTimersDead: true))
        try start(["manager"], mycat, options: [("pause", "300ms")])
        #expect(reason("manager")?.hasPrefix("Mycat's own clock has stood still for 0.") == true)
    }

    @Test("a Mycat that accepts and is silent, one that is out of buffers, and one that is gone are told apart")
    func deadEnds() throws {
        let mycat = ReplayedMycat(.init(isSilent: true))
        try start(["manager"], mycat, options: [("pause", "300ms")])
        #expect(reason("manager")?.contains("does not answer a login: JVM frozen, or collecting garbage?") == true)
        mycat.become { state in (state.isSilent, state.isOutOfBuffers) = (false, true) }
        let ended = bench.wait { message in
            if case .checkResult(_, .failed(let text), _) = message, text.hasPrefix("the manager: ") {
                text
            } else {
                nil
            }
        }
        #expect(ended != nil)
        mycat.become { $0.isOutOfBuffers = false }
        bench.clear()
        #expect(bench.wait { if case .checkResult(_, .passed, _) = $0 { true } else { nil } } == true)
    }

    @Test("a password that is wrong is said once and is no failure; a user at his limit is overload")
    func refusedLogins() throws {
        let mycat = ReplayedMycat(
            .init(loginError: "Access denied for user 'root', because password is error "))
        try start(["manager"], mycat)
        #expect(bench.results(of: "mycat.manager", 4).allSatisfy { $0 == .passed })
        #expect(bench.logged("mycat.manager is misconfigured and says nothing about Mycat")?.contains("1045") == true)
        #expect(bench.log.count == 1)
        bench.clear()
        mycat.become { $0.loginError = "Access denied for user 'root', because service be degraded " }
        #expect(bench.results(of: "mycat.manager", 4).allSatisfy { $0 == .passed })
        #expect(bench.log == [])
    }

    @Test("offline is the operator's wish: the check passes, and the log says that this node hands over")
    func offline() throws {
        let mycat = ReplayedMycat(.init(isOffline: true))
        try start(["manager"], mycat)
        #expect(bench.logged("Mycat was set offline at its manager: handing over") != nil)
        #expect(bench.results(of: "mycat.manager", 3).allSatisfy { $0 == .passed })
        mycat.become { $0.isOffline = false }
        #expect(bench.logged("Mycat is online again") != nil)
    }

    @Test(
        "a statement that fails is told with Mycat's own words; a schema that is unknown is the configuration's fault")
    func queries() throws {
        let mycat = ReplayedMycat(.init(queryError: (1_184, "Connection refused")))
        try start(["query"], mycat)
        let text = try #require(reason("query"))
        #expect(text.hasPrefix("127.0.0.1:\(mycat.port) refuses the statement in TESTDB: "))
        #expect(text.contains(": error 1184: Connection refused"))
        mycat.become { $0.queryError = (1_044, "Access denied for user 'root' to database 'TESTDB'") }
        #expect(bench.logged("mycat.query is misconfigured")?.contains("error 1044") == true)
    }

    @Test("garbage on the manager's port, for ever and octet by octet, is a failure and nothing worse")
    func garbage() throws {
        let server = HTTPServer(raw: { client in
            while client.send([0x47]) { usleep(500) }
        })
        try start(
            ["manager", "backends", "query"], port: server.port, managerPort: server.port, options: [("pause", "300ms")]
        )
        #expect(reason("manager")?.hasPrefix("the manager") == true)
        #expect(bench.results(of: "mycat.query", 2).count >= 2)
    }

    @Test("a real MariaDB on both ports is no Mycat: its greeting says so, and its manager is a misconfiguration")
    func mariadb() throws {
        let server = MariaDBServer.shared
        try start(
            ["greeting", "manager"], port: server.port, managerPort: server.port,
            options: [("user", "halua"), ("password", "secret"), ("schema", "")])
        #expect(reason("greeting")?.contains("is no Mycat: the server calls itself \"") == true)
        #expect(bench.logged("mycat.manager is misconfigured and says nothing about Mycat")?.contains("1064") == true)
    }
}
