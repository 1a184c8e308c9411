/// halua.mail.send against mail servers on loopback, good ones and bad ones.
import Glibc
import LuaHost
import Testing

@Suite struct MailTests {
    let bench = ScriptBench()

    private func mail(_ server: SMTPServer, _ more: String = "") -> String {
        "halua.mail.send{server='127.0.0.1:\(server.port)', from='halua@example.org', to='ops@example.org', "
            + "subject='s', body='b', timeout='5s', helo='node1', \(more)}"
    }

    @Test("a mail arrives whole: envelope, headers, lines that begin with dots, Chinese")
    func arrives() throws {
        let server = SMTPServer()
        let body = """
            local lines = {'.', '..two', 'a . b', '状态: 主节点', string.rep('x', 300), ''}
            local sent, err = halua.mail.send{server='127.0.0.1:\(server.port)', from='halua@example.org',
              to={'ops@example.org', 'b@example.org'}, cc={'ops@example.org', 'c@example.org'},
              subject='切换', body=table.concat(lines, '\\n'), helo='node1.example.org'}
            return sent == true and err == nil, tostring(err)
            """
        #expect(try bench.check(body) == .passed)
        let mail = try #require(server.taken.first)
        #expect(server.heard.first == "EHLO node1.example.org")
        #expect(server.heard.last == "QUIT")
        #expect(mail.sender == "halua@example.org")
        #expect(mail.recipients == ["ops@example.org", "b@example.org", "c@example.org"])
        #expect(mail.value("To") == "ops@example.org, b@example.org")
        #expect(mail.value("Cc") == "ops@example.org, c@example.org")
        #expect(mail.value("Subject") == "=?UTF-8?B?5YiH5o2i?=")
        #expect(mail.value("Message-ID")?.hasSuffix("@node1.example.org>") == true)
        #expect(mail.value("Content-Transfer-Encoding") == "quoted-printable")
        let lines = ["..", "...two", "a . b", "=E7=8A=B6=E6=80=81: =E4=B8=BB=E8=8A=82=E7=82=B9"]
        #expect(Array(mail.body.prefix(4)) == lines)
    }

    @Test("what the server says no to is an error with its words and its code")
    func refused() throws {
        let cases: [([String: String], code: Int, kind: String, words: String)] = [
            (["": "554 5.3.2 no service here"], 554, "denied", "554 5.3.2 no service here"),
            (["": "421 too busy"], 421, "denied", "421 too busy"),
            (["MAIL": "451 4.7.1 come later"], 451, "denied", "the sender halua@example.org: 451 4.7.1 come later"),
            (["RCPT": "550 5.1.1 unknown user"], 550, "denied", "ops@example.org: 550 5.1.1 unknown user"),
            (["RCPT": "421 4.3.2 going down"], 421, "denied", "ops@example.org: 421 4.3.2 going down"),
            (["DATA": "452 4.3.1 disk full"], 452, "denied", "the message: 452 4.3.1 disk full"),
            ([".": "554-5.7.1 spam,\r\n554 5.7.1 away"], 554, "denied", "the message: 554 5.7.1 spam, 5.7.1 away"),
        ]
        for (answers, code, kind, words) in cases {
            let server = SMTPServer(SMTPServer.Manners(answers: answers))
            let body = """
                local sent, err = \(mail(server))
                assert(sent == nil, 'sent')
                local text = 'mail.send 127.0.0.1:\(server.port): \(words)'
                return err.kind == '\(kind)' and err.code == \(code) and err.message == text, err.message .. err.kind
                """
            let result = try bench.check(body)
            #expect(result == .passed, "\(answers)")
        }
    }

    @Test("a recipient who is refused does not keep the mail from the others")
    func partly() throws {
        let server = SMTPServer(SMTPServer.Manners(answers: ["RCPT TO:<no@": "550 5.1.1 unknown user"]))
        let body = """
            local sent, err = \(mail(server, "cc={'no@example.org', 'yes@example.org'}"))
            assert(sent == true)
            local text = 'mail.send 127.0.0.1:\(server.port): no@example.org: 550 5.1.1 unknown user'
            return err.message == text and err.code == 550 and err.where == 'p.lua:2', tostring(err)
            """
        #expect(try bench.check(body) == .passed)
        #expect(server.taken.first?.recipients == ["ops@example.org", "yes@example.org"])
    }

    @Test("a server that comes one octet at a time, or knows no EHLO, is as good as any")
    func odd() throws {
        for manners in [SMTPServer.Manners(piece: 1), SMTPServer.Manners(answers: ["EHLO": "502 what?"])] {
            let server = SMTPServer(manners)
            #expect(try bench.check("return \(mail(server))") == .passed)
            #expect(server.taken.count == 1)
        }
    }

    @Test("a server that stalls costs the timeout and delays nobody else, wherever it stalls")
    func stalls() throws {
        let places: [(at: String, words: String)] = [
            ("", "while waiting for its greeting"), ("EHLO", "during the greeting"),
            ("MAIL", "while waiting for the answer to MAIL FROM"), ("RCPT", "while waiting for the answer to RCPT TO"),
            ("DATA", "while waiting for the answer to DATA"), (".", "while the message was taken"),
        ]
        for (place, words) in places {
            let server = SMTPServer(SMTPServer.Manners(answers: [place: ""]))
            let body = """
                local turns = 0
                local other = halua.spawn(function() while true do halua.sleep('5ms') turns = turns + 1 end end)
                local sent, err = \(mail(server, "").replacing("'5s'", with: "'300ms'"))
                other:cancel()
                assert(sent == nil and turns >= 10, turns)
                local text = 'mail.send 127.0.0.1:\(server.port): timed out after 300 ms \(words)'
                return err.kind == 'timeout' and err.message == text, err.message
                """
            let result = try bench.check(body)
            #expect(result == .passed, "at \(place)")
            // Abandoned there: the next check gets its turn.
            let cut = try bench.check(mail(server), timeout: "50ms")
            #expect(cut == .failed("timed out after 50 ms in mail.send (p.lua:2)"), "at \(place)")
        }
        #expect(try bench.check("return true") == .passed)
    }

    @Test("once the mail is taken, a server that says no goodbye changes nothing")
    func goodbye() throws {
        for manners in [
            SMTPServer.Manners(answers: ["QUIT": ""]), SMTPServer.Manners(closesAfter: "QUIT"),
            SMTPServer.Manners(answers: ["QUIT": "\u{0}\u{1}nonsense"]),
        ] {
            let server = SMTPServer(manners)
            #expect(try bench.check("return \(mail(server))") == .passed)
        }
    }

    @Test("a server that hangs up, or is none, is an error that says where")
    func noServer() throws {
        let cases: [(SMTPServer.Manners, kind: String, words: String)] = [
            (.init(closesAfter: ""), "closed", "the connection was closed during the greeting"),
            (.init(closesAfter: "EHLO"), "closed", "the connection was closed during the greeting"),
            (.init(closesAfter: "RCPT"), "closed", "the connection was closed while waiting for the answer to RCPT TO"),
            (.init(closesAfter: "."), "closed", "the connection was closed while the message was taken"),
            (.init(answers: ["MAIL": "HTTP/1.1 400 Bad"]), "protocol", "\"HTTP/1.1 400 Bad\" is no answer of SMTP"),
        ]
        for (manners, kind, words) in cases {
            let server = SMTPServer(manners)
            let body = """
                local sent, err = \(mail(server))
                local text = 'mail.send 127.0.0.1:\(server.port): \(words)'
                return sent == nil and err.kind == '\(kind)' and err.message == text, err.message .. ' ' .. err.kind
                """
            let result = try bench.check(body)
            #expect(result == .passed, "\(manners)")
        }
        let nobody = """
            local sent, err = halua.mail.send{server='127.0.0.1:1', from='a@b', to='c@d'}
            return sent == nil and err.kind == 'refused' and err.message == 'mail.send 127.0.0.1:1: connection refused',
              tostring(err)
            """
        #expect(try bench.check(nobody) == .passed)
        let garbage = HTTPServer(raw: { client in
            for _ in 0..<1_000 where client.send([UInt8](repeating: 0x78, count: 1_000)) {}
            client.hang()
        })
        let flood = """
            local sent, err = halua.mail.send{server='127.0.0.1:\(garbage.port)', from='a@b', to='c@d', timeout='5s'}
            return sent == nil and err.kind ~= 'timeout', tostring(err)
            """
        #expect(try bench.check(flood) == .passed)
    }

    @Test("TLS that is asked for and not offered, and a login that is not, send nothing")
    func noTLS() throws {
        let server = SMTPServer()
        let cases = [
            ("tls='starttls'", "the server does not offer STARTTLS"),
            ("user='u', password='p'", "the server does not offer STARTTLS"),
            (
                "user='u', password='p', tls='off'",
                "the server takes no login that halua knows (PLAIN, LOGIN, CRAM-MD5)"
            ),
        ]
        for (options, words) in cases {
            let body = """
                local sent, err = \(mail(server, options))
                local text = 'mail.send 127.0.0.1:\(server.port): \(words)'
                return sent == nil and err.kind == 'auth' and err.message == text, tostring(err)
                """
            let result = try bench.check(body)
            #expect(result == .passed, "\(options)")
        }
        #expect(server.taken.isEmpty)
        #expect(!server.heard.contains { $0.hasPrefix("AUTH") || $0.hasPrefix("MAIL") })
    }

    @Test(
        "a mail that nobody can mean is a mistake of the script, with its line",
        arguments: [
            ("to='a@b', server='s'", "mail.send: field \"from\" is missing"),
            ("from='a@b', server='s'", "mail.send: field \"to\" is missing"),
            ("from='a@b', to='c@d'", "mail.send: field \"server\" is missing"),
            ("from='a@b', to='c@d', server='s', subject='x\\r\\nBcc: e@f'", "mail.send: subject has a line end"),
            ("from='a@b\\r\\nX: y', to='c@d', server='s'", "mail.send: from: \"a@b\\r\\nX: y\" is no mail address"),
            ("from='a@b', to={'c@d', 'Ops <e@f>'}, server='s'", "mail.send: to: \"Ops <e@f>\" is no mail address"),
            ("from='a@b', to='c@d', server='s:0'", "mail.send: server \"s:0\" is neither a host nor one with a port"),
            ("from='a@b', to='c@d', server='s t'", "mail.send: server \"s t\" is neither a host"),
            ("from='a@b', to='c@d', server='s', tls='yes'", "mail.send: tls must be one of off, starttls, smtps"),
            ("from='a@b', to='c@d', server='s', helo='a b'", "mail.send: helo \"a b\" is no name of a host"),
            ("from='a@b', to='c@d', server='s', sbject='x'", "mail.send: there is no field \"sbject\" (did you mean"),
            ("from='a@b', to='c@d', server='s', body=string.rep('x', 1 << 21)", "mail.send: body is longer than 1048"),
        ])
    func wrongArguments(_ fields: String, _ words: String) throws {
        guard case .broken(let text) = try bench.check("halua.mail.send{\(fields)}") else {
            Issue.record("not broken")
            return
        }
        #expect(text.hasPrefix("p.lua:2: \(words.replacing("\\r\\n", with: ".\n"))"), "\(text)")
    }

    @Test("thousands of mails, cancelled or timed out at every stage, leave nothing open")
    func leaksNothing() throws {
        let answers = ["", "MAIL", ".", "QUIT"].map { SMTPServer(SMTPServer.Manners(answers: [$0: ""])) }
        let ports = (answers + [SMTPServer()]).map { "\($0.port)" }.joined(separator: ", ")
        let body = """
            local ports = {\(ports)}
            local function one(i)
              return halua.mail.send{server='127.0.0.1:' .. ports[i % #ports + 1], from='a@b', to='c@d', timeout='5ms'}
            end
            for round = 1, 10 do
              local tasks = {}
              for i = 1, 40 do tasks[i] = halua.spawn(one, i) end
              halua.sleep('2ms')
              for i = 1, 40, 3 do tasks[i]:cancel() end
              for i = 1, 40 do tasks[i]:join() end
            end
            return true
            """
        #expect(try bench.check(body, timeout: "60s") == .passed)
        let (memory, descriptors) = (Memory.resident, Memory.descriptors)
        for _ in 0..<5 { #expect(try bench.check(body, timeout: "60s") == .passed) }
        #expect(try bench.check("return true") == .passed)
        #expect(bench.wait { _ in answers.allSatisfy { $0.openCount == 0 } ? true : nil } == true)
        // Other tests run beside this one; two thousand leaks would be far more.
        #expect(Memory.descriptors - descriptors < 300)
        #expect(Memory.resident - memory < 100 << 20)
    }
}
