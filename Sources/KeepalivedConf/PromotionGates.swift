/// `promotion_gate`: which gates of plugins are asked before an instance becomes MASTER.
import Wire

/// One name of a `promotion_gate` line.
package struct PromotionGate: Hashable, Sendable {
    /// "plugin.gate"
    package var name: String
    package var location: SourceLocation

    package init(name: String, location: SourceLocation) {
        self.name = name
        self.location = location
    }

    /// The part before the first point.
    package var plugin: String { name.split(separator: ".").first.map(String.init) ?? name }
}

struct PromotionGates {
    let findings: Findings

    /// A gate costs about as much as a takeover at this interval, which is then no longer fast.
    private static let shortestInterval = Duration.milliseconds(300)

    /// The names of one line; each is read once.
    func read(_ statement: Statement, into words: inout [Word]) {
        for word in statement.node.words.dropFirst() {
            let parts = word.text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
                findings.error(
                    "\"\(word.text)\" is not the name of a gate", at: word,
                    hint: "write PLUGIN.GATE, as in gateway_witness.reach")
                continue
            }
            if let before = words.first(where: { $0.text == word.text }) {
                findings.warn(
                    "gate \"\(word.text)\" is named twice, it is asked once", at: word,
                    hint: "remove one; the first is on line \(before.location.line)")
                continue
            }
            words.append(word)
        }
    }

    /// The gates of an instance whose other settings are known.
    func settle(_ words: [Word], of settings: InstanceSettings, plugins: Names<PluginSettings>) -> [PromotionGate] {
        let gates = words.map { PromotionGate(name: $0.text, location: $0.location) }
        for (gate, word) in zip(gates, words) where plugins.find(gate.plugin) == nil {
            findings.error(
                "no lua_plugin is called \"\(gate.plugin)\"", at: word,
                hint: plugins.nearest(to: gate.plugin).map { "did you mean \"\($0)\"?" }
                    ?? "load it at the top level: lua_plugin \(gate.plugin) { … }")
        }
        if let word = words.first, settings.interval < Self.shortestInterval {
            findings.warn(
                "promotion gates and adverts every \(settings.interval.secondsText) s do not fit", at: word,
                hint:
                    "a takeover takes as long as the slowest gate; write advert_int 0.3 or more, or leave the gate out")
        }
        return gates
    }
}
