/// `halua rehearse`: the nodes' own configuration files with real daemons in namespaces, faults, and what clients felt.
import ArgumentParser
import Daemon
import Glibc
import KeepalivedConf
import Lab

struct RehearseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rehearse",
        abstract: "Let the faults happen to your own configuration, before production does it to you.",
        discussion: """
            Real daemons run your files on made-up hosts on this machine: network namespaces with the interfaces and addresses \
            that the files name. A client asks each address every millisecond while the master is stopped, killed, frozen, cut \
            off, or the backup's firewall drops adverts. Then it says how long clients waited, and whether two nodes ever held \
            one address. Nothing outside is touched: the hosts have their own network, processes, /run and /tmp, and can only \
            read the disk.

              sudo halua rehearse lb1.conf lb2.conf
              sudo halua rehearse --fault kill --fault firewall lb1.conf lb2.conf
              sudo halua rehearse --service 'python3 -m http.server 8080' lb1.conf lb2.conf
              sudo halua rehearse --daemon keepalived lb1.conf lb2.conf

            With one file both nodes read it. lb1=FILE names a node and reads the lines marked @lb1. Checks judge the service \
            that --service starts on every node; for plugins/mycat.lua a stand-in of Mycat is started.

            Exit status: 0 when each address was served by one node again after every fault, 1 when not, 2 when the files \
            cannot be rehearsed.
            """)

    @Argument(help: "The configuration of each node: FILE or NAME=FILE.")
    var files: [String]

    @Option(
        name: .customLong("fault"),
        help: "Only this fault (may be repeated): \(RehearsalFault.allCases.map(\.rawValue).joined(separator: ", ")).")
    var faults: [RehearsalFault] = []

    @Option(help: "What runs beside every daemon, for /bin/sh; it is killed once.")
    var service: String?

    @Option(help: "The daemon that is rehearsed: halua or keepalived.")
    var daemon: Subject = .halua

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("name the configuration of each node") }
    }

    func run() throws {
        let plan: RehearsalPlan
        do {
            plan = try RehearsalPlan(try nodes())
        } catch {
            complain("\(error)")
            throw ExitCode(2)
        }
        describe(plan)
        var report = RehearsalReport()
        let options = RehearsalOptions(
            plan: plan, subject: daemon, faults: faults.isEmpty ? RehearsalFault.allCases : faults, service: service)
        do {
            try rehearse(options) { report.add($0) }
        } catch {
            if !report.outcomes.isEmpty { print(report.text) }
            complain("\(error)")
            throw ExitCode(2)
        }
        print(report.text, terminator: "")
        if !report.isGood { throw ExitCode(1) }
    }

    private func describe(_ plan: RehearsalPlan) {
        let here = realPath(".").map { $0 + "/" } ?? ""
        for (number, node) in plan.nodes.enumerated() {
            let wires = plan.links.map { "\($0.interfaces[number]) \($0.addresses[number].joined(separator: " "))" }
            let file = node.file.hasPrefix(here) ? node.file.dropFirst(here.count) : node.file[...]
            print("\(node.name)  \(file)  \(wires.joined(separator: ", "))")
        }
        print("a client asks \(plan.targets.map { "\($0.address)" }.joined(separator: ", ")) every millisecond")
        for remark in plan.remarks { print(remark) }
        print("")
    }

    private func nodes() throws(RehearsalComplaint) -> [RehearsalPlan.Node] {
        var given: [(name: String?, file: String)] = files.map { word in
            let parts = word.split(separator: "=", maxSplits: 1)
            let (name, path) = parts.count == 2 ? (String(parts[0]), String(parts[1])) : (nil, word)
            // The daemons work in other folders.
            return (name, realPath(path) ?? path)
        }
        if given.count == 1 { given = [("node1", given[0].file), ("node2", given[0].file)] }
        let isNamed = files.count > 1
        var nodes: [RehearsalPlan.Node] = []
        for (number, entry) in given.enumerated() {
            let identifier = isNamed ? entry.name : nil
            nodes.append(
                .init(
                    name: entry.name ?? Self.name(of: entry.file, number, among: given.map(\.file)), file: entry.file,
                    configurationID: identifier, configuration: try Self.read(entry.file, identifier)))
        }
        return nodes
    }

    private static func read(_ file: String, _ identifier: String?) throws(RehearsalComplaint) -> Configuration {
        // The interfaces of the file are not this machine's.
        let result = loadFromDisk(file: file, configurationID: identifier, interfaces: nil)
        guard let configuration = result.configuration else {
            let errors = result.diagnostics.filter { $0.severity == .error }.map(\.rendered)
            throw RehearsalComplaint("\(file) is refused:\n" + errors.joined(separator: "\n"))
        }
        return configuration
    }

    /// The file's name without its ending; its folder's where several files have one name.
    private static func name(of file: String, _ number: Int, among all: [String]) -> String {
        func stem(_ path: String) -> String {
            let last = path.split(separator: "/").last.map(String.init) ?? path
            return last.split(separator: ".").first.map(String.init) ?? last
        }
        if all.count(where: { stem($0) == stem(file) }) == 1 { return stem(file) }
        let folder = file.split(separator: "/").dropLast().last.map(String.init)
        let folders = all.map { $0.split(separator: "/").dropLast().last.map(String.init) }
        if let folder, folders.count(where: { $0 == folder }) == 1 { return folder }
        return "node\(number + 1)"
    }

    private func complain(_ text: String) {
        let line = "halua rehearse: \(text)\n"
        _ = write(STDERR_FILENO, line, line.utf8.count)
    }
}

extension RehearsalFault: ExpressibleByArgument {}
