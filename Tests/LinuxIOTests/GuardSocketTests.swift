/// Datagrams of the guard channel over a cable: TTL, source, interface, port, and what the kernel refuses.
import CLinux
import Glibc
import LinuxIO
import SystemPackage
import Testing
import Wire

@Suite(.needsNetworkRights) struct GuardSocketTests {
    private struct Received: Equatable {
        var bytes: [UInt8]
        var info: PacketInfo
    }

    private let port: UInt16 = 3768

    private func receive(_ count: Int, from socket: GuardSocket) throws -> [Received] {
        let loop = try EventLoop()
        let ring = PacketRing(capacity: 16, packetLength: 256)
        var received: [Received] = []
        let registration = try loop.add(socket.descriptor, .read) { _ in
            do {
                try socket.receive(into: ring) { received.append(Received(bytes: Array($0), info: $1)) }
            } catch {
                Issue.record(error)
            }
        }
        _ = loop.turn(until: { received.count >= count }, limit: .seconds(5))
        // One more look, so that a datagram too many is seen.
        loop.turn(maximumWait: .milliseconds(20))
        loop.remove(registration)
        return received
    }

    private func send(_ octets: [UInt8], by socket: GuardSocket, to destination: GuardSocket.Destination) -> Errno? {
        octets.withUnsafeBytes { socket.add($0, to: destination, tag: 9) }
        #expect(!socket.isQueueEmpty)
        var result: Errno?
        socket.flush { tag, errno in
            #expect(tag == 9)
            result = errno
        }
        #expect(socket.isQueueEmpty)
        return result
    }

    @Test("a datagram to the group arrives on the other end alone, with TTL 255 and the source that was asked for")
    func multicast4() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            try run("ip address add 10.0.0.9/24 dev left")
            let sender = try GuardSocket(left, family: .ipv4, port: port)
            let receiver = try GuardSocket(right, family: .ipv4, port: port)
            let group = IPAddress.vrrpGroup(.ipv4)
            for source in ["10.0.0.1", "10.0.0.9"] {
                let destination = GuardSocket.Destination(group, from: try address(source))
                #expect(send([1, 2, 3], by: sender, to: destination) == nil)
                let info = PacketInfo(
                    source: try address(source), destination: group, hopLimit: 255, interfaceIndex: right.index)
                #expect(try receive(1, from: receiver) == [Received(bytes: [1, 2, 3], info: info)])
            }
            #expect(try receive(0, from: sender).isEmpty)
        }
    }

    @Test("IPv6 datagrams leave from the given address with hop limit 255, to the group and to a host")
    func both6() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            try run("ip address add fe80::a:1/64 dev left nodad")
            try run("ip address add fe80::b:1/64 dev right nodad")
            let sender = try GuardSocket(left, family: .ipv6, port: port)
            let receiver = try GuardSocket(right, family: .ipv6, port: port)
            for destination in [IPAddress.vrrpGroup(.ipv6), try address("fe80::b:1")] {
                let place = GuardSocket.Destination(destination, from: try address("fe80::a:1"))
                #expect(send([4], by: sender, to: place) == nil)
                let info = PacketInfo(
                    source: try address("fe80::a:1"), destination: destination, hopLimit: 255,
                    interfaceIndex: right.index)
                #expect(try receive(1, from: receiver) == [Received(bytes: [4], info: info)])
            }
        }
    }

    @Test("both families and two interfaces have one port; another program's socket is in the way")
    func ports() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            var sockets = [try GuardSocket(left, family: .ipv4, port: port)]
            sockets.append(try GuardSocket(right, family: .ipv4, port: port))
            sockets.append(try GuardSocket(left, family: .ipv6, port: port))
            sockets.append(try GuardSocket(right, family: .ipv6, port: port))
            #expect(throws: IOFailure.self) { try GuardSocket(left, family: .ipv4, port: port) }
            #expect(Set(sockets.map(\.descriptor)).count == 4)
        }
    }

    @Test("a burst of 40 datagrams arrives whole and in order, 16 in one call")
    func burst() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            let sender = try GuardSocket(left, family: .ipv4, port: port)
            let receiver = try GuardSocket(right, family: .ipv4, port: port)
            let destination = GuardSocket.Destination(.vrrpGroup(.ipv4), from: try address("10.0.0.1"))
            for number in 0..<40 as Range<UInt8> {
                [number].withUnsafeBytes { sender.add($0, to: destination, tag: Int(number)) }
            }
            var tags: [Int] = []
            sender.flush { tag, errno in if errno == nil { tags.append(tag) } }
            #expect(tags == Array(0..<40))
            #expect(try receiver.receive(into: PacketRing(capacity: 16, packetLength: 256)) { _, _ in } == 16)
            #expect(try receive(24, from: receiver).map(\.bytes) == (16..<40).map { [$0] })
        }
    }

    @Test("what does not fit the ring is told as cut, and what the kernel refuses is reported")
    func refused() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            let sender = try GuardSocket(left, family: .ipv4, port: port)
            let receiver = try GuardSocket(right, family: .ipv4, port: port)
            let group = GuardSocket.Destination(.vrrpGroup(.ipv4), from: try address("10.0.0.1"))
            #expect(send([UInt8](repeating: 7, count: 300), by: sender, to: group) == nil)
            let received = try receive(1, from: receiver)
            #expect(received.map(\.bytes.count) == [256])
            #expect(received.first?.info.isTruncated == true)
            try run("ip link set left down")
            #expect(send([1], by: sender, to: group) != nil)
        }
    }

    @Test("two namespaces of one host are two nodes, one namespace is one, and nonces differ")
    func identity() throws {
        let here = try NodeIdentity.node()
        #expect(try NodeIdentity.node() == here)
        try inNewNetworkNamespace {
            let there = try NodeIdentity.node()
            #expect(there != here)
        }
        let first = try NodeIdentity.nonce()
        #expect(first != 0)
        #expect(try NodeIdentity.nonce() != first)
    }
}
