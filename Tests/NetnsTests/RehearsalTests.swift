/// `halua rehearse`: a user's own files with real daemons, faults that happen, and a disk that stays as it was.
import Foundation
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct RehearsalTests {
        private static func configuration(_ priority: Int) -> String {
            """
            vrrp_instance WEB {
                interface ens3
                virtual_router_id 7
                priority \(priority)
                version 3
                advert_int 0.1
                virtual_ipaddress {
                    10.9.0.100/24
                }
            }

            """
        }

        /// Runs the tool on files in a folder of their own; returns its exit status and all that it printed.
        private func rehearse(_ options: [String], _ texts: [String]) throws -> (status: Int32, text: String) {
            let folder = FileManager.default.temporaryDirectory.appending(path: "halua-rehearsal-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            var files: [String] = []
            for (number, text) in texts.enumerated() {
                let file = folder.appending(path: "lb\(number + 1).conf")
                try Data(text.utf8).write(to: file)
                files.append(file.path())
            }
            let process = Process()
            process.executableURL = URL(filePath: LabSupport.programs.halua)
            process.arguments = ["rehearse"] + options + files
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = pipe
            try process.run()
            let text = try pipe.fileHandleForReading.readToEnd().map { String(decoding: $0, as: UTF8.self) } ?? ""
            process.waitUntilExit()
            return (process.terminationStatus, text)
        }

        @Test("plain VRRP under the same firewall is told of: two holders", .timeLimit(.minutes(1)))
        func withoutGuard() throws {
            let texts = [150, 100].map { priority in
                Self.configuration(priority).replacingOccurrences(of: "version 3", with: "version 3\n    guard off")
            }
            let (status, text) = try rehearse(["--fault", "firewall"], texts)
            #expect(status == 1, "\(text)")
            #expect(text.contains("Not good: lb2's firewall drops adverts."), "\(text)")
        }

        @Test("a check without its service is named", .timeLimit(.minutes(1)))
        func missingService() throws {
            let plugin = "global_defs {\n    lua_path \(LabSupport.root)plugins\n}\nlua_plugin tcp {\n    port 9\n}\n"
            let text =
                plugin
                + Self.configuration(100).replacingOccurrences(
                    of: "version 3", with: "version 3\n    track_lua {\n        tcp.connect\n    }")
            let (status, said) = try rehearse(["--fault", "kill"], [text, text])
            #expect(status == 2, "\(said)")
            #expect(said.contains("lb1: WEB: check tcp.connect is down"), "\(said)")
            #expect(said.contains("name it with --service"), "\(said)")
        }

        @Test("what runs on a rehearsed host cannot change the disk", .timeLimit(.minutes(1)))
        func disk() throws {
            let link = LabLink(interfaces: ["eth0"], addresses: [["10.9.0.1/24"]])
            let lab = try Lab(["node1"], programs: LabSupport.programs, links: [link], keepsDiskClean: true)
            defer { lab.close() }
            let name = "halua-test-\(UUID().uuidString)"
            for folder in ["/etc", "/usr/share", "/var/lib"] {
                #expect(throws: LabError.self, "\(folder)") { try lab.hosts[0].run(["touch", "\(folder)/\(name)"]) }
            }
            for folder in ["/tmp", "/run", "/var/tmp"] { try lab.hosts[0].run(["touch", "\(folder)/\(name)"]) }
            for folder in ["/etc", "/usr/share", "/var/lib", "/tmp", "/run", "/var/tmp"] {
                #expect(!FileManager.default.fileExists(atPath: "\(folder)/\(name)"), "\(folder)")
            }
            try lab.hosts[0].run(["touch", "\(lab.folder)/\(name)"])
            #expect(FileManager.default.fileExists(atPath: "\(lab.folder)/\(name)"))
        }
    }
}
