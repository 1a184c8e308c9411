/// Mail addresses as configurations and scripts write them.

package enum MailAddress {
    /// Whether a text can stand in SMTP's commands and in a header as it is: `ops@example.org`, or a local name alone.
    ///
    /// Printable ASCII without the marks that have a meaning there (RFC 5322 section 3.4): names in front of an address,
    /// quoted parts and SMTPUTF8 are left out.
    package static func isBare(_ text: String) -> Bool {
        let marks = Array("<>()[],;:\"\\".utf8)
        return (1...254).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !marks.contains($0) }
            && text.split(separator: "@", omittingEmptySubsequences: false).count <= 2
            && !text.hasPrefix("@") && !text.hasSuffix("@")
    }
}
