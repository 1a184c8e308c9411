/// The benchmark `switchover`: a planned hand-over by every way that there is, as one client feels it.
import ControlProtocol
import Glibc
import LinuxIO

/// How a pair is told to change places.
private enum Way: CaseIterable {
    /// `halua switchover`.
    case switchover
    /// SIGTERM to haluad, which is started again afterwards.
    case haluaStop
    /// The same with keepalived.
    case keepalivedStop
    /// A file that keepalived tracks lowers its priority, and the other node preempts.
    case keepalivedFile

    var subject: Subject {
        switch self {
        case .switchover, .haluaStop: .halua
        case .keepalivedStop, .keepalivedFile: .keepalived
        }
    }

    var name: String {
        switch self {
        case .switchover: "halua switchover"
        case .haluaStop: "haluad, SIGTERM"
        case .keepalivedStop: "keepalived, SIGTERM"
        case .keepalivedFile: "keepalived, track_file lowers the priority"
        }
    }
}

/// One hand-over.
private struct Exchange {
    /// The client's longest wait from the order until a second after the other node's first answer.
    var gap: Duration
    /// From the order to the other node's first answer.
    var takeover: Duration
    var heldTwice: Duration
}

/// Returns false when halua's own way left the client longer without an answer than stopping the daemon does.
func runSwitchoverBenchmark(_ options: BenchmarkOptions, _ subjects: [Subject]) throws -> Bool {
    let rounds = max(options.rounds, 1) * 4
    print("### Planned hand-over: how long a client gets no answer, \(rounds) times each\n")
    var table = Table(["way", "gap median", "p90", "worst", "done after", "two holders, worst"])
    var medians: [Way: Duration] = [:]
    for way in Way.allCases where subjects.contains(way.subject) {
        let exchanges = try measure(way, rounds: rounds, options)
        let gaps = exchanges.map(\.gap)
        guard let median = gaps.median, let p90 = gaps.percentile(90), let worst = gaps.max() else { continue }
        medians[way] = median
        table.add([
            way.name, median.exactText, p90.exactText, worst.exactText,
            (exchanges.map(\.takeover).median ?? .zero).exactText,
            (exchanges.map(\.heldTwice).max() ?? .zero).exactText,
        ])
    }
    print(table.text)
    print(
        """
        VRRPv2, adverts every second, equal priorities of 200; a client asks every millisecond. "Done after": from the order
        to the new holder's first answer, at the median. Whoever was stopped is started again and is the next backup.

        """)
    guard let own = medians[.switchover], let stop = medians[.haluaStop] else { return true }
    return own <= stop + .milliseconds(5)
}

private func measure(_ way: Way, rounds: Int, _ options: BenchmarkOptions) throws -> [Exchange] {
    try Lab.with(["first", "second"], programs: options.programs) { lab in
        let pair = try SwitchoverPair(way, in: lab)
        try pair.start()
        return try (1...rounds).map { round in
            progress("switchover, \(way.name), \(round) of \(rounds)")
            return try pair.exchange()
        }
    }
}

private final class SwitchoverPair {
    private let way: Way
    private let lab: Lab
    private let watch: AddressWatch
    private let prober: Prober
    private let instance: InstanceText
    private var daemons: [LabProcess] = []
    private var master = 0

    init(_ way: Way, in lab: Lab) throws {
        self.way = way
        self.lab = lab
        var instance = InstanceText()
        instance.priority = 200
        instance.lines = way == .keepalivedFile ? ["track_file {", "    demoted weight -100", "}"] : ["nopreempt"]
        self.instance = instance
        watch = try AddressWatch(instance.addresses[0], in: lab)
        prober = try Prober(instance.addresses[0], in: lab)
    }

    private func configuration(_ host: LabHost) -> String {
        guard way == .keepalivedFile else { return instance.text }
        return "track_file demoted {\n    file \(host.folder)/demoted\n    init_file 0\n}\n" + instance.text
    }

    private func startDaemon(_ node: Int) throws(LabError) -> LabProcess {
        try lab.hosts[node].start(way.subject, configuration: configuration(lab.hosts[node]))
    }

    func start() throws {
        for node in 0...1 {
            daemons.append(try startDaemon(node))
            if node == 0 { try settle(.seconds(15)) }
        }
    }

    private func settle(_ limit: Duration) throws {
        guard waitUntil(limit, { watch.holders == [master] }) != nil else {
            throw LabError("\(way.name): the pair did not settle\n" + daemons.map { tail($0) }.joined())
        }
    }

    func exchange() throws -> Exchange {
        // The backup must have heard the master, and the order falls anywhere in the interval.
        pause(.seconds(1.5) + .seconds(1) * Double.random(in: 0..<1))
        try settle(.seconds(5))
        let (old, new) = (master, 1 - master)
        let before = Moment.now
        try order(old)
        guard let taken = prober.waitForAnswer(of: new, since: before, limit: .seconds(10)) else {
            throw LabError("\(way.name): nobody took over\n" + daemons.map { tail($0) }.joined())
        }
        pause(.seconds(1))
        master = new
        let end = taken + .seconds(1)
        let exchange = Exchange(
            gap: prober.longestSilence(from: before - .milliseconds(20), to: end), takeover: taken - before,
            heldTwice: watch.timeHeldTwice(from: before, to: end))
        try prepareNext(old)
        return exchange
    }

    private func order(_ node: Int) throws {
        switch way {
        case .switchover:
            let answer = try ask(
                lab.hosts[node].controlSocketPath, .switchover(SwitchoverOrder(instance: instance.name)))
            guard case .switchover(let report) = answer, report.isDone else {
                throw LabError("halua switchover was refused: \(answer)")
            }
        case .haluaStop, .keepalivedStop: daemons[node].send(signal: SIGTERM)
        case .keepalivedFile: try lab.hosts[node].write(file: "demoted", "1\n")
        }
    }

    private func prepareNext(_ node: Int) throws {
        switch way {
        case .switchover: break
        case .haluaStop, .keepalivedStop:
            _ = daemons[node].wait(.seconds(10))
            daemons[node] = try startDaemon(node)
        case .keepalivedFile: try lab.hosts[node].write(file: "demoted", "0\n")
        }
    }
}
