/// Netlink messages by their octets: what is built, and what is read from hostile input.
import CLinux
import Glibc
import LinuxIO
import Testing
import Wire

@Suite struct NetlinkMessageTests {
    /// A notice of 10.0.0.100/24 on interface 7, little endian as on the machines that test it.
    private let notice: [UInt8] = [
        0x40, 0, 0, 0, 20, 0, 0, 0, 0x2A, 0, 0, 0, 0, 0, 0, 0,  // length 64, RTM_NEWADDR, sequence 42
        2, 24, 0x80, 0, 7, 0, 0, 0,  // AF_INET, /24, permanent, universe, interface 7
        8, 0, 1, 0, 10, 0, 0, 100,  // IFA_ADDRESS
        8, 0, 2, 0, 10, 0, 0, 100,  // IFA_LOCAL
        6, 0, 3, 0, UInt8(ascii: "v"), 0, 0, 0,  // IFA_LABEL "v", padded
        8, 0, 8, 0, 0x80, 2, 0, 0,  // IFA_FLAGS permanent, noprefixroute
        5, 0, 11, 0, 112, 0, 0, 0,  // IFA_PROTO
    ]

    private func read<Result>(_ bytes: [UInt8], _ body: (NetlinkMessage?) -> Result) -> Result {
        bytes.withUnsafeBytes { buffer in
            var messages = NetlinkMessages(buffer)
            return body(messages.next())
        }
    }

    @Test("an address notice is read field by field")
    func readNotice() throws {
        #expect(notice.count == 64)
        let address = try #require(read(notice) { $0.flatMap { InterfaceAddress($0) } })
        #expect(address.prefix == Prefix("10.0.0.100/24"))
        #expect(address.interface == 7)
        #expect(address.label == "v")
        #expect(address.flags == [.permanent, .noPrefixRoute])
        #expect(address.origin == .halua)
        #expect(address.peer == nil)
        #expect(read(notice) { $0?.sequence } == 42)
    }

    @Test("a request has right lengths, padding and nesting")
    func build() {
        var request = NetlinkRequest(RTM_NEWLINK, flags: NLM_F_ACK, header: ifaddrmsg())
        request.sequence = 7
        request.attribute(3, "abc")
        request.nest(18) { $0.attribute(1, UInt8(9)) }
        #expect(
            request.bytes == [
                44, 0, 0, 0, 16, 0, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0,  // length 44, RTM_NEWLINK, REQUEST | ACK
                0, 0, 0, 0, 0, 0, 0, 0,
                8, 0, 3, 0, 97, 98, 99, 0,  // text with its NUL
                12, 0, 18, 0x80,  // nested, 12 octets with what is in it
                5, 0, 1, 0, 9, 0, 0, 0,  // one octet, padded to four
            ])
    }

    @Test("no truncation and no flipped octet of a notice reads out of bounds")
    func hostile() {
        for length in 0...notice.count {
            read(Array(notice[..<length])) { message in
                #expect(message == nil || length == notice.count)
                _ = message.flatMap { InterfaceAddress($0) }
            }
        }
        for position in notice.indices {
            for value: UInt8 in [0, 1, 3, 0x7F, 0x80, 0xFF] {
                var bytes = notice
                bytes[position] = value
                read(bytes) { message in
                    _ = message.flatMap { InterfaceAddress($0) }
                    _ = message.flatMap { Link($0) }
                    _ = message.flatMap { NetworkMonitor.event($0) }
                }
            }
        }
    }

    @Test("random octets are read without harm", arguments: [1, 2, 3] as [UInt64])
    func random(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        for _ in 0..<2_000 {
            let length = Int.random(in: 0..<96, using: &generator)
            var bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            // A plausible head lets the rest be looked at.
            if length >= 16 {
                bytes[0] = UInt8(length)
                bytes[1] = 0
                bytes[2] = 0
                bytes[3] = 0
                bytes[4] = [16, 20].randomElement(using: &generator) ?? 20
                bytes[5] = 0
            }
            read(bytes) { message in
                _ = message.flatMap { NetworkMonitor.event($0) }
            }
        }
    }
}
