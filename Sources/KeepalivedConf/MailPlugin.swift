/// keepalived's mail keywords as a block of the plugin that sends mails: one implementation for both languages.

struct MailPlugin {
    let findings: Findings
    let mail: MailDraft
    /// router_id; nil: the host's name.
    let node: String?
    let host: String

    /// As the log and the status call it.
    static let name = "keepalived_mail"
    private static let leastBurst = 20
    /// What the plugin takes.
    private static let mostBurst = 100

    /// The plugin to load; nil when nobody is to be mailed about anything.
    ///
    /// As in keepalived nothing is mailed without smtp_alert, without an address, or without a server.
    func settings(_ instances: [InstanceDraft], _ groups: [GroupDraft]) -> (PluginSettings, name: Word)? {
        let mailed = instances.filter { $0.isMailed ?? mail.isAlertOn }.map(\.name)
        let mailedGroups = groups.filter { $0.isMailed ?? mail.isAlertOn }
        guard let place = mailed.first ?? mailedGroups.first?.name else {
            if let block = mail.block, !instances.isEmpty, !findings.hasErrors {
                findings.warn(
                    "nobody is mailed, because no smtp_alert is on", at: block,
                    hint: "write smtp_alert in global_defs or in an instance; keepalived needs it too")
            }
            return nil
        }
        guard let block = mail.block, !mail.recipients.isEmpty, let server = mail.server else {
            // What is written and wrong is not missing.
            guard !findings.hasErrors else { return nil }
            let missing = mail.server == nil ? "smtp_server" : "notification_email"
            findings.warn(
                "nobody is mailed about \(place.text), because \(missing) is missing in global_defs",
                at: (mail.vrrpAlert ?? mail.alert)?.word ?? place,
                hint: "write it, or remove smtp_alert; keepalived says nothing and mails nobody, either")
            return nil
        }
        for name in mailed + mailedGroups.flatMap({ [$0.name] + $0.members }) { check(name) }
        let subjects =
            mailed.map(\.text)
            + mailedGroups.map { "\($0.name.text)=\($0.members.map(\.text).joined(separator: ","))" }
        var settings = PluginSettings(file: "mail", name: Self.name, options: [], location: block.location)
        func set(_ key: String, _ values: [String], _ word: Word?) {
            settings.options.append(PluginOption(key: key, values: values, location: (word ?? block).location))
        }
        set("server", [server.text], server)
        set("to", mail.recipients.map(\.text), mail.recipients.first)
        set("from", [mail.sender?.text ?? "root@\(host)"], mail.sender)
        set("node", [node ?? host], nil)
        set("form", ["keepalived"], nil)
        set("tell", ["MASTER", "BACKUP"] + (mail.tellsFaults ? ["FAULT"] : []) + ["CONFLICT"], nil)
        set("instances", subjects, nil)
        // keepalived knows no limit. This one is beyond what a start, a failure and the way back from it give.
        set("burst", ["\(min(max(Self.leastBurst, 4 * subjects.count), Self.mostBurst))"], nil)
        if let timeout = mail.timeout { set("timeout", [timeout.text], timeout) }
        if let helo = mail.helo { set("helo", [helo.text], helo) }
        return (settings, Word(Self.name, location: block.location))
    }

    /// The plugin's option has signs of its own.
    private func check(_ name: Word) {
        guard name.text == "*" || name.text.contains(where: { $0 == "=" || $0 == "," }) else { return }
        findings.error(
            "\"\(name.text)\" can't be mailed about", at: name, hint: "rename it without = and , or set smtp_alert off")
    }
}
