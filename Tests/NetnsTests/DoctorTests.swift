/// `halua doctor` on real daemons, one situation after the other, against golden files.
import Foundation
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct DoctorTests {
        private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Doctor")
        private static let isUpdating = ProcessInfo.processInfo.environment["HALUA_UPDATE"] == "1"

        /// A fast pair; the first node has the better claim.
        private static func texts(_ change: (Int, inout InstanceText) -> Void = { _, _ in }) -> [String] {
            [0, 1].map { node in
                var instance = InstanceText()
                instance.version = 3
                instance.interval = .milliseconds(200)
                instance.priority = node == 0 ? 200 : 100
                instance.lines = ["nopreempt"]
                change(node, &instance)
                return instance.text
            }
        }

        private func start(_ lab: Lab, _ watch: AddressWatch, _ texts: [String]) throws -> [LabProcess] {
            let first = try lab.hosts[0].start(.halua, configuration: texts[0])
            expectHolders([0], watch, within: .seconds(8), [first])
            let second = try lab.hosts[1].start(.halua, configuration: texts[1])
            pause(.seconds(2))
            return [first, second]
        }

        /// What the doctor says on a node, without what differs from run to run, is what the file says.
        private func expect(
            _ name: String, on node: Int, of lab: Lab, sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let command = [LabSupport.programs.halua, "doctor", "--control", lab.hosts[node].controlSocketPath]
            // Exit status 1 says that something is wrong; the shell keeps the text apart from it.
            let text = try lab.hosts[node].run(["sh", "-c", command.joined(separator: " ") + "; echo status $?"])
            var stations: [String] = []
            let plain = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                line.split(separator: " ", omittingEmptySubsequences: false).map { word in
                    plainWord(word, &stations)
                }.joined(separator: " ")
            }.joined(separator: "\n")
                .replacing(/^\S+ listened for (.*) \(halua .*\)/, with: { "node listened for \($0.output.1)" })
            let file = Self.folder.appending(path: name + ".txt")
            if Self.isUpdating {
                try plain.write(to: file, atomically: true, encoding: .utf8)
                return
            }
            let golden = try String(contentsOf: file, encoding: .utf8)
            #expect(plain == golden, "\(name): read the difference", sourceLocation: sourceLocation)
        }

        /// Hardware addresses become "station-1" and so on, in the order of their appearance.
        private func plainWord(_ word: Substring, _ stations: inout [String]) -> String {
            let marks = CharacterSet(charactersIn: "(),:")
            let bare = String(word).trimmingCharacters(in: marks)
            let pairs = bare.split(separator: ":")
            guard pairs.count == 6, pairs.allSatisfy({ $0.count == 2 && UInt8($0, radix: 16) != nil }) else {
                return String(word)
            }
            if !stations.contains(bare) { stations.append(bare) }
            let number = (stations.firstIndex(of: bare) ?? 0) + 1
            return word.replacingOccurrences(of: bare, with: "station-\(number)")
        }

        @Test("a healthy pair, a firewall that drops VRRP, and its end", .timeLimit(.minutes(1)))
        func firewall() throws {
            try withPair { lab, watch, _ in
                _ = try start(lab, watch, Self.texts())
                try expect("healthy_master", on: 0, of: lab)
                try expect("healthy_backup", on: 1, of: lab)
                try lab.hosts[1].dropMulticast()
                pause(.seconds(1))
                try expect("firewall_on_the_backup", on: 1, of: lab)
                try lab.hosts[1].allowMulticast()
                pause(.seconds(1))
                try expect("healthy_backup", on: 1, of: lab)
            }
        }

        @Test("a killed master whose address stayed", .timeLimit(.minutes(1)))
        func staleAddress() throws {
            try withPair { lab, watch, _ in
                let daemons = try start(
                    lab, watch,
                    Self.texts { node, instance in
                        instance.lines.append(
                            node == 0
                                ? "guard {\n        dead_man off\n        fence off\n    }" : "guard { hold_max 30 }")
                    })
                daemons[0].send(signal: SIGKILL)
                pause(.seconds(2))
                try expect("stale_address", on: 1, of: lab)
            }
        }

        @Test("another virtual router number on the other node", .timeLimit(.minutes(1)))
        func mismatch() throws {
            try withPair { lab, watch, _ in
                _ = try start(lab, watch, Self.texts { node, instance in instance.virtualRouterID = 51 + node })
                try expect("vrid_mismatch_backup", on: 1, of: lab)
            }
        }

        @Test("two holders, where the guard is off", .timeLimit(.minutes(1)))
        func twoHolders() throws {
            try withPair { lab, watch, _ in
                _ = try start(lab, watch, Self.texts { _, instance in instance.lines.append("guard off") })
                try lab.hosts[1].dropMulticast()
                pause(.seconds(2))
                try expect("two_holders_on_the_master", on: 0, of: lab)
                try expect("two_holders_on_the_other", on: 1, of: lab)
            }
        }

        @Test("a node that is alone, and one that cannot serve", .timeLimit(.minutes(1)))
        func alone() throws {
            try withPair { lab, watch, _ in
                let first = try lab.hosts[0].start(.halua, configuration: Self.texts()[0])
                expectHolders([0], watch, within: .seconds(8), [first])
                try expect("alone", on: 0, of: lab)
                first.send(signal: SIGTERM)
                #expect(first.wait(.seconds(10)) == .exited(0))
                let broken = Self.texts { _, instance in instance.lines.append("track_script {\n        no\n    }") }
                let script = "vrrp_script no {\n    script \"/bin/false\"\n    user root\n}\n"
                _ = try lab.hosts[1].start(.halua, configuration: script + broken[1])
                pause(.seconds(2))
                try expect("nobody_serves", on: 1, of: lab)
            }
        }
    }
}
