/// The benchmark `storm`: hostile packets at a running pair, first as fast as they go, then at a steady rate.
import CLinux
import ControlProtocol
import Glibc
import LinuxIO

private let password = "Zf4aqy"
/// Packets a second in the slow half.
private let slowRate = 5_000

func runStormBenchmark(_ options: BenchmarkOptions, _ subjects: [Subject]) throws -> Bool {
    print("### Storm: \(options.packets) malformed, spoofed and random packets at a VRRPv2 pair with a password\n")
    var table = Table([
        "daemon", "phase", "packets", "took", "longest silence", "address moved", "CPU, master", "in limit",
    ])
    var counters = Table(["halua's counter", "master", "backup"])
    var passed = true
    for subject in subjects {
        try Lab.with(["first", "second"], programs: options.programs) { lab in
            let storm = try Storm(lab, subject)
            for (phase, rate) in [("fast", Int?.none), ("slow", slowRate)] {
                progress("storm \(subject.rawValue) \(phase)")
                let outcome = try storm.run(packets: options.packets / 2, rate: rate)
                let kept = outcome.moves == 0 && outcome.silence < .seconds(1)
                if subject == .halua && !kept { passed = false }
                table.add([
                    subject.rawValue, phase, "\(options.packets / 2)", outcome.took.shortText,
                    outcome.silence.shortText, outcome.moves == 0 ? "no" : "\(outcome.moves) times",
                    outcome.processorTime.shortText, kept ? "yes" : "NO",
                ])
            }
            if subject == .halua { for row in try storm.counters() { counters.add(row) } }
        }
    }
    print(table.text)
    if subjects.contains(.halua) { print(counters.text) }
    print("Limit: the address stays where it is, and the client never waits a second.\n")
    return passed
}

/// What a storm did to a pair.
package struct StormOutcome: Hashable, Sendable {
    package var took: Duration
    /// The longest time the client was without an answer.
    package var silence: Duration
    /// How often a host gained or lost the address.
    package var moves: Int
    /// What the master spent.
    package var processorTime: Duration
    /// How many packets the master says it dropped; 0 for a daemon that does not say.
    package var counted: Int
}

/// Starts a pair and sends it so many hostile packets as fast as they go.
package func measureStorm(packets: Int, _ subject: Subject, programs: LabPrograms) throws -> StormOutcome {
    try Lab.with(["first", "second"], programs: programs) { lab in
        let storm = try Storm(lab, subject)
        var outcome = try storm.run(packets: packets, rate: nil)
        if subject == .halua { outcome.counted = try storm.drops(lab.hosts[0]).values.reduce(0, +) }
        return outcome
    }
}

/// A running pair under attack from the client's place.
private struct Storm {

    let lab: Lab
    let watch: AddressWatch
    let prober: Prober
    let daemons: [LabProcess]
    let sender: Descriptor
    let virtualAddress: String

    init(_ lab: Lab, _ subject: Subject) throws {
        self.lab = lab
        var instance = InstanceText()
        instance.password = password
        virtualAddress = instance.addresses[0]
        watch = try AddressWatch(virtualAddress, in: lab)
        prober = try Prober(virtualAddress, in: lab)
        daemons = try lab.hosts.enumerated().map { node, host in
            instance.priority = node == 0 ? 200 : 100
            return try host.start(subject, configuration: instance.text)
        }
        sender = try lab.client.inside { () throws(LabError) in try openSender("eth0") }
        guard prober.waitForAnswer(of: 0, since: .init(nanoseconds: 0), limit: .seconds(10)) != nil else {
            throw LabError("\(subject.daemonName) did not become master\n" + tail(daemons[0]))
        }
        pause(.seconds(1))
    }

    func run(packets: Int, rate: Int?) throws -> StormOutcome {
        var generator = HostilePackets(
            router: 51, password: password,
            sources: (lab.hosts.map(\.address) + ["192.168.4.99"]).compactMap(addressOctets),
            virtualAddress: addressOctets(virtualAddress) ?? [], seed: rate == nil ? 1 : 2)
        let (start, before) = (Moment.now, ProcessCost(of: daemons[0]))
        for number in 0..<packets {
            let frame = generator.next(number)
            // A full queue of the interface is no reason to stop; the packet is sent again.
            while send(sender.number, frame, frame.count, 0) < 0 {
                guard errno == ENOBUFS || errno == EINTR else {
                    throw LabError("sending failed: \(String(cString: strerror(errno)))")
                }
                pause(.microseconds(100))
            }
            if let rate, number % 10 == 9 {
                let due = start + .seconds(1) * (number + 1) / rate
                if due > .now { pause(due - .now) }
            }
        }
        let sent = Moment.now
        // Consequences may come late: a master down interval is 3.6 seconds.
        pause(.seconds(4))
        guard daemons.allSatisfy(\.isRunning) else {
            throw LabError("a daemon ended in the storm\n" + daemons.map { tail($0) }.joined())
        }
        return .init(
            took: sent - start, silence: prober.longestSilence(from: start, to: .now),
            moves: watch.changes(since: start).count,
            processorTime: ProcessCost(of: daemons[0]).processorTime - before.processorTime, counted: 0)
    }

    /// Rows of reason, master's count, backup's count, from both daemons' status.
    func counters() throws(LabError) -> [[String]] {
        let (master, backup) = (try drops(lab.hosts[0]), try drops(lab.hosts[1]))
        return Set(master.keys).union(backup.keys).sorted().map { name in
            [name, "\(master[name] ?? 0)", "\(backup[name] ?? 0)"]
        }
    }

    /// What a haluad has dropped, by reason.
    func drops(_ host: LabHost) throws(LabError) -> [String: Int] {
        let report = try askStatus(host.controlSocketPath)
        return (report.drops + report.instances.flatMap(\.drops)).reduce(into: [:]) { sums, counter in
            if counter.count > 0 { sums[counter.name, default: 0] += counter.count }
        }
    }
}

/// A socket that sends whole Ethernet frames.
private func openSender(_ interface: String) throws(LabError) -> Descriptor {
    let opened = try Descriptor("socket", detail: "packets") {
        socket(AF_PACKET, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }
    try bindToInterface(opened, interface, protocolNumber: 0)
    return opened
}
