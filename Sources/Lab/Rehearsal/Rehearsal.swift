/// `halua rehearse`: somebody's own configuration with real daemons in namespaces, and what their clients feel.
import ControlProtocol
import Glibc
import KeepalivedConf
import LinuxIO

package struct RehearsalOptions: Hashable, Sendable {
    package var plan: RehearsalPlan
    package var subject: Subject
    package var faults: [RehearsalFault]
    /// A command for /bin/sh that is the service on every node; nil: none, or Mycat's stand-in where a plugin asks for it.
    package var service: String?
    package var programs: LabPrograms

    package init(
        plan: RehearsalPlan, subject: Subject = .halua, faults: [RehearsalFault] = RehearsalFault.allCases,
        service: String? = nil, programs: LabPrograms = .besideThisProgram
    ) {
        self.plan = plan
        self.subject = subject
        self.faults = faults
        self.service = service
        self.programs = programs
    }
}

/// Makes every fault happen, and calls `report` with each outcome. Throws when the nodes do not even come to work.
package func rehearse(_ options: RehearsalOptions, _ report: (RehearsalOutcome) -> Void) throws {
    try gainLabPrivileges()
    try cleanUpOnSignals()
    let plan = options.plan
    let lab = try Lab(
        plan.nodes.indices.map { "node\($0 + 1)" }, programs: options.programs, links: plan.links, keepsDiskClean: true)
    defer { lab.close() }
    let rehearsal = try Rehearsal(options, lab)
    try rehearsal.start()
    for fault in options.faults where fault != .service || rehearsal.hasService {
        progress("rehearsing: \(fault.rawValue)")
        report(try rehearsal.play(fault))
    }
}

/// The nodes while they run.
private final class Rehearsal {
    private let options: RehearsalOptions
    private let plan: RehearsalPlan
    private let lab: Lab
    private let watches: [AddressWatch]
    private let probers: [Prober]
    private let services: [ServiceWatch]
    private var daemons: [LabProcess] = []
    private var programs: [LabProcess] = []

    init(_ options: RehearsalOptions, _ lab: Lab) throws(LabError) {
        self.options = options
        plan = options.plan
        self.lab = lab
        var (watches, probers, services): ([AddressWatch], [Prober], [ServiceWatch]) = ([], [], [])
        for (target, link) in zip(plan.targets, plan.linkOfTarget) {
            watches.append(try AddressWatch("\(target.address)", in: lab))
            probers.append(try Prober("\(target.address)", in: lab))
            services.append(try ServiceWatch(target.address, link: link, in: lab))
        }
        (self.watches, self.probers, self.services) = (watches, probers, services)
    }

    var hasService: Bool { !programs.isEmpty }

    // MARK: Beginning

    func start() throws {
        for node in plan.nodes.indices { try startService(node) }
        for node in plan.nodes.indices {
            daemons.append(try startDaemon(node))
            // The first to start is the first to have waited long enough.
            pause(.milliseconds(300))
        }
        guard settle(within: plan.patience * 2 + .seconds(8)) != nil else { throw LabError(complaint) }
    }

    private func startDaemon(_ node: Int) throws(LabError) -> LabProcess {
        let (file, host) = (plan.nodes[node].file, lab.hosts[node])
        var words = [options.subject.daemonName, "-f", file, "-n", "-l", "-D"]
        switch options.subject {
        case .halua: words += ["--control", host.controlSocketPath]
        case .keepalived:
            let files = ["\(host.folder)/keepalived.pid", "\(host.folder)/vrrp.pid"]
            // A killed one has left them, and the numbers in them may be somebody else's.
            for file in files { unlink(file) }
            words += ["-p", files[0], "-r", files[1]]
        }
        if let identifier = plan.nodes[node].configurationID { words += ["-i", identifier] }
        return try host.start(options.programs.daemon(of: options.subject), arguments: words)
    }

    private func startService(_ node: Int) throws(LabError) {
        let service: LabProcess
        if let command = options.service {
            service = try lab.hosts[node].start("/bin/sh", arguments: ["sh", "-c", command], log: "service")
        } else if plan.nodes[node].configuration.plugins.contains(where: { $0.file == "mycat" }) {
            service = try lab.hosts[node].startMycat()
        } else {
            return
        }
        if programs.count > node { programs[node] = service } else { programs.append(service) }
    }

    /// Why the nodes do not work: what their checks say, else their last words.
    private var complaint: String {
        var text = "the nodes did not come to rest with one holder for each address"
        for (node, host) in zip(plan.nodes, lab.hosts) {
            guard let status = try? askStatus(host.controlSocketPath) else { continue }
            for instance in status.instances {
                for check in instance.checks where check.state != "up" {
                    text += "\n\(node.name): \(instance.name): check \(check.name) is \(check.state)"
                }
            }
        }
        if options.service == nil { text += "\nA check may need its service: name it with --service 'COMMAND'." }
        return text + "\n" + daemons.map { tail($0) }.joined()
    }

    // MARK: Faults

    func play(_ fault: RehearsalFault) throws -> RehearsalOutcome {
        guard let master = watches[0].holders.first else { throw LabError(complaint) }
        let backup = plan.nodes.indices.first { $0 != master } ?? master
        let began = Moment.now
        try cause(fault, master, backup)
        // Long enough for the others to notice, and for a frozen node to be late.
        pause(plan.patience + .seconds(2))
        if fault == .service { _ = waitUntil(.seconds(15)) { watches[0].holders != [master] } }
        try mend(fault, master, backup)
        // A better node takes the address back only now.
        pause(plan.masterDown + plan.preemptDelay + .seconds(1))
        // A node that changed its role too often waits longer.
        let rest = settle(within: plan.patience * 2 + .seconds(40))
        let end = Moment.now
        return RehearsalOutcome(
            fault: fault, sentence: fault.sentence(plan.nodes[master].name, plan.nodes[backup].name),
            silence: probers.map { $0.longestSilence(from: began, to: end) }.max() ?? .zero,
            servedTwice: services.map { $0.timeServedTwice(from: began, to: end) }.max() ?? .zero,
            moves: watches.reduce(0) { $0 + $1.changes(since: began).count(where: \.holds) },
            holder: rest.map { plan.nodes[$0].name }, warnings: warnings(since: began))
    }

    private func cause(_ fault: RehearsalFault, _ master: Int, _ backup: Int) throws {
        switch fault {
        case .stop:
            daemons[master].send(signal: SIGTERM)
            if daemons[master].wait(.seconds(10)) == nil {
                throw LabError("\(plan.nodes[master].name) did not end by SIGTERM\n" + tail(daemons[master]))
            }
        case .kill: daemons[master].sendToAll(signal: SIGKILL)
        case .freeze: daemons[master].sendToAll(signal: SIGSTOP)
        case .service: programs[master].sendToAll(signal: SIGKILL)
        case .link: try lab.hosts[master].setCable(plugged: false, link: plan.linkOfTarget[0])
        case .firewall: try lab.hosts[backup].dropAdverts()
        case .partition: try setPartition(true)
        }
    }

    private func mend(_ fault: RehearsalFault, _ master: Int, _ backup: Int) throws {
        switch fault {
        case .stop, .kill: daemons[master] = try startDaemon(master)
        case .freeze: daemons[master].sendToAll(signal: SIGCONT)
        case .service: try startService(master)
        case .link: try lab.hosts[master].setCable(plugged: true, link: plan.linkOfTarget[0])
        case .firewall: try lab.hosts[backup].allowMulticast()
        case .partition: try setPartition(false)
        }
    }

    private func setPartition(_ isParted: Bool) throws {
        for link in plan.links.indices {
            for host in lab.hosts { try host.setIsolated(isParted, link: link) }
        }
    }

    // MARK: Outcome

    /// Waits until each address has one holder that answers, for a while without a change. Returns the first one's holder.
    private func settle(within limit: Duration) -> Int? {
        let quiet = max(plan.patience / 2, .seconds(1))
        let isCalm = { [self] in
            let now = Moment.now
            return zip(watches, probers).allSatisfy { watch, prober in
                guard let holder = watch.holders.first, watch.holders.count == 1 else { return false }
                return watch.changes(since: now - quiet).isEmpty
                    && prober.answers(since: now - .milliseconds(100)).last?.host == holder
            }
        }
        guard waitUntil(limit, every: .milliseconds(20), isCalm) != nil else { return nil }
        return watches[0].holders.first
    }

    /// haluad's lines from "warning" up, without time stamp and fields; each once.
    private func warnings(since moment: Moment) -> [String] {
        var found: [String] = []
        for (node, daemon) in zip(plan.nodes, daemons) {
            for line in daemon.output.lines where line.at >= moment {
                guard let mark = [" warning: ", " error: ", " critical: "].lazy.compactMap(line.text.firstRange).first
                else { continue }
                let sentence = "\(node.name): \(withoutFields(line.text[mark.upperBound...]))"
                if !found.contains(sentence) { found.append(sentence) }
            }
        }
        return found
    }
}

/// A log line of haluad without the fields "key=value" at its end.
package func withoutFields(_ line: Substring) -> Substring {
    for place in line.indices where line[place] == " " {
        if isFields(line[line.index(after: place)...]) { return line[..<place] }
    }
    return line
}

/// Whether a text is a list of key=value, with values in quotes where they have spaces.
private func isFields(_ text: Substring) -> Bool {
    var rest = text
    while !rest.isEmpty {
        let key = rest.prefix { $0.isLetter || $0 == "_" }
        rest = rest.dropFirst(key.count)
        guard !key.isEmpty, rest.popFirst() == "=" else { return false }
        if rest.first == "\"" {
            guard let end = rest.dropFirst().firstIndex(of: "\"") else { return false }
            rest = rest[rest.index(after: end)...]
        } else {
            rest = rest.drop { $0 != " " }
        }
        if !rest.isEmpty, rest.popFirst() != " " { return false }
    }
    return true
}
