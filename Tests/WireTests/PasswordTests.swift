/// The eight octets that a version 2 password becomes.
import Testing
import Wire

@Suite struct PasswordTests {
    @Test(
        "the first eight octets count, and zeros fill the rest",
        arguments: [
            ("", 0), ("1", 0x3100_0000_0000_0000), ("1111", 0x3131_3131_0000_0000),
            ("12345678", 0x3132_3334_3536_3738), ("123456789", 0x3132_3334_3536_3738),
            // A letter of two octets is cut in half at the border, as keepalived cuts it.
            ("1234567ä", 0x3132_3334_3536_37C3),
        ] as [(String, UInt64)])
    func octets(text: String, value: UInt64) {
        #expect(Password(text).rawValue == value)
    }

    @Test("a password differs from one with any bit changed")
    func matches() {
        let password = Password("1111")
        #expect(password.matches(Password("1111")))
        for bit in 0..<64 {
            #expect(!password.matches(Password(rawValue: password.rawValue ^ 1 << UInt64(bit))))
        }
    }

    @Test("printing an advert does not print its password")
    func hidden() {
        let advert = Advert(
            version: .v2, virtualRouterID: 1, priority: 100, addressCount: 1, interval: .seconds(1),
            authentication: .password(Password("secret")), checksumForm: .message)
        #expect("\(advert)".contains("(hidden)"))
        #expect(!"\(advert)".contains(String(Password("secret").rawValue)))
    }
}
