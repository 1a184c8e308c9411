/// halua.mail.send against a mail server that others have written (aiosmtpd): TLS, logins, and what a mail reads as.
import Glibc
import LinuxIO
import LuaHost
import SystemPackage
import Testing

/// aiosmtpd on loopback. It prints its port, and each mail as Python's own parser understands it.
private final class AIOSMTPServer {
    /// Arguments: "plain", "starttls" or "smtps", the certificate, its key, the mechanisms that it does not know.
    private static let program = """
        import email.policy, ssl, sys, time
        from email.parser import BytesParser
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import AuthResult, LoginPassword, SMTP

        mode, certificate, key, excluded = sys.argv[1:5]
        context = None
        if mode != "plain":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)

        class Handler:
            async def handle_RCPT(self, server, session, envelope, address, options):
                if address.startswith("nobody@"):
                    return "550 5.1.1 unknown user"
                envelope.rcpt_tos.append(address)
                return "250 OK"

            async def handle_DATA(self, server, session, envelope):
                mail = BytesParser(policy=email.policy.default).parsebytes(envelope.content)
                login = session.auth_data.login.decode() if session.authenticated else "-"
                print("MAIL", session.ssl is not None or mode == "smtps", login, envelope.mail_from, *envelope.rcpt_tos,
                      ascii(mail["subject"]), ascii(mail.get_content()), mail.defects, "END", flush=True)
                return "250 OK"

        def check(server, session, envelope, mechanism, data):
            is_right = data.login == b"halua" and data.password == b"geheim"
            return AuthResult(success=is_right, handled=False, auth_data=data)

        class Quiet(Controller):
            def factory(self):
                return SMTP(self.handler, tls_context=context if mode == "starttls" else None,
                            require_starttls=mode == "starttls", authenticator=check, auth_required=mode != "plain",
                            auth_require_tls=mode == "starttls",
                            auth_exclude_mechanism=excluded.split(), hostname="oracle")

        server = Quiet(Handler(), hostname="127.0.0.1", port=0, ssl_context=context if mode == "smtps" else None)
        try:
            server.start()
        except OSError:
            pass  # It looks for itself at port 0, after it has begun to listen.
        print("PORT", server.server.sockets[0].getsockname()[1], flush=True)
        time.sleep(600)
        """

    let port: Int
    private let child: Child
    private let output: Int32
    private var text = ""

    init(_ mode: String, _ certificates: Certificates, without excluded: String = "") throws {
        let stem = "\(certificates.folder)/good"
        var ends: (Int32, Int32) = (-1, -1)
        let made = withUnsafeMutableBytes(of: &ends) { pipe2($0.bindMemory(to: Int32.self).baseAddress, O_CLOEXEC) }
        try #require(made == 0)
        var command = Command(["/usr/bin/python3", "-c", Self.program, mode, "\(stem).pem", "\(stem).key", excluded])
        command.standardOutput = .descriptor(ends.1)
        output = ends.0
        do {
            child = try Child(command)
            close(ends.1)
        } catch {
            close(ends.0)
            close(ends.1)
            throw error
        }
        var heard = ""
        while !heard.contains("PORT ") || !heard.hasSuffix("\n"), let more = Self.read(ends.0) { heard += more }
        let word = heard.split(separator: "PORT ").last.map { $0.prefix { $0.isNumber } }
        port = try #require(word.flatMap { Int($0) }, "aiosmtpd says \(heard)")
    }

    deinit {
        try? child.signal(SIGKILL)
        _ = child.collect()
        close(output)
    }

    /// What has arrived, within half a minute; nil at the end.
    private static func read(_ descriptor: Int32) -> String? {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&wait, 1, 30_000) == 1 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }

    /// The next mail that it took; waits for it.
    func next() -> String? {
        while !text.contains(" END\n") {
            guard let more = Self.read(output) else { return nil }
            text += more
        }
        guard let end = text.firstRange(of: " END\n") else { return nil }
        defer { text.removeSubrange(..<end.upperBound) }
        return String(text[..<end.lowerBound])
    }
}

@Suite struct MailOracleTests {
    let bench = ScriptBench()
    let certificates: Certificates

    init() throws {
        certificates = try Certificates()
        try certificates.make("good")
    }

    private func mail(_ server: AIOSMTPServer, _ more: String) -> String {
        "halua.mail.send{server='localhost:\(server.port)', from='halua@example.org', to='ops@example.org', "
            + "subject='切换 VI_1', body='.\\n状态: 主节点\\n', ca='\(certificates.authority)', \(more)}"
    }

    /// As Python prints what it read.
    private static let read =
        #"ops@example.org '\u5207\u6362 VI_1' '.\r\n\u72b6\u6001: \u4e3b\u8282\u70b9\r\n' []"#

    @Test("Python reads the mail as it was written, and finds no defect")
    func plain() throws {
        let server = try AIOSMTPServer("plain", certificates)
        #expect(try bench.check("return \(mail(server, "cc='nobody@example.org'"))") == .passed)
        #expect(server.next() == "MAIL False - halua@example.org \(Self.read)")
    }

    @Test("STARTTLS and TLS from the beginning, with a login by either mechanism")
    func encrypted() throws {
        for (mode, excluded) in [("starttls", ""), ("smtps", ""), ("starttls", "PLAIN"), ("smtps", "LOGIN")] {
            let server = try AIOSMTPServer(mode, certificates, without: excluded)
            let login = "tls='\(mode)', user='halua', password='geheim'"
            let result = try bench.check("return \(mail(server, login))")
            #expect(result == .passed, "\(mode) \(excluded)")
            #expect(server.next() == "MAIL True halua halua@example.org \(Self.read)")
        }
    }

    @Test("a wrong password, a certificate that is not believed, and a server without TLS are errors of the kind auth")
    func refused() throws {
        let server = try AIOSMTPServer("starttls", certificates)
        try certificates.make("other", isSelfSigned: true)
        let cases = [
            ("user='halua', password='wrong'", "535 5.7.8 Authentication credentials invalid"),
            (
                "user='halua', password='geheim', ca='\(certificates.folder)/other.pem'",
                "the certificate is not accepted: "
            ),
        ]
        for (options, words) in cases {
            let body = """
                local options = {\(options)}
                local mail = {server='localhost:\(server.port)', from='a@example.org', to='b@example.org',
                  ca='\(certificates.authority)', timeout='20s'}
                for name, value in pairs(options) do mail[name] = value end
                local sent, err = halua.mail.send(mail)
                local text = 'mail.send localhost:\(server.port): \(words)'
                return sent == nil and err.kind == 'auth' and err.message:sub(1, #text) == text, tostring(err)
                """
            let result = try bench.check(body, timeout: "30s")
            #expect(result == .passed, "\(options)")
        }
    }
}
