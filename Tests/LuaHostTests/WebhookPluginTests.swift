/// plugins/webhook.lua against a real web server: what arrives, and that a refusal is tried again.
import Glibc
import LinuxIO
import LuaHost
import Testing

@Suite struct WebhookPluginTests {
    let bench = ScriptBench()

    private static let path =
        "\(#filePath)".split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
        + "/plugins/webhook.lua"

    private func start(_ url: String, _ options: [String: String] = [:]) throws {
        let lines = ["url": url].merging(options) { $1 }.map { key, value in
            OptionLine(key: key, values: [value], file: "halua.conf", line: 2, column: 5)
        }
        bench.start(
            try bench.load(PluginSpec(name: "webhook", path: Self.path, options: lines)),
            instances: [snapshot("VI_1")])
    }

    private func becomeMaster() {
        let message = TransitionMessage(
            instance: snapshot("VI_1", state: "MASTER"), from: "BACKUP", to: "MASTER", reason: "master_down",
            sentence: "no master was heard", sequence: 1, atNanoseconds: Clock.monotonic)
        bench.engine.send(.transition(message))
    }

    @Test("a notice arrives as JSON, after a refusal once more, and the log tells neither path nor token")
    func arrives() throws {
        let bodies = Lock<[String]>([])
        let heads = Lock<[[String]]>([])
        let server = HTTPServer { request, client in
            let count = bodies.withLock { bodies in
                bodies.append(String(decoding: request.body, as: UTF8.self))
                return bodies.count
            }
            heads.withLock { $0.append(request.head) }
            client.answer("", status: count == 1 ? "503 Service Unavailable" : "200 OK")
        }
        try start("http://127.0.0.1:\(server.port)/SECRET/hook", ["format": "json", "token": "T0KEN"])
        becomeMaster()
        #expect(bench.logged("could not be delivered") != nil)
        let second = waitUntil { bodies.withLock { $0.count == 2 } }
        #expect(second)
        for body in bodies.withLock({ $0 }) {
            #expect(body.contains("\"text\":\"VI_1: holds 192.0.2.1 now (no master was heard)\""), "\(body)")
            #expect(body.contains("\"vips\":[\"192.0.2.1\"]"), "\(body)")
        }
        let head = heads.withLock { $0[1] }
        #expect(head[0] == "POST /SECRET/hook HTTP/1.1")
        #expect(head.contains("Authorization: Bearer T0KEN"))
        #expect(!bench.log.contains { $0.contains("SECRET") || $0.contains("T0KEN") })
    }

    @Test("a server that sends garbage, one octet at a time, for ever holds up nothing and is tried again")
    func garbage() throws {
        let connections = Lock(0)
        let server = HTTPServer(raw: { client in
            connections.withLock { $0 += 1 }
            _ = client.read()
            while client.send([0x58]) { usleep(20_000) }
        })
        try start("http://127.0.0.1:\(server.port)/", ["timeout": "300ms"])
        becomeMaster()
        #expect(bench.logged("could not be delivered") != nil)
        #expect(waitUntil { connections.withLock { $0 >= 2 } })
    }

    /// Looks every 20 ms, for ten seconds at most.
    private func waitUntil(_ isReached: () -> Bool) -> Bool {
        for _ in 0..<500 {
            if isReached() { return true }
            usleep(20_000)
        }
        return false
    }
}
