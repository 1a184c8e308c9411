/// Links and addresses against the kernel, with ip(8) as the second opinion.
import CLinux
import Glibc
import LinuxIO
import SystemPackage
import Testing
import Wire

@Suite(.needsNetworkRights) struct NetlinkTests {
    /// Waits for one answer.
    private func answer<Value>(
        _ loop: EventLoop, _ ask: (@escaping (Result<Value, IOFailure>) -> Void) -> Void
    ) throws -> Result<Value, IOFailure> {
        var result: Result<Value, IOFailure>?
        ask { result = $0 }
        #expect(result == nil, "a completion never comes before the request returns")
        #expect(loop.turn(until: { result != nil }))
        return try #require(result)
    }

    @Test("a dump of links shows what ip(8) made")
    func links() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            try run("ip link set left address 02:00:00:00:00:07 mtu 1400")
            let loop = try EventLoop()
            let links = Links(try Netlink(on: loop))
            let found = try answer(loop) { links.dump($0) }.get()
            #expect(found.map(\.name).sorted() == ["left", "lo", "right"])
            let link = try #require(found.first { $0.name == "left" })
            #expect(link.index == left.index)
            #expect(link.mac == MACAddress("02:00:00:00:00:07"))
            #expect(link.mtu == 1400)
            #expect(link.kind == "veth")
            #expect(link.parent == right.index)
            #expect(link.isUsable)
            #expect(found.first { $0.name == "lo" }?.flags.contains(.loopback) == true)

            let down = try answer(loop) { links.set(left.index, up: false, $0) }
            #expect((try? down.get()) != nil)
            let after = try answer(loop) { links.dump($0) }.get()
            #expect(after.first { $0.name == "left" }?.isUsable == false)
            #expect(after.first { $0.name == "right" }?.flags.contains(.lowerUp) == false)
        }
    }

    @Test("an address is added with all its properties, read back, and deleted")
    func addAndDelete() throws {
        try inNewNetworkNamespace {
            let (left, _) = try makeCable()
            let loop = try EventLoop()
            let addresses = Addresses(try Netlink(on: loop))
            let virtual4 = InterfaceAddress(
                try prefix("10.0.0.100/24"), on: left.index, broadcast: IPv4Address(rawValue: 0x0A00_00FF),
                label: "left:vip", flags: [.noPrefixRoute], origin: .halua, validLifetime: .seconds(60),
                preferredLifetime: .seconds(60))
            let virtual6 = InterfaceAddress(
                try prefix("fd00::100/128"), on: left.index, flags: [.noDuplicateDetection], origin: .halua,
                preferredLifetime: .zero)
            for virtual in [virtual4, virtual6] {
                try answer(loop) { addresses.add(virtual, $0) }.get()
            }
            let text = try run("ip -o address show dev left")
            #expect(text.contains("inet 10.0.0.100/24 brd 10.0.0.255 scope global secondary"))
            #expect(text.contains("left:vip"))
            #expect(text.contains("inet6 fd00::100/128 scope global nodad deprecated"))

            let found = try answer(loop) { addresses.dump($0) }.get()
            let mine = found.filter { $0.origin == .halua }
            #expect(Set(mine.map(\.prefix)) == [virtual4.prefix, virtual6.prefix])
            let read = try #require(mine.first { $0.prefix == virtual4.prefix })
            #expect(read.label == "left:vip")
            #expect(read.broadcast == virtual4.broadcast)
            #expect(read.flags.contains(.noPrefixRoute))
            #expect(read.validLifetime == .seconds(60))
            #expect(mine.first { $0.prefix == virtual6.prefix }?.preferredLifetime == .zero)
            #expect(mine.first { $0.prefix == virtual6.prefix }?.validLifetime == nil)

            for virtual in [virtual4, virtual6] {
                try answer(loop) { addresses.delete(virtual, $0) }.get()
            }
            #expect(!(try run("ip -o address show dev left")).contains("100/"))
        }
    }

    @Test("adding what is there and deleting what is not count as done; replacing extends the lifetime")
    func settled() throws {
        try inNewNetworkNamespace {
            let (left, _) = try makeCable()
            let loop = try EventLoop()
            let addresses = Addresses(try Netlink(on: loop))
            var virtual = InterfaceAddress(try prefix("10.0.0.100/32"), on: left.index, validLifetime: .seconds(30))
            try answer(loop) { addresses.add(virtual, $0) }.get()
            try answer(loop) { addresses.add(virtual, $0) }.get()
            virtual.validLifetime = .seconds(900)
            try answer(loop) { addresses.add(virtual, $0) }.get()
            #expect(try run("ip -o address show dev left").contains("valid_lft 30sec"))
            try answer(loop) { addresses.replace(virtual, $0) }.get()
            #expect(try run("ip -o address show dev left").contains("valid_lft 900sec"))
            try answer(loop) { addresses.delete(virtual, $0) }.get()
            try answer(loop) { addresses.delete(virtual, $0) }.get()
        }
    }

    @Test("a refusal says which request it was and what the kernel had to say")
    func refusal() throws {
        try inNewNetworkNamespace {
            let loop = try EventLoop()
            let addresses = Addresses(try Netlink(on: loop))
            let nowhere = InterfaceAddress(try prefix("10.0.0.100/32"), on: 4711)
            let result = try answer(loop) { addresses.add(nowhere, $0) }
            guard case .failure(let failure) = result else {
                Issue.record("an address on no interface was added")
                return
            }
            #expect(failure.errno == Errno(rawValue: ENODEV))
            #expect(failure.description.contains("RTM_NEWADDR"))
            #expect(failure.description.contains("10.0.0.100/32 on interface 4711"))
            #expect(failure.description.contains("the kernel says"))
        }
    }

    @Test("300 additions and two dumps asked for at once are all answered, each by its own answer")
    func manyAtOnce() throws {
        try inNewNetworkNamespace {
            let (left, _) = try makeCable()
            let loop = try EventLoop()
            let netlink = try Netlink(on: loop)
            let addresses = Addresses(netlink)
            var failures: [Int] = []
            var answers = 0
            for number in 0..<300 {
                // Every tenth goes to an interface that does not exist.
                let interface = number % 10 == 0 ? 4711 : left.index
                let virtual = InterfaceAddress(
                    Prefix(host: .v4(IPv4Address(rawValue: 0x0A01_0000 + UInt32(number)))), on: interface)
                addresses.add(virtual) { result in
                    answers += 1
                    if case .failure = result { failures.append(number) }
                }
            }
            var linkCount = 0
            var addressCount = 0
            Links(netlink).dump { linkCount = (try? $0.get().count) ?? -1 }
            addresses.dump { addressCount = (try? $0.get().filter { $0.prefix.length == 32 }.count) ?? -1 }
            #expect(netlink.unanswered == 302)
            #expect(loop.turn(until: { netlink.unanswered == 0 }))
            #expect(answers == 300)
            #expect(failures == (0..<30).map { $0 * 10 })
            #expect(linkCount == 3)
            #expect(addressCount == 270)
        }
    }

    @Test("a table that changes while it is read is read again, and the result is whole")
    func interruptedDump() throws {
        try inNewNetworkNamespace {
            let (left, _) = try makeCable()
            let loop = try EventLoop()
            let netlink = try Netlink(on: loop)
            // More than the kernel sends in one piece.
            for number in 0..<1_000 {
                let virtual = InterfaceAddress(
                    Prefix(host: .v4(IPv4Address(rawValue: 0x0A01_0000 + UInt32(number)))), on: left.index)
                Addresses(netlink).add(virtual) { _ in }
            }
            #expect(loop.turn(until: { netlink.unanswered == 0 }))
            var seen = 0
            let request = NetlinkRequest(RTM_GETADDR, flags: NLM_F_DUMP, header: ifaddrmsg())
            let result: Result<[Prefix], IOFailure> = try answer(loop) { done in
                netlink.dump(
                    request, "RTM_GETADDR",
                    parse: { message in
                        seen += 1
                        // Between the first piece and the second.
                        if seen == 1 { _ = try? run("ip address add 10.9.9.9/32 dev left") }
                        return InterfaceAddress(message)?.prefix
                    }, completion: done)
            }
            let found = try result.get().filter { $0.length == 32 }
            #expect(found.count == 1_001)
            #expect(Set(found).count == 1_001)
            #expect(found.contains(try prefix("10.9.9.9/32")))
            #expect(seen > 1_100, "the first reading was thrown away")
        }
    }

    @Test("the monitor tells of links and addresses that come, change and go")
    func monitor() throws {
        try inNewNetworkNamespace {
            let loop = try EventLoop()
            var events: [NetworkEvent] = []
            let monitor = try NetworkMonitor(on: loop) { events.append($0) }
            let (left, right) = try makeCable()
            try run("ip address add 10.9.9.9/32 dev left")
            try run("ip address del 10.9.9.9/32 dev left")
            try run("ip link set right down")
            try run("ip link del left")
            #expect(
                loop.turn(until: {
                    events.contains { if case .linkRemoved(let link) = $0 { link.index == left.index } else { false } }
                }))
            let vip = try prefix("10.9.9.9/32")
            let added = events.firstIndex {
                if case .addressAdded(let address) = $0 { address.prefix == vip } else { false }
            }
            let removed = events.firstIndex {
                if case .addressRemoved(let address) = $0 { address.prefix == vip } else { false }
            }
            #expect(try #require(added) < #require(removed))
            func lastState(_ index: UInt32) -> Link? {
                events.reversed().lazy.compactMap { if case .linkChanged(let link) = $0 { link } else { nil } }
                    .first { $0.index == index }
            }
            #expect(lastState(right.index)?.flags.contains(.up) == false)
            #expect(lastState(left.index)?.isUsable == false)
            withExtendedLifetime(monitor) {}
        }
    }

    @Test("a flood that the buffer cannot hold is told as an overrun, and later changes are told again")
    func overrun() throws {
        try inNewNetworkNamespace {
            let (left, _) = try makeCable()
            let loop = try EventLoop()
            var events: [NetworkEvent] = []
            let monitor = try NetworkMonitor(on: loop, receiveBuffer: 4096) { events.append($0) }
            let other = try EventLoop()
            let netlink = try Netlink(on: other)
            for number in 0..<200 {
                let virtual = InterfaceAddress(
                    Prefix(host: .v4(IPv4Address(rawValue: 0x0A01_0000 + UInt32(number)))), on: left.index)
                Addresses(netlink).add(virtual) { _ in }
            }
            #expect(other.turn(until: { netlink.unanswered == 0 }))
            #expect(loop.turn(until: { events.contains(.overrun) }))
            #expect(events.count < 200)
            events = []
            loop.turn(maximumWait: .zero)
            try run("ip address add 10.9.9.9/32 dev left")
            let vip = try prefix("10.9.9.9/32")
            #expect(
                loop.turn(until: {
                    events.contains { if case .addressAdded(let address) = $0 { address.prefix == vip } else { false } }
                }))
            withExtendedLifetime(monitor) {}
        }
    }
}
