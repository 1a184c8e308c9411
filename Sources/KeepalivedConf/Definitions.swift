/// `$NAME=value`, its uses `$NAME` and `${NAME}`, and the names keepalived defines itself.

enum Definition {
    /// Replaces its name within a line.
    case text([Cell])
    /// A macro: replaces a line that holds nothing but its name.
    case lines([SourceLine])

    /// The name and the value when `line` is a definition: `$NAME=value` with no space before the `=`.
    static func head(of line: SourceLine) -> (name: String, value: SourceLine)? {
        guard let start = line.firstIndex, line.cells[start].scalar == "$" else { return nil }
        let rest = line.cells[(start + 1)...]
        guard let end = rest.firstIndex(where: { !$0.scalar.isNameCharacter }), line.cells[end].scalar == "=" else {
            return nil
        }
        let name = line.text(of: line.cells[(start + 1)..<end])
        guard let first = name.unicodeScalars.first, !("0"..."9").contains(first) else { return nil }
        return (name, line.dropping(end + 1))
    }
}

/// One `$NAME` or `${NAME …}` in a line.
struct Reference {
    var name: String
    /// The words behind a predefined name: `${_RANDOM 1 6}`.
    var arguments: [String]
    /// In characters, from the `$`.
    var length: Int
    /// `$NAME/24`: keepalived doesn't replace a name without braces unless white space follows.
    var needsBraces: Bool

    init?(_ cells: ArraySlice<Cell>) {
        let scalars = cells.map(\.scalar)
        guard scalars.count > 1 else { return nil }
        if scalars[1] == "{" {
            guard let close = scalars.firstIndex(of: "}") else { return nil }
            let inner = String(String.UnicodeScalarView(scalars[2..<close]))
            let words = inner.split(separator: " ").map(String.init)
            guard let first = words.first, first.unicodeScalars.allSatisfy(\.isNameCharacter) else { return nil }
            name = first
            arguments = Array(words.dropFirst())
            length = close + 1
            needsBraces = false
        } else {
            let rest = scalars.dropFirst().prefix(while: \.isNameCharacter)
            guard let first = rest.first, !("0"..."9").contains(first) else { return nil }
            name = String(String.UnicodeScalarView(rest))
            arguments = []
            length = 1 + rest.count
            needsBraces = length < scalars.count && !scalars[length].isBlank
        }
    }
}

extension Preprocessor {
    mutating func define(
        _ name: String, first: SourceLine, rest: ArraySlice<SourceLine>, isContinued: Bool, at line: SourceLine
    ) {
        if PredefinedName(rawValue: name) != nil {
            findings.add(
                .error, "$\(name) can't be defined: keepalived defines it", at: line.location(line.firstIndex ?? 0),
                hint: "choose a name without a leading \"_\"")
            return
        }
        guard isContinued else {
            definitions[name] = .text(Array(first.cells.drop { $0.scalar.isBlank }))
            return
        }
        definitions[name] = .lines(([first] + rest).filter { $0.firstIndex != nil })
    }

    /// The lines of a macro when `line` is nothing but its name.
    func macroBody(_ line: SourceLine) -> [SourceLine]? {
        guard let start = line.firstIndex, let reference = Reference(line.cells[start...]),
            start + reference.length == line.cells.count, case .lines(let body) = definitions[reference.name]
        else { return nil }
        return body
    }

    /// The line with every defined name replaced. Undefined names stay as text, as in keepalived.
    mutating func expand(_ line: SourceLine) -> (SourceLine, hasChanged: Bool) {
        guard line.cells.contains(where: { $0.scalar == "$" }) else { return (line, false) }
        var result = line
        var budget = 1000
        isBroken = false
        result.cells = expand(line.cells[...], in: line, depth: 0, budget: &budget)
        if budget <= 0 || result.cells.count > 65_536 {
            isBroken = true
            findings.add(
                .error, "the definitions on this line never come to an end", at: line.location(line.firstIndex ?? 0),
                hint: "a definition must not use itself")
        }
        // What is left of a line that was refused would only give misleading messages.
        if isBroken { result.cells = [] }
        return (result, true)
    }

    private mutating func expand(
        _ cells: ArraySlice<Cell>, in line: SourceLine, depth: Int, budget: inout Int
    ) -> [Cell] {
        var result: [Cell] = []
        var index = cells.startIndex
        while index < cells.endIndex {
            let cell = cells[index]
            guard cell.scalar == "$", let reference = Reference(cells[index...]) else {
                result.append(cell)
                index += 1
                continue
            }
            budget -= 1
            guard budget > 0, depth <= Self.depthLimit, result.count <= 65_536 else {
                budget = 0
                return []
            }
            if let value = value(of: reference, at: cell, in: line) {
                let expanded = expand(value[...], in: line, depth: depth + 1, budget: &budget)
                result += expanded.map { $0.moved(to: cell, span: depth == 0 ? reference.length : cell.span) }
            } else {
                result += cells[index..<(index + reference.length)]
            }
            index += reference.length
        }
        return result
    }

    /// nil: not defined, or used in a way that keepalived leaves alone.
    private mutating func value(of reference: Reference, at cell: Cell, in line: SourceLine) -> [Cell]? {
        let location = SourceLocation(file: line.file, line: cell.line, column: cell.column)
        if let predefined = PredefinedName(rawValue: reference.name), !reference.needsBraces {
            return text(of: predefined, reference, at: location)?.unicodeScalars.map { cell.with($0) }
        }
        guard let definition = definitions[reference.name] else { return nil }
        if reference.needsBraces {
            findings.add(
                .warning, "$\(reference.name) is not replaced: no white space follows it", at: location,
                width: reference.length, hint: "write ${\(reference.name)}")
            return nil
        }
        switch definition {
        case .text(let cells): return cells
        case .lines:
            findings.add(
                .error, "$\(reference.name) has several lines, so it must stand alone on its line", at: location,
                width: reference.length, hint: "put it on a line of its own")
            isBroken = true
            return []
        }
    }

    private mutating func text(of name: PredefinedName, _ reference: Reference, at location: SourceLocation) -> String?
    {
        switch name {
        case .workingDirectory:
            let directory = Paths.directory(of: location.file)
            return directory.isEmpty ? "." : directory
        case .instance: return context.instanceName ?? configID
        case .hash: return "#"
        case .bang: return "!"
        case .random: return randomNumber(reference, at: location)
        case .environment:
            guard let key = reference.arguments.first, let value = context.environment[key] else {
                let key = reference.arguments.first ?? "NAME"
                findings.add(
                    .error, "the environment has no variable \(key)", at: location, width: reference.length,
                    hint: "set it where the daemon is started (systemd: Environment=\(key)=…)")
                isBroken = true
                return ""
            }
            return value
        }
    }

    private mutating func randomNumber(_ reference: Reference, at location: SourceLocation) -> String {
        let bounds = reference.arguments.map { Int($0) }
        let low = bounds.first ?? 0
        let high = bounds.count > 1 ? bounds[1] : 32767
        guard let low, let high, low >= 0, low <= high, bounds.count <= 2 else {
            findings.add(
                .error, "_RANDOM takes two whole numbers, the smaller one first", at: location,
                width: reference.length, hint: "write ${_RANDOM 0 32767}")
            isBroken = true
            return "0"
        }
        return String(Int.random(in: low...high, using: &random))
    }
}

/// The names that keepalived defines.
enum PredefinedName: String {
    case workingDirectory = "_PWD"
    case instance = "_INSTANCE"
    case random = "_RANDOM"
    case environment = "_ENV"
    case hash = "_HASH"
    case bang = "_BANG"
}

extension Cell {
    fileprivate func with(_ scalar: Unicode.Scalar) -> Cell {
        Cell(scalar: scalar, line: line, column: column, span: span)
    }
}
