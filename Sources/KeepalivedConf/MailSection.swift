/// keepalived's mail keywords in global_defs, as written.
import Wire

/// What global_defs says about mail.
struct MailDraft {
    /// The keyword notification_email, once it was there.
    var block: Word?
    var recipients: [Word] = []
    var sender: Word?
    /// "192.0.2.25", "[2001:db8::25]:587": as the plugin takes it.
    var server: Word?
    var timeout: Word?
    var helo: Word?
    /// The words of smtp_alert and smtp_alert_vrrp; nil: not written.
    var alert: (isOn: Bool, word: Word)?
    var vrrpAlert: (isOn: Bool, word: Word)?
    var tellsFaults = true

    /// What holds where an instance or a group says nothing.
    var isAlertOn: Bool { (vrrpAlert ?? alert)?.isOn ?? false }
}

struct MailReader {
    let findings: Findings

    private var values: ValueReader { ValueReader(findings: findings) }

    /// False when the statement is none of mail's.
    func read(_ statement: Statement, into mail: inout MailDraft) -> Bool {
        switch statement.name {
        case "notification_email": readRecipients(statement, &mail)
        case "notification_email_from": mail.sender = address(statement.value, of: statement.name)
        case "smtp_server": mail.server = server(statement)
        case "smtp_connect_timeout": mail.timeout = timeout(statement)
        case "smtp_helo_name": mail.helo = helo(statement)
        case "smtp_alert": mail.alert = values.boolean(statement).map { ($0, statement.word) }
        case "smtp_alert_vrrp": mail.vrrpAlert = values.boolean(statement).map { ($0, statement.word) }
        case "no_email_faults": mail.tellsFaults = false
        default: return false
        }
        return true
    }

    private func readRecipients(_ statement: Statement, _ mail: inout MailDraft) {
        mail.block = statement.word
        let words = (statement.node.children ?? []).flatMap(\.words)
        if words.isEmpty {
            findings.warn(
                "notification_email names nobody", at: statement.word,
                hint: "write an address on each line of the block")
        }
        mail.recipients += words.compactMap { address($0, of: statement.name) }
        if mail.recipients.count > Self.mostRecipients {
            findings.error(
                "notification_email has more than \(Self.mostRecipients) addresses", at: statement.word,
                hint: "mail a list, which the mail server knows")
        }
    }

    /// What one mail may have.
    private static let mostRecipients = 100

    private func address(_ word: Word, of name: String) -> Word? {
        guard MailAddress.isBare(word.text) else {
            findings.error(
                "\"\(word.text)\" is no mail address", at: word,
                hint: "\(name) takes bare addresses, as in ops@example.org: no name, no < >")
            return nil
        }
        return word
    }

    private func server(_ statement: Statement) -> Word? {
        let host = statement.value
        let isName = host.text.utf8.allSatisfy { octet in
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "-._".utf8.contains(octet)
            }
        }
        guard IPAddress(host.text) != nil || isName && (1...253).contains(host.text.utf8.count) else {
            findings.error(
                "\"\(host.text)\" is neither an address nor the name of a host", at: host,
                hint: "write smtp_server HOST [PORT], with a space between them")
            return nil
        }
        guard statement.node.words.count > 2 else { return host }
        guard let port = values.integer(statement.node.words[2], of: "the port of smtp_server", 1...65_535) else {
            return nil
        }
        let text = host.text.contains(":") ? "[\(host.text)]:\(port)" : "\(host.text):\(port)"
        return Word(text, location: host.location)
    }

    /// keepalived takes 0 for 1.
    private func timeout(_ statement: Statement) -> Word? {
        guard let span = values.seconds(statement, atMost: .seconds(300)) else { return nil }
        return Word("\(max(span, .seconds(1)).secondsText)s", location: statement.value.location)
    }

    private func helo(_ statement: Statement) -> Word? {
        let name = statement.value
        let isName =
            !name.text.isEmpty && name.text.utf8.count <= 253
            && name.text.unicodeScalars.allSatisfy { $0.isNameCharacter || "-.:[]".unicodeScalars.contains($0) }
        guard isName else {
            findings.error(
                "\"\(name.text)\" can't be the name of a host", at: name,
                hint: "smtp_helo_name takes a name as in node1.example.org, or an address in brackets")
            return nil
        }
        return name
    }
}
