/// What a rehearsal prints: a table of what clients felt, and below it what the daemons warned of.

package struct RehearsalReport: Hashable, Sendable {
    package private(set) var outcomes: [RehearsalOutcome] = []

    package init() {}

    package mutating func add(_ outcome: RehearsalOutcome) { outcomes.append(outcome) }

    /// Whether the nodes came to rest after every fault, and no address had two holders without need.
    package var isGood: Bool { outcomes.allSatisfy(\.isGood) }

    package var text: String {
        var table = Table(["what happens", "clients wait", "two holders", "moves", "then served by"], left: [0, 4])
        for outcome in outcomes {
            table.add([
                outcome.sentence, outcome.silence.shortText, outcome.servedTwice.shortText, "\(outcome.moves)",
                outcome.holder ?? "NOBODY, or not one node",
            ])
        }
        var text = table.text
        for outcome in outcomes where !outcome.warnings.isEmpty {
            text += "\n\(outcome.sentence):\n"
            text += outcome.warnings.prefix(Self.mostWarnings).map { "  \($0)\n" }.joined()
            let more = outcome.warnings.count - Self.mostWarnings
            if more > 0 { text += "  … and \(more) more\n" }
        }
        let bad = outcomes.filter { !$0.isGood }
        text += "\n"
        text +=
            bad.isEmpty
            ? "After every fault each address was served by one node again.\n"
            : "Not good: " + bad.map(\.sentence).joined(separator: "; ") + ".\n"
        return text
    }

    private static let mostWarnings = 4
}
