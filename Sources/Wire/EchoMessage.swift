/// ICMP echo, RFC 792 and RFC 4443 §4: the question that every host answers.

/// An echo request or reply, of ICMP or ICMPv6.
package struct EchoMessage: Hashable, Sendable {
    package var isReply: Bool
    /// Which asker the answer is for.
    package var identifier: UInt16
    /// Which of its questions.
    package var sequence: UInt16
    /// Comes back as it was sent.
    package var payload: [UInt8]

    /// Octets in front of the payload.
    package static let headerLength = 8

    package init(isReply: Bool = false, identifier: UInt16, sequence: UInt16, payload: [UInt8]) {
        self.isReply = isReply
        self.identifier = identifier
        self.sequence = sequence
        self.payload = payload
    }

    /// The ICMP message without an IP header. The checksum of ICMPv6 is left to the kernel, which knows the source
    /// address that belongs into it (RFC 3542 §3.1). This allocates.
    package func encoded(_ family: AddressFamily) -> [UInt8] {
        [UInt8](count: Self.headerLength + payload.count) { bytes in
            bytes.write(Self.type(family, isReply: isReply), at: 0)
            bytes.write(identifier, at: 4)
            bytes.write(sequence, at: 6)
            for (index, octet) in payload.enumerated() { bytes.write(octet, at: Self.headerLength + index) }
            guard family == .ipv4 else { return }
            var checksum = Checksum()
            checksum.add(bytes.bytes)
            bytes.write(checksum.value, at: 2)
        }
    }

    /// Reads an ICMP message; nil when it is no echo, or damaged. The kernel has checked the checksum of ICMPv6.
    package init?(decoding message: RawSpan, _ family: AddressFamily) {
        guard message.byteCount >= Self.headerLength, message.uint8(at: 1) == 0 else { return nil }
        switch message.uint8(at: 0) {
        case Self.type(family, isReply: true): isReply = true
        case Self.type(family, isReply: false): isReply = false
        default: return nil
        }
        if family == .ipv4 {
            var checksum = Checksum()
            checksum.add(message)
            guard checksum.isValid else { return nil }
        }
        identifier = message.uint16(at: 4)
        sequence = message.uint16(at: 6)
        payload = (Self.headerLength..<message.byteCount).map { message.uint8(at: $0) }
    }

    private static func type(_ family: AddressFamily, isReply: Bool) -> UInt8 {
        switch family {
        case .ipv4: isReply ? 0 : 8
        case .ipv6: isReply ? 129 : 128
        }
    }
}
