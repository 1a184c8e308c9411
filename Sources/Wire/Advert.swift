/// A VRRP advertisement as a plain value, the same for both versions and both address families.

/// The version of the VRRP protocol. RFC 3768 describes 2, RFC 5798 and RFC 9568 describe 3.
package enum VRRPVersion: UInt8, Hashable, Sendable {
    case v2 = 2
    case v3 = 3
}

/// How an advert proves who sent it. Only version 2 has a field for it.
package enum Authentication: Hashable, Sendable {
    /// Type 0: the eight octets are present and zero.
    case none
    /// Type 1, RFC 2338 §10.2: up to eight octets of clear text, padded with zeros.
    case password(Password)
    /// Any other type, by its number; halua never accepts one.
    case other(UInt8)
}

/// What the checksum of an advert covers. RFC 5798 was read in two ways for IPv4; RFC 9568 settled on the message.
package enum ChecksumForm: UInt8, Hashable, Sendable {
    /// The message alone: always in version 2, and RFC 9568's form of version 3 over IPv4.
    case message
    /// The message and a pseudo-header with the packet's addresses: IPv6, and what keepalived and FRR send over IPv4.
    case pseudoHeader
    /// A pseudo-header with the multicast group as destination although the packet was unicast (keepalived ≤ 1.3.6).
    case legacyMulticastPseudoHeader
}

/// One advertisement without its address list. A plain value: copying it allocates nothing.
///
/// The list stays in the packet's bytes; `addressList(in:matches:)` and its neighbours read it there.
package struct Advert: Hashable, Sendable {
    package var version: VRRPVersion
    package var virtualRouterID: UInt8
    /// 0 says "I am leaving", 255 is the owner of the addresses.
    package var priority: UInt8
    /// How many virtual addresses the list holds.
    package var addressCount: UInt8
    /// The sender's advertisement interval: whole seconds in version 2, hundredths of a second in version 3.
    package var interval: Duration
    package var authentication: Authentication
    package var checksumForm: ChecksumForm

    package init(
        version: VRRPVersion, virtualRouterID: UInt8, priority: UInt8, addressCount: UInt8, interval: Duration,
        authentication: Authentication = .none, checksumForm: ChecksumForm
    ) {
        self.version = version
        self.virtualRouterID = virtualRouterID
        self.priority = priority
        self.addressCount = addressCount
        self.interval = interval
        self.authentication = authentication
        self.checksumForm = checksumForm
    }
}
