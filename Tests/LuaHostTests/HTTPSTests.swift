/// halua.http over TLS: who is believed, who is not, and what a script is told.
import Glibc
import LuaHost
import Testing

@Suite struct HTTPSTests {
    let bench = ScriptBench()
    let certificates: Certificates

    init() throws {
        certificates = try Certificates()
        try certificates.make("good")
    }

    private func get(_ port: Int, _ options: String, host: String = "localhost") -> String {
        "halua.http.get('https://\(host):\(port)/', {timeout='5s', \(options)})"
    }

    private var trusting: String { "ca='\(certificates.authority)'" }

    @Test("a server with the right certificate answers, by its name and by its address")
    func trusted() throws {
        let server = try FakeTLS(certificates, mode: "-www")
        let body = """
            local res = assert(\(get(server.port, trusting)))
            assert(res.status == 200 and res.headers['content-type'] == 'text/html', res.status)
            res = assert(\(get(server.port, trusting, host: "127.0.0.1")))
            res = assert(\(get(server.port, trusting + ", resolve='127.0.0.1'", host: "localhost")))
            return res.status == 200
            """
        let result = try bench.check(body)
        #expect(result == .passed)
    }

    @Test("who is not known, has another name, or is out of date is not believed, unless verify is false")
    func untrusted() throws {
        try certificates.make("self", isSelfSigned: true)
        try certificates.make("other", for: "DNS:db.example")
        try certificates.make("old", isExpired: true)
        for name in ["self", "other", "old"] {
            let server = try FakeTLS(certificates, name, mode: "-www")
            let body = """
                local none, err = \(get(server.port, trusting))
                assert(none == nil and err.kind == 'auth', tostring(err))
                local prefix = 'http.get https://localhost:\(server.port): the certificate is not accepted: '
                assert(err.message:sub(1, #prefix) == prefix, err.message)
                return \(get(server.port, "verify=false")).status == 200
                """
            let result = try bench.check(body)
            #expect(result == .passed, "\(name)")
        }
        let server = try FakeTLS(certificates, mode: "-www")
        let system = try bench.check(
            "local none, err = \(get(server.port, ""))\nreturn none == nil and err.kind == 'auth', tostring(err)")
        #expect(system == .passed)
    }

    @Test("a server that wants a certificate gets ours")
    func ownCertificate() throws {
        try certificates.make("own")
        let server = try FakeTLS(
            certificates, "good", "-Verify 1 -verify_return_error -CAfile \(certificates.authority)", mode: "-www")
        let own = "cert='\(certificates.folder)/own.pem', key='\(certificates.folder)/own.key'"
        let body = """
            assert(\(get(server.port, trusting + ", " + own)).status == 200)
            local none, err = \(get(server.port, trusting))
            return none == nil, tostring(err)
            """
        let result = try bench.check(body)
        #expect(result == .passed)
    }

    @Test("files that cannot be read, handshakes that hang, and servers without TLS are told apart")
    func failures() throws {
        let silent = HTTPServer(raw: { $0.hang() })
        let plain = HTTPServer(raw: { client in
            _ = client.read()
            client.send("HTTP/1.1 400 Bad Request\r\n\r\n")
            client.shutDown()
        })
        let fifo = bench.file("fifo", "")
        unlink(fifo)
        mkfifo(fifo, 0o600)
        let rubbish = bench.file("rubbish.pem", "no certificate")
        let body = """
            local function try(...) local none, err = ... assert(none == nil) return err end
            local err = try(\(get(silent.port, "ca='/nowhere'")))
            assert(err.kind == 'denied' and err.message:find('ca /nowhere: No such file'), err.message)
            err = try(\(get(silent.port, "ca='\(fifo)'")))
            assert(err.kind == 'denied', err.message)
            err = try(\(get(plain.port, "ca='\(rubbish)'")))
            assert(err.kind == 'denied', err.kind .. err.message)
            err = try(halua.http.get('https://localhost:\(silent.port)/', {timeout='100ms'}))
            assert(err.kind == 'timeout' and err.message:find('while connecting by TLS'), err.message)
            err = try(\(get(plain.port, trusting)))
            return err.kind == 'protocol', err.kind .. err.message
            """
        let result = try bench.check(body)
        #expect(result == .passed)
    }
}
