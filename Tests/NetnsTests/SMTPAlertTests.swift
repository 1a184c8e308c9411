/// One keepalived.conf with smtp_alert, run by keepalived and by halua: a mail server that neither has written gets the
/// same mails of both.
import Foundation
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct SMTPAlertTests {
        /// aiosmtpd. A line for each mail: its envelope, its subject, and the first line of its text.
        private static let server = """
            import email.policy, time
            from email.parser import BytesParser
            from aiosmtpd.controller import Controller

            class Handler:
                async def handle_DATA(self, server, session, envelope):
                    mail = BytesParser(policy=email.policy.default).parsebytes(envelope.content)
                    print("MAIL", session.host_name, envelope.mail_from, envelope.rcpt_tos, mail["subject"], "/",
                          mail.get_content().splitlines()[0], flush=True)
                    return "250 OK"

            server = Controller(Handler(), hostname="127.0.0.1", port=2525)
            server.start()
            print("listening", flush=True)
            time.sleep(600)
            """

        private static let configuration = """
            global_defs {
                router_id LVS_A
                notification_email {
                    ops@example.org
                    oncall@example.org
                }
                notification_email_from keepalived@example.org
                smtp_server 127.0.0.1 2525
                smtp_connect_timeout 20
                smtp_helo_name node1.example.org
                smtp_alert
            }
            vrrp_sync_group VG_1 {
                group {
                    VI_1
                }
            }

            """

        private static func mail(_ words: String) -> String {
            "MAIL node1.example.org keepalived@example.org ['ops@example.org', 'oncall@example.org'] [LVS_A] VRRP \(words)"
        }

        private static let backup = [
            mail("Group VG_1 - Entering BACKUP state / => All VRRP group instances are now in BACKUP state <="),
            mail("Instance VI_1 - Entering BACKUP state / => VRRP Instance is no longer owning VRRP VIPs <="),
        ]
        private static let master = [
            mail("Group VG_1 - Entering MASTER state / => All VRRP group instances are now in MASTER state <="),
            mail("Instance VI_1 - Entering MASTER state / => VRRP Instance is now owning VRRP VIPs <="),
        ]
        private static let fault = [
            mail("Group VG_1 - Entering FAULT state / => All VRRP group instances are now in FAULT state <="),
            mail("Instance VI_1 - Entering FAULT state / => VRRP Instance is no longer owning VRRP VIPs <="),
        ]

        @Test(
            "a keepalived.conf with smtp_alert gives the mails that keepalived gives", .timeLimit(.minutes(2)),
            arguments: [Subject.keepalived, .halua])
        func sameMails(_ subject: Subject) throws {
            try Lab.with(["first", "second"], programs: LabSupport.programs) { lab in
                let host = lab.hosts[0]
                let server = try host.start(
                    "/usr/bin/python3", arguments: ["python3", "-c", Self.server], log: "mailserver")
                let isListening = waitUntil(.seconds(20)) { server.output.first(containing: "listening") != nil }
                try #require(isListening != nil, "\(tail(server))")
                var text = Self.configuration + InstanceText().text
                if subject == .halua {
                    text = "global_defs {\n    lua_path \(LabSupport.programs.plugins)\n}\n" + text
                }
                let daemon = try host.start(subject, configuration: text)
                func expectMails(_ expected: [String]) {
                    // keepalived sends those of one moment side by side, in any order.
                    func mails() -> [String] { server.output.lines.map(\.text).filter { $0.hasPrefix("MAIL") } }
                    let isThere = waitUntil(.seconds(20)) { mails().count >= expected.count }
                    #expect(isThere != nil, "\(tail(daemon))")
                    #expect(mails().sorted() == expected.sorted())
                }
                expectMails(Self.backup + Self.master)
                try host.setCable(plugged: false)
                expectMails(Self.backup + Self.master + Self.fault)
                try host.setCable(plugged: true)
                expectMails(Self.backup + Self.master + Self.fault + Self.backup + Self.master)
                daemon.send(signal: SIGTERM)
                #expect(daemon.wait(.seconds(10)) == .exited(0), "\(tail(daemon))")
            }
        }
    }
}
