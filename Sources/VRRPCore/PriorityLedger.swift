/// From the base priority to the effective one, and the sum in words: "200 −20 mycat.backends = 180".

/// The base priority and everything that moves it. The effective priority stays within 1 … 254: 0 says "I leave" and 255
/// is the owner's. The owner's own priority never moves (P-01).
package struct PriorityLedger: Hashable, Sendable {
    /// Who moves the priority. Each source has at most one entry.
    enum Source: Hashable, Comparable, Sendable {
        case check(Int)
        case interface(Int)
        /// A script, under its own key.
        case script(String)
    }

    /// One number that is added to the base.
    private struct Entry: Hashable, Sendable {
        var source: Source
        var label: String
        var delta: Int
    }

    package private(set) var base: UInt8
    package private(set) var effective: UInt8
    /// Sorted by source, so that the explanation does not depend on what happened first.
    private var entries: [Entry] = []

    init(base: UInt8) {
        precondition(base >= 1, "A configured priority is 1 … 255; 0 exists only on the wire.")
        self.base = base
        effective = base
    }

    /// Sets what a source adds, instead of what it added before; 0 takes its entry away.
    mutating func set(_ source: Source, to delta: Int, label: @autoclosure () -> String) {
        let index = entries.firstIndex { $0.source >= source } ?? entries.endIndex
        let isKnown = index < entries.endIndex && entries[index].source == source
        switch (isKnown, delta) {
        case (false, 0): return
        case (true, 0): entries.remove(at: index)
        case (true, _): entries[index] = Entry(source: source, label: label(), delta: delta)
        case (false, _): entries.insert(Entry(source: source, label: label(), delta: delta), at: index)
        }
        settle()
    }

    /// Changes the base and forgets checks and interfaces, whose numbers a new configuration may have changed. What
    /// scripts have set stays.
    mutating func rebase(_ newBase: UInt8) {
        base = newBase
        entries.removeAll { entry in
            switch entry.source {
            case .check, .interface: true
            case .script: false
            }
        }
        settle()
    }

    /// The whole sum, for people.
    package var explanation: String {
        guard base != Election.ownerPriority else { return "255 (owner)" }
        guard !entries.isEmpty else { return "\(base)" }
        let sum = total
        var terms = entries.prefix(Self.mostTerms).map { Self.term($0.delta, $0.label) }
        let others = entries.dropFirst(Self.mostTerms)
        if !others.isEmpty { terms.append(Self.term(others.reduce(0) { $0 + $1.delta }, "of \(others.count) others")) }
        let kept = sum == Int(effective) ? "" : ", kept at \(effective)"
        return "\(base) \(terms.joined(separator: " ")) = \(sum < 0 ? "−" : "")\(sum.magnitude)\(kept)"
    }

    /// A longer sum is nothing for people, and it is made anew with each change.
    private static let mostTerms = 8

    private static func term(_ delta: Int, _ label: String) -> String {
        "\(delta < 0 ? "−" : "+")\(delta.magnitude) \(label)"
    }

    private var total: Int { entries.reduce(Int(base)) { $0 + $1.delta } }

    private mutating func settle() {
        effective = base == Election.ownerPriority ? base : UInt8(min(max(total, 1), 254))
    }
}
