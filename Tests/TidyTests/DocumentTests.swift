/// What is made from the definition of the API is what the definition says now, and in good form.
import Foundation
import Testing

@Suite struct DocumentTests {
    /// Runs a program in the repository; returns its exit status and everything it printed.
    private func run(_ words: String...) throws -> (status: Int32, text: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        process.currentDirectoryURL = Repository.root
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    @Test("annotations, reference and manual page are what the definition of the API says now")
    func areFresh() throws {
        let result = try run("lua5.4", "plugins/library/generate/main.lua", "--check")
        #expect(result.status == 0, "\(result.text)")
    }

    @Test("the manual pages are in good form")
    func manualPages() throws {
        let pages = Repository.paths.filter { $0.hasPrefix("packaging/man/") && $0.last.map(\.isNumber) == true }
        #expect(!pages.isEmpty)
        for page in pages {
            let result = try run("mandoc", "-T", "lint", "-W", "style", page)
            #expect(result.status == 0 && result.text.isEmpty, "\(result.text)")
        }
    }

    @Test("the examples of the API are in the style of plugins")
    func examples() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "halua-examples-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let written = try run("lua5.4", "plugins/library/generate/main.lua", "--examples", folder.path)
        #expect(written.status == 0, "\(written.text)")
        // An example stops where its point is made: what it leaves unused its reader goes on with.
        let config = Repository.root.appending(path: ".luacheckrc").path
        let result = try run(
            "luacheck", "--quiet", "--no-color", "--no-unused", "--config", config, folder.path)
        #expect(result.status == 0, "\(result.text)")
    }

    @Test("links between the documents lead somewhere")
    func links() throws {
        for file in Repository.textFiles where file.path.hasSuffix(".md") {
            let folder = file.path.split(separator: "/").dropLast().joined(separator: "/")
            for match in file.text.matches(of: /\]\(([^)\s]+)\)/) where !match.1.contains("://") {
                let parts = match.1.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let path = parts[0].isEmpty ? file.path : folder.isEmpty ? String(parts[0]) : "\(folder)/\(parts[0])"
                let target = Repository.root.appending(path: path)
                #expect(FileManager.default.fileExists(atPath: target.path), "\(file.path): \(match.1)")
                guard parts.count > 1, let text = try? String(contentsOf: target, encoding: .utf8) else { continue }
                #expect(Self.anchors(of: text).contains(String(parts[1])), "\(file.path): \(match.1)")
            }
        }
    }

    /// The anchors that renderers give to headings.
    private static func anchors(of text: String) -> Set<String> {
        Set(
            text.split(separator: "\n").filter { $0.hasPrefix("#") }.map { heading in
                heading.drop { $0 == "#" || $0 == " " }.lowercased()
                    .filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }.replacing(" ", with: "-")
            })
    }

    @Test("the Chinese README shows what the English one shows") func translation() throws {
        func blocks(_ path: String) throws -> [String] {
            let file = try #require(Repository.textFiles.first { $0.path == path })
            var (found, open): ([String], [Substring]?) = ([], nil)
            for line in file.lines {
                if line.drop(while: { $0 == " " }).hasPrefix("```") {
                    if let block = open { found.append(block.joined(separator: "\n")) }
                    open = open == nil ? [] : nil
                } else {
                    open?.append(line)
                }
            }
            return found
        }
        let (english, chinese) = (try blocks("README.md"), try blocks("README.zh-CN.md"))
        #expect(english.count == chinese.count)
        for (here, there) in zip(english, chinese) { #expect(here == there) }
    }
}
