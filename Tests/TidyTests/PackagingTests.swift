/// What the Debian package says, against the tree that it is made from.
import Foundation
import Testing

@Suite struct PackagingTests {
    private func text(_ path: String) throws -> String {
        try String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)
    }

    @Test("the package has the daemon's version") func version() throws {
        let source = try text("Sources/Daemon/StatusBuilder.swift")
        let version = try #require(source.firstMatch(of: /haluaVersion = "([^"]+)"/)).1
        #expect(try text("packaging/debian/changelog").hasPrefix("halua (\(version)) "))
    }

    @Test("every file that the package takes from the tree is there") func files() throws {
        for list in ["halua.install", "halua.manpages", "halua-exporter.manpages", "halua.docs", "halua.examples"] {
            for line in try text("packaging/debian/\(list)").split(separator: "\n") where !line.hasPrefix("#") {
                let path = String(line.split(separator: " ")[0])
                if path.hasPrefix("debian/generated/") { continue }
                let inTree = path.hasPrefix("debian/") ? "packaging/\(path)" : path
                let folder = (inTree as NSString).deletingLastPathComponent
                let name = (inTree as NSString).lastPathComponent
                let found = try FileManager.default.contentsOfDirectory(
                    atPath: Repository.root.appending(path: folder).path())
                let parts = name.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
                let isThere = found.contains { file in
                    parts.count == 1 ? file == name : file.hasPrefix(parts[0]) && file.hasSuffix(parts[parts.count - 1])
                }
                #expect(isThere, "\(list): there is no \(inTree)")
            }
        }
    }

    @Test("the package has every manual page") func manuals() throws {
        let listed = try text("packaging/debian/halua.manpages") + text("packaging/debian/halua-exporter.manpages")
        let folder = Repository.root.appending(path: "packaging/man").path()
        for page in try FileManager.default.contentsOfDirectory(atPath: folder) {
            guard page.last.map(\.isNumber) == true else { continue }
            #expect(listed.contains("packaging/man/\(page)\n"), "\(page)")
        }
    }

    @Test("units start programs that the packages have") func units() throws {
        for (unit, programs) in [("haluad", ["haluad", "halua"]), ("halua-exporter", ["halua-exporter"])] {
            let lines = try text("packaging/systemd/\(unit).service").split(separator: "\n")
            for line in lines where line.hasPrefix("Exec") {
                let program = try #require(line.split(separator: "=")[1].split(separator: " ").first)
                let name = try #require(program.split(separator: "/").last).description
                #expect(programs.contains(name), "\(line)")
                #expect(try text("packaging/debian/rules").contains("\(program.dropFirst())\n"), "\(program)")
            }
        }
    }
}
