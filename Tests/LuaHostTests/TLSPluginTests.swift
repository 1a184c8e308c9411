/// plugins/tcp.lua and plugins/http.lua over TLS against OpenSSL's own server: whom they believe, and what they say.
import LuaHost
import Testing

@Suite struct TLSPluginTests {
    let certificates: Certificates

    init() throws {
        certificates = try Certificates()
        try certificates.make("good")
        try certificates.make("old", isExpired: true)
        try certificates.make("other", for: "DNS:db.example")
        try certificates.make("unknown", isSelfSigned: true)
    }

    private static let plugins =
        "\(#filePath)".split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/plugins"

    /// The first result of a plugin's check with these options.
    private func result(_ plugin: String, _ check: String, _ options: [(String, String)]) throws -> CheckResult? {
        let bench = ScriptBench()
        let lines = options.map { OptionLine(key: $0, values: [$1], file: "halua.conf", line: 2, column: 5) }
        let spec = PluginSpec(name: "p", path: "\(Self.plugins)/\(plugin).lua", options: lines)
        bench.engine.start(
            try bench.load(spec),
            checks: [CheckSchedule(name: "p.\(check)", interval: .seconds(60), timeout: .seconds(10))])
        return bench.result(of: "p.\(check)")
    }

    /// What a certificate that is not believed is told with.
    static let refusals = [
        ("old", "certificate has expired"), ("other", "is not for 127.0.0.1"), ("unknown", "self-signed certificate"),
    ]

    @Test("tcp believes the right certificate, and says of each other one what is wrong with it")
    func tcp() throws {
        func connect(_ name: String, _ more: [(String, String)] = []) throws -> (CheckResult?, Int) {
            // It sends each line back in reverse.
            let server = try FakeTLS(certificates, name)
            let options = [
                ("port", "\(server.port)"), ("tls", "on"), ("send", "GNOP+\n"), ("expect", "+PONG"),
            ]
            return (try result("tcp", "connect", options + more), server.port)
        }
        let trusting = ("ca", certificates.authority)
        #expect(try connect("good", [trusting]).0 == .passed)
        #expect(try connect("good", [trusting, ("server_name", "localhost")]).0 == .passed)
        #expect(try connect("unknown", [("verify", "off")]).0 == .passed)
        for (name, words) in Self.refusals {
            let (said, port) = try connect(name, [trusting])
            expect(said, "the certificate of 127.0.0.1:\(port) is not believed: ", words)
        }
        // Without `ca` the system's authorities count, which do not know this one.
        let (said, port) = try connect("good")
        expect(said, "the certificate of 127.0.0.1:\(port) is not believed: ", "unable to get local issuer certificate")
        let (named, namedPort) = try connect("good", [trusting, ("server_name", "db.example")])
        expect(named, "the certificate of 127.0.0.1:\(namedPort) is not believed: ", "is not for db.example")
    }

    @Test("http believes the right certificate, and says of each other one what is wrong with it")
    func http() throws {
        func ask(_ name: String, _ more: [(String, String)]) throws -> (CheckResult?, Int) {
            let server = try FakeTLS(certificates, name, mode: "-www")
            return (try result("http", "answer", [("url", "https://127.0.0.1:\(server.port)/")] + more), server.port)
        }
        let trusting = ("ca", certificates.authority)
        #expect(try ask("good", [trusting]).0 == .passed)
        #expect(try ask("old", [("verify", "off")]).0 == .passed)
        for (name, words) in [("old", "expired"), ("other", "127.0.0.1"), ("unknown", "self-signed")] {
            let (said, port) = try ask(name, [trusting])
            expect(said, "https://127.0.0.1:\(port)/: the certificate is not believed: ", words)
        }
        let (said, port) = try ask("good", [])
        expect(
            said, "https://127.0.0.1:\(port)/: the certificate is not believed: ",
            "unable to get local issuer certificate")
    }

    @Test("a TLS server where plain text is expected, and plain text where TLS is, are told")
    func mixedUp() throws {
        let secure = try FakeTLS(certificates)
        let plain = HTTPServer { _, client in client.answer("well") }
        let options = [("send", "PING\r\n"), ("expect", "+PONG")]
        expect(
            try result("tcp", "connect", [("port", "\(secure.port)")] + options), "127.0.0.1:\(secure.port) ", "")
        expect(
            try result("tcp", "connect", [("port", "\(plain.port)"), ("tls", "on")] + options),
            "127.0.0.1:\(plain.port) ", "")
        let address = "https://127.0.0.1:\(plain.port)/"
        expect(try result("http", "answer", [("url", address)]), "\(address): ", "")
    }

    private func expect(_ result: CheckResult?, _ beginning: String, _ words: String) {
        guard case .failed(let reason)? = result else {
            Issue.record("\(String(describing: result)), not: \(beginning)…\(words)")
            return
        }
        #expect(reason.hasPrefix(beginning) && (words.isEmpty || reason.contains(words)), "\(reason)")
        #expect(!reason.contains(".lua:"), "\(reason)")
    }
}
