/// Addresses as text and as numbers.
import Testing
import Wire

@Suite struct AddressTests {
    @Test(
        "an IPv4 address is four decimal numbers",
        arguments: [
            ("0.0.0.0", 0), ("10.0.0.1", 0x0A00_0001), ("192.0.2.1", 0xC000_0201), ("255.255.255.255", 0xFFFF_FFFF),
        ] as [(String, UInt32)])
    func ipv4Text(text: String, value: UInt32) throws {
        let address = try #require(IPv4Address(text))
        #expect(address.rawValue == value)
        #expect(address.description == text)
        #expect(IPAddress(text) == .v4(address))
    }

    @Test(
        "everything else is no IPv4 address",
        arguments: [
            "", ".", "1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.", "1.2.3.4.5", "1..2.3", "256.0.0.1", "1.2.3.256",
            "01.2.3.4", "1.2.3.00", "1.2.3.04", "1.2.3.1000", "+1.2.3.4", "-1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.a",
            "0x1.2.3.4", "1.2.3.4/24", "1.2.3.٤", "::1.2.3.4",
        ])
    func notIPv4(text: String) {
        #expect(IPv4Address(text) == nil)
    }

    @Test(
        "every form of RFC 4291 is read, and printed as RFC 5952 wants it",
        arguments: [
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("fe80::1", "fe80::1"), ("FF02::12", "ff02::12"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0db8::0001", "2001:db8::1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("0:0:0:1:0:0:0:0", "0:0:0:1::"), ("0:0:1::", "0:0:1::"),
            ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
            ("::ffff:c000:201", "::ffff:192.0.2.1"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("::1.2.3.4", "::102:304"),
            ("fe80::dc3b:19ff:fe8d:12cf", "fe80::dc3b:19ff:fe8d:12cf"),
        ])
    func ipv6Text(text: String, printed: String) throws {
        let address = try #require(IPv6Address(text))
        #expect(address.description == printed)
        #expect(IPv6Address(printed) == address)
        #expect(IPAddress(text) == .v6(address))
    }

    @Test(
        "everything else is no IPv6 address",
        arguments: [
            "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
            "1::2::3", "1:::2", ":1::2", "1::2:", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:", "12345::", "g::", "1: :2",
            "fe80::1%eth0", "::1.2.3", "::1.2.3.256", "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4",
            "1.2.3.4", "::/0", "[::1]", " ::1", "::01.2.3.4",
        ])
    func notIPv6(text: String) {
        #expect(IPv6Address(text) == nil)
    }

    @Test("a part of a longer text can be read")
    func substring() {
        #expect(IPAddress("dev 10.0.0.1".dropFirst(4)) == address("10.0.0.1"))
    }

    @Test("random IPv6 addresses survive printing and reading")
    func roundTrip() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            // Masks make runs of zero groups likely.
            var address = IPv6Address(high: generator.next(), low: generator.next())
            for shift in stride(from: UInt64(0), to: 64, by: 16) {
                if Bool.random(using: &generator) { address.high &= ~(0xFFFF << shift) }
                if Bool.random(using: &generator) { address.low &= ~(0xFFFF << shift) }
            }
            #expect(IPv6Address(address.description) == address)
        }
    }

    @Test("octets are in network byte order")
    func octetsOfAddresses() {
        #expect(address("192.0.2.1").octets == [192, 0, 2, 1])
        #expect(address("fe80::102").octets == octets("fe800000000000000000000000000102"))
    }

    @Test("addresses order as unsigned numbers")
    func order() {
        #expect(address("9.0.0.1") < address("10.0.0.0"))
        #expect(address("127.255.255.255") < address("128.0.0.0"))
        #expect(address("fe80::1") < address("fe80::2"))
        #expect(address("1::ffff:ffff:ffff:ffff") < address("1:0:0:1::"))
        #expect(address("7fff::") < address("8000::"))
    }

    @Test(
        "multicast, link-local and loopback ranges begin and end where the RFCs say",
        arguments: [
            ("224.0.0.0", true, false, false), ("239.255.255.255", true, false, false),
            ("223.255.255.255", false, false, false), ("240.0.0.0", false, false, false),
            ("169.254.0.0", false, true, false), ("169.254.255.255", false, true, false),
            ("169.253.255.255", false, false, false), ("169.255.0.0", false, false, false),
            ("127.0.0.1", false, false, true), ("127.255.255.255", false, false, true),
            ("128.0.0.1", false, false, false), ("126.0.0.1", false, false, false),
            ("ff00::", true, false, false), ("ff02::12", true, false, false), ("fe80::", false, true, false),
            ("febf:ffff::", false, true, false), ("fec0::", false, false, false), ("fe7f::", false, false, false),
            ("::1", false, false, true), ("::2", false, false, false), ("1::1", false, false, false),
            ("::ffff:127.0.0.1", false, false, false),
        ])
    func kinds(text: String, isMulticast: Bool, isLinkLocal: Bool, isLoopback: Bool) {
        let address = address(text)
        #expect(address.isMulticast == isMulticast)
        #expect(address.isLinkLocal == isLinkLocal)
        #expect(address.isLoopback == isLoopback)
    }

    @Test("well-known addresses")
    func wellKnown() {
        #expect(IPAddress.vrrpGroup(.ipv4) == address("224.0.0.18"))
        #expect(IPAddress.vrrpGroup(.ipv6) == address("ff02::12"))
        #expect(IPAddress.v6(.allNodes) == address("ff02::1"))
        #expect(ipv6("fd99::12:3456").solicitedNode == ipv6("ff02::1:ff12:3456"))
        #expect(ipv6("fd99::ab12:3456").solicitedNode == ipv6("ff02::1:ff12:3456"))
        #expect(address("0.0.0.0").isUnspecified && address("::").isUnspecified && !address("::1").isUnspecified)
    }
}
