/// A bench for one instance: a clock that the test turns, the effects of each input, and short words for them.
import Testing
import Wire

@testable import VRRPCore

/// Addresses of the tests. Their order decides elections.
enum Node: Sendable {
    static let lower = IPAddress.v4(IPv4Address(rawValue: 0xC000_0201))
    static let own = IPAddress.v4(IPv4Address(rawValue: 0xC000_0202))
    static let higher = IPAddress.v4(IPv4Address(rawValue: 0xC000_0203))
    static let virtual = IPAddress.v4(IPv4Address(rawValue: 0xC000_0264))
}

struct Bench {
    var instance: Instance
    var now = Time(nanoseconds: 5_000_000_000_000)

    /// An instance that knows its source address and has not started.
    init(_ config: InstanceConfig) {
        instance = Instance(config)
        give(.sourceAddress(Node.own))
    }

    static func config(
        _ version: VRRPVersion = .v3, priority: UInt8 = 100, interval: Duration = .seconds(1),
        _ change: (inout InstanceConfig) -> Void = { _ in }
    ) -> InstanceConfig {
        var config = InstanceConfig(
            name: "VI_1", version: version, virtualRouterID: 51, basePriority: priority, interval: interval)
        config.virtualAddresses = [Node.virtual]
        change(&config)
        return config
    }

    /// A started instance with nobody else around: a backup, or the owner as master.
    static func started(_ config: InstanceConfig = config()) -> Bench {
        var bench = Bench(config)
        bench.give(.startup)
        return bench
    }

    /// A master whose addresses the kernel has confirmed.
    static func master(_ config: InstanceConfig = config()) -> Bench {
        var bench = started(config)
        if bench.instance.state == .backup { bench.expire(.masterDown) }
        bench.confirm()
        return bench
    }

    @discardableResult
    mutating func give(_ input: Input) -> [Effect] {
        var effects: [Effect] = []
        instance.handle(input, now: now, into: &effects)
        return effects
    }

    /// Hears an advert; the interval is ours unless said otherwise.
    @discardableResult
    mutating func hear(_ priority: UInt8, from source: IPAddress, interval: Duration? = nil) -> [Effect] {
        let interval = interval ?? instance.config.interval
        return give(.advert(ReceivedAdvert(priority: priority, interval: interval, source: source)))
    }

    mutating func wait(_ span: Duration) { now = now + span }

    /// Turns the clock to the deadline of a timer and lets it expire, whatever else is due before.
    @discardableResult
    mutating func expire(_ timer: Timer) -> [Effect] {
        guard let deadline = instance.deadline(of: timer) else {
            Issue.record("\(timer) is not armed")
            return []
        }
        now = deadline
        return give(.timer(timer))
    }

    /// The kernel says that the addresses of the last request are there.
    @discardableResult
    mutating func confirm(_ answer: KernelAnswer = .done) -> [Effect] {
        give(.addressesAdded(token: instance.mastership.lastToken, answer))
    }

    /// Lets time pass: every timer expires when it is due.
    @discardableResult
    mutating func run(_ span: Duration) -> [Effect] {
        let end = now + span
        var all: [Effect] = []
        while let (timer, deadline) = instance.nextTimer, deadline <= end {
            now = max(now, deadline)
            all += give(.timer(timer))
        }
        now = end
        return all
    }

    /// How far away a deadline is.
    func left(_ timer: Timer) -> Duration? { instance.deadline(of: timer).map { $0 - now } }
}

extension Instance {
    var nextTimer: (Timer, Time)? {
        Timer.allCases.compactMap { timer in deadline(of: timer).map { (timer, $0) } }.min { $0.1 < $1.1 }
    }
}

extension Effect {
    /// One effect in a few words, without times.
    var brief: String {
        switch self {
        case .sendAdvert(let priority): "advert \(priority)"
        case .addAddresses: "add"
        case .removeAddresses: "remove"
        case .announce(let reason, let repetitions): "announce \(reason) \(repetitions)"
        case .askGates: "ask"
        case .cancelGates: "cancel"
        case .removeStaleAddresses: "remove stale"
        case .announceElsewhere: "announce elsewhere"
        case .probe(let probe):
            "probe\(probe.asksForAddresses ? "" : " nobody")\(probe.host.map { " \($0)" } ?? "")"
        case .listenBeforeFirewall(let isWanted): isWanted ? "tap" : "untap"
        case .tellPeer(let word, let peer): "say \(word) \(peer)"
        case .arm(let timer, _): "arm \(timer)"
        case .disarm(let timer): "disarm \(timer)"
        case .publish(.transition(let from, let to, let reason, _)): "\(from.name)→\(to.name) \(reason.word)"
        case .publish(let event): "tell \(event.label)"
        }
    }
}

extension Event {
    var label: String {
        switch self {
        case .transition: "transition"
        case .addressesServing: "serving"
        case .priority: "priority"
        case .checkChanged: "check"
        case .checkBroken: "broken"
        case .addressLost: "lost"
        case .dualMaster(_, _, let yielding): yielding ? "dual, yielding" : "dual"
        case .duplicateAddress: "duplicate"
        case .intervalAdopted: "interval"
        case .masterChanged: "master"
        case .advertLate: "late"
        case .faultsChanged: "faults"
        case .flapDamped: "damped"
        case .gatesAsked: "asked"
        case .gateExcused: "excused"
        case .promotionDenied: "denied"
        case .questionDropped: "dropped"
        case .guarded(let event): event.word
        }
    }
}

extension [Effect] {
    var brief: [String] { map(\.brief) }

    /// The transitions among the effects, as words.
    var transitions: [String] {
        compactMap { effect in
            if case .publish(.transition) = effect { effect.brief } else { nil }
        }
    }
}
