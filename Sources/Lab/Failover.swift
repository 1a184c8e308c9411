/// One hand-over of a running pair, caused by one fault and measured from the client.
import Glibc
import LinuxIO

/// Every way in which a virtual router gets a (new) master.
package enum Fault: String, Hashable, Sendable, CaseIterable {
    /// No fault: the first node starts and nobody else is there.
    case start
    /// SIGKILL to every process of the daemon.
    case kill = "SIGKILL"
    /// SIGSTOP to every process of the daemon.
    case freeze = "SIGSTOP"
    /// The master's cable is pulled.
    case unplug = "link loss"
    /// SIGTERM: the operator stops the daemon.
    case stop = "SIGTERM"
    /// The service dies, the daemon does not.
    case mycat = "Mycat killed"
}

/// How the pair is configured.
package struct FailoverProfile: Hashable, Sendable {
    package var name: String
    package var version: Int
    package var interval: Duration

    package init(name: String, version: Int, interval: Duration) {
        self.name = name
        self.version = version
        self.interval = interval
    }

    package static let all = [
        Self(name: "VRRPv2, 1 s", version: 2, interval: .seconds(1)),
        Self(name: "VRRPv3, 100 ms", version: 3, interval: .milliseconds(100)),
        Self(name: "VRRPv3, 10 ms", version: 3, interval: .milliseconds(10)),
    ]

    /// The instance of the master (`node` 0, priority 200) or the backup (`node` 1, priority 100).
    package func instance(_ node: Int) -> InstanceText {
        var instance = InstanceText()
        instance.version = version
        instance.interval = interval
        instance.priority = node == 0 ? 200 : 100
        // A daemon that recovers must not take the address back in the middle of a measurement.
        instance.lines = ["nopreempt"]
        return instance
    }

    /// What the protocol allows the fault to take, and what halua grants itself for its own work.
    package func limit(_ fault: Fault) -> Duration {
        switch fault {
        case .start: instance(0).masterDown + .milliseconds(100)
        case .kill, .freeze, .unplug: instance(1).masterDown + .milliseconds(50)
        case .stop: instance(1).skew + .milliseconds(50)
        case .mycat: instance(1).skew + .milliseconds(100)
        }
    }
}

/// What one fault cost.
package struct FailoverResult: Hashable, Sendable {
    package var takeover: Duration
    package var silence: Duration
    /// How long both nodes had the address.
    package var heldTwice: Duration
    package var proberLateness: Duration
}

/// Starts a pair, lets it settle, causes the fault at a random point of the interval, and measures the hand-over.
///
/// Throws when the pair does not do what a pair must: then there is nothing to measure.
package func measureFailover(
    _ fault: Fault, _ profile: FailoverProfile, _ subject: Subject, programs: LabPrograms
) throws -> FailoverResult {
    try Lab.with(["first", "second"], programs: programs) { lab in
        let address = profile.instance(0).addresses[0]
        let watch = try AddressWatch(address, in: lab)
        let prober = try Prober(address, in: lab)
        let check = fault == .mycat ? try MycatCheck(for: subject, in: lab) : nil
        let services = check == nil ? [] : try lab.hosts.map { host in try host.startMycat() }

        func startDaemon(_ node: Int) throws(LabError) -> LabProcess {
            var instance = profile.instance(node)
            instance.lines += check?.instanceLines ?? []
            return try lab.hosts[node].start(subject, configuration: (check?.definitions ?? "") + instance.text)
        }
        func result(_ handover: Prober.Handover, since moment: Moment) -> FailoverResult {
            pause(.milliseconds(20))
            return .init(
                takeover: handover.takeover, silence: handover.silence,
                heldTwice: watch.timeHeldTwice(from: moment, to: .now), proberLateness: handover.ownLateness)
        }

        let started = Moment.now
        let first = try startDaemon(0)
        let patience = profile.limit(.start) + .seconds(10)
        guard let start = prober.handover(to: 0, after: started, limit: patience) else {
            throw LabError("\(subject.daemonName) did not become master alone: see its log\n" + tail(first))
        }
        if fault == .start { return result(start, since: started) }

        let second = try startDaemon(1)
        let settling = max(profile.interval * 2, .seconds(1))
        pause(settling + profile.interval * Double.random(in: 0..<1))
        let fault0 = Moment.now
        guard watch.holders == [0], first.isRunning, second.isRunning else {
            throw LabError("the pair of \(subject.daemonName) did not settle\n" + tail(first) + tail(second))
        }
        let moment = try cause(fault, on: lab.hosts[0], daemon: first, service: services.first)
        guard let handover = prober.handover(to: 1, after: moment, limit: profile.limit(.kill) + .seconds(10)) else {
            throw LabError(
                "nobody took over after \(fault.rawValue) from \(subject.daemonName)\n" + tail(first) + tail(second))
        }
        return result(handover, since: fault0)
    }
}

/// Returns the moment of the fault.
private func cause(
    _ fault: Fault, on host: LabHost, daemon: LabProcess, service: LabProcess?
) throws(LabError) -> Moment {
    let before = Moment.now
    switch fault {
    case .start: preconditionFailure("a start is measured before any fault")
    case .kill: daemon.sendToAll(signal: SIGKILL)
    case .freeze: daemon.sendToAll(signal: SIGSTOP)
    case .unplug: try host.setCable(plugged: false)
    case .stop: daemon.send(signal: SIGTERM)
    case .mycat: service?.send(signal: SIGKILL)
    }
    return before
}

/// The last lines of a daemon's log, for an error message.
package func tail(_ process: LabProcess, lines: Int = 12) -> String {
    process.output.lines.suffix(lines).map { "    \($0.text)\n" }.joined()
}
