/// The rules about an instance's addresses and about its unicast peers.
import Wire

struct AddressRules {
    let findings: Findings
    let host: HostFacts

    func settle(_ draft: InstanceDraft, _ settings: inout InstanceSettings) {
        requireAddresses(draft, settings)
        requireOneFamily(draft, settings)
        findDuplicates(draft, settings)
        compareWithNodes(draft, settings)
        for (address, word) in zip(
            settings.addresses + settings.excludedAddresses, draft.addressWords + draft.excludedWords)
        {
            if let name = address.interface { host.require(name, at: word, findings) }
        }
        if settings.family == .ipv6, let first = settings.addresses.first, !first.address.isLinkLocal {
            findings.warn(
                "the first address of an IPv6 instance should be link-local (fe80::…)", at: draft.addressWords[0],
                hint:
                    "RFC 9568 §5.2.9 wants one; without it routers that follow it to the letter may refuse the adverts")
        }
        moveSurplus(draft, &settings)
    }

    private func requireAddresses(_ draft: InstanceDraft, _ settings: InstanceSettings) {
        guard draft.addressLineCount == 0, draft.places["no_virtual_ipaddress"] == nil else { return }
        let hint = "write virtual_ipaddress { ADDRESS/PREFIX }"
        switch settings.version {
        case .v2:
            // A block that some other mistake hid is no news.
            guard !findings.hasErrors else { return }
            findings.warn("vrrp_instance \"\(draft.name.text)\" has no virtual_ipaddress", at: draft.name, hint: hint)
        case .v3:
            findings.error("vrrp_instance \"\(draft.name.text)\" has no virtual_ipaddress", at: draft.name, hint: hint)
        }
    }

    private func requireOneFamily(_ draft: InstanceDraft, _ settings: InstanceSettings) {
        for (address, word) in zip(settings.addresses, draft.addressWords)
        where address.address.family != settings.family {
            let (this, others) = settings.family == .ipv4 ? ("IPv6", "IPv4") : ("IPv4", "IPv6")
            findings.error(
                "\(word.text) is \(this), but the first address of this instance is \(others)", at: word,
                hint: "move it to virtual_ipaddress_excluded, or into an instance of its own")
        }
    }

    private func findDuplicates(_ draft: InstanceDraft, _ settings: InstanceSettings) {
        var seen: [IPAddress: Word] = [:]
        let addresses = settings.addresses + settings.excludedAddresses
        for (address, word) in zip(addresses, draft.addressWords + draft.excludedWords) {
            guard let before = seen.updateValue(word, forKey: address.address) else { continue }
            findings.error(
                "\(address.address) is listed twice", at: word,
                hint: "remove one; the other is on line \(before.location.line)")
        }
    }

    private func compareWithNodes(_ draft: InstanceDraft, _ settings: InstanceSettings) {
        for (address, word) in zip(settings.addresses, draft.addressWords) {
            if address.address == settings.sourceAddress {
                findings.error(
                    "\(address.address) is a VIP and the source of adverts", at: word,
                    hint: "the source must be an address this node always holds")
            }
            if settings.unicastPeers.contains(where: { $0.address == address.address }) {
                findings.error(
                    "\(address.address) is a VIP and a unicast_peer", at: word,
                    hint: "a peer is named by an address it always holds")
            }
        }
    }

    /// An advert holds 255 addresses at most and must fit into one packet. keepalived keeps the rest out of it.
    private func moveSurplus(_ draft: InstanceDraft, _ settings: inout InstanceSettings) {
        let unit = host.maximumTransmissionUnit(of: settings.interface)
        let headers = (settings.family == .ipv4 ? 20 : 40) + 8 + (settings.version == .v2 ? 8 : 0)
        let fitting = min(255, max(1, (unit - headers) / settings.family.addressLength))
        guard settings.addresses.count > fitting else { return }
        findings.warn(
            "\(settings.addresses.count) addresses are more than an advert can hold; those from here on are left out of it",
            at: draft.addressWords[fitting],
            hint: "\(fitting) fit (255, and MTU \(unit)); move the rest to virtual_ipaddress_excluded on every node")
        settings.excludedAddresses = Array(settings.addresses[fitting...]) + settings.excludedAddresses
        settings.addresses = Array(settings.addresses[..<fitting])
    }
}

struct UnicastRules {
    let findings: Findings

    func settle(_ draft: InstanceDraft, _ settings: inout InstanceSettings) {
        checkSource(draft, settings)
        checkGroup(draft, &settings)
        guard draft.hasPeerBlock else {
            if let word = draft.places["unicast_src_ip"] {
                findings.warn(
                    "unicast_src_ip without unicast_peer: adverts are multicast from this address", at: word,
                    hint: "write unicast_peer { ADDRESS… }, or mcast_src_ip")
            }
            return
        }
        var seen: [IPAddress: Word] = [:]
        var peers: [UnicastPeer] = []
        var isRefused = draft.peerLineCount > draft.peerWords.count
        for (peer, word) in zip(settings.unicastPeers, draft.peerWords) {
            if let before = seen.updateValue(word, forKey: peer.address) {
                isRefused = true
                findings.error(
                    "peer \(peer.address) is listed twice", at: word,
                    hint: "remove one; the other is on line \(before.location.line)")
            } else if peer.address.family != settings.family {
                isRefused = true
                let family = settings.family == .ipv4 ? "IPv4" : "IPv6"
                findings.error(
                    "peer \(peer.address) is of another family than the addresses", at: word,
                    hint: "this instance speaks \(family); name the peer's \(family) address")
            } else if peer.address == settings.sourceAddress {
                findings.warn(
                    "\(peer.address) is this node itself and is left out of its peers", at: word,
                    hint: "one list may serve all nodes; nothing needs to be done")
            } else {
                peers.append(peer)
            }
            if let least = peer.minimumTTL, let most = peer.maximumTTL, least > most {
                findings.error(
                    "min_ttl \(least) is above max_ttl \(most)", at: word, hint: "no advert could pass; swap them")
            }
            if peer.minimumTTL != nil || peer.maximumTTL != nil { settings.checksUnicastSource = true }
        }
        if peers.isEmpty && !isRefused {
            findings.error(
                "unicast_peer names no other node", at: draft.place("unicast_peer"),
                hint: "name the other nodes' addresses, or remove the block to use multicast")
        }
        settings.unicastPeers = peers
    }

    private func checkSource(_ draft: InstanceDraft, _ settings: InstanceSettings) {
        guard let source = settings.sourceAddress else { return }
        let word = draft.places["unicast_src_ip"] ?? draft.place("mcast_src_ip")
        if let kind = source.unusableKind {
            findings.error("\(source) is \(kind)", at: word, hint: "name an address of this node")
        } else if source.family != settings.family {
            findings.error(
                "the source \(source) is of another family than the addresses", at: word,
                hint: "name this node's \(settings.family == .ipv4 ? "IPv4" : "IPv6") address")
        }
        if draft.places["unicast_src_ip"] != nil, let other = draft.places["mcast_src_ip"] {
            findings.warn(
                "mcast_src_ip beside unicast_src_ip: the last one written counts", at: other, hint: "remove one")
        }
    }

    private func checkGroup(_ draft: InstanceDraft, _ settings: inout InstanceSettings) {
        guard let group = settings.multicastDestination else { return }
        let word = draft.place("mcast_dst_ip")
        if !group.isMulticast {
            findings.error(
                "\(group) is not a multicast address", at: word, hint: "224.0.0.18 and ff02::12 are VRRP's groups")
        } else if group.family != settings.family {
            findings.error(
                "\(group) is of another family than the addresses", at: word, hint: "name a group of their family")
        } else if draft.hasPeerBlock {
            findings.warn("mcast_dst_ip has no effect beside unicast_peer", at: word, hint: "remove one of them")
            settings.multicastDestination = nil
        }
    }
}
