/// The guard's findings in words: what is seen, what it means, what to do.
import Wire

extension HoldReason {
    /// Every word, for whoever counts by them.
    package static let words = [
        "stale_address", "not_released", "foreign_master", "foreign_advert", "foreign_claim", "silent_interface",
    ]

    /// The documented word that hooks, metrics and the journal see.
    package var word: String {
        switch self {
        case .staleAddress: "stale_address"
        case .notReleased: "not_released"
        case .foreignMaster: "foreign_master"
        case .foreignAdvert: "foreign_advert"
        case .foreignClaim: "foreign_claim"
        case .silentInterface: "silent_interface"
        }
    }

    package func sentence(in config: InstanceConfig) -> String {
        switch self {
        case .staleAddress(let address, let host):
            "\(host) sends no adverts and still answers for \(address): its daemon has died or hangs; end it there, or "
                + "remove the address"
        case .notReleased(let address, let host):
            "\(host) says that it is not master and still answers for \(address); it was asked to let go"
        case .foreignMaster(let advert), .foreignAdvert(let advert):
            advert.sentence(in: config)
        case .silentInterface:
            "no frame has arrived since the interface came up, so this node would not hear a master either"
        case .foreignClaim(let claim):
            "\(claim.hardware), which sends no adverts, answers for \(claim.address): look which host that is"
        }
    }
}

extension ForeignAdvert {
    /// Every word, for whoever counts by them.
    package static let words = [
        "vrid_mismatch", "version_mismatch", "interval_mismatch", "auth_mismatch", "refused_advert",
    ]

    /// The documented word for the kind of difference.
    package var word: String {
        switch difference {
        case .virtualRouterID: "vrid_mismatch"
        case .version: "version_mismatch"
        case .interval: "interval_mismatch"
        case .authentication, .password: "auth_mismatch"
        case .refused: "refused_advert"
        }
    }

    /// Both values and both hosts, so that the operator sees at once what to change.
    package func sentence(in config: InstanceConfig) -> String {
        let what =
            switch difference {
            case .virtualRouterID(let theirs):
                "under virtual_router_id \(theirs), and it is \(config.virtualRouterID) here"
            case .version(let theirs): "in VRRP version \(theirs.rawValue), and it is \(config.version.rawValue) here"
            case .interval(let theirs): "every \(theirs.inWords), and it is every \(config.interval.inWords) here"
            case .authentication: "with another auth_type than here"
            case .password: "with another auth_pass than here"
            case .refused(let reason): "and \(reason.description)"
            }
        return "\(source) advertises an address of this instance \(what); give both nodes the same"
    }
}

extension GuardEvent {
    /// The documented word that hooks, metrics and the journal see.
    package var word: String {
        switch self {
        case .promotionHeld: "promotion_held"
        case .holdEnded: "promotion_hold_ended"
        case .mismatch(let advert): advert.word
        case .addressListDiffers: "address_list_mismatch"
        case .yieldingToForeign: "foreign_master"
        case .addressClaimed: "vip_claim"
        case .localFirewall: "local_firewall_drops_vrrp"
        case .advertsLost: "adverts_lost"
        case .peerSilent: "peer_silent"
        case .peerDeaf: "peer_deaf"
        case .proxyAnswers: "proxy_answers"
        case .deadManExpired: "deadman_expired"
        }
    }

    /// One line for the log, to be read after the name of the instance.
    package func sentence(in config: InstanceConfig) -> String {
        switch self {
        case .promotionHeld(let reason, let limit):
            "does not take over\(limit.map { " for up to \($0.inWords)" } ?? ""): \(reason.sentence(in: config))"
        case .holdEnded(let reason, let span, isGone: true):
            "waited \(span.inWords), and the reason is gone (\(reason.word))"
        case .holdEnded(let reason, let span, isGone: false):
            "has waited \(span.inWords) and waits no longer (\(reason.word))"
        case .mismatch(let advert): advert.sentence(in: config)
        case .addressListDiffers(let source, let theirs):
            "\(source) advertises \(Self.list(theirs)), and \(Self.list(config.virtualAddresses)) is configured here; "
                + "give both nodes the same addresses"
        case .yieldingToForeign(let advert):
            "lets go of its addresses: \(advert.source) with priority \(advert.priority) has the better claim and uses them; "
                + advert.sentence(in: config)
        case .addressClaimed(let claim):
            "\(claim.hardware) uses \(claim.address), which this node holds; announcing it again. Look which host that is"
        case .localFirewall(let peer, isDropping: true):
            "this host's firewall drops the adverts of \(peer): allow \(Self.traffic(config)). "
                + "Until then halua reads them before the firewall"
        case .localFirewall(let peer, isDropping: false): "this host's firewall lets the adverts of \(peer) pass again"
        case .advertsLost(let peer, isLost: true):
            "no adverts arrive from \(peer), its heartbeats do, so it is alive and stays master: something between the "
                + "nodes drops \(Self.traffic(config))"
        case .advertsLost(let peer, isLost: false): "the adverts of \(peer) arrive again"
        case .peerSilent(let peer, isSilent: true):
            "\(peer) does not answer on the guard channel any more: it is down, or cut off and about to take over"
        case .peerSilent(let peer, isSilent: false): "\(peer) answers on the guard channel again"
        case .peerDeaf(let peer, yielding: true):
            "\(peer) is master too, with the lower rank, and hears nobody; this node hears, so it gives way. Look for what "
                + "drops \(Self.traffic(config)) on \(peer)"
        case .peerDeaf(let peer, yielding: false):
            "\(peer) is master too, with the lower rank, and hears nobody; defending the address (deaf_peer defend). Look "
                + "for what drops \(Self.traffic(config)) on \(peer)"
        case .proxyAnswers(let hardware):
            "\(hardware) answers for addresses that nobody has (proxy ARP): its answers do not count"
        case .deadManExpired(let span):
            "the kernel ended the service of the addresses by itself: this daemon was stopped or got no processor time, and "
                + "renewed nothing for \(span.inWords)"
        }
    }

    private static func list(_ addresses: [IPAddress]) -> String { addresses.map { "\($0)" }.joined(separator: ", ") }

    /// What a firewall has to let in.
    private static func traffic(_ config: InstanceConfig) -> String {
        let group = config.family == .ipv4 ? "224.0.0.18" : "ff02::12"
        return config.receive.isUnicast ? "IP protocol 112 from the peers" : "IP protocol 112 to \(group)"
    }
}
