/// The octets of the guard's questions.
import Testing
import Wire

@testable import Daemon

private let hardware = MACAddress(rawValue: 0x0200_0000_000A)
private let station = MACAddress(rawValue: 0x0200_0000_0014)

private func octets(_ text: String) -> [UInt8] {
    text.split(whereSeparator: { $0 == " " || $0 == "\n" }).compactMap { UInt8($0, radix: 16) }
}

@Suite struct ProbeFramesTests {
    @Test("who has an IPv4 address is asked in nobody's name, of everybody or of one station")
    func four() throws {
        let frames = ProbeFrames(hardware: hardware, source: IPAddress("192.168.4.10"))
        let address = try #require(IPAddress("192.168.4.200"))
        let body = "08 06 00 01 08 00 06 04 00 01 02 00 00 00 00 0a 00 00 00 00 00 00 00 00 00 00 c0 a8 04 c8"
        #expect(frames.question(for: address) == octets("ff ff ff ff ff ff 02 00 00 00 00 0a " + body))
        #expect(
            frames.question(for: address, to: station) == octets("02 00 00 00 00 14 02 00 00 00 00 0a " + body))
    }

    @Test("a host is asked in the name of this one, so that its answer comes back here alone")
    func host4() throws {
        let frames = ProbeFrames(hardware: hardware, source: IPAddress("192.168.4.10"))
        let host = try #require(IPAddress("192.168.4.20"))
        #expect(
            frames.question(forHost: host)
                == octets(
                    """
                    ff ff ff ff ff ff 02 00 00 00 00 0a 08 06 00 01 08 00 06 04 00 01 02 00 00 00 00 0a c0 a8 04 0a
                    00 00 00 00 00 00 c0 a8 04 14
                    """))
    }

    @Test("who has an IPv6 address is asked as duplicate detection asks, from :: to the solicited-node group")
    func six() throws {
        let frames = ProbeFrames(hardware: hardware, source: nil)
        let address = try #require(IPAddress("fd00:4::c8"))
        #expect(
            frames.question(for: address)
                == octets(
                    """
                    33 33 ff 00 00 c8 02 00 00 00 00 0a 86 dd 60 00 00 00 00 18 3a ff
                    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ff 02 00 00 00 00 00 00 00 00 00 01 ff 00 00 c8
                    87 00 7c 13 00 00 00 00 fd 00 00 04 00 00 00 00 00 00 00 00 00 00 00 c8
                    """))
        #expect(frames.question(for: address, to: station) == nil, "without an own address nobody can be asked alone")
    }

    @Test("one IPv6 station is asked from this host's own address, to the address itself")
    func alone6() throws {
        let frames = ProbeFrames(hardware: hardware, source: IPAddress("fe80::a"))
        let address = try #require(IPAddress("fd00:4::c8"))
        let frame = try #require(frames.question(for: address, to: station))
        #expect(Array(frame[..<14]) == octets("02 00 00 00 00 14 02 00 00 00 00 0a 86 dd"))
        let question = NeighborSolicitation(decodingFrame: frame.span.bytes)
        #expect(question.map { IPAddress.v6($0.target) } == address && question?.sourceMAC == hardware)
        #expect(Array(frame[22..<54]) == (IPAddress("fe80::a")?.octets ?? []) + address.octets)
    }
}
