/// What happens in the demo, one fault after the other, and what must be seen then.
import ControlProtocol
import Glibc
import LinuxIO

extension Demo {
    func killService(_ service: LabProcess, _ daemons: [LabProcess]) throws {
        story.action("kill -9 the Java machine on \(names[0])")
        let fault = Moment.now
        // Collected at once, as the wrapper around a real one would: haluad should see an end, not a zombie.
        service.terminate()
        try seenFailover(from: 0, to: 1, since: fault, daemons)
    }

    func restartService(_ daemons: [LabProcess]) throws {
        pause(.milliseconds(1_000))
        let restart = Moment.now
        story.action("start Mycat on \(names[0]) again")
        _ = try startMycat(0)
        try seenRecovery(of: 0, since: restart, daemons[0])
        pause(.milliseconds(2_000))
        try require(
            watch.changes(since: restart).isEmpty && watch.holders == [1], "nopreempt leaves the address at \(names[1])"
        )
        story.seen("nopreempt: the address stays at \(names[1])")
    }

    /// Both nodes see the same backends, so both lose the same priority and the address stays.
    func loseBackend(_ database: LabProcess, _ daemons: [LabProcess]) throws {
        let fault = Moment.now
        story.action("kill the database on \(Self.database.name), which both Mycats need")
        database.terminate()
        guard options.subject == .halua else {
            return try seenNothing(since: fault, "there is a process, which is all that the script looks for")
        }
        try waitForPriorities(195, daemons)
        for node in [1, 0] { story.seen("\(names[node])'s priority: \(try status(node).priorityExplanation)") }
        try seenReason(of: 1)
        try require(watch.changes(since: fault).isEmpty && watch.holders == [1], "the address stays at \(names[1])")
        story.seen("neither node is better than the other: the address stays at \(names[1])")
        story.action("start the database again")
        _ = try lab.hosts[2].startBackend()
        try waitForPriorities(200, daemons)
        story.seen("both nodes have their priority of 200 again")
    }

    /// A frozen Java machine has its process and its ports, and the kernel accepts connections for it.
    func freezeService(_ service: LabProcess, _ daemons: [LabProcess]) throws {
        story.action("freeze the Java machine on \(names[1]) with SIGSTOP")
        let fault = Moment.now
        service.send(signal: SIGSTOP)
        switch options.subject {
        case .halua: try seenFailover(from: 1, to: 0, since: fault, daemons)
        case .keepalived: try seenNothing(since: fault, "a frozen process is a process, and answers no client")
        }
        let thaw = Moment.now
        story.action("let it go on with SIGCONT")
        service.send(signal: SIGCONT)
        if options.subject == .halua { try seenRecovery(of: 1, since: thaw, daemons[1]) }
    }

    func stopGracefully(_ daemons: [LabProcess]) throws {
        let (holder, other) = watch.holders == [0] ? (0, 1) : (1, 0)
        story.action("stop \(options.subject.daemonName) on \(names[holder]) with SIGTERM")
        let stop = Moment.now
        daemons[holder].send(signal: SIGTERM)
        // Four seconds is what a crash would take.
        guard let handover = prober.handover(to: other, after: stop, limit: .seconds(2)) else {
            throw LabError("\(names[other]) did not take over at once\n" + tail(daemons[0]) + tail(daemons[1]))
        }
        try require(watch.holders == [other], "\(names[other]) alone has \(address)")
        if let change = watch.changes(since: stop).last(where: \.holds) {
            seenMaster(other, at: change.at, "a stop needs no time-out")
        }
        seenClient(other, handover, since: stop)
        guard let status = daemons[holder].wait(.seconds(10)), status == .exited(0) else {
            throw LabError(
                "\(options.subject.daemonName) on \(names[holder]) did not end well\n" + tail(daemons[holder]))
        }
        story.seen("\(options.subject.daemonName) on \(names[holder]) has ended with exit status 0")
    }

    // MARK: Observations

    /// The address leaves a node whose check has failed, which says so in its own words.
    private func seenFailover(from old: Int, to new: Int, since fault: Moment, _ daemons: [LabProcess]) throws {
        guard let handover = prober.handover(to: new, after: fault, limit: .seconds(10)) else {
            throw LabError("\(names[new]) did not take over\n" + tail(daemons[0]) + tail(daemons[1]))
        }
        for change in watch.changes(since: fault) where !change.holds {
            story.seen("\(names[change.host])'s check failed: FAULT, the address is given up", at: change.at)
        }
        if let change = watch.changes(since: fault).last(where: \.holds) {
            seenMaster(new, at: change.at, "\(names[old]) said goodbye with priority 0")
        }
        seenClient(new, handover, since: fault)
        switch options.subject {
        case .halua:
            try require(try status(old).state.uppercased() == "FAULT", "haluad on \(names[old]) reports FAULT")
            try seenReason(of: old)
        case .keepalived:
            try require(
                daemons[old].output.first(containing: "Entering FAULT STATE", since: fault) != nil,
                "keepalived on \(names[old]) reports FAULT")
        }
        try require(watch.holders == [new], "\(names[new]) alone has \(address)")
    }

    private func seenClient(_ node: Int, _ handover: Prober.Handover, since fault: Moment) {
        story.seen(
            "the client is served by \(names[node]); it waited \(handover.silence.shortText)",
            at: fault + handover.takeover)
    }

    /// What the daemon itself says about the check that has failed, in its own words.
    private func seenReason(of node: Int) throws {
        guard let check = try status(node).checks.first(where: { $0.state != "up" }) else {
            throw LabError("haluad on \(names[node]) does not say which check failed")
        }
        story.seen("halua status on \(names[node]) says: \(check.name) is \(check.state), \(check.reason)")
    }

    private func seenRecovery(of node: Int, since moment: Moment, _ daemon: LabProcess) throws {
        guard waitUntil(.seconds(15), every: .milliseconds(20), { isBackup(node, since: moment, daemon) }) != nil else {
            throw LabError("\(names[node]) did not leave FAULT\n" + tail(daemon))
        }
        story.seen("\(names[node])'s check succeeds: BACKUP, ready to help")
    }

    /// A daemon that watches less does not notice.
    private func seenNothing(since fault: Moment, _ why: String) throws {
        pause(.seconds(5))
        try require(watch.changes(since: fault).isEmpty, "the address stays where it is")
        story.seen("\(options.subject.rawValue) notices nothing in five seconds: \(why)")
    }

    private func waitForPriorities(_ wanted: Int, _ daemons: [LabProcess]) throws {
        let isReached = { names.indices.allSatisfy { (try? status($0).priority) == wanted } }
        guard waitUntil(.seconds(15), every: .milliseconds(20), isReached) != nil else {
            throw LabError("the priorities are not \(wanted)\n" + tail(daemons[0]) + tail(daemons[1]))
        }
    }

    private func status(_ node: Int) throws -> InstanceStatus {
        guard let instance = try askStatus(lab.hosts[node].controlSocketPath).instances.first else {
            throw LabError("haluad on \(names[node]) reports no instance")
        }
        return instance
    }
}
