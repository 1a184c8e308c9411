/// The bytes of a file → lines of characters that know where they stand, without comments.

/// One character and the place it was written at. A macro's text keeps the place of its definition.
struct Cell: Hashable {
    var scalar: Unicode.Scalar
    var line: Int
    var column: Int
    /// How many columns of the file it stands for: 1, or the length of the `${NAME}` it replaces.
    var span = 1

    /// The same character, found in the file where `${NAME}` stands.
    func moved(to place: Cell, span: Int) -> Cell {
        Cell(scalar: scalar, line: place.line, column: place.column, span: span)
    }
}

/// A line on its way from the file to the parser.
struct SourceLine {
    var file: String
    var cells: [Cell]
    /// Where a comment begins right behind a character other than white space, as in `auth_pass abc#1`.
    var attachedComment: SourceLocation?

    func location(_ index: Int) -> SourceLocation {
        guard !cells.isEmpty else { return SourceLocation(file: file, line: 1, column: 1) }
        let cell = cells[min(index, cells.count - 1)]
        return SourceLocation(file: file, line: cell.line, column: cell.column)
    }

    /// How many columns of the file the characters in `range` stand for.
    func width(_ range: Range<Int>) -> Int {
        guard let first = cells[range].first, let last = cells[range].last, first.line == last.line else { return 1 }
        return max(1, last.column + last.span - first.column)
    }

    /// The line with only the characters from `index` on.
    func dropping(_ index: Int) -> SourceLine {
        SourceLine(file: file, cells: Array(cells.dropFirst(index)), attachedComment: attachedComment)
    }

    var text: String { text(of: cells[...]) }

    func text(of part: ArraySlice<Cell>) -> String { String(String.UnicodeScalarView(part.map(\.scalar))) }

    /// The index of the first character that is not white space.
    var firstIndex: Int? { cells.firstIndex { !$0.scalar.isBlank } }
}

extension Unicode.Scalar {
    /// White space as the parser sees it. A no-break space or a full-width space isn't; `Lexer` names them.
    var isBlank: Bool { self == " " || self == "\t" || self == "\r" || self == "\u{0B}" || self == "\u{0C}" }

    /// `A-Za-z0-9_`: what names of definitions are made of.
    var isNameCharacter: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        default: false
        }
    }
}

/// Cuts a file into lines and takes the comments away.
struct LineSplitter {
    let file: String
    let findings: Findings

    /// keepalived reads lines into a buffer of this many octets and ignores longer ones.
    static let keepalivedLineLimit = 1024

    func split(_ bytes: [UInt8]) -> [SourceLine] {
        var content = bytes[...]
        if content.starts(with: [0xFF, 0xFE]) || content.starts(with: [0xFE, 0xFF]) {
            refuseUTF16()
            return []
        }
        if content.starts(with: [0xEF, 0xBB, 0xBF]) { content = content.dropFirst(3) }
        let raw = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }
        let texts = raw.map { String(decoding: $0, as: UTF8.self) }
        findings.register(file: file, lines: texts)
        var lines: [SourceLine] = []
        for (index, octets) in raw.enumerated() where !octets.isEmpty {
            let number = index + 1
            guard !octets.contains(0) else {
                findings.add(
                    .warning, "this line holds a NUL character and is ignored, as keepalived does",
                    at: SourceLocation(file: file, line: number, column: 1), hint: "type the line again")
                continue
            }
            let line = withoutComment(texts[index], number: number)
            guard line.firstIndex != nil else { continue }
            if octets.count > Self.keepalivedLineLimit {
                findings.add(
                    .warning, "this line is \(octets.count) octets long; keepalived ignores lines longer than 1024",
                    at: line.location(0), hint: "halua reads it; split it if keepalived is to read this file too")
            }
            if line.cells.contains(where: { $0.scalar == "\u{FFFD}" }) {
                findings.add(
                    .warning, "this line is not valid UTF-8", at: line.location(0),
                    hint: "save the file as UTF-8; only comments may be in another encoding")
            }
            lines.append(line)
        }
        return lines
    }

    private func refuseUTF16() {
        findings.add(
            .error, "this file is UTF-16", at: SourceLocation(file: file, line: 1, column: 1),
            hint: "save it as UTF-8")
    }

    /// `#` and `!` begin a comment anywhere but inside double quotes and behind a backslash, which goes away.
    private func withoutComment(_ text: String, number: Int) -> SourceLine {
        var line = SourceLine(file: file, cells: [])
        line.cells.reserveCapacity(text.utf8.count)
        var isQuoted = false
        var column = 0
        for scalar in text.unicodeScalars {
            column += 1
            let isEscaped = line.cells.last?.scalar == "\\" && line.cells.last?.column == column - 1
            if scalar == "\"" && !(isQuoted && isEscaped) { isQuoted.toggle() }
            if !isQuoted && (scalar == "#" || scalar == "!") {
                guard isEscaped else {
                    if let last = line.cells.last, !last.scalar.isBlank, last.scalar != "{", last.scalar != "}" {
                        line.attachedComment = SourceLocation(file: file, line: number, column: column)
                    }
                    break
                }
                line.cells.removeLast()
            }
            line.cells.append(Cell(scalar: scalar, line: number, column: column))
        }
        while line.cells.last?.scalar.isBlank == true { line.cells.removeLast() }
        return line
    }
}
