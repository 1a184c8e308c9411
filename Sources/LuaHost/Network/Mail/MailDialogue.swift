/// The transaction of RFC 5321 section 3.3, from MAIL to QUIT: replies in, commands out. Pure.

/// A recipient whom the server does not take, and its words.
struct MailRefusal: Hashable {
    var recipient: String
    var reply: MailReply
}

/// The server's no: where it said so, and how.
struct MailFailure: Error, Hashable {
    /// "the sender", "the message", or a recipient.
    var subject: String
    var reply: MailReply
}

struct MailDialogue {
    enum Stage: Hashable {
        case sender
        case recipient(Int)
        case data, content, goodbye, over

        /// What a message says when the time is over here.
        var waiting: String {
            switch self {
            case .sender: "while waiting for the answer to MAIL FROM"
            case .recipient: "while waiting for the answer to RCPT TO"
            case .data: "while waiting for the answer to DATA"
            case .content: "while the message was taken"
            case .goodbye, .over: "while waiting for the answer to QUIT"
            }
        }
    }

    private let sender: String
    private let recipients: [String]
    private let message: [UInt8]
    private var refusals: [MailRefusal] = []
    private(set) var stage = Stage.sender
    /// What has become of the mail, once that is known: those who did not get it, or why nobody did.
    private(set) var outcome: Result<[MailRefusal], MailFailure>?

    /// `message`: with CRLF line ends, the last line's included. `recipients`: at least one.
    init(sender: String, recipients: [String], message: [UInt8]) {
        precondition(!recipients.isEmpty, "a mail to nobody is refused where the script asks for it")
        self.sender = sender
        self.recipients = recipients
        self.message = message
    }

    var begin: [UInt8] { command("MAIL FROM:<\(sender)>") }

    /// What to send after a reply; nothing when all is said.
    mutating func answer(_ reply: MailReply) -> [UInt8] {
        switch stage {
        case .sender:
            guard reply.isAccepting else { return fail("the sender \(sender)", reply) }
            return invite(0)
        case .recipient(let index):
            if !reply.isAccepting { refusals.append(MailRefusal(recipient: recipients[index], reply: reply)) }
            // The server ends the connection with this one (RFC 5321 section 3.8).
            if reply.code == 421 { return fail(recipients[index], reply) }
            if index + 1 < recipients.count { return invite(index + 1) }
            if refusals.count == recipients.count, let first = refusals.first {
                return fail(first.recipient, first.reply)
            }
            stage = .data
            return command("DATA")
        case .data:
            guard reply.code == 354 else { return fail("the message", reply) }
            stage = .content
            return Self.stuffed(message)
        case .content:
            guard reply.isAccepting else { return fail("the message", reply) }
            return end(.success(refusals))
        case .goodbye, .over:
            stage = .over
            return []
        }
    }

    private mutating func invite(_ index: Int) -> [UInt8] {
        stage = .recipient(index)
        return command("RCPT TO:<\(recipients[index])>")
    }

    private mutating func fail(_ subject: String, _ reply: MailReply) -> [UInt8] {
        end(.failure(MailFailure(subject: subject, reply: reply)))
    }

    private mutating func end(_ outcome: Result<[MailRefusal], MailFailure>) -> [UInt8] {
        self.outcome = outcome
        stage = .goodbye
        return command("QUIT")
    }

    private func command(_ line: String) -> [UInt8] { Array("\(line)\r\n".utf8) }

    /// A dot more at the beginning of a line that begins with one, and a dot alone at the end (RFC 5321 section 4.5.2).
    static func stuffed(_ message: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(message.count + 16)
        var isAtStart = true
        for octet in message {
            if isAtStart, octet == UInt8(ascii: ".") { result.append(octet) }
            result.append(octet)
            isAtStart = octet == UInt8(ascii: "\n")
        }
        return result + Array(".\r\n".utf8)
    }
}
