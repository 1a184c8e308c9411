/// The tree of a configuration: statements, the words they are made of, and the blocks they open.

/// One word of a statement and the place it was written at.
package struct Word: Hashable, Sendable {
    package var text: String
    package var location: SourceLocation
    /// In characters, with its quotes, for the carets.
    package var width: Int
    package var isQuoted: Bool

    package init(_ text: String, location: SourceLocation, width: Int? = nil, isQuoted: Bool = false) {
        self.text = text
        self.location = location
        self.width = width ?? max(1, text.unicodeScalars.count)
        self.isQuoted = isQuoted
    }
}

/// A statement: a keyword, its arguments, and the block behind it, if any.
package struct Node: Hashable, Sendable {
    /// Never empty.
    package var words: [Word]
    /// nil: no block.
    package var children: [Node]?
    /// Whether the block begins and ends on one line: `{ a b }`.
    package var isOneLine = false
    /// Where a comment begins right behind the last word: the word may have been meant to go on.
    package var attachedComment: SourceLocation?

    package init(words: [Word], children: [Node]? = nil) {
        precondition(!words.isEmpty, "A statement has at least its keyword.")
        self.words = words
        self.children = children
    }

    package var keyword: Word { words[0] }
    package var arguments: ArraySlice<Word> { words.dropFirst() }

    /// The tree as indented text, for golden files: words in quotes where a quote was written.
    package func outline(indent: String = "") -> String {
        let line = words.map { $0.isQuoted ? "\"\($0.text)\"" : $0.text }.joined(separator: " ")
        let place = "\(keyword.location.line):\(keyword.location.column)"
        guard let children else { return "\(indent)\(line) @\(place)\n" }
        let inner = children.map { $0.outline(indent: indent + "  ") }.joined()
        return "\(indent)\(line) @\(place) {\n\(inner)\(indent)}\n"
    }
}
