/// A mail server on loopback whose every word its test can choose.
import Glibc
import LinuxIO

/// Takes mails as RFC 5321 says, unless its manners are others.
final class SMTPServer: Sendable {
    struct Mail: Sendable, Equatable {
        var sender: String
        var recipients: [String]
        /// As it was sent, dots and all, without the one at the end.
        var content: String

        var header: [String] { Array(lines.prefix { !$0.isEmpty }) }
        var body: [String] { Array(lines.drop { !$0.isEmpty }.dropFirst()) }
        private var lines: [String] {
            content.replacing("\r\n ", with: " ").split(separator: "\r\n", omittingEmptySubsequences: false)
                .map(String.init)
        }

        /// The value of a header.
        func value(_ name: String) -> String? {
            header.first { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.utf8.count + 2)) }
        }
    }

    struct Manners: Sendable {
        /// What it says instead, by the beginning of what it heard; "" is the greeting, "." the end of a message. An empty
        /// answer is silence for ever.
        var answers: [String: String] = [:]
        /// Octets at a time, with a pause between; 0: all at once.
        var piece = 0
        /// After this command the connection is closed without an answer.
        var closesAfter: String?
    }

    private let server: HTTPServer
    private let mails: Lock<[Mail]>
    private let commands: Lock<[String]>
    var port: Int { server.port }
    /// Everything that it took.
    var taken: [Mail] { mails.withLock { $0 } }
    /// Everything that it heard but the contents.
    var heard: [String] { commands.withLock { $0 } }
    var openCount: Int { server.openCount }

    init(_ manners: Manners = Manners()) {
        let mails = Lock<[Mail]>([])
        let commands = Lock<[String]>([])
        (self.mails, self.commands) = (mails, commands)
        server = HTTPServer(raw: { client in
            var conversation = Conversation(client: client, manners: manners)
            conversation.run(mails, commands)
        })
    }

    private struct Conversation {
        let client: HTTPServer.Client
        let manners: Manners
        var buffer: [UInt8] = []

        /// False when the connection shall end.
        private func say(_ usual: String, to heard: String) -> Bool {
            if let end = manners.closesAfter, heard.hasPrefix(end), !end.isEmpty || heard.isEmpty { return false }
            let key = manners.answers.keys.filter { heard.hasPrefix($0) && ($0.isEmpty == heard.isEmpty) }.max()
            let answer = key.flatMap { manners.answers[$0] } ?? usual
            if answer.isEmpty {
                client.hang()
                return false
            }
            let octets = Array(answer.utf8) + Array((answer.hasSuffix("\n") ? "" : "\r\n").utf8)
            guard manners.piece > 0 else { return client.send(octets) }
            for start in stride(from: 0, to: octets.count, by: manners.piece) {
                guard client.send(Array(octets[start...].prefix(manners.piece))) else { return false }
                usleep(300)
            }
            return true
        }

        mutating func run(_ mails: Lock<[Mail]>, _ commands: Lock<[String]>) {
            guard say("220 mail.example.org ESMTP", to: "") else { return }
            var mail = Mail(sender: "", recipients: [], content: "")
            while let line = read(upTo: "\r\n") {
                commands.withLock { $0.append(line) }
                if line.hasPrefix("EHLO") || line.hasPrefix("HELO") {
                    guard say("250-mail.example.org\r\n250-8BITMIME\r\n250 SIZE 1000000", to: line) else { return }
                } else if line.hasPrefix("MAIL FROM:<") {
                    mail = Mail(sender: String(line.dropFirst(11).dropLast()), recipients: [], content: "")
                    guard say("250 2.1.0 Ok", to: line) else { return }
                } else if line.hasPrefix("RCPT TO:<") {
                    let isRefused = manners.answers.contains { key, answer in
                        !key.isEmpty && line.hasPrefix(key) && !answer.hasPrefix("2")
                    }
                    if !isRefused { mail.recipients.append(String(line.dropFirst(9).dropLast())) }
                    guard say("250 2.1.5 Ok", to: line) else { return }
                } else if line == "DATA" {
                    guard say("354 go on", to: line) else { return }
                    if manners.answers["DATA"] != nil { continue }
                    guard let content = read(upTo: "\r\n.\r\n") else { return }
                    mail.content = content
                    mails.withLock { $0.append(mail) }
                    guard say("250 2.0.0 queued as 4711", to: ".") else { return }
                } else if line == "QUIT" {
                    _ = say("221 2.0.0 Bye", to: line)
                    return
                } else {
                    guard say("502 5.5.2 what is \(line)?", to: line) else { return }
                }
            }
        }

        private mutating func read(upTo end: String) -> String? {
            let end = Array(end.utf8)
            while true {
                if let found = buffer.indices.first(where: { buffer[$0...].starts(with: end) }) {
                    defer { buffer.removeFirst(found + end.count) }
                    return String(decoding: buffer[..<found], as: UTF8.self)
                }
                guard let more = client.read() else { return nil }
                buffer += more
            }
        }
    }
}
