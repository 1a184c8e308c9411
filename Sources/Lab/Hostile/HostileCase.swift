/// A hostile plugin: what it is called, its text, and the words by which halua reports it.
/// One plugin that does its worst.
package struct HostileCase: Sendable, CustomStringConvertible {
    package var name: String
    /// The plugin's file, "p.lua".
    package var text: String
    /// What a run of its check does; nil for a whole file.
    package var body: String?
    /// The report contains one of these.
    package var reports: [String]
    /// What is needed to take part, beside the file.
    package var needs: Set<HostileNeed> = []
    /// Whether the report names a line of the file; what does no harm has none to name.
    package var isPlaced = true
    /// How often it is run in the rounds, of a hundred; one that really waits takes its time.
    package var rounds = 100

    package var description: String { name }

    /// A text of this plugin with the addresses of the counterparts in it.
    package func complete(_ text: String, with values: [HostileNeed: String]) -> String {
        var result = text
        for (need, value) in values {
            let parts = result.split(separator: need.word, omittingEmptySubsequences: false)
            result = parts.joined(separator: value)
        }
        return result
    }
}

/// A counterpart on the other side, by the word that stands for it.
package enum HostileNeed: String, Hashable, Sendable {
    /// Ports: a listener that accepts nobody, one that says nothing, one that never stops, one whose body has no end.
    case fullPort, silentPort, endlessPort, bodyPort
    /// A DNS server that never answers.
    case silentDNS
    /// A FIFO without a writer.
    case fifo

    package var word: String { "$\(rawValue)$" }
}

extension HostileCase {
    /// What a run that computes too much is reported as.
    package static let computing = "computed for more than"

    /// The body of a check. Its first line is the second one of the file.
    static func check(
        _ name: String, _ body: String, _ reports: String..., timeout: String = "400ms", needs: Set<HostileNeed> = [],
        isPlaced: Bool = true, rounds: Int = 100
    ) -> HostileCase {
        let text = "halua.check{name='c', interval='10ms', timeout='\(timeout)', run=function(ctx)\n\(body)\nend}"
        return HostileCase(
            name: name, text: text, body: body, reports: reports.isEmpty ? [computing] : reports, needs: needs,
            isPlaced: isPlaced, rounds: rounds)
    }

    /// The body of a check that does no harm at all.
    static func harmless(_ name: String, _ body: String, rounds: Int = 100) -> HostileCase {
        check(name, body, "passed", isPlaced: false, rounds: rounds)
    }

    /// A whole file.
    static func file(
        _ name: String, _ text: String, _ reports: String..., needs: Set<HostileNeed> = [], isPlaced: Bool = true,
        rounds: Int = 100
    ) -> HostileCase {
        HostileCase(
            name: name, text: text, body: nil, reports: reports, needs: needs, isPlaced: isPlaced, rounds: rounds)
    }

    package static let all =
        loops + patterns + memory + tasks + coroutines + errors + sandbox + network + host + data + requests
}
