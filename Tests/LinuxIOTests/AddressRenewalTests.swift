/// Lifetimes of addresses against the kernel, with ip(8) as the second opinion.
import CLinux
import Glibc
import LinuxIO
import SystemPackage
import Testing
import Wire

@Suite(.needsNetworkRights) struct AddressRenewalTests {
    private func virtual(_ number: Int, on interface: Interface) throws -> [InterfaceAddress] {
        [
            InterfaceAddress(
                try prefix("10.0.0.\(number)/24"), on: interface.index, label: "left:\(number)", origin: .halua,
                validLifetime: .seconds(2)),
            InterfaceAddress(
                try prefix("fd00::\(number)/128"), on: interface.index, flags: .noDuplicateDetection, origin: .halua,
                validLifetime: .seconds(2), preferredLifetime: .zero),
        ]
    }

    /// The lines of `ip address`, without what is left of a lifetime.
    private func listed(_ text: String) throws -> [String] {
        try run("ip -o address show dev left").split(separator: "\n").filter { $0.contains(text) }
            .map { line in line.split(separator: "\\").first.map { String($0) } ?? "" }
    }

    @Test(
        "what is renewed outlives its lifetime and stays what it was, and what is not is gone", .timeLimit(.minutes(1)))
    func renewed() throws {
        try inNewNetworkNamespace {
            let (left, _) = try makeCable()
            let loop = try EventLoop()
            let addresses = Addresses(try Netlink(on: loop))
            let kept = try virtual(100, on: left)
            let left0 = try virtual(200, on: left)
            var answers = 0
            for address in kept + left0 {
                addresses.replace(address) { result in
                    #expect((try? result.get()) != nil)
                    answers += 1
                }
            }
            #expect(loop.turn(until: { answers == 4 }))
            let before = try listed("100/")
            #expect(before.count == 2)

            let renewer = try AddressRenewer()
            let renewal = AddressRenewal(of: kept, tag: 7)
            var lost = 0
            for _ in 0..<16 {
                var waiting = [renewal]
                renewer.send({ waiting.popLast() }) { tag, errno in Issue.record("\(tag): \(errno)") }
                pause(.milliseconds(200))
                if try listed("100/").count < 2 { lost += 1 }
            }
            #expect(lost == 0)
            #expect(try listed("100/") == before)
            #expect(try listed("200/").isEmpty)
        }
    }

    @Test("a renewal that the kernel refuses says whose it was, and those beside it are done")
    func refused() throws {
        try inNewNetworkNamespace {
            let (left, _) = try makeCable()
            let renewer = try AddressRenewer()
            let nowhere = InterfaceAddress(try prefix("10.0.0.100/32"), on: 4711, validLifetime: .seconds(30))
            let here = InterfaceAddress(try prefix("10.0.0.101/32"), on: left.index, validLifetime: .seconds(30))
            var waiting = [AddressRenewal(of: [here], tag: 2), AddressRenewal(of: [nowhere], tag: 1)]
            var refusals: [Int: Errno] = [:]
            renewer.send({ waiting.popLast() }) { refusals[$0] = $1 }
            #expect(refusals == [1: Errno(rawValue: ENODEV)])
            #expect(try run("ip -o address show dev left").contains("10.0.0.101/32"))
        }
    }

    @Test("hundreds of renewals go through together")
    func many() throws {
        try inNewNetworkNamespace {
            let (left, _) = try makeCable()
            let renewer = try AddressRenewer()
            var waiting = try (0..<600).map { number in
                AddressRenewal(
                    of: [
                        InterfaceAddress(
                            try prefix("10.1.\(number / 250).\(number % 250)/32"), on: left.index, origin: .halua,
                            validLifetime: .seconds(60))
                    ], tag: number)
            }
            renewer.send({ waiting.popLast() }) { tag, errno in Issue.record("\(tag): \(errno)") }
            let lines = try run("ip -o address show dev left").split(separator: "\n")
            #expect(lines.count { $0.contains(" 10.1.") } == 600)
        }
    }
}
