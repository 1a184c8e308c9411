/// The checks of a received advert, one by one and in their order.
import Testing
import Wire

/// Puts the checksum of the message alone into a message, so that nothing else is wrong with it.
private func sealed(_ message: [UInt8]) -> [UInt8] {
    var message = message
    message[6] = 0
    message[7] = 0
    let checksum = plainChecksum(message)
    message[6] = UInt8(checksum >> 8)
    message[7] = UInt8(checksum & 0xFF)
    return message
}

/// As `sealed`, with the pseudo-header of these addresses.
private func sealed(_ message: [UInt8], from source: IPAddress, to destination: IPAddress) -> [UInt8] {
    var message = message
    message[6] = 0
    message[7] = 0
    let length = UInt8(message.count)
    let checksum = plainChecksum(source.octets + destination.octets + [0, 0, 0, length, 0, 0, 0, 112] + message)
    message[6] = UInt8(checksum >> 8)
    message[7] = UInt8(checksum & 0xFF)
    return message
}

@Suite struct AdvertDecodeTests {
    let source = address("10.99.0.1")
    let group = IPAddress.vrrpGroup(.ipv4)
    let version2 = octets("2105c801 00010c31 0a630064 0000000000000000")
    let version3 = octets("3105c801 006410db 0a630064")

    @Test("only versions 2 and 3 are known", arguments: 0...15)
    func versions(version: Int) throws {
        var message = version == 2 ? version2 : version3
        message[0] = UInt8(version) << 4 | 1
        message = sealed(message)
        if version == 2 || version == 3 {
            #expect(try Advert.decode(message, from: source, to: group).version.rawValue == UInt8(version))
        } else {
            #expect(throws: DecodeError.version(UInt8(version))) {
                try Advert.decode(message, from: source, to: group)
            }
        }
    }

    @Test("only type 1 is an advertisement", arguments: 0...15)
    func types(type: Int) throws {
        for original in [version2, version3] {
            var message = original
            message[0] = original[0] & 0xF0 | UInt8(type)
            message = sealed(message)
            if type == 1 {
                #expect(try Advert.decode(message, from: source, to: group).priority == 200)
            } else {
                #expect(throws: DecodeError.type(UInt8(type))) { try Advert.decode(message, from: source, to: group) }
            }
        }
    }

    @Test("version 2 does not exist over IPv6")
    func version2OverIPv6() {
        let message = sealed(octets("21050001 00010000") + Array(repeating: 0, count: 24))
        #expect(throws: DecodeError.version(2)) {
            try Advert.decode(message, from: address("fe80::1"), to: .vrrpGroup(.ipv6))
        }
    }

    @Test("the reserved bits before the interval of version 3 are ignored", arguments: 0...15)
    func reservedBits(nibble: Int) throws {
        var message = version3
        message[4] = UInt8(nibble) << 4
        message = sealed(message, from: source, to: group)
        let advert = try Advert.decode(message, from: source, to: group)
        #expect(advert.interval == .seconds(1))
        #expect(advert.checksumForm == .pseudoHeader)
    }

    @Test("an empty list is refused, unless the caller expects one", arguments: [VRRPVersion.v2, .v3])
    func emptyList(version: VRRPVersion) throws {
        let message =
            version == .v2
            ? sealed(octets("21050000 00010000 0000000000000000")) : sealed(octets("31050000 00640000"))
        #expect(throws: DecodeError.addressCountZero) { try Advert.decode(message, from: source, to: group) }
        let advert = try Advert.decode(message, from: source, to: group, allowsEmptyList: true)
        #expect(advert.addressCount == 0)
        let bytes = message.span.bytes
        let (first, all) = (advert.firstAddress(in: bytes, family: .ipv4), advert.addresses(in: bytes, family: .ipv4))
        #expect(first == nil)
        #expect(all == [])
    }

    @Test("virtual router 0 is refused", arguments: [VRRPVersion.v2, .v3])
    func virtualRouterZero(version: VRRPVersion) {
        var message = version == .v2 ? version2 : version3
        message[1] = 0
        message = sealed(message)
        #expect(throws: DecodeError.virtualRouterIDZero) { try Advert.decode(message, from: source, to: group) }
    }

    @Test("an interval of 0 is refused, whatever the reserved bits say")
    func intervalZero() {
        var message = version2
        message[5] = 0
        #expect(throws: DecodeError.intervalZero) { try Advert.decode(sealed(message), from: source, to: group) }
        message = version3
        message[4] = 0xF0
        message[5] = 0
        #expect(throws: DecodeError.intervalZero) { try Advert.decode(sealed(message), from: source, to: group) }
    }

    @Test("of several mistakes the first check in the order is the one that counts")
    func order() {
        // Each step mends the first mistake of the message before it.
        let steps: [([UInt8], DecodeError)] = [
            (octets("42000000 000000"), .messageTooShort(received: 7)),
            (octets("42000000 0000dead 00"), .version(4)),
            (octets("32000000 0000dead 00"), .type(2)),
            (octets("31000000 0000dead 00"), .addressCountZero),
            (octets("31000001 0000dead 00"), .messageLength(expected: 12, received: 9)),
            (octets("31000001 0000dead 00000000"), .checksum),
            (sealed(octets("31000001 0000dead 00000000")), .virtualRouterIDZero),
            (sealed(octets("31010001 0000dead 00000000")), .intervalZero),
        ]
        for (message, error) in steps {
            #expect(throws: error) { try Advert.decode(message, from: source, to: group) }
        }
    }

    @Test("other types of authentication are reported, not judged", arguments: [2, 3, 254, 255] as [UInt8])
    func otherAuthentication(type: UInt8) throws {
        var message = version2
        message[4] = type
        #expect(try Advert.decode(sealed(message), from: source, to: group).authentication == .other(type))
    }

    @Test("the authentication data of type 0 is ignored, as RFC 3768 §5.3.10 asks")
    func dataOfTypeZero() throws {
        var message = version2
        message[12] = 0x31
        #expect(try Advert.decode(sealed(message), from: source, to: group).authentication == .none)
    }

    @Test("version 2 has no pseudo-header in its checksum")
    func version2WithPseudoHeader() {
        let message = sealed(version2, from: source, to: group)
        #expect(throws: DecodeError.checksum) { try Advert.decode(message, from: source, to: group) }
    }

    @Test("IPv6 knows neither the message form nor the legacy form of the checksum")
    func ipv6Forms() {
        let source = address("fe80::1")
        let message = octets("3105c801 00640000 fe800000000000000000000000000100")
        let unicast = address("fe80::2")
        for message in [sealed(message), sealed(message, from: source, to: .vrrpGroup(.ipv6))] {
            #expect(throws: DecodeError.checksum) { try Advert.decode(message, from: source, to: unicast) }
        }
    }

    @Test("the legacy form of the checksum is accepted for unicast only")
    func legacyForm() throws {
        let message = sealed(version3, from: source, to: group)
        let peer = address("10.99.0.2")
        #expect(
            try Advert.decode(message, from: source, to: peer).checksumForm == .legacyMulticastPseudoHeader)
        // Another group is multicast too (keepalived: vrrp_mcast_group4), and its adverts carry its own address.
        let otherGroup = address("224.0.0.19")
        #expect(throws: DecodeError.checksum) { try Advert.decode(message, from: source, to: otherGroup) }
    }

    @Test("255 addresses fit into one advert", arguments: [VRRPVersion.v2, .v3])
    func fullList(version: VRRPVersion) throws {
        let list = AddressList((0..<255).map { .v4(IPv4Address(rawValue: 0x0A00_0000 + $0)) }, family: .ipv4)
        let advert = Advert(
            version: version, virtualRouterID: 255, priority: 254, addressCount: 255, interval: .seconds(1),
            checksumForm: version == .v2 ? .message : .pseudoHeader)
        let message = advert.message(list, from: source, to: group)
        #expect(message.count == 8 + 255 * 4 + (version == .v2 ? 8 : 0))
        #expect(try Advert.decode(message, from: source, to: group) == advert)
        let bytes = message.span.bytes
        let matches = advert.addressList(in: bytes, matches: list)
        #expect(matches)
    }
}
