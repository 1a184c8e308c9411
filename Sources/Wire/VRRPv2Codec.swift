/// The octets of a version 2 advertisement that version 3 has in another form: RFC 3768 §5, RFC 2338 §10.

enum VRRPv2Codec {
    /// Octets of authentication data, which are there with every authentication type (F-02).
    static let authenticationLength = 8

    /// Reads a message whose version, type and length are already checked.
    static func decode(_ message: RawSpan) throws(DecodeError) -> Advert {
        var checksum = Checksum()
        checksum.add(message)
        guard checksum.isValid else { throw .checksum }
        return Advert(
            version: .v2, virtualRouterID: message.uint8(at: 1), priority: message.uint8(at: 2),
            addressCount: message.uint8(at: 3), interval: .seconds(Int64(message.uint8(at: 5))),
            authentication: authentication(of: message), checksumForm: .message)
    }

    /// Type 0 does not look at the data: RFC 3768 §5.3.10 has receivers ignore it.
    private static func authentication(of message: RawSpan) -> Authentication {
        switch message.uint8(at: 4) {
        case 0: .none
        case 1: .password(Password(rawValue: message.uint64(at: message.byteCount - authenticationLength)))
        case let type: .other(type)
        }
    }

    /// Completes a message whose common fields and addresses are already written.
    static func encode(_ advert: Advert, length: Int, into bytes: inout MutableRawSpan, at offset: Int) {
        guard let interval = VRRPVersion.v2.intervalField(for: advert.interval) else {
            preconditionFailure("version 2 cannot advertise every \(advert.interval)")
        }
        let (type, data): (UInt8, UInt64) =
            switch advert.authentication {
            case .none: (0, 0)
            case .password(let password): (1, password.rawValue)
            case .other(let type): preconditionFailure("there is no authentication type \(type) to send")
            }
        bytes.write(type, at: offset + 4)
        bytes.write(UInt8(interval), at: offset + 5)
        bytes.write(data, at: offset + length - authenticationLength)
        var checksum = Checksum()
        checksum.add(bytes.bytes.extracting(offset..<(offset + length)))
        bytes.write(checksum.value, at: offset + 6)
    }
}
