/// A machine on the lab's switch that is no VRRP node: it listens, answers ARP for everybody, claims an address, or floods
/// the switch with adverts.
import Glibc
import Lab
import LinuxIO
import Wire

/// Works on a thread of its own, from the client's place, until `stop`.
final class Station: Sendable {
    private let isEnding = Lock(false)
    private let count = Lock(0)
    private let thread: Thread

    /// How many frames it has sent.
    var sent: Int { count.withLock { $0 } }

    /// Sends an answer to every ARP request, whatever it asks for: a proxy that means well.
    static func answeringEverything(in lab: Lab) throws -> Station {
        let (socket, interface) = try open(in: lab)
        let ring = PacketRing(capacity: 16, packetLength: 256)
        let mac = MACAddress(rawValue: 0x02AA_0000_0001)
        return try Station { count in
            receive(socket, ring) { bytes, direction in
                guard direction != .outgoing, let question = ARPPacket(decodingFrame: bytes.bytes),
                    question.operation == .request, question.senderAddress != question.targetAddress
                else { return }
                let answer = question.reply(from: mac).frame(to: question.senderMAC)
                send(answer, by: socket, on: interface)
                count += 1
            }
            pause(.microseconds(200))
        }
    }

    /// Claims an address as its own: five hundred gratuitous ARPs a second, and an answer to everybody who asks.
    static func claiming(_ address: IPv4Address, in lab: Lab) throws -> Station {
        let (socket, interface) = try open(in: lab)
        let ring = PacketRing(capacity: 16, packetLength: 256)
        let mac = MACAddress(rawValue: 0x02CC_0000_0001)
        let claim = ARPPacket.gratuitous(address, at: mac).frame()
        return try Station { count in
            receive(socket, ring) { bytes, direction in
                guard direction != .outgoing, let question = ARPPacket(decodingFrame: bytes.bytes),
                    question.operation == .request, question.targetAddress == address,
                    question.senderAddress != address
                else { return }
                send(question.reply(from: mac).frame(to: question.senderMAC), by: socket, on: interface)
            }
            send(claim, by: socket, on: interface)
            count += 1
            pause(.milliseconds(2))
        }
    }

    /// Sends a thousand adverts a second, each in another node's name.
    static func forging(_ advert: Advert, for addresses: [IPAddress], in lab: Lab) throws -> Station {
        let (socket, interface) = try open(in: lab)
        let list = AddressList(addresses, family: .ipv4)
        return try Station { count in
            let source = IPv4Address(rawValue: 0xC0A8_0400 | UInt32(100 + count % 100))
            let packet = AdvertTemplate(advert, addresses: list, from: .v4(source), to: .vrrpGroup(.ipv4)).bytes
            let frame: [UInt8] = [1, 0, 0x5E, 0, 0, 18, 0x02, 0xBB, 0, 0, 0, 1, 0x08, 0x00] + packet
            send(frame, by: socket, on: interface)
            count += 1
            pause(.milliseconds(1))
        }
    }

    /// A gratuitous ARP: when the client's place heard it, and the hardware address it names.
    struct Announcement: Sendable {
        var at: Moment
        var card: MACAddress
    }

    /// Sends nothing, and notes every gratuitous ARP for an address in the order of the wire.
    static func hearing(
        announcementsOf address: IPv4Address, in lab: Lab, into heard: Lock<[Announcement]>
    ) throws -> Station {
        let (socket, _) = try open(in: lab)
        let ring = PacketRing(capacity: 16, packetLength: 256)
        return try Station { _ in
            receive(socket, ring) { bytes, direction in
                guard direction != .outgoing, let packet = ARPPacket(decodingFrame: bytes.bytes),
                    packet.senderAddress == address, packet.targetAddress == address
                else { return }
                heard.withLock { $0.append(.init(at: .now, card: packet.senderMAC)) }
            }
            pause(.microseconds(200))
        }
    }

    private static func receive(
        _ socket: PacketSocket, _ ring: PacketRing, _ handle: (UnsafeRawBufferPointer, FrameDirection) -> Void
    ) {
        do { try socket.receive(into: ring) { bytes, _, direction in handle(bytes, direction) } } catch {}
    }

    /// A frame that does not get out is lost, as on any wire.
    private static func send(_ frame: [UInt8], by socket: PacketSocket, on interface: UInt32) {
        frame.withUnsafeBytes { bytes in
            do { try socket.send(bytes, on: interface) } catch {}
        }
    }

    private static func open(in lab: Lab) throws -> (PacketSocket, UInt32) {
        // Both are made on a thread of the client's; the caller's use them afterwards.
        let made = Lock<(PacketSocket, UInt32)?>(nil)
        try lab.client.inside { () throws(LabError) in
            do throws(IOFailure) {
                let interface = try Interface(named: "eth0")
                let socket = try PacketSocket(hearing: .addressResolution, on: interface)
                made.withLock { $0 = (socket, interface.index) }
            } catch {
                throw LabError("\(error)")
            }
        }
        guard let found = made.withLock({ $0 }) else { throw LabError("no socket was made") }
        return found
    }

    private init(_ work: @escaping (inout Int) -> Void) throws {
        let (isEnding, count) = (isEnding, count)
        let work = Work(run: work)
        thread = try Thread.start(name: "lab station") {
            var number = 0
            while !isEnding.withLock({ $0 }) {
                work.run(&number)
                count.withLock { $0 = number }
            }
        }
    }

    /// Sendable without the compiler's proof: the one thread that is started runs it, and nobody else.
    private struct Work: @unchecked Sendable {
        var run: (inout Int) -> Void
    }

    func stop() {
        let isFirst = isEnding.withLock { flag in
            defer { flag = true }
            return !flag
        }
        if isFirst { thread.join() }
    }

    deinit { stop() }
}
