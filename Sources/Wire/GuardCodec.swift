/// Messages of the guard channel to and from octets, in network byte order.
///
///      0  magic "HALG"             8  virtual router ID       16  digest of the addresses
///      4  version                  9  address family          24  node
///      5  kind                    10  flags                   32  nonce
///      6  state                   11  zero                    40  sequence
///      7  priority                12  interval, 1/100 s       48  echoed nonce, 0: no echo
///                                 14  zero, for a lease       56  echoed sequence
///     64  primary address, 16 octets, padded with zeros
///     80  age of the last advert, of the last message here and on a second path, ms; all ones: never
///     92  monotonic clock, ms
///    100  zero, for the term (4) and the version (8) of a lease
///    112  HMAC-SHA-256-128 of all before; zero without a key

extension GuardMessage {
    /// Octets of a message.
    package static let length = 128
    /// Octets that the signature covers; it stands behind them.
    package static let signedLength = 112
    package static let signatureLength = length - signedLength
    /// UDP port of the channel, unless the configuration names another.
    package static let standardPort: UInt16 = 3768

    static let magic: UInt32 = 0x4841_4C47
    static let version: UInt8 = 1
    static let addressOffset = 64

    /// Writes everything but the signature, which becomes zero. Allocates nothing.
    package func encode(into bytes: inout MutableRawSpan) {
        bytes.write(Self.magic, at: 0)
        bytes.write(Self.version, at: 4)
        bytes.write(kind.rawValue, at: 5)
        bytes.write(state.rawValue, at: 6)
        bytes.write(priority, at: 7)
        bytes.write(identity.virtualRouterID, at: 8)
        bytes.write(identity.family.rawValue, at: 9)
        bytes.write(flags.rawValue, at: 10)
        bytes.write(UInt8(0), at: 11)
        bytes.write(UInt16(clamping: interval.wholeMilliseconds / 10), at: 12)
        bytes.write(UInt16(0), at: 14)
        bytes.write(identity.addressDigest, at: 16)
        bytes.write(node, at: 24)
        bytes.write(nonce, at: 32)
        bytes.write(sequence, at: 40)
        bytes.write(echo?.nonce ?? 0, at: 48)
        bytes.write(echo?.sequence ?? 0, at: 56)
        bytes.write(UInt64(0), at: Self.addressOffset)
        bytes.write(UInt64(0), at: Self.addressOffset + 8)
        if let primaryAddress {
            precondition(primaryAddress.family == identity.family, "adverts come from an address of their family")
            bytes.write(primaryAddress, at: Self.addressOffset)
        }
        bytes.write(Self.field(advertAge), at: 80)
        bytes.write(Self.field(heartbeatAge), at: 84)
        bytes.write(Self.field(secondPathAge), at: 88)
        bytes.write(clockMilliseconds, at: 92)
        for offset in stride(from: 100, to: Self.length, by: 4) { bytes.write(UInt32(0), at: offset) }
    }

    /// Reads a message; its signature is the caller's to check. Allocates nothing.
    package static func decode(_ bytes: RawSpan) throws(GuardDecodeError) -> GuardMessage {
        guard bytes.byteCount >= 5 else { throw .length(received: bytes.byteCount) }
        guard bytes.uint32(at: 0) == magic else { throw .magic(bytes.uint32(at: 0)) }
        guard bytes.uint8(at: 4) == version else { throw .version(bytes.uint8(at: 4)) }
        guard bytes.byteCount == length else { throw .length(received: bytes.byteCount) }
        guard let kind = Kind(rawValue: bytes.uint8(at: 5)) else { throw .kind(bytes.uint8(at: 5)) }
        guard let state = State(rawValue: bytes.uint8(at: 6)) else { throw .state(bytes.uint8(at: 6)) }
        guard let family = AddressFamily(rawValue: bytes.uint8(at: 9)) else { throw .family(bytes.uint8(at: 9)) }
        let virtualRouterID = bytes.uint8(at: 8)
        guard virtualRouterID != 0 else { throw .virtualRouterIDZero }
        let hundredths = Int(bytes.uint16(at: 12))
        guard hundredths != 0 else { throw .intervalZero }
        guard bytes.uint64(at: 32) != 0 else { throw .nonceZero }
        var message = GuardMessage(
            kind,
            GuardIdentity(addressDigest: bytes.uint64(at: 16), virtualRouterID: virtualRouterID, family: family),
            node: bytes.uint64(at: 24), nonce: bytes.uint64(at: 32), sequence: bytes.uint64(at: 40), state: state,
            priority: bytes.uint8(at: 7), interval: .milliseconds(hundredths * 10))
        if bytes.uint64(at: 48) != 0 {
            message.echo = GuardEcho(nonce: bytes.uint64(at: 48), sequence: bytes.uint64(at: 56))
        }
        let address = bytes.address(at: addressOffset, family: family)
        message.primaryAddress = address == .unspecified(family) ? nil : address
        message.flags = Flags(rawValue: bytes.uint8(at: 10))
        message.advertAge = age(bytes.uint32(at: 80))
        message.heartbeatAge = age(bytes.uint32(at: 84))
        message.secondPathAge = age(bytes.uint32(at: 88))
        message.clockMilliseconds = bytes.uint64(at: 92)
        return message
    }

    private static let never = UInt32.max

    private static func field(_ age: Duration?) -> UInt32 {
        guard let age else { return never }
        return UInt32(clamping: max(0, min(age.wholeMilliseconds, Int64(never) - 1)))
    }

    private static func age(_ field: UInt32) -> Duration? { field == never ? nil : .milliseconds(Int64(field)) }
}

extension Duration {
    /// Cut to 64 bits, which no span of a message comes near.
    fileprivate var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (milliseconds, isTooLong) = seconds.multipliedReportingOverflow(by: 1000)
        return isTooLong ? .max : milliseconds + attoseconds / 1_000_000_000_000_000
    }
}

/// Why a datagram is no message of the guard channel: one case, one counter, one sentence.
package enum GuardDecodeError: Error, Hashable, Sendable {
    case length(received: Int)
    case magic(UInt32)
    /// Of another version of halua.
    case version(UInt8)
    case kind(UInt8)
    case state(UInt8)
    case family(UInt8)
    case virtualRouterIDZero
    case intervalZero
    case nonceZero

    /// The names of the counters: the same cases without what was received.
    package enum Counter: String, Hashable, Sendable, CaseIterable {
        case length = "length"
        case magic = "magic"
        case version = "version"
        case kind = "kind"
        case state = "state"
        case family = "family"
        case virtualRouterIDZero = "vrid-zero"
        case intervalZero = "interval-zero"
        case nonceZero = "nonce-zero"
    }

    package var counter: Counter {
        switch self {
        case .length: .length
        case .magic: .magic
        case .version: .version
        case .kind: .kind
        case .state: .state
        case .family: .family
        case .virtualRouterIDZero: .virtualRouterIDZero
        case .intervalZero: .intervalZero
        case .nonceZero: .nonceZero
        }
    }
}

extension GuardDecodeError: CustomStringConvertible {
    /// The sentence for the log, to stand behind "dropped a guard message from 192.0.2.1: ".
    package var description: String {
        switch self {
        case .length(let received): "it has \(received) octets, a message has \(GuardMessage.length)"
        case .magic: "it does not begin as a message of halua does"
        case .version(let number):
            "it is of version \(number) of the guard channel, this halua speaks \(GuardMessage.version)"
        case .kind(let number): "there is no kind \(number) of messages"
        case .state(let number): "there is no state \(number)"
        case .family(let number): "there is no address family \(number); 4 and 6 exist"
        case .virtualRouterIDZero: "virtual router ID 0 is not valid"
        case .intervalZero: "an advertisement interval of 0 is not valid"
        case .nonceZero: "a nonce of 0 is not valid"
        }
    }
}
