/// Spans of time as the operator's tool prints them.

/// A span in the unit that a person would choose.
package func span(_ milliseconds: Int) -> String {
    switch milliseconds {
    case ..<1_000: return "\(milliseconds) ms"
    case ..<60_000:
        return milliseconds % 1_000 == 0
            ? "\(milliseconds / 1_000) s" : "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
    case ..<3_600_000: return "\(milliseconds / 60_000) min \(milliseconds / 1_000 % 60) s"
    case ..<86_400_000: return "\(milliseconds / 3_600_000) h \(milliseconds / 60_000 % 60) min"
    default: return "\(milliseconds / 86_400_000) d \(milliseconds / 3_600_000 % 24) h"
    }
}

/// The same for spans that may be shorter than a millisecond.
package func span(microseconds: Int) -> String {
    switch microseconds {
    case ..<1_000: "\(microseconds) µs"
    case ..<1_000_000: "\(microseconds / 1_000).\(microseconds % 1_000 / 100) ms"
    default: span(microseconds / 1_000)
    }
}
