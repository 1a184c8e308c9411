/// Why a received packet is not an advertisement that anyone may act on: one case, one counter, one sentence.

/// The reason to drop a packet before any virtual router sees it. What a virtual router itself objects to (TTL,
/// password, another interval) comes after decoding and is not here.
package enum DecodeError: Error, Hashable, Sendable {
    /// Fewer octets than the shortest IP header.
    case packetTooShort(received: Int)
    /// The IP version of the header is another one than that of the socket.
    case ipVersion(UInt8)
    /// The IPv4 header claims fewer than five words, or more than the packet has.
    case ipHeaderLength(words: UInt8)
    /// The IP header claims more octets than were received, or fewer than its own.
    case ipTotalLength(stated: Int, received: Int)
    case ipHeaderChecksum
    /// A fragment: an advertisement never needs to be one, and a piece of one proves nothing.
    case fragment
    /// Not the protocol that was asked for.
    case ipProtocol(UInt8)
    /// Fewer octets than the fixed part of an advertisement.
    case messageTooShort(received: Int)
    /// Neither version 2 nor 3; or version 2 over IPv6, which has none.
    case version(UInt8)
    /// Not an ADVERTISEMENT, the only type there is.
    case type(UInt8)
    /// An address count of 0 (RFC 9568 erratum 8299).
    case addressCountZero
    /// The length does not follow from version and address count.
    case messageLength(expected: Int, received: Int)
    /// The checksum fits none of the accepted forms.
    case checksum
    /// Virtual router 0 does not exist (RFC 9568 §5.2.3).
    case virtualRouterIDZero
    /// An advertisement interval of 0 (RFC 9568 erratum 8301).
    case intervalZero
}

extension DecodeError {
    /// The names of the counters: the same cases without what was received.
    package enum Counter: String, Hashable, Sendable, CaseIterable {
        case packetTooShort = "packet-too-short"
        case ipVersion = "ip-version"
        case ipHeaderLength = "ip-header-length"
        case ipTotalLength = "ip-total-length"
        case ipHeaderChecksum = "ip-header-checksum"
        case fragment = "fragment"
        case ipProtocol = "ip-protocol"
        case messageTooShort = "message-too-short"
        case version = "version"
        case type = "type"
        case addressCountZero = "address-count-zero"
        case messageLength = "message-length"
        case checksum = "checksum"
        case virtualRouterIDZero = "vrid-zero"
        case intervalZero = "interval-zero"
    }

    package var counter: Counter {
        switch self {
        case .packetTooShort: .packetTooShort
        case .ipVersion: .ipVersion
        case .ipHeaderLength: .ipHeaderLength
        case .ipTotalLength: .ipTotalLength
        case .ipHeaderChecksum: .ipHeaderChecksum
        case .fragment: .fragment
        case .ipProtocol: .ipProtocol
        case .messageTooShort: .messageTooShort
        case .version: .version
        case .type: .type
        case .addressCountZero: .addressCountZero
        case .messageLength: .messageLength
        case .checksum: .checksum
        case .virtualRouterIDZero: .virtualRouterIDZero
        case .intervalZero: .intervalZero
        }
    }
}

/// The errors that the management standards count: the identities and leaves of RFC 8347 (ietf-vrrp), which carry the
/// same meaning as the objects of RFC 6527 (VRRPV3-MIB).
package enum StandardError: String, Hashable, Sendable, CaseIterable {
    /// RFC 6527: vrrpv3StatisticsIpTtlErrors, ipTtlError(1).
    case ipTTL = "ip-ttl-error"
    /// RFC 6527: vrrpv3RouterVersionErrors, versionError(2).
    case version = "version-error"
    /// RFC 6527: vrrpv3RouterChecksumErrors, checksumError(3).
    case checksum = "checksum-error"
    /// RFC 6527: vrrpv3RouterVrIdErrors, vrIdError(4).
    case virtualRouterID = "vrid-error"
    /// RFC 6527: vrrpv3StatisticsAdvIntervalErrors.
    case interval = "interval-error"
    /// RFC 6527: vrrpv3StatisticsAddressListErrors.
    case addressList = "address-list-error"
    /// RFC 6527: vrrpv3StatisticsRcvdInvalidTypePackets.
    case invalidType = "invalid-type-pkts-rcvd"
    /// RFC 6527: vrrpv3StatisticsPacketLengthErrors.
    case packetLength = "packet-length-errors"
}

extension DecodeError {
    /// Where the standards count this error; nil for packets that are not VRRP at all.
    package var standardError: StandardError? {
        switch self {
        case .packetTooShort, .ipVersion, .ipHeaderLength, .ipTotalLength, .ipHeaderChecksum, .fragment, .ipProtocol:
            nil
        case .messageTooShort, .messageLength: .packetLength
        case .version: .version
        case .type: .invalidType
        case .addressCountZero: .addressList
        case .checksum: .checksum
        case .virtualRouterIDZero: .virtualRouterID
        case .intervalZero: .interval
        }
    }
}

extension DecodeError: CustomStringConvertible {
    /// The sentence for the log, to stand behind "dropped a packet from 192.0.2.1: ".
    package var description: String {
        switch self {
        case .packetTooShort(let received):
            "it has \(received) octets, fewer than an IP header"
        case .ipVersion(let version):
            "its header says IP version \(version)"
        case .ipHeaderLength(let words):
            "its IP header claims a length of \(words) words"
        case .ipTotalLength(let stated, let received):
            "its IP header claims \(stated) octets, but \(received) were received"
        case .ipHeaderChecksum:
            "the checksum of its IP header is wrong"
        case .fragment:
            "it is a fragment"
        case .ipProtocol(let number):
            "it is IP protocol \(number)"
        case .messageTooShort(let received):
            "the advertisement has \(received) octets, fewer than its fixed part of 8"
        case .version(let version):
            "VRRP version \(version) is not supported here"
        case .type(let type):
            "VRRP message type \(type) is unknown; only 1, ADVERTISEMENT, exists"
        case .addressCountZero:
            "the advertisement lists no virtual address"
        case .messageLength(let expected, let received):
            "the advertisement has \(received) octets where its address count asks for \(expected)"
        case .checksum:
            "the checksum of the advertisement is wrong"
        case .virtualRouterIDZero:
            "virtual router ID 0 is not valid"
        case .intervalZero:
            "an advertisement interval of 0 is not valid"
        }
    }
}
