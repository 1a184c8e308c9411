/// What the documents show between fences, and in manual pages as it stands: commands, outputs, configurations, plugins.
import Foundation

struct DocumentBlock {
    var file: String
    var line: Int
    /// Behind the fence: "lua"; empty for most.
    var language: String
    /// Without the indentation of the fence.
    var lines: [String]

    var text: String { lines.joined(separator: "\n") + "\n" }
    var place: String { "\(file):\(line)" }

    /// Lines of dots stand for what is left out.
    var shown: [String] { lines.map { $0.trimmingCharacters(in: .whitespaces) == "…" ? "…" : $0 } }

    /// The commands of a list of them, each without its comment.
    var commands: [String] { lines.map { $0.replacing(/\s+#.*/, with: "") }.filter { !$0.isEmpty } }
}

enum Documents {
    /// Every document with examples but the guide, whose test follows it from its first line to its last.
    static let files: [String] = {
        let manual = "packaging/man"
        let pages = (try? FileManager.default.contentsOfDirectory(atPath: LabSupport.root + manual)) ?? []
        // The reference of the API is made from its definition, whose examples are played.
        let written = pages.filter { $0.last?.isNumber == true && $0 != "halua-lua.7" }.map { "\(manual)/\($0)" }
        return ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "conf.d/README.md"] + written.sorted()
    }()

    static func blocks() throws -> [DocumentBlock] { try files.flatMap(blocks) }

    static func blocks(of file: String) throws -> [DocumentBlock] {
        let text = try String(contentsOfFile: LabSupport.root + file, encoding: .utf8)
        let isManual = file.hasPrefix("packaging/man/")
        var (blocks, open): ([DocumentBlock], (block: DocumentBlock, indentation: Int)?) = ([], nil)
        for (number, line) in text.components(separatedBy: "\n").enumerated() {
            let indentation = line.prefix { $0 == " " }.count
            let word = line.dropFirst(indentation)
            if var block = open?.block, let depth = open?.indentation {
                if isManual ? line == ".Ed" : word.hasPrefix("```") {
                    blocks.append(block)
                    open = nil
                } else {
                    let text = String(line.dropFirst(min(depth, indentation)))
                    block.lines.append(isManual ? text.replacingOccurrences(of: "\\-", with: "-") : text)
                    open = (block, depth)
                }
            } else if isManual ? line.hasPrefix(".Bd -literal") : word.hasPrefix("```") {
                let language = isManual ? "" : String(word.dropFirst(3))
                open = (DocumentBlock(file: file, line: number + 1, language: language, lines: []), indentation)
            }
        }
        return blocks
    }
}
