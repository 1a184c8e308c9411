/// The repository's own files, as the tidy tests read them.
import Foundation

struct SourceFile {
    /// Relative to the root of the repository.
    var path: String
    var text: String
    var lines: [Substring]
    /// Swift without comments and the contents of string literals, with as many lines; empty for other languages.
    var code: [String]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        code = path.hasSuffix(".swift") ? Code.lines(text) : []
    }

    /// "VRRPCore" of "Sources/VRRPCore/Instance.swift".
    var module: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }
}

enum Repository {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every tracked file, and every new one that git does not ignore. Without git: every file that is not hidden.
    static let paths: [String] = (listedByGit() ?? walked()).filter {
        FileManager.default.fileExists(atPath: root.appending(path: $0).path)
    }.sorted()

    static let textFiles: [SourceFile] = files(where: Rules.isText)

    static let swiftFiles: [SourceFile] = textFiles.filter {
        $0.path.hasSuffix(".swift") && ($0.path.hasPrefix("Sources/") || $0.path.hasPrefix("Tests/"))
    }

    private static func files(where isWanted: (String) -> Bool) -> [SourceFile] {
        paths.filter(isWanted).compactMap { path in
            guard let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8) else { return nil }
            return SourceFile(path: path, text: text)
        }
    }

    private static func listedByGit() -> [String]? {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/git")
        process.arguments = ["-C", root.path, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let names = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return process.terminationStatus == 0 && !names.isEmpty ? names : nil
    }

    private static func walked() -> [String] {
        guard let walker = FileManager.default.enumerator(atPath: root.path) else { return [] }
        var result: [String] = []
        for case let path as String in walker {
            if path.hasPrefix(".") {
                walker.skipDescendants()
            } else {
                result.append(path)
            }
        }
        return result
    }
}
