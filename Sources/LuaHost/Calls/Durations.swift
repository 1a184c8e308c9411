/// Spans of time as scripts and configurations write them, and as messages print them.

/// A number is seconds; a string carries its unit: us, ms, s, m, h.
enum Durations {
    /// Longer spans are mistakes, and would overflow nanoseconds further on.
    static let longest = Duration.seconds(366 * 86_400)

    /// Reads "250ms", "1.5s", "2m"; without a unit, seconds when `allowsBare`. nil when it is no span.
    static func parse(_ text: String, allowsBare: Bool = false) -> Duration? {
        let digits = text.prefix { ($0.isASCII && $0.isWholeNumber) || $0 == "." }
        guard let first = digits.first, first != ".", let value = Double(String(digits)) else { return nil }
        switch text.dropFirst(digits.count) {
        case "us": return seconds(value / 1_000_000)
        case "ms": return seconds(value / 1_000)
        case "s": return seconds(value)
        case "m", "min": return seconds(value * 60)
        case "h": return seconds(value * 3_600)
        case "": return allowsBare ? seconds(value) : nil
        default: return nil
        }
    }

    /// nil when negative, not a number, or longer than a year.
    static func seconds(_ value: Double) -> Duration? {
        guard value >= 0, value <= 366 * 86_400 else { return nil }
        return .nanoseconds(Int64((value * 1e9).rounded()))
    }

    /// "1 s", "250 ms", "1.5 s", "2 min"
    static func describe(_ span: Duration) -> String {
        let seconds = Double(span.components.seconds) + Double(span.components.attoseconds) / 1e18
        if seconds < 1 { return "\(trimmed(seconds * 1_000)) ms" }
        if seconds >= 120, seconds.truncatingRemainder(dividingBy: 60) == 0 { return "\(trimmed(seconds / 60)) min" }
        return "\(trimmed(seconds)) s"
    }

    /// With at most three digits behind the point.
    static func trimmed(_ value: Double) -> String {
        let rounded = (value * 1_000).rounded() / 1_000
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }
}
