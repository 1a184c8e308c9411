/// Mails as text and as a dialogue, without a network: what RFC 5322, 2047, 2045 and 5321 ask for.
import Testing

@testable import LuaHost

@Suite struct MailTextTests {
    private func request(_ subject: String = "", _ body: String = "", to: [String] = ["b@example.org"]) -> MailRequest {
        var request = MailRequest(
            host: "mail.example.org", port: 25, security: .off, from: "a@example.org", to: to, helo: "node1")
        request.subject = subject
        request.body = Array(body.utf8)
        return request
    }

    private func text(_ request: MailRequest) -> String {
        String(decoding: MailText.message(request, at: 1_795_674_013, identifier: "1.x@node1"), as: UTF8.self)
    }

    @Test("a message has the headers of RFC 5322, and its lines end as there")
    func headers() {
        var mail = request("VI_1: MASTER", "one\ntwo\r\nthree\rfour", to: ["b@example.org", "c@example.org"])
        mail.cc = ["d@example.org"]
        #expect(
            text(mail) == """
                Date: Thu, 26 Nov 2026 06:20:13 +0000\r
                From: a@example.org\r
                To: b@example.org,\r
                 c@example.org\r
                Cc: d@example.org\r
                Subject: VI_1: MASTER\r
                Message-ID: <1.x@node1>\r
                Auto-Submitted: auto-generated\r
                MIME-Version: 1.0\r
                Content-Type: text/plain; charset=UTF-8\r
                Content-Transfer-Encoding: 7bit\r
                \r
                one\r
                two\r
                three\r
                four\r

                """)
    }

    @Test(
        "a day of each month and the ends of years are dated right",
        arguments: [
            (0, "Thu, 1 Jan 1970 00:00:00 +0000"), (951_782_399, "Mon, 28 Feb 2000 23:59:59 +0000"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"), (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 +0000"),
        ])
    func dates(_ seconds: Int, _ text: String) { #expect(MailText.date(seconds) == text) }

    @Test("a subject in ASCII stays as it is, and is folded in front of words")
    func plainSubject() {
        #expect(MailText.header("Subject", "short") == "Subject: short")
        #expect(MailText.header("Subject", "") == "Subject: ")
        let long = (1...40).map { "word\($0)" }.joined(separator: " ")
        let folded = MailText.header("Subject", long)
        #expect(folded.replacing("\r\n", with: "") == "Subject: " + long)
        let lines = folded.split(separator: "\r\n")
        #expect(lines.count > 1)
        #expect(lines.allSatisfy { $0.utf8.count <= 76 })
    }

    @Test(
        "any other subject is in encoded words of whole characters, in lines of at most 76 octets",
        arguments: [
            "主节点切换 VI_1: 现在持有 192.168.4.200(未收到主节点通告)", "é", String(repeating: "🙂", count: 50),
            "=?UTF-8?B?bm90IG1pbmU=?=", String(repeating: "x", count: 200),
        ])
    func encodedSubject(_ subject: String) throws {
        let header = MailText.header("Subject", subject)
        let lines = header.split(separator: "\r\n")
        var decoded = ""
        for (index, line) in lines.enumerated() {
            #expect(line.utf8.count <= 76)
            #expect(line.hasPrefix(index == 0 ? "Subject: =?UTF-8?B?" : " =?UTF-8?B?"))
            let word = try #require(line.split(separator: "?", omittingEmptySubsequences: false).dropFirst(3).first)
            let octets = try #require(Base64.decode(Array(word.utf8), forURLs: false))
            decoded += try #require(String(validating: octets, as: UTF8.self))
        }
        #expect(decoded == subject)
    }

    @Test(
        "a body that is not plain text in short lines is quoted-printable, and reads as it was",
        arguments: [
            "状态: FAULT\n", "ends with a space \n", String(repeating: "long ", count: 60), "a=b é\n\n\n.\n..\nFrom me",
            "bell \u{7}\n", "\t\n", String(repeating: "é", count: 200),
        ])
    func quotedPrintable(_ body: String) throws {
        let (encoding, octets) = MailText.encoded(Array(body.utf8))
        let text = try #require(String(validating: octets, as: UTF8.self))
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        #expect(text.hasSuffix("\r\n"))
        #expect(text.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 76 && !$0.hasSuffix(" ") })
        if encoding == "7bit" {
            #expect(text.replacing("\r\n", with: "\n") == body || text.replacing("\r\n", with: "\n") == body + "\n")
            return
        }
        var decoded: [UInt8] = []
        var rest = Array(text.replacing("=\r\n", with: "").replacing("\r\n", with: "\n").utf8)[...]
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "=") else {
                decoded.append(octet)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            rest = rest.dropFirst(2)
            decoded.append(try #require(UInt8(digits, radix: 16)))
        }
        let read = String(decoding: decoded, as: UTF8.self)
        #expect(read == body || read == body + "\n")
    }

    @Test("dots at the beginning of lines are doubled, and the end is a dot alone")
    func dots() {
        let stuffed = MailDialogue.stuffed(Array(".\r\n..a\r\nb.\r\n".utf8))
        #expect(String(decoding: stuffed, as: UTF8.self) == "..\r\n...a\r\nb.\r\n.\r\n")
    }

    /// Reads text cut into pieces of a length; "!" stands for what is no reply.
    private func replies(_ text: String) -> [String] {
        var reader = MailReplyReader()
        var found: [String] = []
        for octet in text.utf8 {
            do throws(NoMailReply) {
                if let reply = try reader.take(octet) { found.append("\(reply)") }
            } catch {
                return found + ["! " + error.text]
            }
        }
        return found
    }

    @Test("replies of one line and of several are read, and what is none is not")
    func readsReplies() {
        #expect(replies("220 hello\r\n250-one\r\n250-two\r\n250 three\r\n") == ["220 hello", "250 one two three"])
        #expect(replies("354\r\n250\n") == ["354", "250"])
        for wrong in ["HTTP/1.1 400 Bad Request\r\n", "25\r\n", "\r\n", "1234 x\r\n", "199 x\r\n", "250_x\r\n"] {
            #expect(replies(wrong).first?.hasPrefix("!") == true, "\(wrong)")
        }
        #expect(replies(String(repeating: "x", count: 3_000)).count == 1)
        #expect(replies(String(repeating: "250-x\r\n", count: 200)).first?.hasPrefix("!") == true)
        #expect(replies("550 a\u{1B}[31mb\u{202E}c\r\n") == ["550 a?[31mb?c"])
    }

    /// What the dialogue says to each reply, and what becomes of it.
    private func talk(_ codes: [Int], to recipients: [String] = ["b@x", "c@x"]) -> (said: [String], MailDialogue) {
        var dialogue = MailDialogue(sender: "a@x", recipients: recipients, message: Array(".\r\n".utf8))
        var said = [dialogue.begin]
        for code in codes { said.append(dialogue.answer(MailReply(code: code, words: "w"))) }
        return (said.map { String(decoding: $0, as: UTF8.self) }, dialogue)
    }

    @Test("the dialogue goes from MAIL to QUIT, and knows who got nothing")
    func dialogue() {
        let (said, whole) = talk([250, 251, 250, 354, 250, 221])
        #expect(
            said == [
                "MAIL FROM:<a@x>\r\n", "RCPT TO:<b@x>\r\n", "RCPT TO:<c@x>\r\n", "DATA\r\n", "..\r\n.\r\n", "QUIT\r\n",
                "",
            ])
        #expect(whole.outcome == .success([]))
        #expect(whole.stage == .over)
        let partly = talk([250, 550, 250, 354, 250]).1
        let refused = MailRefusal(recipient: "b@x", reply: MailReply(code: 550, words: "w"))
        #expect(partly.outcome == .success([refused]))
    }

    @Test(
        "a no at any place is the end, with the one it was said to",
        arguments: [
            ([451], "the sender a@x"), ([250, 550, 551], "b@x"), ([250, 421], "b@x"),
            ([250, 250, 250, 554], "the message"),
            ([250, 250, 250, 250], "the message"), ([250, 250, 250, 354, 552], "the message"),
        ])
    func refusals(_ codes: [Int], _ subject: String) throws {
        let (said, dialogue) = talk(codes)
        #expect(said.last == "QUIT\r\n")
        guard case .failure(let failure) = dialogue.outcome else {
            Issue.record("\(String(describing: dialogue.outcome))")
            return
        }
        #expect(failure.subject == subject)
    }
}
