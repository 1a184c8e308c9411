/// What the tests of the guard share: an instance with a guard, and short ways to tell it things.
import Wire

@testable import VRRPCore

extension Bench {
    /// A station's hardware address, by its last octet.
    static func station(_ octet: UInt8) -> MACAddress { MACAddress(rawValue: 0x0200_0000_0000 + UInt64(octet)) }

    static func guarded(
        _ version: VRRPVersion = .v3, priority: UInt8 = 100, _ change: (inout InstanceConfig) -> Void = { _ in }
    ) -> InstanceConfig {
        config(version, priority: priority) { config in
            config.guarding = GuardConfig()
            config.preempts = false
            change(&config)
        }
    }

    /// A backup that follows the node with the higher address.
    static func follower(_ config: InstanceConfig = guarded()) -> Bench {
        var bench = started(config)
        bench.hear(200, from: Node.higher)
        return bench
    }

    @discardableResult
    mutating func learn(_ news: GuardNews) -> [Effect] { give(.guarding(news)) }

    /// A station answers that it has the virtual address.
    @discardableResult
    mutating func claim(by octet: UInt8) -> [Effect] {
        learn(.claim(AddressClaim(Node.virtual, by: Self.station(octet))))
    }

    @discardableResult
    mutating func hostAnswers(_ address: IPAddress, _ octet: UInt8) -> [Effect] {
        learn(.hostAnswered(address, Self.station(octet)))
    }

    @discardableResult
    mutating func hear(foreign priority: UInt8, from source: IPAddress, _ difference: AdvertDifference) -> [Effect] {
        learn(
            .foreignAdvert(
                ForeignAdvert(source: source, priority: priority, interval: .seconds(1), difference: difference)))
    }

    @discardableResult
    mutating func hear(
        beat state: State, _ priority: UInt8 = 200, from source: IPAddress, _ word: Heartbeat.Word = .state,
        isFit: Bool = true, hearsUs: Bool = true
    ) -> [Effect] {
        learn(
            .heartbeat(
                Heartbeat(
                    word, source: source, virtualRouterID: 51, state: state, priority: priority,
                    interval: .seconds(1), isFit: isFit, hearsUs: hearsUs)))
    }

    /// Lives through a wait for the master with a station that answers every question for the address.
    mutating func runClaimed(_ span: Duration, by octet: UInt8, host: IPAddress? = nil) -> [Effect] {
        let end = now + span
        var all: [Effect] = []
        while let (timer, deadline) = instance.nextTimer, deadline <= end {
            now = max(now, deadline)
            let effects = give(.timer(timer))
            all += effects
            guard effects.contains(where: \.isProbe) else { continue }
            if let host { all += hostAnswers(host, octet) }
            all += claim(by: octet)
        }
        now = end
        return all
    }
}

extension Effect {
    var isProbe: Bool { if case .probe = self { true } else { false } }
}
