/// Whole frames over a cable: gratuitous ARP out and in, and nothing that the filter refuses.
import Glibc
import LinuxIO
import Testing
import Wire

@Suite(.needsNetworkRights) struct PacketSocketTests {
    /// Frames that the socket hears within a short time, with their direction.
    private func frames(_ socket: PacketSocket, atLeast count: Int) throws -> [(bytes: [UInt8], FrameDirection)] {
        let loop = try EventLoop()
        let ring = PacketRing(capacity: 16, packetLength: 2048)
        var frames: [(bytes: [UInt8], FrameDirection)] = []
        let registration = try loop.add(socket.descriptor, .read) { _ in
            do { try socket.receive(into: ring) { frames.append((Array($0), $2)) } } catch { Issue.record(error) }
        }
        _ = loop.turn(until: { frames.count >= count }, limit: .seconds(5))
        loop.turn(maximumWait: .milliseconds(20))
        loop.remove(registration)
        return frames
    }

    @Test(
        "a gratuitous ARP and an unsolicited neighbour advertisement are heard at the other end; adverts are filtered")
    func announcements() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            let ears = try PacketSocket(hearing: .addressResolution, on: right)
            let mouth = try PacketSocket()
            let mac = try #require(MACAddress("02:00:00:00:00:01"))
            let gratuitous = ARPPacket.gratuitous(IPv4Address(rawValue: 0x0A00_0064), at: mac).frame()
            let target = IPv6Address(high: 0xFD00_0000_0000_0000, low: 0x100)
            let advertisement = NeighborAdvertisement.unsolicited(target, at: mac, isRouter: false).frame(from: mac)
            var advert = gratuitous
            advert.replaceSubrange(12..<24, with: [0x08, 0x00, 0x45, 0, 0, 28, 0, 0, 0, 0, 255, 112])
            for frame in [advert, gratuitous, advertisement] {
                try frame.withUnsafeBytes { try mouth.send($0, on: left.index) }
            }
            let heard = try frames(ears, atLeast: 2).filter { $0.bytes[6..<12].elementsEqual([2, 0, 0, 0, 0, 1]) }
            #expect(heard.map(\.bytes) == [gratuitous, advertisement])
            #expect(heard.map(\.1) == [.broadcast, .multicast])
        }
    }

    @Test("the VRRP filter lets IPv4 and IPv6 adverts through and no ARP")
    func vrrpFilter() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            let ears = try PacketSocket(hearing: .vrrp, on: right, allMulticast: true)
            let mouth = try PacketSocket()
            let head: [UInt8] = [1, 0, 0x5E, 0, 0, 18, 2, 0, 0, 0, 0, 1]
            let advert4 =
                head + [0x08, 0x00, 0x45, 0xC0, 0, 21, 0, 0, 0, 0, 255, 112] + [UInt8](repeating: 4, count: 30)
            let advert6 = head + [0x86, 0xDD, 0x60, 0, 0, 0, 0, 8, 112, 255] + [UInt8](repeating: 6, count: 40)
            let arp = head + [0x08, 0x06] + [UInt8](repeating: 1, count: 30)
            for frame in [arp, advert4, advert6] {
                try frame.withUnsafeBytes { try mouth.send($0, on: left.index) }
            }
            #expect(try frames(ears, atLeast: 2).map(\.bytes) == [advert4, advert6])
        }
    }

    @Test("a frame on an interface that is down or shorter than a header is refused")
    func refused() throws {
        try inNewNetworkNamespace {
            let (left, _) = try makeCable()
            let mouth = try PacketSocket()
            #expect(throws: IOFailure.self) {
                try [UInt8](repeating: 0, count: 13).withUnsafeBytes { try mouth.send($0, on: left.index) }
            }
            try run("ip link set left down")
            let frame = ARPPacket.gratuitous(IPv4Address(rawValue: 1), at: MACAddress(rawValue: 1)).frame()
            #expect(throws: IOFailure.self) { try frame.withUnsafeBytes { try mouth.send($0, on: left.index) } }
        }
    }
}
