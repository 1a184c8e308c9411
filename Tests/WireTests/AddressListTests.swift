/// Comparing a received address list with the configured one, as sets.
import Testing
import Wire

@Suite struct AddressListTests {
    /// Encodes one list and compares it with another.
    private func matches(
        received: [String], expected: [String], version: VRRPVersion = .v3, family: AddressFamily = .ipv4
    ) -> Bool {
        let list = AddressList(received.map(address), family: family)
        let advert = Advert(
            version: version, virtualRouterID: 1, priority: 100, addressCount: UInt8(list.count), interval: .seconds(1),
            checksumForm: version == .v2 ? .message : .pseudoHeader)
        let message = advert.message(list, from: .unspecified(family), to: .vrrpGroup(family))
        let bytes = message.span.bytes
        return advert.addressList(in: bytes, matches: AddressList(expected.map(address), family: family))
    }

    @Test("the same addresses match in any order")
    func order() {
        #expect(matches(received: ["10.0.0.1", "10.0.0.2"], expected: ["10.0.0.1", "10.0.0.2"]))
        #expect(matches(received: ["10.0.0.2", "10.0.0.1"], expected: ["10.0.0.1", "10.0.0.2"]))
        #expect(matches(received: ["fd00::2", "fe80::1"], expected: ["fe80::1", "fd00::2"], family: .ipv6))
    }

    @Test("a missing, an additional and another address differ")
    func differences() {
        #expect(!matches(received: ["10.0.0.1"], expected: ["10.0.0.1", "10.0.0.2"]))
        #expect(!matches(received: ["10.0.0.1", "10.0.0.2"], expected: ["10.0.0.1"]))
        #expect(!matches(received: ["10.0.0.1"], expected: ["10.0.0.2"]))
        #expect(!matches(received: ["10.0.0.1", "10.0.0.3"], expected: ["10.0.0.2", "10.0.0.1"]))
        #expect(!matches(received: ["fd00::1"], expected: ["fd00::1:0:0:0"], family: .ipv6))
        #expect(!matches(received: [], expected: ["10.0.0.1"]))
    }

    @Test("an address that appears twice counts once")
    func duplicates() {
        #expect(matches(received: ["10.0.0.1", "10.0.0.1"], expected: ["10.0.0.1"]))
        #expect(!matches(received: ["10.0.0.1", "10.0.0.1"], expected: ["10.0.0.1", "10.0.0.2"]))
    }

    @Test("the password of version 2 is not taken for an address")
    func version2() {
        #expect(matches(received: ["10.0.0.2", "10.0.0.1"], expected: ["10.0.0.1", "10.0.0.2"], version: .v2))
        #expect(!matches(received: ["10.0.0.1"], expected: ["10.0.0.1", "0.0.0.0"], version: .v2))
    }

    @Test("a list keeps the order of the configuration")
    func keepsOrder() {
        let list = AddressList([address("10.0.0.9"), address("10.0.0.1")], family: .ipv4)
        #expect(list.octets == [10, 0, 0, 9, 10, 0, 0, 1])
        #expect(list.count == 2)
        #expect(list.addresses == [address("10.0.0.9"), address("10.0.0.1")])
    }
}
