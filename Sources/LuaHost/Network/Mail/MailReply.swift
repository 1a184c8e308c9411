/// Replies of an SMTP server, read out of octets however these arrive (RFC 5321 section 4.2).

/// One reply: its code and its words.
struct MailReply: Hashable, CustomStringConvertible {
    var code: Int
    /// Of all its lines.
    var words: String

    var isAccepting: Bool { (200..<300).contains(code) }

    /// "550 5.1.1 unknown user"
    var description: String { words.isEmpty ? "\(code)" : "\(code) \(words)" }
}

/// What is no reply, as a message quotes it.
struct NoMailReply: Error, Hashable {
    var text: String
}

struct MailReplyReader {
    /// RFC 5321 section 4.5.3.1.5 asks for 512 octets.
    private static let longestLine = 2_048
    private static let mostLines = 100
    /// What messages quote of a server.
    private static let longestQuote = 200

    private var line: [UInt8] = []
    private var lines: [String] = []

    /// Takes one octet; returns the reply that it completes.
    mutating func take(_ octet: UInt8) throws(NoMailReply) -> MailReply? {
        guard octet == UInt8(ascii: "\n") else {
            line.append(octet)
            if line.count > Self.longestLine { throw NoMailReply(text: Self.quote(line)) }
            return nil
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        let whole = line
        line = []
        let code = whole.prefix(3).reduce(0) { $0 * 10 + Int($1) - 0x30 }
        let mark = whole.count > 3 ? whole[3] : UInt8(ascii: " ")
        let isDigits = whole.prefix(3).allSatisfy { (0x30...0x39).contains($0) }
        let hasMark = mark == UInt8(ascii: " ") || mark == UInt8(ascii: "-")
        guard whole.count >= 3, isDigits, (200...599).contains(code), hasMark, lines.count < Self.mostLines else {
            throw NoMailReply(text: Self.quote(whole))
        }
        lines.append(Self.quote(Array(whole.dropFirst(4))))
        guard mark == UInt8(ascii: " ") else { return nil }
        let words = lines.filter { !$0.isEmpty }.joined(separator: " ")
        lines = []
        return MailReply(code: code, words: String(words.prefix(Self.longestQuote)))
    }

    /// The replies in lines that somebody else has read; what is none is left out.
    static func replies(in text: [[UInt8]]) -> [MailReply] {
        var replies: [MailReply] = []
        var reader = MailReplyReader()
        for octet in text.joined() {
            do throws(NoMailReply) {
                if let reply = try reader.take(octet) { replies.append(reply) }
            } catch {
                reader = MailReplyReader()
            }
        }
        return replies
    }

    /// A server's words go into messages: no control characters, and not without end.
    private static func quote(_ octets: [UInt8]) -> String {
        let text = String(decoding: octets.prefix(longestQuote), as: UTF8.self)
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.isPrintable ? $0 : "?" }))
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isPrintable: Bool {
        switch generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
