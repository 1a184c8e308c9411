/// The receive checks … R-21.
import Testing
import Wire

@testable import VRRPCore

@Suite("Receive checks")
struct ReceiveCheckTests {
    /// A packet that the plain configuration of its version accepts.
    static func packet(
        _ version: VRRPVersion = .v3, _ change: (inout ReceivedPacket) -> Void = { _ in }
    ) -> ReceivedPacket {
        var packet = ReceivedPacket(
            advert: Advert(
                version: version, virtualRouterID: 51, priority: 100, addressCount: 1, interval: .seconds(1),
                checksumForm: .message),
            source: Node.higher)
        change(&packet)
        return packet
    }

    static func reason(
        _ packet: ReceivedPacket, _ version: VRRPVersion = .v3, _ change: (inout InstanceConfig) -> Void = { _ in }
    ) -> DropReason? {
        switch Bench.config(version, change).verdict(on: packet) {
        case .accept: nil
        case .drop(let reason): reason
        }
    }

    static func remarks(_ packet: ReceivedPacket, _ config: InstanceConfig) -> ReceiveRemarks? {
        switch config.verdict(on: packet) {
        case .accept(_, let remarks): remarks
        case .drop: nil
        }
    }

    @Test(
        "a good packet reaches the state machine with its priority, interval and source",
        arguments: [VRRPVersion.v2, .v3])
    func accepted(version: VRRPVersion) {
        let expected = ReceivedAdvert(priority: 100, interval: .seconds(1), source: Node.higher)
        #expect(Bench.config(version).verdict(on: Self.packet(version)) == .accept(expected, []))
    }

    @Test("a multicast packet must have TTL 255; an unknown one is not believed (R-05)", arguments: UInt8(0)...255)
    func timeToLive(value: UInt8) {
        #expect(Self.reason(Self.packet { $0.timeToLive = value }) == (value == 255 ? nil : .timeToLive))
        #expect(Self.reason(Self.packet { $0.timeToLive = nil }) == .timeToLive)
    }

    @Test("multicast and unicast do not mix (R-04)", arguments: DestinationKind.allCases)
    func destination(kind: DestinationKind) {
        let packet = Self.packet { $0.destination = kind }
        #expect(Self.reason(packet) == (kind == .group ? nil : .destination))
        let unicast = Self.reason(packet) {
            $0.receive.isUnicast = true
            $0.receive.peers = [UnicastPeer(Node.higher)]
        }
        #expect(unicast == (kind == .host ? nil : .destination))
    }

    @Test("unicast: only configured peers, within their hop counts (R-21)")
    func unicast() {
        func check(_ source: IPAddress, _ timeToLive: UInt8?, checksSource: Bool = true) -> DropReason? {
            let packet = Self.packet {
                $0.source = source
                $0.destination = .host
                $0.timeToLive = timeToLive
            }
            return Self.reason(packet) {
                $0.receive.isUnicast = true
                $0.receive.checksUnicastSource = checksSource
                $0.receive.peers = [UnicastPeer(Node.lower), UnicastPeer(Node.higher, timeToLive: 250...254)]
            }
        }
        #expect(check(Node.lower, 3) == nil)
        #expect(check(Node.lower, nil) == nil)
        #expect(check(Node.higher, 250) == nil)
        #expect(check(Node.higher, 249) == .timeToLive)
        #expect(check(Node.higher, 255) == .timeToLive)
        #expect(check(Node.higher, nil) == .timeToLive)
        #expect(check(Node.own, 255) == .unknownPeer)
        #expect(check(Node.own, 255, checksSource: false) == nil)
    }

    @Test("another number, another version, another family, no address")
    func identity() {
        #expect(Self.reason(Self.packet { $0.advert.virtualRouterID = 52 }) == .unknownVirtualRouter)
        #expect(Self.reason(Self.packet(.v2), .v3) == .version)
        #expect(Self.reason(Self.packet(.v3), .v2) == .version)
        #expect(Self.reason(Self.packet { $0.source = .v6(IPv6Address(high: 0, low: 1)) }) == .source)
        let empty = Self.packet { $0.advert.addressCount = 0 }
        #expect(Self.reason(empty) == .noAddresses)
        #expect(Self.reason(empty) { $0.receive.allowsNoAddresses = true } == nil)
    }

    @Test("version 2 compares type and all eight octets of the password (R-14)")
    func authentication() {
        let right = Authentication.password(Password(rawValue: 0x3131_3131_0000_0000))
        let forms: [Authentication] = [.none, right, .other(2)]
        for (ours, expected) in [
            (Authentication.none, [nil, .authenticationType, .authenticationType]),
            (right, [.authenticationType, nil, .authenticationType]),
            (.other(2), [.authenticationType, .authenticationType, .authenticationType]),
        ] as [(Authentication, [DropReason?])] {
            let reasons = forms.map { form in
                Self.reason(Self.packet(.v2) { $0.advert.authentication = form }, .v2) {
                    $0.receive.authentication = ours
                }
            }
            #expect(reasons == expected)
        }
        for bit in 0..<64 {
            let wrong = Authentication.password(Password(rawValue: 0x3131_3131_0000_0000 ^ (1 << bit)))
            let reason = Self.reason(Self.packet(.v2) { $0.advert.authentication = wrong }, .v2) {
                $0.receive.authentication = right
            }
            #expect(reason == .password)
        }
    }

    @Test("the interval: zero never, another one only in version 3 (R-16, R-17)")
    func interval() {
        for version in [VRRPVersion.v2, .v3] {
            #expect(Self.reason(Self.packet(version) { $0.advert.interval = .zero }, version) == .intervalZero)
        }
        #expect(Self.reason(Self.packet(.v2) { $0.advert.interval = .seconds(2) }, .v2) == .intervalDiffers)
        #expect(Self.reason(Self.packet(.v3) { $0.advert.interval = .seconds(2) }, .v3) == nil)
    }

    @Test("another address list is remarked; strict version 2 drops it, unless the owner sent it (R-19)")
    func addressList() {
        for version in [VRRPVersion.v2, .v3] {
            let packet = Self.packet(version) { $0.addressList = .different }
            #expect(Self.remarks(packet, Bench.config(version)) == .addressListDiffers)
        }
        let strict: (inout InstanceConfig) -> Void = { $0.receive.requiresSameAddresses = true }
        #expect(Self.reason(Self.packet(.v2) { $0.addressList = .different }, .v2, strict) == .addressListDiffers)
        #expect(Self.reason(Self.packet(.v3) { $0.addressList = .different }, .v3, strict) == nil)
        let owner = Self.packet(.v2) {
            $0.addressList = .different
            $0.advert.priority = 255
        }
        #expect(Self.reason(owner, .v2, strict) == nil)
    }

    @Test("IPv6: a list that does not begin link-local is remarked, and dropped when strict (R-18)")
    func linkLocalFirst() {
        var config = InstanceConfig(name: "VI_6", version: .v3, family: .ipv6, virtualRouterID: 51)
        let packet = Self.packet {
            $0.source = .v6(IPv6Address(high: 0xFE80 << 48, low: 1))
            $0.startsLinkLocal = false
        }
        #expect(Self.remarks(packet, config) == .notLinkLocalFirst)
        config.receive.requiresLinkLocalFirst = true
        #expect(config.verdict(on: packet) == .drop(.notLinkLocalFirst))
        let ipv4 = Self.packet { $0.startsLinkLocal = false }
        #expect(Self.reason(ipv4) { $0.receive.requiresLinkLocalFirst = true } == nil)
    }

    @Test("an owner hears other masters, and remarks it (R-20)")
    func ownerConflict() {
        let owner = Bench.config(priority: 255)
        #expect(Self.remarks(Self.packet(), owner) == .ownerConflict)
        #expect(Self.remarks(Self.packet { $0.advert.priority = 0 }, owner) == [])
    }

    @Test("a router counts every drop under its reason and the standard's name")
    func counting() {
        var router = Router()
        let id = router.add(Bench.config(.v2))
        var effects: [AddressedEffect] = []
        let now = Time(nanoseconds: 0)
        router.handle(.startup, for: id, now: now, into: &effects)
        func give(_ change: (inout ReceivedPacket) -> Void) -> ReceiveVerdict {
            router.receive(Self.packet(.v2, change), for: id, now: now, into: &effects)
        }
        #expect(give { $0.timeToLive = 254 } == .drop(.timeToLive))
        #expect(give { $0.advert.interval = .seconds(9) } == .drop(.intervalDiffers))
        #expect(give { $0.advert.interval = .zero } == .drop(.intervalZero))
        #expect(give { $0.advert.authentication = .other(2) } == .drop(.authenticationType))
        _ = give { $0.addressList = .different }
        _ = give { $0.advert.priority = 0 }
        router.countUndecodable(.type(2), for: id)
        router.countUndecodable(.checksum)
        router.countUndecodable(.fragment)
        router.countUnknownVirtualRouter()
        let counted = router[id].statistics
        #expect(counted.ipTTLErrors == 1 && counted.dropped(.timeToLive) == 1)
        #expect(counted.advertisementIntervalErrors == 2 && counted.dropped(.intervalDiffers) == 1)
        #expect(counted.authenticationErrors == 1 && counted.addressListErrors == 1)
        #expect(counted.advertisementsReceived == 2 && counted.priorityZeroReceived == 1)
        #expect(counted.invalidTypePackets == 1 && counted.droppedTotal == 4)
        #expect(router.strays.checksumErrors == 1 && router.strays.virtualRouterIDErrors == 1)
        #expect(router[id].master == nil)
    }

    @Test("every reason to drop has a counter of its own and a sentence of its own")
    func reasons() {
        #expect(Set(DropReason.allCases.map(\.description)).count == DropReason.allCases.count)
        for reason in DropReason.allCases {
            var statistics = Statistics()
            statistics.count(reason)
            #expect(DropReason.allCases.filter { statistics.dropped($0) == 1 } == [reason])
        }
    }
}
