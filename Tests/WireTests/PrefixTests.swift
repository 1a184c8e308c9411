/// Prefixes and Ethernet addresses as text and as numbers.
import Testing
import Wire

@Suite struct PrefixTests {
    @Test(
        "a prefix is an address and a length; without one it is a host",
        arguments: [
            ("10.0.0.1/24", "10.0.0.1/24"), ("10.0.0.1", "10.0.0.1/32"), ("0.0.0.0/0", "0.0.0.0/0"),
            ("fd00::1/64", "fd00::1/64"), ("fd00::1", "fd00::1/128"), ("::/0", "::/0"), ("fd00::1/128", "fd00::1/128"),
        ])
    func text(text: String, printed: String) throws {
        #expect(try #require(Prefix(text)).description == printed)
    }

    @Test(
        "everything else is no prefix",
        arguments: [
            "", "/", "/24", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/+8", "10.0.0.1/ 8", "10.0.0.1/a",
            "10.0.0.1/24/8", "10.0.0/24", "::/129", "::/256", "::/0128", "10.0.0.1/255.255.255.0",
        ])
    func notText(text: String) {
        #expect(Prefix(text) == nil)
    }

    @Test(
        "the network keeps the leading bits alone",
        arguments: [
            ("10.1.2.3/8", "10.0.0.0"), ("10.1.2.3/24", "10.1.2.0"), ("10.1.2.3/32", "10.1.2.3"),
            ("10.1.2.3/0", "0.0.0.0"), ("10.1.2.3/31", "10.1.2.2"), ("ffff:ffff:ffff:ffff:ffff::/0", "::"),
            ("ffff:ffff:ffff:ffff:ffff::/63", "ffff:ffff:ffff:fffe::"), ("1:2:3:4:5::/64", "1:2:3:4::"),
            ("1:2:3:4:ffff::/65", "1:2:3:4:8000::"), ("1:2:3:4:5:6:7:8/128", "1:2:3:4:5:6:7:8"),
        ])
    func network(text: String, network: String) throws {
        #expect(try #require(Prefix(text)).network == address(network))
    }

    @Test("a network holds its own addresses and no others")
    func contains() throws {
        let prefix = try #require(Prefix("10.1.2.3/24"))
        #expect(prefix.contains(address("10.1.2.255")))
        #expect(!prefix.contains(address("10.1.3.0")))
        #expect(!prefix.contains(address("::10.1.2.3")))
        #expect(try #require(Prefix("::/0")).contains(address("fe80::1")))
    }
}

@Suite struct MACAddressTests {
    @Test("six pairs of digits with one kind of separator, printed in lower case")
    func text() {
        #expect(mac("00:00:5e:00:01:05").rawValue == 0x5E00_0105)
        #expect(mac("00-00-5E-00-01-05") == mac("00:00:5e:00:01:05"))
        #expect(mac("FE:DC:BA:98:76:0F").description == "fe:dc:ba:98:76:0f")
    }

    @Test(
        "everything else is no Ethernet address",
        arguments: [
            "", "00:00:5e:00:01", "00:00:5e:00:01:05:", "00:00:5e:00:01:0g", "00:00:5e-00:01:05", "0:00:5e:00:01:055",
            "00.00.5e.00.01.05", "00005e000105", "00:00:5e:00:01:05 ", "0000:5e:00:01:05:",
        ])
    func notText(text: String) {
        #expect(MACAddress(text) == nil)
    }

    @Test("the virtual router MAC addresses of RFC 9568 §7.3")
    func virtualRouter() {
        #expect(MACAddress.virtualRouter(id: 5, family: .ipv4).description == "00:00:5e:00:01:05")
        #expect(MACAddress.virtualRouter(id: 255, family: .ipv6).description == "00:00:5e:00:02:ff")
    }

    @Test("the MAC addresses of multicast groups")
    func multicast() {
        #expect(MACAddress.multicast(for: .vrrpGroup(.ipv4)).description == "01:00:5e:00:00:12")
        // The highest bit of the second octet does not fit into the 23 bits.
        #expect(MACAddress.multicast(for: address("239.255.1.2")).description == "01:00:5e:7f:01:02")
        #expect(MACAddress.multicast(for: .vrrpGroup(.ipv6)).description == "33:33:00:00:00:12")
        #expect(MACAddress.multicast(for: address("ff02::1:ff12:3456")).description == "33:33:ff:12:34:56")
    }

    @Test("group addresses are known by a bit of their first octet")
    func isMulticast() {
        #expect(MACAddress.broadcast.isMulticast && mac("01:00:5e:00:00:12").isMulticast)
        #expect(!mac("00:00:5e:00:01:05").isMulticast && !mac("fe:ff:ff:ff:ff:ff").isMulticast)
    }
}
