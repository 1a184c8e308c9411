/// TLS against OpenSSL's own server: who is believed, who is not, and what a script is told.
import LuaHost
import Testing

@Suite struct TLSTests {
    let bench = ScriptBench()
    let certificates: Certificates

    init() throws {
        certificates = try Certificates()
        try certificates.make("good")
    }

    private func connect(_ port: Int, _ tls: String, host: String = "localhost", _ more: String = "timeout='5s'")
        -> String
    {
        "halua.tcp.connect{host='\(host)', port=\(port), \(more), tls=\(tls)}"
    }

    private func expectPassed(_ body: String) throws {
        let result = try bench.check(body)
        #expect(result == .passed)
    }

    private var trusting: String { "{ca='\(certificates.authority)'}" }

    @Test("what is sent by TLS arrives, and the answer comes back, in small pieces and large ones")
    func echo() throws {
        let server = try FakeTLS(certificates)
        let body = """
            local conn <close> = assert(\(connect(server.port, trusting)))
            assert(conn:send('olleh\\n'))
            assert(conn:receive('*l') == 'hello')
            local long = ('x'):rep(200000) .. 'y'
            assert(conn:send(long .. '\\n'))
            local back = assert(conn:receive(200000))
            return #back == 200000 and not back:find('[^xy\\n]'), #back
            """
        try expectPassed(body)
    }

    @Test("an address is checked against the addresses of the certificate, and a name may be said apart from the host")
    func names() throws {
        let server = try FakeTLS(certificates)
        let address = "local conn <close> = assert(\(connect(server.port, trusting, host: "127.0.0.1"))) return true"
        try expectPassed(address)
        let named = "{ca='\(certificates.authority)', server_name='localhost'}"
        let body = "local conn <close> = assert(\(connect(server.port, named, host: "127.0.0.1"))) return true"
        try expectPassed(body)
        let wrong = "{ca='\(certificates.authority)', server_name='db.example'}"
        let result = try bench.check("assert(\(connect(server.port, wrong)))")
        #expect(
            result
                == .failed(
                    "TLS with 127.0.0.1:\(server.port): host name does not match: the certificate is not for db.example"
                        + " (p.lua:2)"))
    }

    @Test("a certificate that is over, of nobody known, or for another address is refused in words")
    func refused() throws {
        try certificates.make("old", isExpired: true)
        try certificates.make("self", isSelfSigned: true)
        try certificates.make("other", for: "IP:192.0.2.1")
        let cases = [("old", "certificate has expired"), ("self", "self"), ("other", "address does not match")]
        for (name, words) in cases {
            let server = try FakeTLS(certificates, name)
            let host = name == "other" ? "127.0.0.1" : "localhost"
            let body = """
                local none, err = \(connect(server.port, trusting, host: host))
                return none == nil and err.kind == 'auth' and err.message:find('\(words)', 1, true) ~= nil, tostring(err)
                """
            try expectPassed(body)
        }
    }

    @Test("without a word about it the system's authorities decide, and verify=false believes everybody")
    func systemAuthorities() throws {
        let server = try FakeTLS(certificates)
        let body = """
            local none, err = \(connect(server.port, "true"))
            assert(none == nil and err.kind == 'auth', tostring(err))
            local conn <close> = assert(\(connect(server.port, "{verify=false}")))
            assert(conn:send('ba\\n'))
            return conn:receive('*l') == 'ab'
            """
        try expectPassed(body)
    }

    @Test("a server that asks for a certificate gets ours; without one it refuses, and the error says so")
    func clientCertificate() throws {
        try certificates.make("client")
        let server = try FakeTLS(
            certificates, "good", "-Verify 1 -verify_return_error -CAfile \(certificates.authority)")
        let own = "cert='\(certificates.folder)/client.pem', key='\(certificates.folder)/client.key'"
        let body = """
            do
              local conn <close> = assert(\(connect(server.port, "{ca='\(certificates.authority)', \(own)}")))
              assert(conn:send('ba\\n'))
              assert(conn:receive('*l') == 'ab')
            end
            -- TLS 1.3 tells it after the handshake.
            local other <close>, err = \(connect(server.port, trusting))
            if other then local data data, err = other:receive('*l') end
            return err ~= nil and err.kind == 'auth', tostring(err)
            """
        try expectPassed(body)
    }

    @Test("a peer that speaks no TLS, ends, or says nothing is an error of its own kind")
    func oddPeers() throws {
        let cases: [(FakeServer.Behaviour, String, String)] = [
            (.sends(Array("220 mail ready, and much more of it\r\n".utf8)), "protocol", "what it says is no TLS"),
            (.closes, "", ""), (.sendsAndCloses([22, 3, 3]), "", ""), (.sends([]), "timeout", "timed out after 100 ms"),
            (.dribbles([UInt8](repeating: 0x15, count: 40)), "protocol", ""),
        ]
        for (behaviour, kind, words) in cases {
            let server = FakeServer(behaviour)
            let body = """
                local none, err = \(connect(server.port, trusting, "timeout='\(kind == "timeout" ? "100ms" : "5s")'"))
                local kinds = '\(kind.isEmpty ? "closed reset" : kind)'
                return none == nil and kinds:find(err.kind) and err.message:find('\(words)', 1, true) ~= nil, tostring(err)
                """
            try expectPassed(body)
        }
    }

    @Test("a connection that ends without the end of TLS may have been cut: *a is an error, with what had arrived")
    func truncated() throws {
        let server = try FakeTLS(certificates)
        let body = """
            local conn <close> = assert(\(connect(server.port, trusting)))
            assert(conn:send('ba\\n'))
            assert(conn:receive(1) == 'a')
            print('cut it')
            local data, err, partial = conn:receive('*a')
            return data == nil and (err.kind == 'closed' or err.kind == 'reset') and partial == 'b\\n', tostring(err)
            """
        try bench.run("halua.check{name='cut', interval=60, timeout='5s', run=function()\n\(body)\nend}")
        #expect(bench.logged("cut it") != nil)
        server.kill()
        #expect(bench.result(of: "p.cut") == .passed)
    }

    @Test("a plain connection goes on by TLS when both have agreed")
    func startTLS() throws {
        let server = try FakeTLS(certificates)
        let body = """
            local conn <close> = assert(halua.tcp.connect{host='localhost', port=\(server.port)})
            assert(conn:starttls{ca='\(certificates.authority)', timeout='5s'})
            assert(conn:send('ba\\n'))
            return conn:receive('*l') == 'ab'
            """
        try expectPassed(body)
        let twice = "local conn = assert(\(connect(server.port, trusting))) conn:starttls()"
        guard case .broken(let text) = try bench.check(twice) else {
            Issue.record("not broken")
            return
        }
        #expect(text.contains("the connection is by TLS already"))
    }

    @Test("what a peer sent before TLS began is not taken for something it said by TLS")
    func injected() throws {
        let server = FakeServer(.sends(Array("220 go\r\nEVIL\r\n".utf8)))
        let body = """
            local conn <close> = assert(halua.tcp.connect{host='localhost', port=\(server.port)})
            assert(conn:receive('*l') == '220 go')
            halua.sleep('20ms')
            local ok, err = conn:starttls{verify=false, timeout='1s'}
            return ok == nil and err.kind == 'protocol' and conn:send('x') == nil, tostring(err)
            """
        try expectPassed(body)
    }

    @Test("files that are missing, or could make reading wait, are errors; a wrong field is a bug")
    func files() throws {
        let server = try FakeTLS(certificates)
        let body = """
            local none, err = \(connect(server.port, "{ca='/nowhere.pem'}"))
            assert(none == nil and err.kind == 'denied' and err.message:find('/nowhere.pem', 1, true), tostring(err))
            none, err = \(connect(server.port, "{ca='/dev/zero'}"))
            assert(none == nil and err.message:find('not a regular file', 1, true), tostring(err))
            none, err = \(connect(server.port, "{cert='\(certificates.folder)/ca.key'}"))
            return none == nil and err.kind == 'denied', tostring(err)
            """
        try expectPassed(body)
        let wrong = [
            ("{sever_name='x'}", "there is no field \"sever_name\" (did you mean \"server_name\"?)"),
            ("'yes'", "field \"tls\" must be true, false, or a table of named fields, not string"),
            ("{key='x'}", "a key needs a certificate"),
        ]
        for (tls, message) in wrong {
            guard case .broken(let text) = try bench.check(connect(server.port, tls)) else {
                Issue.record("not broken: \(tls)")
                continue
            }
            #expect(text.contains(message))
        }
    }
}
