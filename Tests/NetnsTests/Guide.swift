/// The guide for plugin writers as a list of steps: what its reader writes, types and sees.
import Foundation

/// One thing that the guide asks its reader to do.
enum GuideStep {
    /// Write a file.
    case file(name: String, text: String)
    /// Type a command; `shown` is what the guide says comes of it.
    case command(String, shown: [String], line: Int)
    /// A piece of Lua that is only read.
    case piece(String, line: Int)
}

/// What is wrong with the guide itself.
struct GuideError: Error, CustomStringConvertible { var description: String }

enum Guide {
    /// The fenced blocks, in their order. "```lua web.lua" is a file, "```console" a dialogue, "```lua" a piece.
    static func steps(of text: String) throws -> [GuideStep] {
        var steps: [GuideStep] = []
        var fence: (words: [String], line: Int)?
        var lines: [String] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if let open = fence {
                guard line == "```" else {
                    lines.append(String(line))
                    continue
                }
                steps += try block(open.words, lines, line: open.line)
                (fence, lines) = (nil, [])
            } else if line.hasPrefix("```") {
                fence = (line.dropFirst(3).split(separator: " ").map(String.init), index + 1)
            }
        }
        guard fence == nil else { throw GuideError(description: "a fenced block does not end") }
        return steps
    }

    private static func block(_ words: [String], _ lines: [String], line: Int) throws -> [GuideStep] {
        switch (words.first, words.count) {
        case ("console", 1): return try dialogue(lines, line: line)
        case ("lua", 1): return [.piece(lines.joined(separator: "\n"), line: line)]
        case ("lua", 2), ("text", 2): return [.file(name: words[1], text: lines.joined(separator: "\n") + "\n")]
        default: throw GuideError(description: "line \(line): a block is console, lua, lua FILE or text FILE")
        }
    }

    private static func dialogue(_ lines: [String], line: Int) throws -> [GuideStep] {
        var steps: [GuideStep] = []
        for (index, text) in lines.enumerated() {
            if text.hasPrefix("$ ") {
                steps.append(.command(String(text.dropFirst(2)), shown: [], line: line + index + 1))
            } else if case .command(let command, let shown, let place) = steps.last {
                steps[steps.count - 1] = .command(command, shown: shown + [text], line: place)
            } else {
                throw GuideError(description: "line \(line + index + 1): output before the first command")
            }
        }
        return steps
    }

    // MARK: Comparing

    /// Whether what was seen is what is shown. A line of "…" stands for any lines, and what differs from run to run
    /// (times, counts of runs, numbers of processes, names of hosts) is not compared.
    static func matches(_ shown: [String], _ seen: [String]) -> Bool {
        matches(masked(shown)[...], masked(seen)[...])
    }

    private static func matches(_ shown: ArraySlice<String>, _ seen: ArraySlice<String>) -> Bool {
        guard let first = shown.first else { return seen.isEmpty }
        if first == "…" {
            return (0...seen.count).contains { matches(shown.dropFirst(), seen.dropFirst($0)) }
        }
        return seen.first.map { isLine($0, first) } == true && matches(shown.dropFirst(), seen.dropFirst())
    }

    /// A long line may end in dots.
    private static func isLine(_ seen: String, _ shown: String) -> Bool {
        shown.last == "…" ? seen.hasPrefix(shown.dropLast()) : seen == shown
    }

    private static func masked(_ lines: [String]) -> [String] {
        var lines = lines.map(masked)
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    private static func masked(_ line: String) -> String {
        line.replacing(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+/, with: "#")
            .replacing(/\d+(\.\d+)? (µs|ms|s|min|h)\b/, with: "#")
            .replacing(/\d+ runs?\b/, with: "#")
            .replacing(/\b(pid|process) \d+/, with: "#")
            .replacing(/haluad\[\d+\]/, with: "#")
            .replacing(/^haluad [0-9.]+ on [^,]+/, with: "#")
            .replacing(/\+ +\d+\.\d+/, with: "+ #")
            .replacing(/\b\d\d:\d\d:\d\d(\.\d+)?/, with: "#")
            .replacing(#/  [ bMFi12-]{40,}$/#, with: "  #")
            .replacing(/^ +#/, with: " #")
            .replacing(/\s+$/, with: "")
    }
}
