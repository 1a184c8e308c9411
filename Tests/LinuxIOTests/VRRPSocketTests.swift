/// Adverts over a cable: what is sent arrives once, with its TTL, source, destination and interface.
import CLinux
import Glibc
import LinuxIO
import SystemPackage
import Testing
import Wire

@Suite(.needsNetworkRights) struct VRRPSocketTests {
    private struct Received: Equatable {
        var bytes: [UInt8]
        var info: PacketInfo
    }

    /// An IPv4 packet with a payload of protocol 112.
    private func packet(from source: String, to destination: String, ttl: UInt8, payload: [UInt8]) throws -> [UInt8] {
        guard case .v4(let source) = try address(source), case .v4(let destination) = try address(destination) else {
            throw Errno.invalidArgument
        }
        return [UInt8](count: 20 + payload.count) { bytes in
            IPv4Header(
                source: source, destination: destination, protocolNumber: .vrrp, payloadLength: payload.count,
                timeToLive: ttl
            ).encode(into: &bytes)
            bytes.write(payload, at: 20)
        }
    }

    /// Reads until `count` packets have come.
    private func receive(_ count: Int, from receiver: VRRPReceiver) throws -> [Received] {
        let loop = try EventLoop()
        let ring = PacketRing()
        var received: [Received] = []
        let registration = try loop.add(receiver.descriptor, .read) { _ in
            do { try receiver.receive(into: ring) { received.append(Received(bytes: Array($0), info: $1)) } } catch {
                Issue.record(error)
            }
        }
        _ = loop.turn(until: { received.count >= count }, limit: .seconds(5))
        // One more look, so that a packet too many is seen.
        loop.turn(maximumWait: .milliseconds(20))
        loop.remove(registration)
        return received
    }

    @Test("an IPv4 advert to the group arrives with its header, TTL, source and interface, and not at its sender")
    func multicast4() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            let group = try address("224.0.0.18")
            let receiver = try VRRPReceiver(right, .multicast(group: group))
            let own = try VRRPReceiver(left, .multicast(group: group))
            let sender = try VRRPSender(left, family: .ipv4, .multicast)
            let bytes = try packet(from: "10.0.0.1", to: "224.0.0.18", ttl: 255, payload: Array(1...20))
            let batch = AdvertBatch()
            var results: [Int: Errno?] = [:]
            bytes.withUnsafeBytes { raw in
                batch.add(raw, from: .v4(IPv4Address(rawValue: 0x0A00_0001)), to: group, by: sender, tag: 77)
            }
            #expect(!batch.isEmpty)
            batch.flush { results[$0] = $1 }
            #expect(results == [77: nil])
            #expect(batch.isEmpty)
            let received = try receive(1, from: receiver)
            try #require(received.count == 1)
            #expect(received[0].bytes[20...] == bytes[20...])
            #expect(received[0].bytes[1] == 0xC0, "type of service")
            #expect(
                received[0].info
                    == PacketInfo(
                        source: try address("10.0.0.1"), destination: group, hopLimit: 255, interfaceIndex: right.index)
            )
            #expect(try receive(0, from: own).isEmpty)
        }
    }

    @Test("an IPv6 advert leaves from the given source with hop limit 255 and arrives without a header")
    func multicast6() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            try run("ip address add fe80::a:1/64 dev left nodad")
            let group = try address("ff02::12")
            let source = try address("fe80::a:1")
            let receiver = try VRRPReceiver(right, .multicast(group: group))
            let sender = try VRRPSender(left, family: .ipv6, .multicast)
            let batch = AdvertBatch()
            let message = [UInt8](1...24)
            message.withUnsafeBytes { batch.add($0, from: source, to: group, by: sender, tag: 1) }
            batch.flush { _, error in #expect(error == nil) }
            let received = try receive(1, from: receiver)
            let expected = PacketInfo(source: source, destination: group, hopLimit: 255, interfaceIndex: right.index)
            #expect(received == [Received(bytes: message, info: expected)])
        }
    }

    @Test("a unicast receiver hears its own address and not the group; a TTL below 255 is told")
    func unicast4() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            let receiver = try VRRPReceiver(right, .unicast(to: try address("10.0.0.2")))
            let groupSender = try VRRPSender(left, family: .ipv4, .multicast)
            let sender = try VRRPSender(left, family: .ipv4, .unicast)
            // Both ends are in one namespace: without these the packet would take the short way over lo.
            try run("ip link set right address 02:00:00:00:00:02")
            try run("ip neighbour add 10.0.0.2 lladdr 02:00:00:00:00:02 dev left")
            try run("ip route add 10.0.0.2 dev left table 100")
            try run("ip rule add to 10.0.0.2 oif left lookup 100 pref 0")
            try run("ip rule add lookup local pref 1")
            try run("ip rule del pref 0 lookup local")
            let batch = AdvertBatch()
            let source = try address("10.0.0.1")
            let toGroup = try packet(from: "10.0.0.1", to: "224.0.0.18", ttl: 255, payload: [1])
            let toPeer = try packet(from: "10.0.0.1", to: "10.0.0.2", ttl: 64, payload: [2])
            let group = try address("224.0.0.18")
            let peer = try address("10.0.0.2")
            toGroup.withUnsafeBytes { batch.add($0, from: source, to: group, by: groupSender, tag: 1) }
            toPeer.withUnsafeBytes { batch.add($0, from: source, to: peer, by: sender, tag: 2) }
            var errors: [Errno?] = []
            batch.flush { errors.append($1) }
            #expect(errors == [nil, nil])
            let received = try receive(1, from: receiver)
            #expect(received.map(\.info.hopLimit) == [64])
            #expect(received.map(\.info.destination) == [peer])
            #expect(received.first?.bytes.last == 2)
        }
    }

    @Test("300 adverts go out as one batch and arrive in order, 64 per turn at most")
    func batchOf300() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            let group = try address("224.0.0.18")
            let source = try address("10.0.0.1")
            let receiver = try VRRPReceiver(right, .multicast(group: group))
            let sender = try VRRPSender(left, family: .ipv4, .multicast)
            let batch = AdvertBatch()
            // Twice, so that the queue's memory is used again.
            for _ in 0..<2 {
                for number in 0..<300 {
                    let payload = [UInt8(number >> 8), UInt8(number & 0xFF)]
                    let bytes = try packet(from: "10.0.0.1", to: "224.0.0.18", ttl: 255, payload: payload)
                    bytes.withUnsafeBytes { batch.add($0, from: source, to: group, by: sender, tag: number) }
                }
                var tags: [Int] = []
                batch.flush { tag, error in
                    #expect(error == nil)
                    tags.append(tag)
                }
                #expect(tags == Array(0..<300))
                #expect(try receiver.receive(into: PacketRing()) { _, _ in } == 64)
                let rest = try receive(236, from: receiver)
                let isInOrder = rest.map { Int($0.bytes[20]) << 8 | Int($0.bytes[21]) } == Array(64..<300)
                #expect(isInOrder)
            }
        }
    }

    @Test("a packet the kernel refuses is reported by its tag, and the others still go")
    func refusedPacket() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            let group = try address("224.0.0.18")
            let source = try address("10.0.0.1")
            let receiver = try VRRPReceiver(right, .multicast(group: group))
            let sender = try VRRPSender(left, family: .ipv4, .multicast)
            let good = try packet(from: "10.0.0.1", to: "224.0.0.18", ttl: 255, payload: [1])
            let tooLong = try packet(
                from: "10.0.0.1", to: "224.0.0.18", ttl: 255, payload: [UInt8](repeating: 0, count: 3000))
            let batch = AdvertBatch()
            for (tag, bytes) in [good, tooLong, good].enumerated() {
                bytes.withUnsafeBytes { batch.add($0, from: source, to: group, by: sender, tag: tag) }
            }
            var results: [Int: Errno?] = [:]
            batch.flush { results[$0] = $1 }
            #expect(results == [0: nil, 1: .messageTooLong, 2: nil])
            #expect(try receive(2, from: receiver).count == 2)

            try run("ip link set left down")
            good.withUnsafeBytes { batch.add($0, from: source, to: group, by: sender, tag: 9) }
            var down: Errno?
            batch.flush { down = $1 }
            #expect(down == .networkDown || down == .networkUnreachable)
        }
    }

    @Test("a receiver on one interface does not hear another one")
    func otherInterface() throws {
        try inNewNetworkNamespace {
            let (left, _) = try makeCable()
            try run("ip link add other type veth peer name another")
            try run("ip link set other up")
            try run("ip link set another up")
            let group = try address("224.0.0.18")
            let receiver = try VRRPReceiver(try Interface(named: "other"), .multicast(group: group))
            let sender = try VRRPSender(left, family: .ipv4, .multicast)
            let bytes = try packet(from: "10.0.0.1", to: "224.0.0.18", ttl: 255, payload: [1])
            let batch = AdvertBatch()
            let source = try address("10.0.0.1")
            bytes.withUnsafeBytes { batch.add($0, from: source, to: group, by: sender, tag: 1) }
            batch.flush { _, error in #expect(error == nil) }
            #expect(try receive(0, from: receiver).isEmpty)
        }
    }
}
