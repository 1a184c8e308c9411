/// The fence against the kernel's packet filter, with nft(8) as the second opinion.
import CLinux
import Glibc
import LinuxIO
import SystemPackage
import Testing
import Wire

@Suite(.needsNetworkRights) struct AddressFenceTests {
    private static let table = "halua_test"

    private func pass(
        _ addresses: [IPAddress], opening: Duration = .seconds(30), guarding: Duration = .seconds(60), tag: Int = 1
    ) -> FencePass {
        FencePass(table: Self.table, addresses, opening: opening, guarding: guarding, tag: tag)
    }

    /// Carries out the same for all of them. Returns what was refused, by its tag.
    @discardableResult
    private func change(_ fence: AddressFence, _ kind: FenceChange.Kind, _ passes: FencePass...) -> [Int: Errno] {
        change(fence, kind, passes)
    }

    @discardableResult
    private func change(_ fence: AddressFence, _ kind: FenceChange.Kind, _ passes: [FencePass]) -> [Int: Errno] {
        var refusals: [Int: Errno] = [:]
        fence.carryOut(ContiguousArray(passes.map { FenceChange(kind, $0) })) { refusals[$0] = $1.errno }
        return refusals
    }

    /// Whether a datagram from this host reaches `target`, an address of this host, within `limit`.
    private func reaches(_ target: IPAddress, limit: Duration = .seconds(2)) throws -> Bool {
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        let ears = try OwnedDescriptor("socket") { socket(target.family.domain, type, 0) }
        let mouth = try OwnedDescriptor("socket") { socket(target.family.domain, type, 0) }
        let name = SocketAddress(target, port: 4849)
        #expect(name.withSocketAddress { bind(ears.rawValue, .init(__sockaddr__: $0), $1) } == 0)
        var octet: UInt8 = 1
        _ = name.withSocketAddress { sendto(mouth.rawValue, &octet, 1, 0, .init(__sockaddr__: $0), $1) }
        var waiting = pollfd(fd: ears.rawValue, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, Int32(limit.wholeNanoseconds / 1_000_000)) == 1
    }

    /// Whether this host answers a question for an address at the other end of a cable, within `limit`.
    private func answersARP(_ target: IPv4Address, from asking: Interface, limit: Duration) throws -> Bool {
        let ears = try PacketSocket(hearing: .addressResolution, on: asking)
        let frame = ARPPacket.probe(for: target, from: try #require(MACAddress("02:00:00:00:00:09"))).frame()
        try frame.withUnsafeBytes { try ears.send($0, on: asking.index) }
        let loop = try EventLoop()
        let ring = PacketRing(capacity: 16, packetLength: 2048)
        var isAnswered = false
        let registration = try loop.add(ears.descriptor, .read) { _ in
            do {
                try ears.receive(into: ring) { frame, _, _ in
                    // The sender's address of a reply.
                    let isReply = frame.count >= 42 && frame[21] == 2
                    if isReply, frame[28..<32].elementsEqual(IPAddress.v4(target).octets) { isAnswered = true }
                }
            } catch { Issue.record(error) }
        }
        _ = loop.turn(until: { isAnswered }, limit: limit)
        loop.remove(registration)
        return isAnswered
    }

    @Test("nft(8) reads the tables as they are meant")
    func readable() throws {
        try inNewNetworkNamespace {
            let fence = try AddressFence(name: Self.table)
            #expect(!fence.isInstalled)
            try fence.install()
            #expect(fence.isInstalled)
            change(fence, .open, pass([try address("10.0.0.100"), try address("fd00::100")]))
            let text = try run("nft list ruleset")
            for line in [
                "table inet halua_test", "table arp halua_test", "type filter hook input priority -350; policy accept;",
                "ip daddr @guarded4 ip daddr != @alive4 counter packets 0 bytes 0 drop",
                "ip6 daddr @guarded6 ip6 daddr != @alive6 counter packets 0 bytes 0 drop",
                "ip saddr @guarded4 ip saddr != @alive4 counter packets 0 bytes 0 drop",
                "ip6 saddr @guarded6 ip6 saddr != @alive6 counter packets 0 bytes 0 drop",
                "10.0.0.100 timeout 30s", "10.0.0.100 timeout 1m", "fd00::100 timeout 30s",
            ] {
                #expect(text.contains(line), "\(line)\n\(text)")
            }
            // A successor begins anew, and takes away what it has made.
            let next = try AddressFence(name: Self.table)
            try next.install()
            #expect(!(try run("nft list ruleset")).contains("timeout 30s"))
            try next.remove()
            #expect(try run("nft list ruleset").isEmpty)
            #expect(!next.isInstalled)
        }
    }

    @Test("the fence lets through what is extended, and closes by itself", .timeLimit(.minutes(1)))
    func closes() throws {
        try inNewNetworkNamespace {
            let (_, right) = try makeCable()
            let fenced4 = IPv4Address(rawValue: 0x0A00_0064)
            let fenced = [IPAddress.v4(fenced4), try address("fd00::100")]
            try run("ip address add 10.0.0.100/24 dev left")
            try run("ip address add fd00::100/64 dev left nodad")
            // Nothing is lost here by itself, so that who waits long enough for an answer gets it.
            func seen(limit: Duration = .seconds(2)) throws -> [Bool] {
                try fenced.map { try reaches($0, limit: limit) }
                    + [try answersARP(fenced4, from: right, limit: limit)]
            }
            // A cable that was just plugged carries nothing yet.
            var tries = 0
            while try seen() != [true, true, true], tries < 10 { tries += 1 }
            #expect(tries < 10, "nothing is fenced yet")
            let fence = try AddressFence(name: Self.table)
            try fence.install()
            #expect(try seen() == [true, true, true], "an empty fence stops nothing")
            let pass = pass(fenced, opening: .milliseconds(1500), guarding: .seconds(4))
            #expect(change(fence, .open, pass).isEmpty)
            var refusals: [Int: Errno] = [:]
            for _ in 0..<6 {
                refusals.merge(change(fence, .extendWithGuard, pass)) { $1 }
                #expect(try seen() == [true, true, true])
            }
            #expect(refusals.isEmpty)
            pause(.milliseconds(1600))
            #expect(try seen(limit: .milliseconds(300)) == [false, false, false])
            #expect(try reaches(try address("10.0.0.1")), "other addresses are nobody's business")
            #expect(change(fence, .extend, pass) == [1: .noSuchFileOrDirectory], "what has run out is not extended")
            #expect(try seen(limit: .milliseconds(300)) == [false, false, false])
            #expect(change(fence, .open, pass).isEmpty)
            #expect(try seen() == [true, true, true])
            pause(.milliseconds(4100))
            #expect(try seen() == [true, true, true], "whoever has the address afterwards is left alone")
            #expect(change(fence, .open, pass).isEmpty)
            #expect(change(fence, .close, pass).isEmpty)
            #expect(change(fence, .close, pass).isEmpty)
            pause(.milliseconds(1600))
            #expect(try seen() == [true, true, true], "what is not guarded is not fenced")
        }
    }

    @Test("one pass that has run out does not keep the others from being extended")
    func together() throws {
        try inNewNetworkNamespace {
            let fence = try AddressFence(name: Self.table)
            try fence.install()
            let passes = try (1...3).map { number -> FencePass in
                let opening = number == 2 ? Duration.milliseconds(50) : .seconds(4)
                return pass([try address("10.0.0.\(number)")], opening: opening, tag: number)
            }
            #expect(change(fence, .open, passes).isEmpty)
            pause(.milliseconds(2200))
            #expect(change(fence, .extend, passes) == [2: .noSuchFileOrDirectory])
            pause(.milliseconds(2200))
            let text = try run("nft list set inet \(Self.table) alive4")
            for number in [1, 3] { #expect(text.contains("10.0.0.\(number) timeout 4s"), "\(text)") }
            #expect(!text.contains("10.0.0.2"))
            // Many of them need more than one batch.
            let many = try (0..<900).map { number in
                pass([try address("10.1.\(number / 250).\(number % 250)")], tag: number)
            }
            #expect(change(fence, .open, many).isEmpty)
            #expect(change(fence, .extendWithGuard, many).isEmpty)
            // The kernel answers with more refusals than one reading of the socket takes.
            let absent = many.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            #expect(change(fence, .close, absent).isEmpty)
            #expect(Set(change(fence, .extend, many).keys) == Set(stride(from: 0, to: 900, by: 2)))
            #expect(change(fence, .extend, Array(many.reversed())).count == 450)
        }
    }

    @Test("somebody else's flush is noticed and mended")
    func flushed() throws {
        try inNewNetworkNamespace {
            let fence = try AddressFence(name: Self.table)
            try fence.install()
            let pass = pass([try address("10.0.0.1")], tag: 5)
            #expect(change(fence, .open, pass).isEmpty)
            try run("nft flush ruleset")
            #expect(change(fence, .extend, pass) == [5: .noSuchFileOrDirectory])
            #expect(!fence.isInstalled)
            try fence.install()
            #expect(change(fence, .open, pass).isEmpty)
            #expect(change(fence, .extend, pass).isEmpty)
        }
    }
}
