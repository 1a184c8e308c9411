/// A client of a virtual address: it asks every millisecond and sends to whom it last saw announce the address.
import VRRPCore

/// Its counts follow from the moments at which its luck changes, so a thousand questions a second cost nothing.
///
/// Stricter than a real one: it never asks again by ARP once it knows a holder, so a takeover without a gratuitous
/// ARP that reaches it is an outage that lasts.
package struct Client: Sendable {
    package let id: StationID
    package let name: String
    package let target: VirtualAddressID
    /// The node whose gratuitous ARP it saw last, or who answered its first question.
    package internal(set) var follows: StationID?
    package private(set) var asked: Int64 = 0
    package private(set) var answered: Int64 = 0
    package private(set) var longestOutage = Duration.zero

    private var isServed = false
    private var settled: Time
    private var outageBegan: Time?

    init(id: StationID, name: String, target: VirtualAddressID, now: Time) {
        self.id = id
        self.name = name
        self.target = target
        settled = now
    }

    /// Counts the questions since the last call under the luck of then, and notes the luck of now.
    mutating func settle(isServed next: Bool, at now: Time) {
        let questions = now.nanoseconds / 1_000_000 - settled.nanoseconds / 1_000_000
        asked += questions
        if isServed { answered += questions }
        settled = now
        if let began = outageBegan { longestOutage = max(longestOutage, now - began) }
        outageBegan = next ? nil : (isServed || outageBegan == nil ? now : outageBegan)
        isServed = next
    }

    /// Starts the counts anew; what it follows stays.
    mutating func resetCounts() {
        asked = 0
        answered = 0
        longestOutage = .zero
        if outageBegan != nil { outageBegan = settled }
    }
}
