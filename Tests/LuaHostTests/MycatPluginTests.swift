/// plugins/mycat.lua against a scripted Mycat and a process that stands in for its JVM.
import Glibc
import Lab
import LuaHost
import Testing

@Suite struct MycatPluginTests {
    let bench = ScriptBench()

    static let path =
        "\(#filePath)".split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
        + "/plugins/mycat.lua"

    private static let mycat = MySQLPacket.greeting(MycatTables.version)

    /// Starts one of the plugin's checks with a short interval.
    private func start(_ check: String, port: Int = 1, options: [(String, [String])] = []) throws {
        var lines = [OptionLine(key: "port", values: ["\(port)"], file: "halua.conf", line: 2, column: 5)]
        // The first failure counts, so that a test sees it.
        for (key, values) in [("failures", ["1"]), ("manager_port", ["1"])] + options {
            lines.append(OptionLine(key: key, values: values, file: "halua.conf", line: 3, column: 5))
        }
        let spec = PluginSpec(name: "mycat", path: Self.path, options: lines, file: "halua.conf", line: 1)
        let loaded = try bench.load(spec)
        bench.engine.start(
            loaded,
            checks: [
                CheckSchedule(name: "mycat.\(check)", interval: .milliseconds(50), timeout: .seconds(3))
            ])
    }

    private func reason(_ check: String) -> String? {
        guard case .failed(let reason)? = bench.result(of: "mycat.\(check)") else { return nil }
        return reason
    }

    @Test("the plugin is trusted where it lies, registers its two checks and both put the node into FAULT")
    func registration() throws {
        let loaded = try bench.load(PluginSpec(name: "mycat", path: Self.path))
        #expect(loaded.checks.map(\.name) == ["mycat.process", "mycat.greeting"])
        #expect(loaded.checks.allSatisfy { $0.weight == nil && $0.rise == 2 })
        #expect(loaded.checks.map(\.fall) == [1, 1])
        #expect(loaded.gates.map(\.name) == ["mycat.ready"])
        #expect(loaded.checks.last?.interval == .seconds(1) && loaded.checks.last?.timeout == .seconds(3))
    }

    @Test("a healthy Mycat passes, and the probe ends by COM_QUIT")
    func healthy() throws {
        let server = FakeServer(.greets(Self.mycat))
        try start("greeting", port: server.port)
        #expect(bench.results(of: "mycat.greeting", 3).allSatisfy { $0 == .passed })
        #expect(server.quitCount >= 2)
    }

    @Test("a greeting that comes octet by octet is a greeting")
    func slowGreeting() throws {
        let server = FakeServer(.dribbles(Array(Self.mycat.prefix(60) + Self.mycat.dropFirst(60))))
        let loaded = try bench.load(
            PluginSpec(
                name: "mycat", path: Self.path,
                options: [OptionLine(key: "port", values: ["\(server.port)"], file: "f", line: 1, column: 1)]))
        bench.engine.start(
            loaded, checks: [CheckSchedule(name: "mycat.greeting", interval: .milliseconds(50), timeout: .seconds(5))])
        #expect(bench.result(of: "mycat.greeting") == .passed)
    }

    @Test("a port that refuses, and a server that hangs up without a word, are told apart")
    func refusedAndClosed() throws {
        let server = FakeServer(.closes)
        try start("greeting", port: server.port)
        let address = "127.0.0.1:\(server.port)"
        #expect(
            reason("greeting") == "\(address) accepts connections and closes them without a greeting: "
                + "Mycat is out of network buffers and needs a restart")
        bench.clear()
        try start("greeting", port: 1)
        _ = bench.wait { message -> Bool? in
            guard case .checkResult(_, .failed(let text), _) = message, text.contains("127.0.0.1:1 ") else {
                return nil
            }
            return text == "127.0.0.1:1 refuses connections: nothing listens there"
        }.map { #expect($0) }
    }

    @Test("a Mycat that accepts and says nothing hangs; one connection is waited for, and its greeting heals at once")
    func silent() throws {
        let server = FakeServer(.silent)
        try start("greeting", port: server.port, options: [("pause", ["10ms"])])
        let results = bench.results(of: "mycat.greeting", 4)
        for result in results {
            guard case .failed(let text) = result else {
                Issue.record("\(result)")
                continue
            }
            #expect(text.hasPrefix("127.0.0.1:\(server.port) accepts connections but sent no greeting for "))
            #expect(text.hasSuffix("s: JVM frozen, or collecting garbage?"))
        }
        #expect(server.acceptCount == 1)
    }

    @Test(
        "another service on the port is named",
        arguments: [
            (MySQLPacket.greeting("8.0.36"), "is no Mycat: the server calls itself \"8.0.36\""),
            (MySQLPacket.greeting("5.6-mycat-1", protocolVersion: 9), "speaks version 9 of the MySQL protocol"),
            (Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), "is no Mycat: it begins with \"SSH-\""),
            (
                [UInt8]([20, 0, 0, 0, 0xFF, 0x10, 0x04]) + Array("Too many connectn".utf8),
                "refuses service: Too many connectn"
            ),
        ])
    func wrongService(_ bytes: [UInt8], _ words: String) throws {
        let server = FakeServer(.sends(bytes))
        try start("greeting", port: server.port)
        #expect(reason("greeting")?.contains(words) == true)
    }

    @Test("the end of a connection in the middle of the greeting is told")
    func halfGreeting() throws {
        let server = FakeServer(.sendsAndCloses(Array(Self.mycat.prefix(30))))
        try start("greeting", port: server.port)
        #expect(
            reason("greeting") == "127.0.0.1:\(server.port) closed the connection in the middle of the greeting")
    }

    @Test("the JVM is found by its main class; its stop, its zombie and its absence are told apart")
    func process() throws {
        let word = "io.mycat.Test\(getpid())"
        let jvm = TestProcess(["-DMYCAT_HOME=/srv/mycat", word, "start"])
        let wrapper = TestProcess(["wrapper.app.parameter.1=\(word)"])
        try start("process", options: [("main_class", [word, "org.example.Other"]), ("home", ["/srv/mycat/"])])
        #expect(bench.result(of: "mycat.process") == .passed)
        jvm.signal(SIGSTOP)
        bench.clear()
        let stopped = bench.wait { message -> String? in
            if case .checkResult(_, .failed(let text), _) = message { text } else { nil }
        }
        #expect(
            stopped == "the JVM (process \(jvm.identifier)) is stopped: it runs no instruction until it is continued")
        jvm.signal(SIGCONT)
        bench.clear()
        #expect(bench.wait { if case .checkResult(_, .passed, _) = $0 { true } else { nil } } == true)
        jvm.killWithoutReaping()
        let zombie = bench.wait { message -> String? in
            if case .checkResult(_, .failed(let text), _) = message, text.contains("ended") { text } else { nil }
        }
        #expect(
            zombie == "the JVM (process \(jvm.identifier)) has ended, and its parent \(getpid()) has not collected it")
        jvm.reap()
        let gone = bench.wait { message -> String? in
            if case .checkResult(_, .failed(let text), _) = message, text.hasSuffix("ended") { text } else { nil }
        }
        #expect(gone == "the JVM (process \(jvm.identifier)) has ended")
        wrapper.end()
    }

    @Test("the JVM of another installation does not count, nor does one in its directory by the name of another")
    func otherHome() throws {
        let word = "io.mycat.Home\(getpid())"
        let other = TestProcess(["-DMYCAT_HOME=/srv/other", word])
        try start("process", options: [("main_class", [word]), ("home", ["/srv/mycat"])])
        #expect(reason("process") == "no process runs \(word) in /srv/mycat")
        let relative = TestProcess(["-DMYCAT_HOME=.", word], script: "cd / && read line")
        bench.clear()
        try start("process", options: [("main_class", [word]), ("home", ["/"])])
        #expect(bench.wait { if case .checkResult(_, .passed, _) = $0 { true } else { nil } } == true)
        other.end()
        relative.end()
    }
}
