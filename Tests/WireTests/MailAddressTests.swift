/// Which texts are mail addresses that can be put into SMTP's commands as they are.
import Testing
import Wire

@Suite struct MailAddressTests {
    @Test(
        "bare addresses and local names are taken",
        arguments: ["ops@example.org", "root", "a+b-c_d@x", "o'neill@example.org", "!#$%&'*+/=?^_`{|}~@x"])
    func bare(_ text: String) { #expect(MailAddress.isBare(text)) }

    @Test(
        "what has a name, a quote, a space, a line end, or two @ is not",
        arguments: [
            "", "@", "a@", "@b", "a@b@c", "Ops <ops@example.org>", "\"a b\"@example.org", "a b@example.org", "a,b@c",
            "a;b",
            "a@b\r\nBcc: c@d", "a\u{0}b", "ops@例.org", "a@[192.0.2.1]", String(repeating: "x", count: 255),
        ])
    func notBare(_ text: String) { #expect(!MailAddress.isBare(text)) }
}
