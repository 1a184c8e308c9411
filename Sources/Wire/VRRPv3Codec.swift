/// The octets of a version 3 advertisement that version 2 has in another form: RFC 9568 §5.2.

enum VRRPv3Codec {
    /// Reads a message whose version, type and length are already checked.
    ///
    /// The four reserved bits before the interval are ignored, as §5.2.6 asks.
    static func decode(
        _ message: RawSpan, from source: IPAddress, to destination: IPAddress
    ) throws(DecodeError) -> Advert {
        guard let form = checksumForm(of: message, from: source, to: destination) else { throw .checksum }
        let centiseconds = message.uint16(at: 4) & 0xFFF
        return Advert(
            version: .v3, virtualRouterID: message.uint8(at: 1), priority: message.uint8(at: 2),
            addressCount: message.uint8(at: 3), interval: .milliseconds(Int64(centiseconds) * 10), checksumForm: form)
    }

    /// The form in which the checksum fits; nil when it fits in none.
    ///
    /// IPv6 has one form. Over IPv4, RFC 9568 sums up the message alone, while keepalived and FRR add the
    /// pseudo-header, and old versions of keepalived put the multicast group into it even for unicast. All are
    /// accepted, because a master that is not understood becomes a second master.
    private static func checksumForm(
        of message: RawSpan, from source: IPAddress, to destination: IPAddress
    ) -> ChecksumForm? {
        var messageSum = Checksum()
        messageSum.add(message)
        var sum = messageSum
        sum.addPseudoHeader(
            source: source, destination: destination, protocolNumber: .vrrp, messageLength: message.byteCount)
        if sum.isValid { return .pseudoHeader }
        guard source.family == .ipv4 else { return nil }
        if messageSum.isValid { return .message }
        guard !destination.isMulticast else { return nil }
        sum = messageSum
        sum.addPseudoHeader(
            source: source, destination: .vrrpGroup(.ipv4), protocolNumber: .vrrp, messageLength: message.byteCount)
        return sum.isValid ? .legacyMulticastPseudoHeader : nil
    }

    /// Completes a message whose common fields and addresses are already written.
    static func encode(
        _ advert: Advert, length: Int, from source: IPAddress, to destination: IPAddress,
        into bytes: inout MutableRawSpan, at offset: Int
    ) {
        guard let interval = VRRPVersion.v3.intervalField(for: advert.interval) else {
            preconditionFailure("version 3 cannot advertise every \(advert.interval)")
        }
        precondition(advert.authentication == .none, "version 3 has no field for authentication")
        bytes.write(interval, at: offset + 4)
        var checksum = Checksum()
        checksum.add(bytes.bytes.extracting(offset..<(offset + length)))
        switch advert.checksumForm {
        case .message:
            precondition(source.family == .ipv4, "the checksum of IPv6 always covers the pseudo-header")
        case .pseudoHeader:
            checksum.addPseudoHeader(
                source: source, destination: destination, protocolNumber: .vrrp, messageLength: length)
        case .legacyMulticastPseudoHeader:
            precondition(source.family == .ipv4, "the legacy form of the checksum exists for IPv4 only")
            checksum.addPseudoHeader(
                source: source, destination: .vrrpGroup(.ipv4), protocolNumber: .vrrp, messageLength: length)
        }
        bytes.write(checksum.value, at: offset + 6)
    }
}
