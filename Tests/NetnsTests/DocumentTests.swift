/// Every example of the documents is run: its commands are typed, its configurations loaded, its outputs seen.
import ControlProtocol
import Foundation
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct DocumentTests {
        /// Who runs a block.
        private enum Runner: String {
            /// Targets of make: each is there, and all that it would run can be said.
            case make
            /// packaging/test-deb.py types it on clean machines, or prints it.
            case machines
            /// The daemon takes it.
            case configuration
            /// Commands that are typed beside a configuration, and must succeed.
            case command
            /// A test of this suite shows it, which looks it up by its beginning.
            case scene
        }

        /// How each block begins, and who runs it.
        private static let runners: [(beginning: String, runner: Runner)] = [
            ("make demo  ", .make), ("make build ", .make),
            ("make deb  ", .machines), ("   46.0 s  mycat01 is MASTER", .machines),
            ("sudo apt install ./.build/deb/halua-exporter", .machines),
            ("lua_plugin mycat {", .configuration), ("vrrp_instance VI_1 {\n    …\n    promotion_gate", .configuration),
            ("global_defs {\n    guard {", .configuration), ("# /etc/halua/halua.conf\n", .configuration),
            ("cp conf.d/", .scene), ("$ make demo\n", .scene), ("keepalived.conf:3:23: error", .scene),
            ("haluad 0.1.0 on mycat01", .scene), ("VI_1  FAULT for ", .scene), ("--- The web server must", .scene),
            ("$ halua status\n…\nVI_1  BACKUP", .scene), ("VI_1: 192.168.4.196 advertises", .scene),
            ("halua keyword", .command), ("halua run-check", .command), ("halua explain", .scene),
            ("$ halua explain", .scene), ("halua simulate", .command),
            ("sudo halua rehearse", .command), ("local t = require", .scene), ("t.case(", .scene),
            ("$ sudo halua events ", .scene), ("sudo halua events ", .scene), ("scp mycat02:", .scene),
            ("$ sudo halua switchover ", .scene), ("sudo halua demote ", .scene), ("sudo halua switchover ", .scene),
            ("{\"version\": 1, ", .scene), ("echo '{\"version\": 1, ", .scene),
            ("$ sudo halua rehearse", .scene), ("$ ip address show dev eth0", .scene),
        ]

        func block(_ beginning: String) throws -> DocumentBlock {
            #expect(
                Self.runners.contains { $0.runner == .scene && $0.beginning.hasPrefix(beginning) },
                "\(beginning) is in the table of this suite")
            return try #require(
                try Documents.blocks().first { $0.text.hasPrefix(beginning) }, "a document shows \(beginning)")
        }

        private func blocks(_ runner: Runner) throws -> [DocumentBlock] {
            let beginnings = Self.runners.filter { $0.runner == runner }.map(\.beginning)
            return try Documents.blocks().filter { block in beginnings.contains { block.text.hasPrefix($0) } }
        }

        // MARK: The table

        @Test("every block of every document has its runner, and every runner its block")
        func completeness() throws {
            let blocks = try Documents.blocks()
            #expect(blocks.count > 15)
            for block in blocks {
                let count = Self.runners.count { block.text.hasPrefix($0.beginning) }
                #expect(count == 1, "\(block.place): \(count) runners for\n\(block.text)")
            }
            for (beginning, _) in Self.runners {
                #expect(blocks.contains { $0.text.hasPrefix(beginning) }, "nothing begins with \(beginning)")
            }
        }

        @Test("the targets of make that the documents name are there")
        func targets() throws {
            for block in try blocks(.make) {
                for command in block.commands {
                    #expect(command.hasPrefix("make "), "\(block.place): \(command)")
                    _ = try runCommand(
                        ["make", "-n", "-C", LabSupport.root]
                            + command.split(separator: " ").dropFirst().map(String.init))
                }
            }
        }

        @Test(
            "the commands for clean machines are typed by their test, and what the README shows of it is what it says")
        func machines() throws {
            let script = try String(contentsOfFile: LabSupport.root + "packaging/test-deb.py", encoding: .utf8)
            let readme = try String(contentsOfFile: LabSupport.root + "README.md", encoding: .utf8)
            for block in try blocks(.machines) {
                if block.lines[0].contains(" s  ") {
                    for line in block.shown where line != "…" {
                        let sentence = line.replacing(#/^ *[0-9.]+ s  /#, with: "")
                        #expect(Self.masked(script).contains(Self.masked(sentence)), "\(block.place): \(line)")
                    }
                } else {
                    let heading = readme.components(separatedBy: "\n").prefix(block.line).last { $0.hasPrefix("## ") }
                    #expect(script.contains("commands(\"\(heading?.dropFirst(3) ?? "")\")"), "\(block.place)")
                }
            }
        }

        /// Names of nodes, numbers, and what a program fills in.
        private static func masked(_ text: String) -> String {
            text.replacing(/\{[^{}]*\}/, with: "#").replacing(/(mycat)?[0-9]+/, with: "#")
        }

        // MARK: Configurations

        @Test("every configuration that the documents show is taken", .timeLimit(.minutes(1)))
        func configurations() throws {
            try Lab.with(["mycat01"], programs: LabSupport.programs) { lab in
                let host = lab.hosts[0]
                try host.write(file: "guard.key", String(repeating: "0123456789abcdef", count: 4) + "\n")
                try host.run(["chmod", "600", host.folder + "/guard.key"])
                try host.run(["mkdir", "-p", host.folder + "/conf.d"])
                try host.write(
                    file: "witness.lua",
                    "local halua = require 'halua'\nhalua.gate.promote { name = 'lock', run = function() return true end }\n"
                )
                let rest = """
                        interface eth0
                        virtual_router_id 196
                        virtual_ipaddress {
                            192.168.4.200
                        }
                    """
                try host.write(file: "conf.d/one.conf", "vrrp_instance VI_1 {\n\(rest)\n}\n")
                for block in try blocks(.configuration) {
                    var text = block.text.replacingOccurrences(
                        of: "/etc/halua/guard.key", with: host.folder + "/guard.key")
                    for dots in ["    …", "    ..."] { text = text.replacingOccurrences(of: dots, with: rest) }
                    if !text.contains("vrrp_instance"), !text.contains("include") {
                        text += "vrrp_instance VI_1 {\n\(rest)\n}\n"
                    }
                    let gate = text.contains("witness.lock") ? "lua_plugin witness { }\n" : ""
                    let paths =
                        "global_defs {\n    lua_path \(host.folder)\n    lua_path \(LabSupport.root)plugins\n}\n"
                    try host.write(configuration: paths + gate + text)
                    let said = try host.run([LabSupport.programs.halua, "check-config", host.configurationPath])
                    #expect(said.contains("0 errors, 0 warnings"), "\(block.place): \(said)")
                }
            }
        }

        @Test("the examples in conf.d are taken where they are copied to", .timeLimit(.minutes(1)))
        func copies() throws {
            let block = try block("cp conf.d/")
            try Lab.with(["mycat01"], programs: LabSupport.programs) { lab in
                for command in block.commands where command.hasPrefix("cp ") {
                    let file = LabSupport.root + command.split(separator: " ")[1]
                    let text = try String(contentsOfFile: file, encoding: .utf8)
                    try lab.hosts[0].write(
                        configuration: "global_defs {\n lua_path \(LabSupport.root)plugins\n}\n" + text)
                    _ = try lab.hosts[0].run([
                        LabSupport.programs.halua, "check-config", lab.hosts[0].configurationPath,
                    ])
                }
                #expect(block.commands.last == "halua check-config /etc/halua/halua.conf")
            }
        }

        @Test("a wrong configuration is told of as the README shows", .timeLimit(.minutes(1)))
        func diagnostics() throws {
            let block = try block("keepalived.conf:3:23: error")
            try Lab.with(["mycat01"], programs: LabSupport.programs) { lab in
                let host = lab.hosts[0]
                try host.write(
                    configuration: """
                        vrrp_instance VI_1 {
                            interface eth0
                            virtual_router_id 300
                            prioriy 200
                            virtual_ipaddress {
                                192.168.4.200
                            }
                            notify_master /etc/keepalived/master.sh
                            use_vmac
                        }

                        """)
                let command =
                    "cd \(host.folder) && \(LabSupport.programs.halua) check-config keepalived.conf 2>&1 || true"
                let seen = try host.run(["sh", "-c", command]).components(separatedBy: "\n")
                #expect(Guide.matches(block.shown, seen), "\(seen.joined(separator: "\n"))")
            }
        }

        // MARK: Commands

        @Test("the commands of the manual pages do what they say", .timeLimit(.minutes(3)))
        func commands() throws {
            try Lab.with(["lb1"], programs: LabSupport.programs) { lab in
                let host = lab.hosts[0]
                _ = try host.startMycat()
                let folder = host.folder + "/typed"
                try host.run(["mkdir", folder])
                try host.run(["ln", "-s", LabSupport.root + "plugins", folder + "/plugins"])
                let paths = "global_defs {\n    lua_path \(LabSupport.root)plugins\n}\n"
                for (name, priority) in [("lb1", 150), ("lb2", 100)] {
                    var instance = InstanceText()
                    (instance.version, instance.interval, instance.priority) = (3, .milliseconds(200), priority)
                    instance.addresses = ["192.168.4.200/24"]
                    try host.write(file: "typed/\(name).conf", instance.text)
                }
                var mycat = InstanceText()
                mycat.lines = ["track_lua {", "    mycat.greeting", "}"]
                try host.write(file: "typed/halua.conf", paths + "lua_plugin mycat { }\n" + mycat.text)
                try host.write(file: "typed/split.txt", "firewall lb2 on\nrun 10s\nfirewall lb2 off\nrun 10s\n")
                for block in try blocks(.command) {
                    for line in block.commands {
                        var words = line.split(separator: " ").map(String.init)
                        if words[0] == "sudo" { words.removeFirst() }
                        #expect(words.removeFirst() == "halua", "\(block.place): \(line)")
                        // A little of it is enough to see that the command is right.
                        if words == ["rehearse", "lb1.conf", "lb2.conf"] { continue }
                        if words[0] == "rehearse", !words.contains("--fault") { words += ["--fault", "stop"] }
                        if words[0] == "simulate", words.count == 3 { words += ["--runs", "10"] }
                        if words[0] == "run-check", !words.contains("-f"), words[1].hasPrefix("mycat.") {
                            words += ["-f", "halua.conf"]
                        }
                        let typed = "cd \(folder) && \(LabSupport.programs.halua) \(words.joined(separator: " "))"
                        // A rehearsal makes hosts of its own, beside this one.
                        _ =
                            words[0] == "rehearse"
                            ? try runCommand(["sh", "-c", typed]) : try host.run(["sh", "-c", typed])
                    }
                }
            }
        }

        // MARK: Plugins

        @Test("the test in halua(1) passes", .timeLimit(.minutes(1)))
        func manualTest() throws {
            let text = try block("local t = require").text + block("t.case(").text
            try Lab.with(["mycat01"], programs: LabSupport.programs) { lab in
                let host = lab.hosts[0]
                var instance = InstanceText()
                instance.lines = ["track_lua {", "    mycat.greeting", "}"]
                let paths = "global_defs {\n    lua_path \(LabSupport.root)plugins\n}\n"
                try host.write(file: "halua.conf", paths + "lua_plugin mycat { }\n" + instance.text)
                try host.write(file: "mycat_test.lua", text)
                _ = try host.run([LabSupport.programs.halua, "test", host.folder + "/mycat_test.lua"])
            }
        }

        @Test("the README's plugin loads, passes, fails and greets", .timeLimit(.minutes(1)))
        func plugin() throws {
            let block = try block("--- The web server must")
            #expect(block.language == "lua")
            let test = """
                local t = require "halua.test"
                t.case("the README's plugin", function()
                  local node = t.node { conf = "halua.conf" }
                  node.net:http("http://127.0.0.1:8080/health", { status = 200 })
                  node.net:mysql("127.0.0.1:3306", { ["select @@read_only as frozen"] = { { frozen = 0 } } })
                  t.wait_for(function() return node:instance().state == "MASTER" end, "20s")
                  t.wait_for(function() return node:log("serving 192.168.4.200")[1] end, "2s")
                  node.net:mysql("127.0.0.1:3306", { ["select @@read_only as frozen"] = { { frozen = 1 } } })
                  t.advance "20s"
                  t.equal(node:instance().priority, 80)
                  t.equal(node:check "web.writable".reason, "the database is read-only")
                  node.net:http("http://127.0.0.1:8080/health", { status = 503 })
                  t.advance "10s"
                  t.equal(node:instance().state, "FAULT")
                  t.equal(node:check "web.web".reason, "http://127.0.0.1:8080/health answers 503")
                end)
                """
            try Lab.with(["mycat01"], programs: LabSupport.programs) { lab in
                let host = lab.hosts[0]
                try host.write(file: "web.lua", block.text)
                try host.write(file: "web_test.lua", test)
                var instance = InstanceText()
                instance.lines = ["track_lua {", "    web.web", "    web.writable", "}"]
                try host.write(file: "halua.conf", "lua_plugin web { }\n" + instance.text)
                _ = try host.run([LabSupport.programs.halua, "test", host.folder + "/web_test.lua"])
            }
        }
    }
}
