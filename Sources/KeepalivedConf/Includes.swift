/// `include FILE` and its stricter variants: which files they name and what happens when one is missing.

/// One include line.
struct IncludeDirective {
    var keyword: Word
    var pattern: Word

    /// What is an error and not only a warning. keepalived: read, match, wildcard_match, brace_match.
    var requiresReadable: Bool { keyword.text != "include" }
    var requiresMatch: Bool {
        switch keyword.text {
        case "includea": true
        case "includem": !hasWildcard
        case "includew": hasWildcard
        case "includeb": pattern.text.contains("{")
        default: false
        }
    }

    private var hasWildcard: Bool { pattern.text.contains { "*?[".contains($0) } }

    static let keywords: Set<String> = ["include", "includer", "includem", "includew", "includeb", "includea"]

    /// nil when `line` is something else. Checked before words are cut, because a pattern may hold braces.
    init?(_ line: SourceLine, findings: Findings) {
        guard let start = line.firstIndex else { return nil }
        let end = line.cells[start...].firstIndex { $0.scalar.isBlank } ?? line.cells.count
        let name = line.text(of: line.cells[start..<end])
        guard Self.keywords.contains(name) else { return nil }
        keyword = Word(name, location: line.location(start))
        let rest = line.cells[end...].drop { $0.scalar.isBlank }
        var text = line.text(of: rest)
        if text.hasPrefix("\""), text.hasSuffix("\""), text.count >= 2 { text = String(text.dropFirst().dropLast()) }
        pattern = Word(text, location: line.location(rest.startIndex), width: max(1, rest.count))
    }
}

extension Preprocessor {
    mutating func include(_ directive: IncludeDirective) {
        let pattern = directive.pattern
        guard !pattern.text.isEmpty else {
            findings.error(
                "\"\(directive.keyword.text)\" needs a file name", at: directive.keyword, hint: "include FILE")
            return
        }
        let directory = Paths.directory(of: pattern.location.file)
        let matches = files.glob(pattern.text, relativeTo: directory)
        guard !matches.isEmpty else {
            report(directive, isError: directive.requiresMatch, "no file matches \"\(pattern.text)\"")
            return
        }
        for path in matches { include(path, directive) }
    }

    private mutating func include(_ path: String, _ directive: IncludeDirective) {
        guard !openFiles.contains(path) else {
            findings.error(
                "\(path) includes itself", at: directive.pattern,
                hint: "remove this include; the chain is \((openFiles + [path]).joined(separator: " → "))")
            return
        }
        guard openFiles.count < Self.depthLimit, fileCount < 1000 else {
            findings.error(
                "too many includes: at most \(Self.depthLimit) in each other and 1000 in all", at: directive.pattern,
                hint: "include fewer files")
            return
        }
        guard !files.isExecutable(path) else {
            findings.warn(
                "\(path) is skipped because it is executable, as keepalived does", at: directive.pattern,
                hint: "chmod -x \(path)")
            return
        }
        guard let bytes = files.read(path) else {
            report(directive, isError: directive.requiresReadable, "\(path) can't be read")
            return
        }
        read(SourceText(name: path, bytes: bytes))
    }

    /// Reads one file, and through it what it includes.
    mutating func read(_ text: SourceText) {
        openFiles.append(text.name)
        fileCount += 1
        process(LineSplitter(file: text.name, findings: findings).split(text.bytes))
        openFiles.removeLast()
    }

    private func report(_ directive: IncludeDirective, isError: Bool, _ message: String) {
        if isError {
            findings.error(
                message, at: directive.pattern, hint: "correct the path; it starts at the including file's directory")
        } else {
            findings.warn(
                message, at: directive.pattern,
                hint: "nothing is read here; a relative path starts at the including file's directory")
        }
    }
}

enum Paths {
    /// The part before the last `/`; empty for a bare file name.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func join(_ directory: String, _ path: String) -> String {
        if path.hasPrefix("/") || directory.isEmpty { return path }
        return directory.hasSuffix("/") ? directory + path : directory + "/" + path
    }
}
