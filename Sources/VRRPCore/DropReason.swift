/// Why a decoded packet does not reach the state machine: one case, one counter, one sentence.

/// Why a packet does not reach the state machine. Each has a counter of its own.
package enum DropReason: UInt8, Hashable, Sendable, CaseIterable {
    /// no instance with this number on this interface.
    case unknownVirtualRouter
    ///
    case version
    /// the hop count is not 255, or outside the peer's range.
    case timeToLive
    /// unicast to a multicast instance, or the other way round.
    case destination
    /// not one of the configured peers.
    case unknownPeer
    /// The source address is of the other address family.
    case source
    /// another type of authentication.
    case authenticationType
    /// another password.
    case password
    /// for version 2: an interval of zero.
    case intervalZero
    /// version 2 with another interval than ours.
    case intervalDiffers
    /// no address in the list.
    case noAddresses
    /// R-18, only when strict.
    case notLinkLocalFirst
    /// R-19, only when strict.
    case addressListDiffers
}

extension DropReason: CustomStringConvertible {
    /// A sentence for the log, to be read after the address of the sender.
    package var description: String {
        switch self {
        case .unknownVirtualRouter: "advertises a virtual router that is not configured on this interface"
        case .version: "speaks another version of VRRP than this instance"
        case .timeToLive: "sent the advert from another link: its hop count is not the expected one"
        case .destination: "sent the advert to the wrong place: multicast and unicast do not mix"
        case .unknownPeer: "is not a configured unicast peer"
        case .source: "uses a source address of the other address family"
        case .authenticationType: "uses another type of authentication"
        case .password: "uses another password"
        case .intervalZero: "advertises an interval of zero"
        case .intervalDiffers: "uses another advertisement interval, which version 2 forbids"
        case .noAddresses: "advertises no address"
        case .notLinkLocalFirst: "does not begin its list with a link-local address"
        case .addressListDiffers: "advertises other addresses"
        }
    }
}
