/// The guide for plugin writers, followed literally: its files are written, its commands typed, its outputs compared.
import Foundation
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct GuideTests {
        @Test("whoever follows the guide sees what the guide shows", .timeLimit(.minutes(4)))
        func guide() throws {
            let text = try String(contentsOfFile: LabSupport.root + "plugins/GUIDE.md", encoding: .utf8)
            let shell = try GuideShell(programs: LabSupport.folder)
            var commands = 0
            for step in try Guide.steps(of: text) {
                switch step {
                case .file(let name, let text): try shell.write(name, text)
                case .piece(let piece, let line):
                    try shell.write("piece.lua", piece + "\n")
                    let seen = try shell.run("lua5.4 -e \"assert(loadfile 'piece.lua')\"; rm piece.lua")
                    #expect(seen == [""], "line \(line): \(seen)")
                case .command(let command, let shown, let line):
                    commands += 1
                    let seen = try follow(command, shown, shell)
                    guard Guide.matches(shown, seen) else {
                        Issue.record("line \(line): $ \(command)\n\(seen.joined(separator: "\n"))")
                        // What comes after it would be wrong, too.
                        return
                    }
                }
            }
            #expect(commands > 10, "the guide has commands")
        }

        /// A reader looks again when something takes a moment.
        private func follow(_ command: String, _ shown: [String], _ shell: GuideShell) throws -> [String] {
            var seen = try shell.run(command)
            guard ["halua status", "halua run-check", "grep"].contains(where: command.hasPrefix) else { return seen }
            let end = Date(timeIntervalSinceNow: 20)
            while !Guide.matches(shown, seen), Date() < end {
                pause(.milliseconds(200))
                seen = try shell.run(command)
            }
            return seen
        }

        @Test("the comparison sees a difference that matters and no other")
        func comparison() {
            #expect(Guide.matches(["up 3.5 s, pid 12", "…", "end"], ["up 12 ms, pid 7", "a", "b", "end", ""]))
            #expect(Guide.matches(["…"], []))
            #expect(Guide.matches(["a long st…"], ["a long story"]))
            #expect(!Guide.matches(["a long st…"], ["a short story"]))
            #expect(!Guide.matches(["VI_1  MASTER for 3 s"], ["VI_1  FAULT for 3 s"]))
            #expect(!Guide.matches(["a"], ["a", "b"]))
            #expect(!Guide.matches(["a", "b"], ["a"]))
        }

        @Test("a block that the test would not follow is refused")
        func strangeBlocks() {
            #expect(throws: GuideError.self) { try Guide.steps(of: "```sh\nrm x\n```") }
            #expect(throws: GuideError.self) { try Guide.steps(of: "```console\noutput\n```") }
            #expect(throws: GuideError.self) { try Guide.steps(of: "```lua\nx") }
        }
    }
}
