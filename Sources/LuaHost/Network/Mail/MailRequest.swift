/// A mail as a value: everything that a script asked for, checked.

/// One mail to send. Nothing in it refers to a script.
struct MailRequest {
    enum Security: String, CaseIterable {
        /// In plain words.
        case off
        /// STARTTLS (RFC 3207), and no mail without it.
        case starttls
        /// TLS from the first octet (RFC 8314).
        case smtps

        var usualPort: UInt16 { self == .smtps ? 465 : 25 }
    }

    /// An address or a name.
    var host: String
    var port: UInt16
    var security: Security
    var from: String
    var to: [String]
    var cc: [String] = []
    var subject = ""
    var body: [UInt8] = []
    /// Of the whole: name lookup, login and all answers included.
    var timeout = Duration.seconds(30)
    /// How this host calls itself in EHLO.
    var helo: String
    var user: String?
    var password: String?
    var verify = true
    /// Certificates in PEM.
    var authorities: [UInt8]?

    static let mostRecipients = 100
    static let longestSubject = 1_000
    static let longestBody = 1 << 20

    /// Those of the envelope: each once.
    var recipients: [String] {
        var seen: Set<String> = []
        return (to + cc).filter { seen.insert($0).inserted }
    }

    /// "192.0.2.25:25"
    var place: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// What messages say of the mail.
    var description: String { "mail.send \(place)" }
}
