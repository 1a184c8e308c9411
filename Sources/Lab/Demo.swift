/// The main job in half a minute: two Mycat nodes with the article's configuration, and a Lua check that moves the VIP.
import ControlProtocol
import Glibc
import LinuxIO

/// Runs the demo on standard output. Returns the exit status: 0 only if everything that was shown really happened.
package func runDemo(_ options: DemoOptions) -> Int32 {
    let story = Story(colour: options.colour)
    do {
        try gainLabPrivileges()
        try cleanUpOnSignals()
        let daemon = options.programs.daemon(of: options.subject)
        guard access(daemon, X_OK) == 0 else { throw LabError("there is no \(daemon): build it with `make release`") }
        try Demo(options, story).run()
        return 0
    } catch {
        story.failed("\(error)")
        return 1
    }
}

/// The demo's network and daemons while it runs.
private struct Demo {
    let options: DemoOptions
    let story: Story
    let lab: Lab
    let watch: AddressWatch
    let prober: Prober
    let check: MycatCheck
    let names = Article.hostNames
    let address = Article.virtualAddress

    init(_ options: DemoOptions, _ story: Story) throws {
        self.options = options
        self.story = story
        lab = try Lab(names, programs: options.programs, addresses: Article.addresses)
        watch = try AddressWatch(address, in: lab)
        prober = try Prober(address, in: lab)
        check = try MycatCheck(for: options.subject, in: lab)
    }

    func run() throws {
        defer { lab.close() }
        introduce()
        let (services, daemons) = try start()
        try elect(daemons)
        try killService(services[0], daemons)
        try restartService(daemons)
        try stopGracefully(daemons)
        story.title("\nAll \(story.checked) observations were checked as they happened. Nothing is left behind.")
    }

    private func introduce() {
        story.title("Two Mycat nodes, one address, and \(options.subject.rawValue) deciding who has it.\n")
        story.note("  \(names[0])  \(Article.addresses[0])   Mycat (a stand-in) and \(options.subject.daemonName)")
        story.note("  \(names[1])  \(Article.addresses[1])   Mycat (a stand-in) and \(options.subject.daemonName)")
        story.note("  client                    asks \(address) every millisecond who answers\n")
        story.note("The nodes are network namespaces on this machine. Both run the article's keepalived.conf")
        story.note("(state BACKUP, nopreempt, priority 200, one advert a second) and these lines:\n")
        for line in check.definitions.split(separator: "\n") { story.note("    \(line)") }
        story.note("    … vrrp_instance VI_1 {")
        for line in check.instanceLines { story.note("        \(line)") }
        story.note("    }\n")
    }

    private func start() throws -> ([LabProcess], [LabProcess]) {
        let services = try lab.hosts.map { host in try host.startMycat() }
        var daemons: [LabProcess] = []
        for (node, host) in lab.hosts.enumerated() {
            let configuration = Article.configuration(node, adding: check.instanceLines)
            daemons.append(try host.start(options.subject, configuration: check.definitions + configuration))
            story.action("start Mycat and \(options.subject.daemonName) on \(names[node])")
            // The first to start is the first to have waited long enough.
            pause(.milliseconds(300))
        }
        return (services, daemons)
    }

    private func elect(_ daemons: [LabProcess]) throws {
        guard let answered = prober.waitForAnswer(of: 0, since: .init(nanoseconds: 0), limit: .seconds(8)) else {
            throw LabError("\(names[0]) did not become master\n" + tail(daemons[0]))
        }
        try require(watch.holders == [0], "\(names[0]) alone has \(address)")
        if let change = watch.changes().last {
            seenMaster(0, at: change.at, "nobody else advertised for three seconds")
        }
        story.seen("the client gets its first answer, from \(names[0])", at: answered)
        pause(.milliseconds(1_500))
        try require(watch.holders == [0], "\(names[1]) hears the adverts and stays backup")
        story.seen("\(names[1]) hears \(names[0])'s adverts and stays BACKUP")
    }

    private func killService(_ service: LabProcess, _ daemons: [LabProcess]) throws {
        story.action("kill -9 the Java machine on \(names[0])")
        let fault = Moment.now
        // Collected at once, as the wrapper around a real one would: haluad should see an end, not a zombie.
        service.terminate()
        guard let handover = prober.handover(to: 1, after: fault, limit: .seconds(10)) else {
            throw LabError("\(names[1]) did not take over\n" + tail(daemons[0]) + tail(daemons[1]))
        }
        for change in watch.changes(since: fault) where !change.holds {
            story.seen("\(names[change.host])'s check failed: FAULT, the address is given up", at: change.at)
        }
        if let change = watch.changes(since: fault).last(where: \.holds) {
            seenMaster(1, at: change.at, "\(names[0]) said goodbye with priority 0")
        }
        story.seen(
            "the client is served by \(names[1]); it waited \(handover.silence.shortText)",
            at: fault + handover.takeover)
        try seenFault(since: fault, daemons[0])
        try require(watch.holders == [1], "\(names[1]) alone has \(address)")
    }

    private func restartService(_ daemons: [LabProcess]) throws {
        pause(.milliseconds(1_000))
        let restart = Moment.now
        story.action("start Mycat on \(names[0]) again")
        _ = try lab.hosts[0].startMycat()
        guard waitUntil(.seconds(15), every: .milliseconds(20), { isBackup(0, since: restart, daemons[0]) }) != nil
        else {
            throw LabError("\(names[0]) did not leave FAULT\n" + tail(daemons[0]))
        }
        story.seen("\(names[0])'s check succeeds: BACKUP, ready to help")
        pause(.milliseconds(2_000))
        try require(
            watch.changes(since: restart).isEmpty && watch.holders == [1], "nopreempt leaves the address at \(names[1])"
        )
        story.seen("nopreempt: the address stays at \(names[1])")
    }

    private func stopGracefully(_ daemons: [LabProcess]) throws {
        story.action("stop \(options.subject.daemonName) on \(names[1]) with SIGTERM")
        let stop = Moment.now
        daemons[1].send(signal: SIGTERM)
        // Four seconds is what a crash would take.
        guard let handover = prober.handover(to: 0, after: stop, limit: .seconds(2)) else {
            throw LabError("\(names[0]) did not take over at once\n" + tail(daemons[0]) + tail(daemons[1]))
        }
        try require(watch.holders == [0], "\(names[0]) alone has \(address)")
        if let change = watch.changes(since: stop).last(where: \.holds) {
            seenMaster(0, at: change.at, "a stop needs no time-out")
        }
        story.seen(
            "the client is served by \(names[0]); it waited \(handover.silence.shortText)", at: stop + handover.takeover
        )
        guard let status = daemons[1].wait(.seconds(10)), status == .exited(0) else {
            throw LabError("\(options.subject.daemonName) on \(names[1]) did not end well\n" + tail(daemons[1]))
        }
        story.seen("\(options.subject.daemonName) on \(names[1]) has ended with exit status 0")
    }

    private func seenMaster(_ node: Int, at moment: Moment, _ why: String) {
        story.seen("\(names[node]) is MASTER and has \(address): \(why)", at: moment)
    }

    /// What the daemon itself says about the fault, in its own words.
    private func seenFault(since moment: Moment, _ daemon: LabProcess) throws {
        switch options.subject {
        case .halua:
            let report = try askStatus(lab.hosts[0].controlSocketPath)
            let instance = report.instances.first { $0.name == "VI_1" }
            try require(instance?.state.uppercased() == "FAULT", "haluad on \(names[0]) reports FAULT")
            let check = instance?.checks.first { $0.state != "up" }
            guard let check else { throw LabError("haluad on \(names[0]) does not say which check failed") }
            story.seen("halua status on \(names[0]) says: \(check.name) is \(check.state), \(check.reason)")
        case .keepalived:
            try require(
                daemon.output.first(containing: "Entering FAULT STATE", since: moment) != nil,
                "keepalived on \(names[0]) reports FAULT")
        }
    }

    private func isBackup(_ node: Int, since moment: Moment, _ daemon: LabProcess) -> Bool {
        switch options.subject {
        case .halua:
            let report = try? askStatus(lab.hosts[node].controlSocketPath)
            return report?.instances.first?.state.uppercased() == "BACKUP"
        case .keepalived:
            return daemon.output.first(containing: "Entering BACKUP STATE", since: moment) != nil
        }
    }

    private func require(_ condition: Bool, _ claim: String) throws(LabError) {
        if !condition { throw LabError("this should be true and is not: \(claim)") }
    }
}
