/// The clear-text password of version 2, RFC 2338 §10.2: it guards against mistakes, not against attackers.

/// The eight octets of a version 2 password, zero-padded; the first octet of the text is the highest byte.
package struct Password: Hashable, Sendable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The first eight octets of the text in UTF-8, padded with zeros: what keepalived makes of auth_pass.
    package init(_ text: some StringProtocol) {
        var value: UInt64 = 0
        var remaining = 8
        for octet in text.utf8.prefix(8) {
            value = value << 8 | UInt64(octet)
            remaining -= 1
        }
        rawValue = remaining == 8 ? 0 : value << UInt64(8 * remaining)
    }

    /// Whether both are the same. It takes the same time for every password, so the time tells nobody how many octets
    /// of a guess were right.
    package func matches(_ other: Password) -> Bool { rawValue ^ other.rawValue == 0 }
}

extension Password: CustomStringConvertible {
    /// Never the text: values that hold a password end up in logs.
    package var description: String { "(hidden)" }
}
