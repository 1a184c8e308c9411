/// The main job in half a minute: two Mycat nodes with the article's configuration, and Lua checks that judge them.
import ControlProtocol
import Glibc
import Journal
import LinuxIO
import Wire

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
struct Demo {
    let options: DemoOptions
    let story: Story
    let lab: Lab
    let watch: AddressWatch
    let prober: Prober
    let check: MycatCheck
    let names = Article.hostNames
    /// The host of the database behind both Mycats, after the nodes themselves.
    static let database = (name: "db01", address: "192.168.4.190")
    let address = Article.virtualAddress

    init(_ options: DemoOptions, _ story: Story) throws {
        self.options = options
        self.story = story
        lab = try Lab(
            names + [Self.database.name], programs: options.programs,
            addresses: Article.addresses + [Self.database.address])
        watch = try AddressWatch(address, in: lab)
        prober = try Prober(address, in: lab)
        check = try MycatCheck(
            for: options.subject, in: lab, options: ["user root", "password digdeep"],
            checks: ["process", "greeting", "backends"])
    }

    func run() throws {
        defer { lab.close() }
        introduce()
        let database = try lab.hosts[2].startBackend()
        let (services, daemons) = try start()
        try elect(daemons)
        try killService(services[0], daemons)
        try restartService(daemons)
        try loseBackend(database, daemons)
        try freezeService(services[1], daemons)
        try stopGracefully(daemons)
        try tellTimeline()
        story.title("\nAll \(story.checked) observations were checked as they happened. Nothing is left behind.")
    }

    private func introduce() {
        story.title("Two Mycat nodes, one address, and \(options.subject.rawValue) deciding who has it.\n")
        story.note("  \(names[0])  \(Article.addresses[0])   Mycat (a stand-in) and \(options.subject.daemonName)")
        story.note("  \(names[1])  \(Article.addresses[1])   Mycat (a stand-in) and \(options.subject.daemonName)")
        story.note("  \(Self.database.name)     \(Self.database.address)   a database (a stand-in) behind both")
        story.note("  client                    asks \(address) every millisecond who answers\n")
        story.note("The nodes are network namespaces on this machine. Both run the article's keepalived.conf")
        story.note("(state BACKUP, nopreempt, priority 200, one advert a second) and these lines:\n")
        for line in check.definitions.split(separator: "\n") { story.note("    \(line)") }
        story.note("    … vrrp_instance VI_1 {")
        for line in check.instanceLines { story.note("        \(line)") }
        story.note("    }\n")
    }

    private func journal(of host: LabHost) -> String { host.folder + "/events.jsonl" }

    /// What `halua timeline` makes of both nodes' journals.
    private func tellTimeline() throws {
        guard options.subject == .halua else { return }
        let texts = try lab.hosts.prefix(names.count).map { host in
            try explained { () throws(IOFailure) in try FileReader.bytes(journal(of: host), limit: 1 << 22) }
        }
        guard let timeline = Timeline(texts.flatMap { journalEntries(of: $0).entries }),
            let router = timeline.routers.first
        else { throw LabError("the nodes wrote no events") }
        try require(router.overlaps.isEmpty, "no two nodes had \(address) at one moment")
        let moves = router.holders.filter { !$0.nodes.isEmpty }.count - 1
        story.seen("both nodes' event journals agree: \(moves) moves, never two holders")
        story.title("\nhalua timeline of both journals:")
        story.note(timeline.summary())
        guard let path = options.timeline else { return }
        try writeFile(path, timeline.page)
        story.note("As a page for a browser: \(path)")
    }

    private func start() throws -> ([LabProcess], [LabProcess]) {
        let services = try names.indices.map { node in try startMycat(node) }
        var daemons: [LabProcess] = []
        for (node, host) in lab.hosts.prefix(names.count).enumerated() {
            let configuration = Article.configuration(node, adding: check.instanceLines)
            let keeps =
                options.subject == .halua ? "global_defs {\n    event_journal \(journal(of: host))\n}\n" : ""
            daemons.append(
                try host.start(options.subject, configuration: keeps + check.definitions + configuration))
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

    /// A Mycat with the database behind it.
    func startMycat(_ node: Int) throws -> LabProcess {
        var settings = MycatSettings()
        settings.backend = IPAddress(Self.database.address).map { SocketAddress($0, port: backendPort) }
        return try lab.hosts[node].startMycat(settings)
    }

    func seenMaster(_ node: Int, at moment: Moment, _ why: String) {
        story.seen("\(names[node]) is MASTER and has \(address): \(why)", at: moment)
    }

    func isBackup(_ node: Int, since moment: Moment, _ daemon: LabProcess) -> Bool {
        switch options.subject {
        case .halua:
            let report = try? askStatus(lab.hosts[node].controlSocketPath)
            return report?.instances.first?.state.uppercased() == "BACKUP"
        case .keepalived:
            return daemon.output.first(containing: "Entering BACKUP STATE", since: moment) != nil
        }
    }

    func require(_ condition: Bool, _ claim: String) throws(LabError) {
        if !condition { throw LabError("this should be true and is not: \(claim)") }
    }
}
