/// The benchmark `guard`: what the guard costs when the master dies and there is nothing to guard against.
import Glibc
import LinuxIO

/// Kills the masters of two pairs again and again, one pair with the guard and one with `guard off`, side by side.
///
/// Returns false when the medians are further apart than the limit.
func runGuardBenchmark(_ options: BenchmarkOptions) throws -> Bool {
    let kills = max(options.rounds, 1) * 10
    let interval = Duration.seconds(1)
    print("### Guard: from a killed master's last advert to the other node's first answer, \(kills) kills each\n")
    var table = Table(["pair", "master down", "median", "p90", "worst", "killed node still had the address"])
    var medians: [Duration] = []
    for (name, kills) in try measurePairs(interval, kills: kills, options) {
        guard let median = kills.map(\.takeover).median, let p90 = kills.map(\.takeover).percentile(90),
            let worst = kills.map(\.takeover).max()
        else { continue }
        medians.append(median)
        table.add([
            name, GuardPair.instance(interval, 0, guarded: true).masterDown.shortText,
            median.exactText, p90.exactText, worst.exactText,
            "\(kills.count(where: \.wasHeldTwice)) times",
        ])
    }
    print(table.text)
    guard medians.count == 2 else { return false }
    let apart = medians[0] - medians[1]
    print(
        """
        VRRPv2, adverts every second, nopreempt, equal priorities; a client asks every millisecond. The killed node is
        started again and becomes the next backup. Limit: medians at most 5 ms apart; they are \(apart.shortText) apart.

        """)
    return max(apart, .zero - apart) <= .milliseconds(5)
}

/// One kill as the client and the kernels saw it.
private struct Kill {
    /// From the last advert of the killed master.
    var takeover: Duration
    /// The killed node's kernel still had the address when the other node took it.
    var wasHeldTwice: Bool
}

/// Two hosts with one virtual router; the lab has two such pairs.
private final class GuardPair {
    let name: String
    private let lab: Lab
    private let first: Int
    private let instance: InstanceText
    private let watch: AddressWatch
    private let prober: Prober
    private var daemons: [LabProcess?] = [nil, nil]
    private var master = 0
    private var killed = Moment.now
    private(set) var kills: [Kill] = []

    static func instance(_ interval: Duration, _ number: Int, guarded: Bool) -> InstanceText {
        var instance = InstanceText()
        instance.interval = interval
        instance.virtualRouterID = 51 + number
        instance.addresses = ["192.168.4.\(200 + number)"]
        instance.lines = ["nopreempt"] + (guarded ? [] : ["guard off"])
        return instance
    }

    init(_ number: Int, _ interval: Duration, guarded: Bool, in lab: Lab) throws {
        name = guarded ? "with the guard" : "guard off"
        self.lab = lab
        first = number * 2
        instance = Self.instance(interval, number, guarded: guarded)
        watch = try AddressWatch(instance.addresses[0], in: lab)
        prober = try Prober(instance.addresses[0], in: lab)
    }

    func start(_ node: Int) throws {
        daemons[node] = try lab.hosts[first + node].start(.halua, configuration: instance.text)
    }

    func waitForFirstMaster() throws {
        let limit = instance.masterDown + .seconds(10)
        guard waitUntil(limit, { watch.holders == [first] }) != nil else {
            throw LabError("\(name): haluad did not become master alone\n" + logs)
        }
    }

    func kill() throws {
        let areRunning = daemons.allSatisfy { $0?.isRunning == true }
        guard areRunning, watch.holders == [first + master], let daemon = daemons[master] else {
            throw LabError("\(name): the pair did not settle\n" + logs)
        }
        killed = .now
        daemon.sendToAll(signal: SIGKILL)
    }

    /// Waits for the other node, and starts the killed one again.
    func finish(_ capture: AdvertCapture) throws {
        let (old, new) = (first + master, first + 1 - master)
        let limit = instance.masterDown + .seconds(10)
        guard let taken = prober.waitForAnswer(of: new, since: killed, limit: limit) else {
            throw LabError("\(name): nobody took over\n" + logs)
        }
        // The capture's time stamps are of the wall clock.
        let ahead = Clock.realtime - Moment.now.nanoseconds
        let sender = UInt8((old + 1) * 10)
        let last = capture.sightings(to: killed.nanoseconds + ahead)
            .last { $0.sender == sender && Int($0.virtualRouterID) == instance.virtualRouterID }
        guard let last else { throw LabError("\(name): no advert of the killed master was seen\n" + logs) }
        kills.append(
            Kill(
                takeover: .nanoseconds(taken.nanoseconds + ahead - last.at),
                wasHeldTwice: watch.timeHeldTwice(from: killed, to: .now) > .zero))
        try start(master)
        master = 1 - master
    }

    private var logs: String { daemons.compactMap { $0.map { tail($0) } }.joined() }
}

private func measurePairs(
    _ interval: Duration, kills: Int, _ options: BenchmarkOptions
) throws -> [(name: String, kills: [Kill])] {
    try Lab.with(["first", "second", "third", "fourth"], programs: options.programs) { lab in
        let pairs = try [true, false].enumerated().map { number, guarded in
            try GuardPair(number, interval, guarded: guarded, in: lab)
        }
        let capture = try AdvertCapture(in: lab.client)
        defer { capture.stop() }
        for pair in pairs { try pair.start(0) }
        for pair in pairs { try pair.waitForFirstMaster() }
        for pair in pairs { try pair.start(1) }
        for round in 1...kills {
            progress("guard, kill \(round) of \(kills)")
            // A killed node that starts again must have heard the master, and removed what it left behind.
            pause(.seconds(1.5) + interval * Double.random(in: 0..<1))
            for pair in pairs { try pair.kill() }
            for pair in pairs { try pair.finish(capture) }
            capture.forget()
        }
        return pairs.map { ($0.name, $0.kills) }
    }
}
