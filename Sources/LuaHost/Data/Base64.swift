/// Base64 (RFC 4648), both alphabets, strictly read.

enum Base64 {
    /// The last two characters differ between the alphabets.
    private static func alphabet(forURLs: Bool) -> [UInt8] {
        Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\(forURLs ? "-_" : "+/")".utf8)
    }

    private static let padding = UInt8(ascii: "=")

    /// For URLs there is no padding.
    static func encode(_ bytes: [UInt8], forURLs: Bool) -> [UInt8] {
        let alphabet = alphabet(forURLs: forURLs)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var group = 0
            for offset in 0..<3 { group = group << 8 | (offset < count ? Int(bytes[start + offset]) : 0) }
            for position in 0...count { text.append(alphabet[group >> (18 - 6 * position) & 63]) }
            if !forURLs { for _ in count..<3 { text.append(padding) } }
        }
        return text
    }

    /// nil when the text is not exactly what `encode` makes, padding for URLs aside, which may be there or not: no line
    /// ends, no other characters, no bits that mean nothing.
    static func decode(_ text: [UInt8], forURLs: Bool) -> [UInt8]? {
        var values = [Int](repeating: -1, count: 256)
        for (value, character) in alphabet(forURLs: forURLs).enumerated() { values[Int(character)] = value }
        var digits = text[...]
        if text.count % 4 == 0 {
            for _ in 0..<2 where digits.last == padding { digits.removeLast() }
        } else if !forURLs {
            return nil
        }
        guard digits.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3 + 2)
        var group = 0
        var bits = 0
        for digit in digits {
            let value = values[Int(digit)]
            guard value >= 0 else { return nil }
            group = (group << 6 | value) & 0xFFFF
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: group >> bits))
        }
        return group & (1 << bits - 1) == 0 ? bytes : nil
    }
}
