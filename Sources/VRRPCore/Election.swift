/// Who outranks whom (RFC 9568 §6.4.3), and when a backup obeys a master.
import Wire

/// What another master's advert is worth against us.
enum Standing: Hashable, Sendable {
    /// The other one must be master: a higher priority, or the same and a higher address.
    case outranksUs
    /// We must be master.
    case ranksBelowUs
    /// The same priority and the same address: one of the two addresses is a duplicate (S-15).
    case indistinguishable
}

enum Election {
    /// Compares another master with us. Priorities first, then the source addresses as unsigned numbers in network byte
    /// order. Preemption plays no part here: two masters always resolve (P-03, S-13).
    ///
    /// Without a source address of our own we cannot win a tie, because nobody would hear us.
    static func standing(of advert: ReceivedAdvert, priority: UInt8, source: IPAddress?) -> Standing {
        guard advert.priority == priority else {
            return advert.priority > priority ? .outranksUs : .ranksBelowUs
        }
        guard let source else { return .outranksUs }
        guard advert.source != source else { return .indistinguishable }
        return advert.source > source ? .outranksUs : .ranksBelowUs
    }

    /// Whether a backup accepts a master as it is, regardless of anything that only holds preemption off for a while.
    /// The owner always preempts (P-01).
    static func mustObey(_ advert: ReceivedAdvert, priority: UInt8, preempts: Bool) -> Bool {
        advert.priority >= priority || !(preempts || priority == ownerPriority)
    }

    /// The priority of the router that owns the addresses.
    static let ownerPriority: UInt8 = 255
}
