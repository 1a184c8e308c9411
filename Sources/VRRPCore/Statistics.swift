/// The counters of one virtual router, with the names of RFC 6527 (VRRPV3-MIB) and RFC 8347.
import Wire

/// Why this node became master the last time: vrrpv3StatisticsNewMasterReason.
package enum NewMasterReason: UInt8, Hashable, Sendable, CaseIterable {
    /// It never was.
    case notMaster = 0
    /// Its priority: the owner, or the former master said goodbye.
    case priority = 1
    /// It preempted a master of lower priority.
    case preempted = 2
    /// The former master fell silent.
    case masterNoResponse = 3
}

/// Counted since the instance was made; no number ever goes back. The errors count packets; one packet counts once.
package struct Statistics: Sendable {
    package internal(set) var masterTransitions: UInt64 = 0
    package internal(set) var newMasterReason = NewMasterReason.notMaster
    /// Accepted adverts, also those with priority 0.
    package internal(set) var advertisementsReceived: UInt64 = 0
    /// Adverts that the core asked for, also those with priority 0.
    package internal(set) var advertisementsSent: UInt64 = 0
    package internal(set) var priorityZeroReceived: UInt64 = 0
    package internal(set) var priorityZeroSent: UInt64 = 0
    /// Adverts that could not be sent.
    package internal(set) var sendErrors: UInt64 = 0
    /// Adverts sent more than an interval too late (M-13).
    package internal(set) var lateAdvertisements: UInt64 = 0
    package private(set) var advertisementIntervalErrors: UInt64 = 0
    package private(set) var ipTTLErrors: UInt64 = 0
    package private(set) var authenticationErrors: UInt64 = 0
    package private(set) var invalidTypePackets: UInt64 = 0
    /// Also the packets that were accepted although their list differs.
    package internal(set) var addressListErrors: UInt64 = 0
    package private(set) var packetLengthErrors: UInt64 = 0
    package private(set) var checksumErrors: UInt64 = 0
    package private(set) var versionErrors: UInt64 = 0
    package private(set) var virtualRouterIDErrors: UInt64 = 0
    private var drops = InlineArray<13, UInt64>(repeating: 0)

    package init() {
        precondition(DropReason.allCases.count == drops.count, "Every reason to drop a packet needs a counter.")
    }

    /// How many packets the receive checks dropped for this reason.
    package func dropped(_ reason: DropReason) -> UInt64 { drops[Int(reason.rawValue)] }

    /// All packets that the receive checks dropped.
    package var droppedTotal: UInt64 { DropReason.allCases.reduce(0) { $0 + dropped($1) } }

    mutating func count(_ reason: DropReason) {
        drops[Int(reason.rawValue)] += 1
        switch reason {
        case .authenticationType, .password: authenticationErrors += 1
        case .destination, .unknownPeer, .source: break  // The standards have no counter for these.
        case .unknownVirtualRouter: virtualRouterIDErrors += 1
        case .version: versionErrors += 1
        case .timeToLive: ipTTLErrors += 1
        case .intervalZero, .intervalDiffers: advertisementIntervalErrors += 1
        case .noAddresses, .notLinkLocalFirst, .addressListDiffers: addressListErrors += 1
        }
    }

    /// Counts a packet that could not even be decoded.
    mutating func count(_ error: StandardError) {
        switch error {
        case .ipTTL: ipTTLErrors += 1
        case .version: versionErrors += 1
        case .checksum: checksumErrors += 1
        case .virtualRouterID: virtualRouterIDErrors += 1
        case .interval: advertisementIntervalErrors += 1
        case .addressList: addressListErrors += 1
        case .invalidType: invalidTypePackets += 1
        case .packetLength: packetLengthErrors += 1
        }
    }
}
