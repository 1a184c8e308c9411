/// The exporter over HTTP, with curl and with clients that behave badly.
import ControlProtocol
import Exporter
import Foundation
import LinuxIO
import Testing

private let sampleMetrics = "# HELP halua_state x\n# TYPE halua_state gauge\nhalua_state{state=\"MASTER\"} 1\n"

@Suite struct ServerTests {
    @Test("Prometheus gets the daemon's text with the right type, and halua_up 1", .timeLimit(.minutes(1)))
    func metrics() throws {
        let daemon = try FakeDaemon(.answers(metrics: sampleMetrics, status: sampleReport))
        try withServer(daemon.path) { (address) throws in
            let reply = try get(address, "/metrics?x=1")
            #expect(reply.status == 200)
            #expect(reply.contentType == "text/plain; version=0.0.4; charset=utf-8")
            #expect(reply.body.hasPrefix(sampleMetrics))
            #expect(reply.body.hasSuffix("# TYPE halua_up gauge\nhalua_up 1\n"))
        }
    }

    @Test("the page, the health and what is not there", .timeLimit(.minutes(1)))
    func pages() throws {
        let daemon = try FakeDaemon(.answers(metrics: sampleMetrics, status: sampleReport))
        try withServer(daemon.path) { (address) throws in
            let page = try get(address, "/")
            #expect(page.status == 200 && page.contentType.hasPrefix("text/html") && page.body.contains("VI_1"))
            #expect(try get(address, "/healthz").body == "ok\n")
            #expect(try get(address, "/../etc/passwd", ["--path-as-is"]).status == 404)
            #expect(try get(address, "/metrics", ["-X", "POST", "-d", "x=1"]).status == 405)
            let head = try get(address, "/metrics", ["-I"])
            #expect(head.status == 200 && !head.body.contains("halua_state"))
        }
    }

    @Test("IPv6 is served", .timeLimit(.minutes(1)))
    func version6() throws {
        try withServer("/nonexistent/halua.sock", at: "[::1]:0") { (address) throws in
            #expect(try get(address, "/healthz").status == 200)
        }
    }

    @Test("a daemon that is gone or speaks nonsense is halua_up 0, and no error", .timeLimit(.minutes(1)))
    func gone() throws {
        let confused = try FakeDaemon(.garbage)
        for path in ["/nonexistent/halua.sock", confused.path] {
            try withServer(path) { (address) throws in
                let reply = try get(address, "/metrics")
                #expect(reply.status == 200 && reply.body.hasSuffix("\nhalua_up 0\n"))
            }
        }
    }

    @Test("a daemon that hangs costs one scrape its limit, and nobody else anything", .timeLimit(.minutes(1)))
    func hanging() throws {
        let daemon = try FakeDaemon(.silent)
        try withServer(daemon.path, limit: .milliseconds(300)) { (address) throws in
            let good = Lock(0)
            DispatchQueue.concurrentPerform(iterations: 20) { number in
                let isHealth = number % 4 == 0
                let reply = try? get(address, isHealth ? "/healthz" : "/metrics")
                if reply?.body.hasSuffix(isHealth ? "ok\n" : "halua_up 0\n") == true { good.withLock { $0 += 1 } }
            }
            #expect(good.withLock { $0 } == 20)
        }
        // They took each other's answer; the daemon was not asked twenty times.
        #expect(daemon.requests.withLock { $0 } < 10)
    }

    @Test("200 clients at once are all served, and the daemon is asked a few times", .timeLimit(.minutes(1)))
    func crowd() throws {
        let daemon = try FakeDaemon(.answers(metrics: sampleMetrics, status: sampleReport))
        try withServer(daemon.path) { (address) throws in
            var clients: [StreamSocket] = []
            for _ in 0..<200 {
                let socket = try connect(address)
                clients.append(socket)
            }
            usleep(100_000)
            var served = 0
            for socket in clients {
                _ = try? socket.send(Array("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".utf8)[...])
            }
            for socket in clients {
                var answer: [UInt8] = []
                for _ in 0..<5_000 {
                    if case .end? = try? socket.receive(appendingTo: &answer) { break }
                    usleep(1_000)
                }
                if String(decoding: answer, as: UTF8.self).hasSuffix("halua_up 1\n") { served += 1 }
            }
            #expect(served == 200)
        }
        #expect(daemon.requests.withLock { $0 } < 50)
    }

    @Test("clients that send an octet now and then are ended, and others are served again", .timeLimit(.minutes(1)))
    func slowLoris() throws {
        let site = Site(DaemonReader(path: "/nonexistent/halua.sock"))
        let server = try WebServer(
            site, at: SocketAddress(listening: "127.0.0.1:0"), connections: 16, lifetimeNanoseconds: 500_000_000)
        defer { server.close() }
        var slow: [StreamSocket] = []
        // As many as there are places.
        for _ in 0..<16 { slow.append(try connect(server.address)) }
        usleep(50_000)
        for octet in "GET /metrics HTTP/1.1\r\nX: ".utf8 {
            for socket in slow { _ = try? socket.send([octet][...]) }
            usleep(40_000)
            server.endOverdue()
        }
        #expect(try get(server.address, "/healthz").status == 200)
        var ended = 0
        for socket in slow {
            var rest: [UInt8] = []
            for _ in 0..<1_000 {
                do {
                    if case .end = try socket.receive(appendingTo: &rest) {
                        ended += 1
                        break
                    }
                } catch {
                    ended += 1
                    break
                }
                usleep(1_000)
            }
        }
        #expect(ended == 16)
    }

    @Test("a request that is too long, or none at all, ends that connection only", .timeLimit(.minutes(1)))
    func nonsense() throws {
        try withServer("/nonexistent/halua.sock") { (address) throws in
            let long = try connect(address)
            _ = try? long.send(Array("GET /\(String(repeating: "a", count: 60_000)) HTTP/1.1\r\n\r\n".utf8)[...])
            let binary = try connect(address)
            _ = try? binary.send([UInt8](repeating: 0xFF, count: 2_000)[...])
            #expect(try get(address, "/healthz").status == 200)
        }
    }
}
