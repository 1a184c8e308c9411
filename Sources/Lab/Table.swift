/// Tables that read well in a terminal and paste into Markdown as they are.

struct Table {
    var titles: [String]
    /// The columns that hold words; the others hold numbers.
    private let left: Set<Int>
    private var rows: [[String]] = []

    init(_ titles: [String], left: Set<Int> = [0]) {
        self.titles = titles
        self.left = left
    }

    mutating func add(_ row: [String]) {
        precondition(row.count == titles.count, "a row has a cell for each title")
        rows.append(row)
    }

    /// Words to the left, numbers to the right.
    var text: String {
        let widths = titles.indices.map { column in ([titles] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            let padded = cells.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return left.contains(column) ? cell + space : space + cell
            }
            return "| " + padded.joined(separator: " | ") + " |\n"
        }
        let rule = widths.enumerated().map { column, width in
            String(repeating: "-", count: width + 1) + (left.contains(column) ? "-" : ":")
        }
        return line(titles) + "|" + rule.joined(separator: "|") + "|\n" + rows.map(line).joined()
    }
}

extension Array where Element: Comparable {
    /// The element that so many of a hundred do not exceed; nil when there is none.
    func percentile(_ percent: Double) -> Element? {
        guard !isEmpty else { return nil }
        let place = Int((Double(count - 1) * percent / 100).rounded())
        return sorted()[place]
    }

    var median: Element? { percentile(50) }
}

extension Duration {
    /// "3584 ms", "4.21 ms": enough digits to compare, no more.
    var shortText: String {
        let value = inMilliseconds
        return decimal(value, places: value >= 100 ? 0 : value >= 10 ? 1 : 2) + " ms"
    }

    /// Tenths of milliseconds, where whole ones hide what it is about.
    var exactText: String { decimal(inMilliseconds, places: 1) + " ms" }
}
