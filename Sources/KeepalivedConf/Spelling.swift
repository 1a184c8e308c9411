/// "Did you mean …?": the known word nearest to an unknown one.

package enum Spelling {
    /// The nearest of `candidates`, or nil when none is near enough to be a slip of the fingers.
    package static func nearest(to word: String, among candidates: some Swift.Sequence<String>) -> String? {
        let length = word.utf8.count
        guard length <= 64 else { return nil }
        let limit = max(1, min(4, length / 3))
        var best: (word: String, distance: Int)?
        for candidate in candidates where abs(candidate.utf8.count - length) <= limit {
            let distance = distance(word.lowercased(), candidate.lowercased())
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.word
    }

    /// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.unicodeScalars.prefix(64))
        let right = Array(right.unicodeScalars.prefix(64))
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for (row, scalar) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(current[column] + 1, last[column + 1] + 1, last[column] + (scalar == other ? 0 : 1))
                if row > 0, column > 0, scalar == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}

extension Keyword {
    /// The known keyword nearest to an unknown one, wherever it stands; nil when none is near.
    package static func suggestion(for name: String) -> String? { Spelling.nearest(to: name, among: allNames) }
}
