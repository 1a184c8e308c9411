/// `halua plugin new` as it is typed: what it writes, and what it refuses.
import Foundation
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct NewPluginTests {
        private func run(_ program: String, _ words: [String]) throws -> (status: Int32, text: String) {
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [program] + words
            process.standardOutput = output
            process.standardError = output
            try process.run()
            let data = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return (process.terminationStatus, String(decoding: data, as: UTF8.self))
        }

        private func inFolder(_ body: (String) throws -> Void) throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "halua-new-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            try body(folder.path)
        }

        @Test("a new plugin is in the style of plugins, and its own test passes")
        func works() throws {
            try inFolder { folder in
                let made = try run(LabSupport.programs.halua, ["plugin", "new", "my-web_2", "--dir", folder])
                #expect(made.status == 0, "\(made.text)")
                let style = try run(
                    "luacheck", ["--quiet", "--no-color", "--config", LabSupport.root + ".luacheckrc", folder])
                #expect(style.status == 0, "\(style.text)")
                let test = try run(LabSupport.programs.halua, ["test", folder])
                #expect(test.status == 0, "\(test.text)")
            }
        }

        @Test("nothing is overwritten, and then nothing is written at all")
        func overwritesNothing() throws {
            try inFolder { folder in
                try "mine".write(toFile: folder + "/web_test.lua", atomically: true, encoding: .utf8)
                let made = try run(LabSupport.programs.halua, ["plugin", "new", "web", "--dir", folder])
                #expect(made.status != 0)
                #expect(made.text.contains("web_test.lua is there already"), "\(made.text)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["web_test.lua"])
                #expect(try String(contentsOfFile: folder + "/web_test.lua", encoding: .utf8) == "mine")
            }
        }

        @Test(
            "a name that no configuration could use is refused", arguments: ["9x", "a.b", "a/b", "halua", "x_test", ""])
        func refusesNames(_ name: String) throws {
            try inFolder { folder in
                let made = try run(LabSupport.programs.halua, ["plugin", "new", name, "--dir", folder])
                #expect(made.status != 0)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            }
        }
    }
}
