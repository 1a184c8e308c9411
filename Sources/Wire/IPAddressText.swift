/// Addresses as text: strict parsing, and printing in the one form that RFC 5952 recommends.

extension IPAddress: CustomStringConvertible {
    /// Reads a dotted quad, or an IPv6 address without zone.
    package init?(_ text: some StringProtocol) {
        if let address = IPv4Address(text) {
            self = .v4(address)
        } else if let address = IPv6Address(text) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }
}

extension IPv4Address: CustomStringConvertible {
    /// Reads four decimal numbers with dots between them.
    ///
    /// A leading zero is refused, because some programs read "010" as ten and others as eight.
    package init?(_ text: some StringProtocol) {
        guard let address = parseIPv4(Array(text.utf8)[...]) else { return nil }
        self = address
    }

    package var description: String {
        let octets = (rawValue >> 24, rawValue >> 16 & 0xFF, rawValue >> 8 & 0xFF, rawValue & 0xFF)
        return "\(octets.0).\(octets.1).\(octets.2).\(octets.3)"
    }
}

extension IPv6Address: CustomStringConvertible {
    /// Reads the forms of RFC 4291 §2.2: eight groups, "::" once for one or more groups of zeros, and a dotted quad
    /// as the last two groups. A zone ("%eth0") is not part of an address.
    package init?(_ text: some StringProtocol) {
        guard let groups = parseIPv6Groups(Array(text.utf8)[...]) else { return nil }
        var address = IPv6Address(high: 0, low: 0)
        for index in 0..<4 {
            address.high = address.high << 16 | UInt64(groups[index])
            address.low = address.low << 16 | UInt64(groups[index + 4])
        }
        self = address
    }

    /// RFC 5952: lower case, no leading zeros, "::" for the first of the longest runs of two or more zero groups,
    /// and a dotted quad behind the prefix ::ffff:0:0/96.
    package var description: String {
        if high == 0, low >> 32 == 0xFFFF {
            return "::ffff:\(IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)))"
        }
        let groups = (0..<8).map { group(at: $0) }
        let zeros = longestZeroRun(in: groups)
        let before = groups[..<zeros.lowerBound].map { String($0, radix: 16) }.joined(separator: ":")
        guard !zeros.isEmpty else { return before }
        let after = groups[zeros.upperBound...].map { String($0, radix: 16) }.joined(separator: ":")
        return "\(before)::\(after)"
    }

    /// The group of 16 bits at an index from 0 (the first) to 7.
    private func group(at index: Int) -> UInt16 {
        let half = index < 4 ? high : low
        return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index % 4)))
    }
}

/// The first of the longest runs of at least two zeros; an empty range at the end when there is none.
private func longestZeroRun(in groups: [UInt16]) -> Range<Int> {
    var longest = groups.count..<groups.count
    var start = 0
    while start < groups.count {
        var end = start
        while end < groups.count, groups[end] == 0 { end += 1 }
        if end - start >= 2, end - start > longest.count { longest = start..<end }
        start = end + 1
    }
    return longest
}

/// Reads exactly one dotted quad.
private func parseIPv4(_ characters: ArraySlice<UInt8>) -> IPv4Address? {
    let parts = characters.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
        guard let octet = parseDecimalOctet(part) else { return nil }
        value = value << 8 | UInt32(octet)
    }
    return IPv4Address(rawValue: value)
}

private func parseDecimalOctet(_ digits: ArraySlice<UInt8>) -> UInt8? {
    guard let first = digits.first, digits.count <= 3 else { return nil }
    guard digits.count == 1 || first != UInt8(ascii: "0") else { return nil }
    var value = 0
    for digit in digits {
        guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
        value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return UInt8(exactly: value)
}

/// Reads the eight groups of an IPv6 address.
private func parseIPv6Groups(_ characters: ArraySlice<UInt8>) -> [UInt16]? {
    let colon = UInt8(ascii: ":")
    let gap = characters.indices.dropLast().first { characters[$0] == colon && characters[$0 + 1] == colon }
    guard let gap else {
        guard let groups = parseGroupList(characters), groups.count == 8 else { return nil }
        return groups
    }
    let before = characters[..<gap]
    let after = characters[(gap + 2)...]
    // A dotted quad stands for the last groups of the address, so never before the gap.
    guard !before.contains(UInt8(ascii: ".")) else { return nil }
    guard let head = before.isEmpty ? [] : parseGroupList(before) else { return nil }
    guard let tail = after.isEmpty ? [] : parseGroupList(after) else { return nil }
    guard head.count + tail.count < 8 else { return nil }
    return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
}

/// Reads groups with single colons between them; the last may be a dotted quad, which counts as two.
private func parseGroupList(_ characters: ArraySlice<UInt8>) -> [UInt16]? {
    let parts = characters.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    var groups: [UInt16] = []
    for (index, part) in parts.enumerated() {
        if index == parts.count - 1, part.contains(UInt8(ascii: ".")) {
            guard let address = parseIPv4(part) else { return nil }
            groups.append(UInt16(truncatingIfNeeded: address.rawValue >> 16))
            groups.append(UInt16(truncatingIfNeeded: address.rawValue))
        } else {
            guard let group = parseHexadecimalGroup(part) else { return nil }
            groups.append(group)
        }
    }
    return groups
}

private func parseHexadecimalGroup(_ digits: ArraySlice<UInt8>) -> UInt16? {
    guard (1...4).contains(digits.count) else { return nil }
    var value: UInt16 = 0
    for digit in digits {
        guard let nibble = hexadecimalValue(of: digit) else { return nil }
        value = value << 4 | UInt16(nibble)
    }
    return value
}
