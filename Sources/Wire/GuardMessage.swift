/// What halua's nodes say to each other beside VRRP: a message of the guard channel as a plain value.

/// How an instance is known to the other nodes. Nodes that are to share addresses agree on the addresses, so these come
/// first: a node with another virtual router ID is found by them, too.
package struct GuardIdentity: Hashable, Sendable {
    /// Digest of the virtual addresses, as a set; 0: there are none.
    package var addressDigest: UInt64
    package var virtualRouterID: UInt8
    /// The family of the adverts.
    package var family: AddressFamily

    package init(addressDigest: UInt64, virtualRouterID: UInt8, family: AddressFamily) {
        self.addressDigest = addressDigest
        self.virtualRouterID = virtualRouterID
        self.family = family
    }

    /// Of the sorted addresses with their families: the order of the configuration does not count. It keeps different
    /// sets apart and proves nothing, which is the key's task.
    package static func digest(of addresses: [IPAddress]) -> UInt64 {
        guard !addresses.isEmpty else { return 0 }
        var digest = Digest64()
        for address in Set(addresses).sorted() { digest.add([address.family.rawValue] + address.octets) }
        return digest.value == 0 ? 1 : digest.value
    }
}

/// A message of another node that this one has heard, by which the other node knows that it was heard.
package struct GuardEcho: Hashable, Sendable {
    package var nonce: UInt64
    package var sequence: UInt64

    package init(nonce: UInt64, sequence: UInt64) {
        self.nonce = nonce
        self.sequence = sequence
    }
}

/// One message. A plain value: copying it allocates nothing.
package struct GuardMessage: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        /// The sender is there, and says how it is. Sent with every advert, and on a change.
        case heartbeat = 1
        /// A heartbeat was heard.
        case ack = 2
        /// Wants a reply, now: is the receiver there, and in which state?
        case query = 3
        case reply = 4
        /// The sender was MASTER beside a better one and has given the addresses up.
        case yielded = 5
        /// The sender has taken addresses away that the receiver asked about.
        case released = 6
        /// The receiver's host still answers for addresses that it does not serve: it is to take them away.
        case releaseRequest = 7
    }

    package enum State: UInt8, Hashable, Sendable, CaseIterable {
        case initialize = 0
        case backup = 1
        case master = 2
        case fault = 3
    }

    package struct Flags: OptionSet, Hashable, Sendable {
        package var rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The sender's interface of the virtual router is up and has an address.
        package static let interfaceUsable = Flags(rawValue: 1 << 0)
        /// Its gateway answers.
        package static let gatewayReachable = Flags(rawValue: 1 << 1)
        /// Its checks ask for no FAULT.
        package static let checksPassed = Flags(rawValue: 1 << 2)
        /// It hears the adverts of the receiver.
        package static let hearsAdverts = Flags(rawValue: 1 << 3)
    }

    package var kind: Kind
    package var identity: GuardIdentity
    /// The same for all daemons of one host since its boot.
    package var node: UInt64
    /// Drawn anew by each daemon; never 0.
    package var nonce: UInt64
    /// Grows with every message of a daemon.
    package var sequence: UInt64
    /// The last message that the sender has heard from the receiver; nil: none, or the receiver is anybody.
    package var echo: GuardEcho?
    package var state: State
    /// The effective priority.
    package var priority: UInt8
    /// The advertisement interval, in whole hundredths of a second on the wire.
    package var interval: Duration
    /// Where the sender's adverts come from; nil: it has no address.
    package var primaryAddress: IPAddress?
    package var flags: Flags
    /// How long ago the sender heard an advert of the receiver, in whole milliseconds on the wire; nil: never.
    package var advertAge: Duration?
    /// The same of messages of this channel, on the interface of the virtual router.
    package var heartbeatAge: Duration?
    /// The same on any of the second paths.
    package var secondPathAge: Duration?
    /// The sender's monotonic clock in milliseconds.
    package var clockMilliseconds: UInt64

    package init(
        _ kind: Kind, _ identity: GuardIdentity, node: UInt64, nonce: UInt64, sequence: UInt64, state: State,
        priority: UInt8, interval: Duration
    ) {
        self.kind = kind
        self.identity = identity
        self.node = node
        self.nonce = nonce
        self.sequence = sequence
        self.state = state
        self.priority = priority
        self.interval = interval
        flags = []
        clockMilliseconds = 0
    }
}
