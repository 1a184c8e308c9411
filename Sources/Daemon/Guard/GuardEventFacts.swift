/// What a guard event is about, in plain values for log fields, hooks and rate limits.
import VRRPCore
import Wire

extension GuardEvent {
    /// Whether somebody should look; else it is good news, or for information.
    package var isAlarm: Bool {
        switch self {
        case .holdEnded(_, _, let isGone): !isGone
        case .localFirewall(_, let isDropping): isDropping
        case .advertsLost(_, let isLost): isLost
        case .peerSilent(_, let isSilent): isSilent
        case .proxyAnswers: false
        case .promotionHeld, .mismatch, .addressListDiffers, .yieldingToForeign, .addressClaimed, .peerDeaf,
            .deadManExpired:
            true
        }
    }

    /// The address of the other node, when it is known.
    package var peer: String? {
        switch self {
        case .promotionHeld(let reason, _), .holdEnded(let reason, _, _): reason.peer.map { "\($0)" }
        case .mismatch(let advert), .yieldingToForeign(let advert): "\(advert.source)"
        case .addressListDiffers(let peer, _), .localFirewall(let peer, _), .advertsLost(let peer, _),
            .peerSilent(let peer, _), .peerDeaf(let peer, _):
            "\(peer)"
        case .addressClaimed, .proxyAnswers, .deadManExpired: nil
        }
    }

    /// The other station, where only that is known.
    package var hardware: MACAddress? {
        switch self {
        case .promotionHeld(.foreignClaim(let claim), _), .holdEnded(.foreignClaim(let claim), _, _),
            .addressClaimed(let claim):
            claim.hardware
        case .proxyAnswers(let hardware): hardware
        case .promotionHeld, .holdEnded, .mismatch, .addressListDiffers, .yieldingToForeign, .localFirewall,
            .advertsLost, .peerSilent, .peerDeaf, .deadManExpired:
            nil
        }
    }

    /// The virtual address that it is about, when it is about one.
    package var virtualAddress: String? {
        switch self {
        case .promotionHeld(let reason, _), .holdEnded(let reason, _, _): reason.virtualAddress.map { "\($0)" }
        case .addressClaimed(let claim): "\(claim.address)"
        case .mismatch, .addressListDiffers, .yieldingToForeign, .localFirewall, .advertsLost, .peerSilent, .peerDeaf,
            .proxyAnswers, .deadManExpired:
            nil
        }
    }

    /// The word of the reason, for a promotion that is held.
    package var reason: String? {
        switch self {
        case .promotionHeld(let reason, _), .holdEnded(let reason, _, _): reason.word
        case .mismatch, .addressListDiffers, .yieldingToForeign, .addressClaimed, .localFirewall, .advertsLost,
            .peerSilent, .peerDeaf, .proxyAnswers, .deadManExpired:
            nil
        }
    }
}

extension HoldReason {
    fileprivate var peer: IPAddress? {
        switch self {
        case .staleAddress(_, let host), .notReleased(_, let host): host
        case .foreignMaster(let advert), .foreignAdvert(let advert): advert.source
        case .foreignClaim, .silentInterface: nil
        }
    }

    fileprivate var virtualAddress: IPAddress? {
        switch self {
        case .staleAddress(let address, _), .notReleased(let address, _): address
        case .foreignClaim(let claim): claim.address
        case .foreignMaster, .foreignAdvert, .silentInterface: nil
        }
    }
}
