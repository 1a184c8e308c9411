/// What the README shows of running nodes, seen again.
import ControlProtocol
import Foundation
import Glibc
import Lab
import Testing

extension NetnsTests.DocumentTests {
    /// The configuration of the examples' pair, with the plugins of this tree.
    private func example(_ file: String) throws -> String {
        let text = try String(contentsOfFile: LabSupport.root + "conf.d/" + file, encoding: .utf8)
        return "global_defs {\n    lua_path \(LabSupport.root)plugins\n}\n" + text
    }

    /// Asks again until it sees what is shown, names of files aside.
    private func expect(
        _ block: DocumentBlock, in host: LabHost, within limit: Duration = .seconds(20), _ daemon: LabProcess,
        _ command: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var seen = ""
        let shown = block.shown.filter { !$0.hasPrefix("$ ") }
        // A block that begins in the middle leaves out what stands before and after.
        let wanted = shown.first?.hasPrefix("haluad ") == true ? shown : ["…"] + shown + ["…"]
        let reached = waitUntil(limit, every: .milliseconds(100)) {
            // Its exit status says that something is wrong, where something is.
            seen = (try? host.run(["sh", "-c", command.joined(separator: " ") + "; true"])) ?? seen
            let text = seen.replacingOccurrences(
                of: host.configurationPath, with: "/etc/halua/halua.conf and /etc/halua/conf.d/*.conf")
            return Guide.matches(wanted, text.components(separatedBy: "\n"))
        }
        #expect(reached != nil, "\(block.place):\n\(seen)\(tail(daemon))", sourceLocation: sourceLocation)
    }

    private func status(of host: LabHost) -> [String] {
        [LabSupport.programs.halua, "status", "--control", host.controlSocketPath]
    }

    @Test("events and timelines are asked for as the documents print it", .timeLimit(.minutes(1)))
    func events() throws {
        try withPair(Article.virtualAddress, hosts: Article.hostNames, addresses: Article.addresses) { lab, watch, _ in
            let mycat = try lab.hosts[0].startMycat()
            _ = try lab.hosts[1].startMycat()
            var daemons: [LabProcess] = []
            for (host, name) in zip(lab.hosts, Article.hostNames) {
                let journal = "global_defs {\n    event_journal \(host.folder)/events.jsonl\n}\n"
                let text = try journal + example("mycat-nopreempt-lua/\(name).conf")
                daemons.append(try host.start(.halua, configuration: text))
                pause(.milliseconds(300))
            }
            expectHolders([0], watch, within: .seconds(10), daemons)
            pause(.seconds(1))
            mycat.send(signal: SIGKILL)
            expectHolders([1], watch, within: .seconds(5), daemons)
            pause(.milliseconds(300))
            let folder = lab.hosts[0].folder
            // Both nodes' journals are there where one machine has copied them.
            func type(_ line: String, _ files: String = "") throws -> String {
                let command = line.replacingOccurrences(of: "sudo halua ", with: LabSupport.programs.halua + " ")
                    .replacingOccurrences(of: "/var/lib/halua/events.jsonl", with: folder + "/events.jsonl")
                return try lab.hosts[0].run(["sh", "-c", "cd \(folder) && timeout 3 \(command) \(files) 2>&1 || true"])
            }
            let other = lab.hosts[1].folder + "/events.jsonl"
            for beginning in ["sudo halua events ", "scp mycat02:"] {
                for command in try block(beginning).commands {
                    if command.hasPrefix("scp ") {
                        let words = command.split(separator: " ")
                        #expect(words[1] == "mycat02:/var/lib/halua/events.jsonl")
                        try lab.hosts[0].run(["cp", other, "\(folder)/\(words[2])"])
                    } else {
                        let files = command.contains(".jsonl") ? "" : "\(folder)/events.jsonl"
                        let printed = try type(command, files)
                        #expect(
                            printed.contains("written: night.html") || printed.contains("VI_1: BACKUP → MASTER: "),
                            "\(command): \(printed)")
                    }
                }
            }
            let shown = try block("$ sudo halua events ")
            let seen = try type(String(shown.lines[0].dropFirst(2))).components(separatedBy: "\n")
            #expect(Guide.matches(Array(shown.shown.dropFirst()), seen), "\(seen.joined(separator: "\n"))")
        }
    }

    @Test("a node with Mycat looks as the README shows, well and frozen", .timeLimit(.minutes(1)))
    func mycat() throws {
        try withPair(Article.virtualAddress, hosts: Article.hostNames, addresses: Article.addresses) { lab, watch, _ in
            let host = lab.hosts[0]
            let mycat = try host.startMycat()
            let daemon = try host.start(.halua, configuration: example("mycat-nopreempt-lua/mycat01.conf"))
            expectHolders([0], watch, within: .seconds(10), [daemon])
            expect(try block("haluad 0.1.0 on mycat01"), in: host, daemon, status(of: host))
            expect(
                try block("$ ip address show dev eth0"), in: host, daemon, ["ip", "address", "show", "dev", "eth0"])
            for command in try block("halua explain").commands {
                let said = try host.run(
                    ["sh", "-c", "\(LabSupport.folder)/\(command) --control \(host.controlSocketPath)"])
                #expect(said.hasPrefix("VI_1 has been MASTER for "), "\(said)")
            }
            mycat.send(signal: SIGSTOP)
            expect(try block("VI_1  FAULT for "), in: host, daemon, status(of: host))
        }
    }

    @Test("a backup behind a firewall, and one of another number, say what the README shows", .timeLimit(.minutes(1)))
    func guarded() throws {
        try withPair(Article.virtualAddress, hosts: Article.hostNames, addresses: Article.addresses) { lab, watch, _ in
            var instance = InstanceText()
            instance.virtualRouterID = 196
            instance.priority = 200
            instance.addresses = ["192.168.4.200/24"]
            instance.lines = ["nopreempt"]
            let first = try lab.hosts[0].start(.halua, configuration: instance.text)
            expectHolders([0], watch, within: .seconds(8), [first])
            instance.priority = 100
            let second = try lab.hosts[1].start(.halua, configuration: instance.text)
            let rule = ["iptables", "-A", "INPUT", "-m", "pkttype", "--pkt-type", "multicast", "-j", "DROP"]
            let readme = try String(contentsOfFile: LabSupport.root + "README.md", encoding: .utf8)
            #expect(readme.contains("`\(rule.joined(separator: " "))`"))
            let why = [LabSupport.programs.halua, "explain", "--control", lab.hosts[1].controlSocketPath]
            expect(try block("$ halua explain"), in: lab.hosts[1], second, why)
            try lab.hosts[1].run(rule)
            expect(try block("$ halua status\n…\nVI_1  BACKUP"), in: lab.hosts[1], second, status(of: lab.hosts[1]))
            second.send(signal: SIGTERM)
            #expect(second.wait(.seconds(10)) == .exited(0))
            try lab.hosts[1].run(["iptables", "-F", "INPUT"])
            instance.virtualRouterID = 197
            let other = try lab.hosts[1].start(.halua, configuration: instance.text)
            let words = try block("VI_1: 192.168.4.196 advertises").lines[0]
            #expect(
                waitUntil(.seconds(10)) { other.output.first(containing: words) != nil } != nil, "\(tail(other))")
        }
    }

    @Test("orders and requests are typed as the manual pages print them", .timeLimit(.minutes(1)))
    func orders() throws {
        try withPair(Article.virtualAddress, hosts: Article.hostNames, addresses: Article.addresses) { lab, watch, _ in
            var instance = InstanceText()
            (instance.version, instance.interval, instance.lines) = (3, .milliseconds(200), ["nopreempt"])
            instance.priority = 200
            let first = try lab.hosts[0].start(.halua, configuration: instance.text)
            expectHolders([0], watch, within: .seconds(8), [first])
            let second = try lab.hosts[1].start(.halua, configuration: instance.text)
            pause(.seconds(1))
            func type(_ line: String, on host: LabHost) throws -> String {
                let command =
                    line.replacingOccurrences(
                        of: "sudo halua ", with: "\(LabSupport.programs.halua) ")
                    + " --control \(host.controlSocketPath)"
                return try host.run(["sh", "-c", command])
            }
            let handOver = try block("sudo halua switchover ").commands[0]
            let moved = try type(handOver, on: lab.hosts[0])
            let shown = try block("$ sudo halua switchover ")
            #expect(shown.lines[0] == "$ \(handOver)")
            #expect(Guide.matches(Array(shown.shown.dropFirst()), moved.components(separatedBy: "\n")), "\(moved)")
            let away = try block("sudo halua demote ").commands[0]
            let demoted = try type(away, on: lab.hosts[1])
            #expect(demoted.hasPrefix("VI_1 was MASTER and is demoted for 10 min 0 s"), "\(demoted)\(tail(second))")
            let request = try block("{\"version\": 1, ").lines[0]
            #expect(request == "{\"version\": 1, \"request\": \"status\"}")
            let words = try block("echo '{\"version\": 1, ").text
            #expect(words.contains(request))
            let path = lab.hosts[0].controlSocketPath
            let answer = try lab.hosts[0].run(
                ["sh", "-c", words.replacingOccurrences(of: "/run/halua/control.sock", with: path)])
            #expect(answer.contains("\"status\":") && answer.contains("\"MASTER\""), "\(answer)")
        }
    }

    @Test("the demo shows what the README shows", .timeLimit(.minutes(2)))
    func demo() throws {
        let block = try block("$ make demo\n")
        let command =
            "cd \(LabSupport.root) && \(LabSupport.programs.halua) lab demo --timeline .build/demo-timeline.html"
        let seen = try runCommand(["sh", "-c", command]).components(separatedBy: "\n")
        #expect(Guide.matches(Array(block.shown.dropFirst()), seen), "\(seen.joined(separator: "\n"))")
    }

    /// One of its faults, for all of them take a minute and a half; tests of their own know the others.
    @Test("the rehearsal shows what the README shows", .timeLimit(.minutes(2)))
    func rehearsal() throws {
        let block = try block("$ sudo halua rehearse")
        let words = block.lines[0].dropFirst("$ sudo halua ".count)
        let command = "cd \(LabSupport.root) && \(LabSupport.programs.halua) \(words) --fault stop"
        let seen = try runCommand(["sh", "-c", command]).components(separatedBy: "\n")
        let played = block.shown.dropFirst().filter { line in
            !line.contains("firewall")
                && (!line.hasPrefix("| ") || line.contains("what happens") || line.contains("stop"))
        }
        #expect(played.count { $0.hasPrefix("| ") } == 2)
        #expect(
            Guide.matches(played.map(Self.unmeasured), seen.map(Self.unmeasured)), "\(seen.joined(separator: "\n"))")
    }

    /// A table's row without its measurements and widths: what happened and who serves is the same in every run.
    private static func unmeasured(_ line: String) -> String {
        guard line.hasPrefix("|") else { return line }
        return line.replacing(/\| +\d[^|]*\| +\d[^|]*\|/, with: "| # |").replacing(#/ +/#, with: " ").replacing(
            #/-+/#, with: "-")
    }
}
