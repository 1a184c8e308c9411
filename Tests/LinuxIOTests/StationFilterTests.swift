/// The guard's filter in a real kernel, with real frames: what wakes the daemon, and what must not.
import Glibc
import LinuxIO
import Testing
import Wire

private let stranger = MACAddress(rawValue: 0x0200_0000_0001)
private let virtual4 = IPv4Address(rawValue: 0x0A00_0064)
private let other4 = IPv4Address(rawValue: 0x0A00_0065)
private let virtual6 = IPv6Address(high: 0xFD00_0000_0000_0000, low: 0x100)
private let other6 = IPv6Address(high: 0xFD00_0000_0000_0000, low: 0x101)

@Suite(.needsNetworkRights) struct StationFilterTests {
    /// Sends frames over a cable and returns the names of those that arrive at its other end.
    private func heard(
        _ filter: PacketFilter, _ frames: [(name: String, frame: [UInt8])], alsoFromItself own: [UInt8] = []
    ) throws -> [String] {
        var names: [String] = []
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            let ears = try PacketSocket(hearing: filter, on: right)
            let mouth = try PacketSocket()
            if !own.isEmpty { try own.withUnsafeBytes { try mouth.send($0, on: right.index) } }
            // The last one always passes, so that the wait for it is a wait for all.
            let end = ARPPacket.gratuitous(virtual4, at: MACAddress(rawValue: 0x02FF_0000_0001)).frame()
            for frame in frames.map(\.frame) + [end] {
                try frame.withUnsafeBytes { try mouth.send($0, on: left.index) }
            }
            let loop = try EventLoop()
            let ring = PacketRing(capacity: 32, packetLength: 2048)
            var hasEnded = false
            let registration = try loop.add(ears.descriptor, .read) { _ in
                do {
                    try ears.receive(into: ring) { bytes, _, _ in
                        let octets = Array(bytes)
                        if octets == end { hasEnded = true }
                        // Frames of the kernels themselves may be among them.
                        if octets == own { names.append("own") }
                        if let found = frames.first(where: { octets == $0.frame || octets == untagged($0.frame) }) {
                            names.append(found.name)
                        }
                    }
                } catch {
                    Issue.record(error)
                }
            }
            let isComplete = loop.turn(until: { hasEnded }, limit: .seconds(5))
            #expect(isComplete)
            loop.remove(registration)
        }
        return names
    }

    /// The kernel takes a VLAN tag off before packet sockets see the frame.
    private func untagged(_ frame: [UInt8]) -> [UInt8]? {
        frame.count > 16 && frame[12..<14] == [0x81, 0] ? Array(frame[..<12] + frame[16...]) : nil
    }

    private func tagged(_ frame: [UInt8], _ number: UInt8) -> [UInt8] {
        Array(frame[..<12] + [0x81, 0x00, 0x00, number] + frame[12...])
    }

    private func arp(_ operation: ARPPacket.Operation, from address: IPv4Address) -> [UInt8] {
        ARPPacket(
            operation, senderMAC: stranger, senderAddress: address, targetMAC: .zero, targetAddress: other4
        ).frame()
    }

    private func advertisement(of target: IPv6Address) -> [UInt8] {
        NeighborAdvertisement.unsolicited(target, at: stranger, isRouter: false).frame(from: stranger)
    }

    private func advert(_ destination: [UInt8]) -> [UInt8] {
        destination + [2, 0, 0, 0, 0, 1, 0x08, 0x00, 0x45, 0xC0, 0, 21, 0, 0, 0, 0, 255, 112]
            + [UInt8](repeating: 4, count: 30)
    }

    @Test("of all frames only those pass in which a station says that it is at one of the addresses")
    func claims() throws {
        let probe = ARPPacket.probe(for: virtual4, from: stranger).frame()
        let question = NeighborSolicitation.frame(asking: other6, source: virtual6, from: stranger)
        let names = try heard(
            .stations([.v4(virtual4), .v6(virtual6)], hearsAdverts: false),
            [
                ("request from it", arp(.request, from: virtual4)), ("reply from it", arp(.reply, from: virtual4)),
                ("request from another", arp(.request, from: other4)), ("probe for it", probe),
                ("advertisement of it", advertisement(of: virtual6)),
                ("advertisement of another", advertisement(of: other6)), ("question from it", question),
                ("question for it", NeighborSolicitation.frame(asking: virtual6, source: other6, from: stranger)),
                ("duplicate detection", NeighborSolicitation.probeFrame(for: virtual6, from: stranger)),
                ("advert", advert([1, 0, 0x5E, 0, 0, 18])),
            ])
        #expect(names == ["request from it", "reply from it", "advertisement of it", "question from it"])
    }

    @Test("adverts pass only when they are asked for, and the claims go on passing")
    func adverts() throws {
        let advert6: [UInt8] =
            [0x33, 0x33, 0, 0, 0, 18, 2, 0, 0, 0, 0, 1, 0x86, 0xDD, 0x60, 0, 0, 0, 0, 8, 112, 255]
            + [UInt8](repeating: 6, count: 40)
        let names = try heard(
            .stations([.v4(virtual4), .v6(virtual6)], hearsAdverts: true),
            [
                ("advert 4", advert([1, 0, 0x5E, 0, 0, 18])), ("advert 6", advert6),
                ("advertisement", advertisement(of: virtual6)), ("reply", arp(.reply, from: virtual4)),
                ("other reply", arp(.reply, from: other4)), ("other advertisement", advertisement(of: other6)),
            ])
        #expect(names == ["advert 4", "advert 6", "advertisement", "reply"])
    }

    @Test("neither this host's own frames nor those of a VLAN above the interface pass")
    func foreignAndUntagged() throws {
        let reply = arp(.reply, from: virtual4)
        let own = ARPPacket.gratuitous(virtual4, at: stranger).frame()
        let names = try heard(
            .stations([.v4(virtual4)], hearsAdverts: false),
            [("tagged", tagged(arp(.request, from: virtual4), 100)), ("plain", reply)], alsoFromItself: own)
        #expect(names == ["plain"])
    }

    @Test("without addresses nothing passes; with more than a program holds, all ARP does")
    func bounds() throws {
        let frames = [("other", arp(.reply, from: other4)), ("advertisement", advertisement(of: other6))]
        let few = (0..<PacketFilter.mostAddresses).map { IPAddress.v4(IPv4Address(rawValue: 0x0A01_0000 + UInt32($0))) }
        #expect(try heard(.stations(few.dropLast() + [.v4(virtual4)], hearsAdverts: true), frames) == [])
        let many = few + [.v4(virtual4)]
        #expect(try heard(.stations(many, hearsAdverts: true), frames) == ["other", "advertisement"])
    }

    @Test("what a switch says itself on a port that forwards nothing is no forwarded frame")
    func forwarded() throws {
        let body: [UInt8] = [2, 0, 0, 0, 0, 9, 0, 38, 0x42, 0x42, 3] + [UInt8](repeating: 0, count: 40)
        let names = try heard(
            .forwarded,
            [
                ("spanning tree", [0x01, 0x80, 0xC2, 0, 0, 0] + body),
                ("CDP", [0x01, 0, 0x0C, 0xCC, 0xCC, 0xCC] + body),
                ("any other", arp(.request, from: other4)),
            ])
        #expect(names == ["any other"])
    }
}
