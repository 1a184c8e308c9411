/// Everything of keepalived's language that comes before words: conditions, definitions, sequences, includes.

/// Turns a file and what it includes into one list of plain lines.
///
/// The order is keepalived's: comments, then `@ID` conditions, then definitions (expanded where they are used, not
/// where they are made), then `~SEQ` and `~LST`.
struct Preprocessor<Files: ConfigurationFiles> {
    let files: Files
    let context: LoadContext
    let findings: Findings

    var definitions: [String: Definition] = [:]
    /// The files being read, outermost first, to find loops.
    var openFiles: [String] = []
    var fileCount = 0
    var random: SplitMix64
    /// Whether the line being expanded was refused.
    var isBroken = false
    private(set) var output: [SourceLine] = []
    private var isOverLimit = false
    /// Lines looked at, whether or not they came to anything: sequences of definitions or of nothing end too.
    private var lookedAt = 0

    /// What one configuration may expand to: an instance of a dozen lines for each VLAN there can be.
    static var lineLimit: Int { 50_000 }
    /// How deep definitions, sequences and includes may stand in each other.
    static var depthLimit: Int { 32 }

    init(files: Files, context: LoadContext, findings: Findings) {
        self.files = files
        self.context = context
        self.findings = findings
        self.random = SplitMix64(seed: context.randomSeed)
    }

    /// What `@ID` is compared with: the option, else the host's name up to its first dot.
    var configID: String {
        context.configID ?? context.hostName.split(separator: ".").first.map(String.init) ?? context.hostName
    }

    mutating func process(_ lines: [SourceLine]) {
        var index = 0
        while index < lines.count, !isOverLimit {
            var group = [lines[index]]
            while group.last?.cells.last?.scalar == "\\", index + group.count < lines.count {
                group.append(lines[index + group.count])
            }
            index += group.count
            process(group: group.map(\.withoutContinuation), isContinued: group[0].cells.last?.scalar == "\\")
        }
    }

    /// One line, or several that `\` joins, which only a definition may be.
    private mutating func process(group: [SourceLine], isContinued: Bool) {
        guard let first = afterConditions(group[0]) else { return }
        if let (name, value) = Definition.head(of: first) {
            define(name, first: value, rest: group.dropFirst(), isContinued: isContinued, at: first)
            return
        }
        if isContinued {
            findings.add(
                .error, "a line that ends in \\ must be a definition ($NAME= \\)", at: group[0].location(Int.max),
                hint: "write the statement on one line; keepalived doesn't join lines either")
        }
        process(first, depth: 0)
        for line in group.dropFirst() { process(line, depth: 0) }
    }

    /// One logical line: from a file, a macro or a sequence.
    mutating func process(_ original: SourceLine, depth: Int) {
        lookedAt += 1
        if lookedAt > 2 * Self.lineLimit { refuseSize(at: original) }
        guard !isOverLimit, let line = afterConditions(original), let start = line.firstIndex else { return }
        guard depth <= Self.depthLimit else {
            findings.add(
                .error, "definitions stand in each other more than \(Self.depthLimit) deep", at: line.location(start),
                hint: "a definition must not use itself")
            return
        }
        if let (name, value) = Definition.head(of: line) {
            define(name, first: value, rest: [], isContinued: false, at: line)
        } else if line.cells[start].scalar == "~", let sequence = Sequence(line, expander: self) {
            repeatLine(sequence, depth: depth)
        } else if let body = macroBody(line) {
            for inner in body { process(inner, depth: depth + 1) }
        } else {
            let (expanded, hasChanged) = expand(line)
            let first = expanded.firstIndex.map { expanded.cells[$0].scalar }
            if hasChanged && (first == "@" || first == "~") {
                process(expanded, depth: depth + 1)
            } else if let directive = IncludeDirective(expanded, findings: findings) {
                include(directive)
            } else {
                emit(expanded)
            }
        }
    }

    private mutating func emit(_ line: SourceLine) {
        guard output.count < Self.lineLimit else { return refuseSize(at: line) }
        output.append(line)
    }

    private mutating func refuseSize(at line: SourceLine) {
        guard !isOverLimit else { return }
        isOverLimit = true
        // Reading the half that fitted would take long and say nothing of use.
        output = []
        findings.add(
            .error, "the configuration expands to more than \(Self.lineLimit) lines", at: line.location(0),
            hint: "use smaller ~SEQ ranges and fewer definitions that use each other")
    }

    /// The line without its `@ID` or `@^ID`, or nil when they don't hold on this host.
    private func afterConditions(_ original: SourceLine) -> SourceLine? {
        var line = original
        while let start = line.firstIndex, line.cells[start].scalar == "@" {
            let end = line.cells[start...].firstIndex { $0.scalar.isBlank } ?? line.cells.count
            var id = line.text(of: line.cells[(start + 1)..<end])
            let isNegated = id.hasPrefix("^")
            if isNegated { id.removeFirst() }
            guard !id.isEmpty else {
                findings.add(
                    .error, "\"@\" needs a configuration id right behind it", at: line.location(start),
                    hint: "write @ID statement, or @^ID statement for every node but ID")
                return nil
            }
            guard (id == configID) != isNegated else { return nil }
            line = line.dropping(end)
        }
        return line
    }

    private mutating func repeatLine(_ sequence: Sequence, depth: Int) {
        if let problem = sequence.problem {
            findings.add(.error, problem.message, at: problem.location, hint: problem.hint)
            return
        }
        let saved = sequence.names.map { definitions[$0] }
        for values in sequence.rounds {
            guard !isOverLimit else { break }
            for (name, value) in zip(sequence.names, values) {
                definitions[name] = .text(value.unicodeScalars.map { Cell(scalar: $0, line: 1, column: 1) })
            }
            process(sequence.body, depth: depth + 1)
        }
        for (name, old) in zip(sequence.names, saved) { definitions[name] = old }
    }
}

extension SourceLine {
    /// The line without the `\` that joins it with the next.
    var withoutContinuation: SourceLine {
        guard cells.last?.scalar == "\\" else { return self }
        var line = self
        line.cells.removeLast()
        while line.cells.last?.scalar.isBlank == true { line.cells.removeLast() }
        return line
    }
}

/// A small generator for `${_RANDOM}` (Steele, Lea, Flood 2014); seeded, so that a test can predict it.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
