/// The terms on which the kernel holds addresses, and which of them a stop hook takes away.
import Daemon
import KeepalivedConf
import LinuxIO
import Testing
import Wire

struct DeadManTests {
    private func instance(
        _ interval: Duration, priority: Int = 100, adverts: Int = 3, _ change: (inout GuardSettings) -> Void = { _ in }
    ) throws -> InstanceSettings {
        var settings = InstanceSettings(name: "VI_1", location: SourceLocation(file: "test.conf", line: 1, column: 1))
        settings.interval = interval
        settings.priority = UInt8(priority)
        settings.downTimerAdverts = adverts
        settings.addresses = [
            VirtualAddress(address: try address("192.0.2.100"), prefixLength: 32, location: settings.location)
        ]
        change(&settings.guardSettings)
        return settings
    }

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test(
        "an address lives as long as the other nodes wait for adverts",
        arguments: [
            // The interval and its adverts, the lifetime, and how long a fence stays open.
            (Duration.seconds(1), 3, Duration.seconds(3), Duration?.none),
            (.seconds(2), 3, .seconds(6), nil), (.seconds(1), 5, .seconds(5), nil),
            (.seconds(40), 3, .seconds(120), nil),
            (.seconds(1), 2, .seconds(2), nil), (.seconds(1), 1, .seconds(2), nil), (.seconds(5), 1, .seconds(8), nil),
            (.milliseconds(900), 3, .seconds(2), .milliseconds(2690)),
            (.milliseconds(100), 3, .seconds(2), .milliseconds(290)),
            (.milliseconds(10), 3, .seconds(2), .milliseconds(20)),
            (.milliseconds(100), 1, .seconds(2), .milliseconds(150)),
        ])
    func terms(interval: Duration, adverts: Int, lifetime: Duration, opening: Duration?) throws {
        let terms = DeadMansTerms(try instance(interval, adverts: adverts), canFence: true, tick: .milliseconds(10))
        #expect(terms == DeadMansTerms(lifetime: lifetime, opening: opening))
        #expect(max(terms.pace, interval) < lifetime, "a renewal comes before the end")
        if let opening { #expect(interval < opening) }
        let guarding = try #require(terms.guarding)
        #expect(guarding > lifetime + .seconds(1), "the fence outlives the address")
    }

    @Test("without nftables, lifetimes are as short as they can be")
    func noFence() throws {
        for milliseconds in [10, 100, 300, 660] {
            let terms = DeadMansTerms(try instance(.milliseconds(milliseconds)), canFence: false)
            #expect(terms == DeadMansTerms(lifetime: .seconds(1), opening: nil))
        }
        #expect(DeadMansTerms(try instance(.milliseconds(900)), canFence: false).lifetime == .seconds(2))
    }

    @Test("a fence closes a tick of the kernel before the other nodes take over")
    func tick() throws {
        #expect(Clock.tick >= .milliseconds(1) && Clock.tick <= .milliseconds(10))
        let opening = DeadMansTerms(try instance(.milliseconds(10)), canFence: true, tick: .milliseconds(4)).opening
        #expect(opening == .milliseconds(26))
    }

    @Test("the owner's addresses are the host's own, and a guard that is off does nothing")
    func none() throws {
        #expect(
            DeadMansTerms(try instance(.seconds(1), priority: 255), canFence: true, tick: .milliseconds(10)) == .none)
        #expect(
            DeadMansTerms(try instance(.milliseconds(100)) { $0.isOn = false }, canFence: true, tick: .milliseconds(10))
                == .none)
        let fenceAlone = DeadMansTerms(
            try instance(.seconds(1)) {
                $0.hasDeadMan = false
                $0.fence = .on
            }, canFence: true, tick: .milliseconds(10))
        #expect(fenceAlone == DeadMansTerms(lifetime: nil, opening: .milliseconds(2990)))
        #expect(fenceAlone.guarding == nil, "the address stays, so it stays fenced")
        let lifetimeAlone = DeadMansTerms(
            try instance(.milliseconds(100)) { $0.fence = .off }, canFence: true, tick: .milliseconds(10))
        #expect(lifetimeAlone == DeadMansTerms(lifetime: .seconds(1), opening: nil))
    }

    // MARK: The stop hook

    private func held(
        _ text: String, _ origin: AddressOrigin = .halua, lifetime: Duration? = .seconds(2)
    ) throws -> InterfaceAddress {
        InterfaceAddress(Prefix(try address(text), length: 24), on: 2, origin: origin, validLifetime: lifetime)
    }

    private func configuration() throws -> Configuration {
        var owner = try instance(.seconds(1), priority: 255)
        owner.addresses = [
            VirtualAddress(address: try address("192.0.2.1"), prefixLength: 24, location: owner.location)
        ]
        var backup = try instance(.seconds(1))
        backup.excludedAddresses = [
            VirtualAddress(address: try address("192.0.2.101"), prefixLength: 24, location: backup.location)
        ]
        var configuration = Configuration()
        configuration.instances = [owner, backup]
        return configuration
    }

    @Test("only addresses of the configuration that halua has set are removed, never the owner's")
    func abandoned() throws {
        let ours = [try held("192.0.2.100"), try held("192.0.2.101", lifetime: nil)]
        let others = [
            try held("192.0.2.1"), try held("192.0.2.9"), try held("192.0.2.100", .unknown),
            try held("192.0.2.100", AddressOrigin(rawValue: 4)),
        ]
        let configuration = try configuration()
        #expect(abandonedAddresses(others + ours, configuration, keepsPermanent: false) == ours)
        #expect(abandonedAddresses(others + ours, configuration, keepsPermanent: true) == [ours[0]], "-V")
    }

    @Test("where the kernel knows no origins, a lifetime of ours is the mark")
    func oldKernel() throws {
        let ours = [try held("192.0.2.100", .unknown, lifetime: .seconds(3)), try held("192.0.2.101", .unknown)]
        let others = [
            try held("192.0.2.100", .unknown, lifetime: nil), try held("192.0.2.100", .unknown, lifetime: .seconds(4)),
            try held("192.0.2.9", .unknown),
        ]
        #expect(abandonedAddresses(ours + others, try configuration(), keepsPermanent: false) == ours)
    }
}
