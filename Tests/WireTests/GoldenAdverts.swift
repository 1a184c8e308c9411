/// Adverts as other implementations have sent them, octet for octet, with what they mean.
import Testing
import Wire

/// One recorded message with its packet's addresses.
struct GoldenAdvert: Sendable, CustomTestStringConvertible {
    var name: String
    var source: IPAddress
    var destination: IPAddress
    var bytes: [UInt8]
    var advert: Advert
    var addresses: [IPAddress]

    var testDescription: String { name }
    var list: AddressList { AddressList(addresses, family: source.family) }

    init(
        _ name: String, from source: String, to destination: String, _ hexadecimal: String, _ advert: Advert,
        _ addresses: [String]
    ) {
        self.name = name
        self.source = address(source)
        self.destination = address(destination)
        bytes = octets(hexadecimal)
        self.advert = advert
        self.advert.addressCount = UInt8(addresses.count)
        self.addresses = addresses.map(address)
    }
}

private func version2(
    _ id: UInt8, priority: UInt8, seconds: Int = 1, _ authentication: Authentication = .none
) -> Advert {
    Advert(
        version: .v2, virtualRouterID: id, priority: priority, addressCount: 0, interval: .seconds(seconds),
        authentication: authentication, checksumForm: .message)
}

private func version3(
    _ id: UInt8, priority: UInt8, milliseconds: Int = 1000, _ form: ChecksumForm = .pseudoHeader
) -> Advert {
    Advert(
        version: .v3, virtualRouterID: id, priority: priority, addressCount: 0,
        interval: .milliseconds(milliseconds), checksumForm: form)
}

/// Columns of the hexadecimal text: version and type, virtual router ID, priority, count; then authentication type and
/// interval, checksum; then the addresses; then, in version 2, the authentication data.
let goldenAdverts: [GoldenAdvert] = [
    // Accepted by tcpdump, tshark and scapy.
    GoldenAdvert(
        "version 2 without authentication", from: "10.99.0.1", to: "224.0.0.18",
        "2105c801 00010c31 0a630064 0000000000000000", version2(5, priority: 200), ["10.99.0.100"]),
    GoldenAdvert(
        "version 2 with password 1111", from: "10.99.0.1", to: "224.0.0.18",
        "2105c801 0101a8ce 0a630064 3131313100000000", version2(5, priority: 200, .password(Password("1111"))),
        ["10.99.0.100"]),
    GoldenAdvert(
        "version 3 IPv4 with pseudo-header", from: "10.99.0.1", to: "224.0.0.18",
        "3105c801 006410db 0a630064", version3(5, priority: 200), ["10.99.0.100"]),
    GoldenAdvert(
        "version 3 IPv4, message only (RFC 9568)", from: "10.99.0.1", to: "224.0.0.18",
        "3105c801 0064fbcd 0a630064", version3(5, priority: 200, .message), ["10.99.0.100"]),
    GoldenAdvert(
        "version 3 IPv6 with two addresses", from: "fe80::1", to: "ff02::12",
        "3105c802 00640a4a fe800000000000000000000000000100 fd990000000000000000000000000100",
        version3(5, priority: 200), ["fe80::100", "fd99::100"]),

    // Captured from keepalived 2.4.3.
    GoldenAdvert(
        "keepalived, version 2 with password 1111", from: "192.168.4.21", to: "224.0.0.18",
        "21c4c801 0101ed65 c0a804c8 3131313100000000", version2(196, priority: 200, .password(Password("1111"))),
        ["192.168.4.200"]),
    GoldenAdvert(
        "keepalived, version 2 without authentication", from: "192.168.4.21", to: "224.0.0.18",
        "21c4c801 000150c8 c0a804c8 0000000000000000", version2(196, priority: 200), ["192.168.4.200"]),
    GoldenAdvert(
        "keepalived, version 2, a password cut to eight octets", from: "192.168.4.21", to: "224.0.0.18",
        "21c4c801 0101be32 c0a804c8 6162636465666768",
        version2(196, priority: 200, .password(Password("abcdefghijkl"))), ["192.168.4.200"]),
    GoldenAdvert(
        "keepalived, version 3 every half second", from: "192.168.4.21", to: "224.0.0.18",
        "31c4c801 00329b4a c0a804c8", version3(196, priority: 200, milliseconds: 500), ["192.168.4.200"]),
    GoldenAdvert(
        "keepalived with v3_checksum_as_v2", from: "192.168.4.21", to: "224.0.0.18",
        "31c4c801 00644065 c0a804c8", version3(196, priority: 200, .message), ["192.168.4.200"]),
    GoldenAdvert(
        "keepalived, version 3 unicast", from: "192.168.4.21", to: "192.168.4.254",
        "31c4c801 0064b584 c0a804c8", version3(196, priority: 200), ["192.168.4.200"]),
    GoldenAdvert(
        "keepalived, version 3 IPv6", from: "fe80::dc3b:19ff:fe8d:12cf", to: "ff02::12",
        "31429602 006432a5 fe800000000000000000000002000066 fd000004000000000000000000000200",
        version3(66, priority: 150), ["fe80::200:66", "fd00:4::200"]),

    // keepalived up to 1.3.6 put the group into the checksum of unicast adverts: the half-second capture above, with
    // an interval of 1 s, sent to one peer.
    GoldenAdvert(
        "version 3 unicast with the group in the checksum", from: "192.168.4.21", to: "192.168.4.254",
        "31c4c801 00649b18 c0a804c8", version3(196, priority: 200, .legacyMulticastPseudoHeader),
        ["192.168.4.200"]),

    // Made by scapy 2.8.
    GoldenAdvert(
        "goodbye in version 2 with the longest interval", from: "10.0.0.1", to: "224.0.0.18",
        "21010002 00ffc9fa 0a000001 0a000002 0000000000000000", version2(1, priority: 0, seconds: 255),
        ["10.0.0.1", "10.0.0.2"]),
    GoldenAdvert(
        "twenty addresses, priority 255 and the longest interval in version 3", from: "10.0.0.1", to: "224.0.0.18",
        """
        3101ff14 0fff0c3c 0a000001 0a000002 0a000003 0a000004 0a000005 0a000006 0a000007 0a000008 0a000009 0a00000a
        0a00000b 0a00000c 0a00000d 0a00000e 0a00000f 0a000010 0a000011 0a000012 0a000013 0a000014
        """, version3(1, priority: 255, milliseconds: 40_950), (1...20).map { "10.0.0.\($0)" }),
]

/// The IPv4 header of keepalived's version 2 capture (TOS 0xC0, identification 3, TTL 255, protocol 112).
let goldenIPv4Header = octets("45c00028 00030000 ff7015d3 c0a80415 e0000012")
