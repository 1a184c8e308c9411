/// The rules of a guard that need the instance around it: who can be a peer, and which path is a second one.
import Wire

struct GuardRules {
    let findings: Findings
    let host: HostFacts

    /// The most second paths of one instance.
    private static let mostInterfaces = 4

    /// `settings`: those of the instance, with its addresses settled.
    func settle(_ draft: GuardDraft, of settings: inout InstanceSettings) {
        settings.guardSettings = draft.settings
        settlePeers(draft, &settings)
        settleInterfaces(draft, &settings)
        warnOfIdleWords(draft)
    }

    private func settlePeers(_ draft: GuardDraft, _ settings: inout InstanceSettings) {
        let held = Set((settings.addresses + settings.excludedAddresses).map(\.address))
        for (peer, word) in zip(draft.settings.peers, draft.peerWords) {
            if held.contains(peer) {
                findings.error(
                    "\(peer) is a VIP of \"\(settings.name)\" and no node's own address", at: word,
                    hint: "name the address that the other node always has")
            } else if peer == settings.sourceAddress {
                // One list may serve all nodes.
                settings.guardSettings.peers.removeAll { $0 == peer }
            }
        }
        let count = settings.guardPeers.count
        if count > InstanceSettings.mostGuardPeers, let word = draft.peerWords.last {
            findings.error(
                "\"\(settings.name)\" has \(count) peers, more than the guard speaks to", at: word,
                hint: "name at most \(InstanceSettings.mostGuardPeers), those of unicast_peer included")
        }
    }

    private func settleInterfaces(_ draft: GuardDraft, _ settings: inout InstanceSettings) {
        for (name, word) in zip(draft.settings.heartbeatInterfaces, draft.interfaceWords) {
            if name == settings.interface {
                settings.guardSettings.heartbeatInterfaces.removeAll { $0 == name }
                // An inherited list may name the interface of some instances; only what is written here is a slip.
                guard draft.places["heartbeat_interfaces"] != nil else { continue }
                findings.warn(
                    "\(name) is the interface of \"\(settings.name)\" itself and no second path", at: word,
                    hint: "name another interface; the instance's own is always used")
            } else if name == "lo" || host.interfaces?[name]?.isLoopback == true {
                findings.error(
                    "\"\(name)\" is a loopback interface, which reaches no other node", at: word,
                    hint: "name an interface that the nodes share")
            } else {
                host.require(name, at: word, findings)
            }
        }
        if draft.settings.heartbeatInterfaces.count > Self.mostInterfaces, let word = draft.interfaceWords.last {
            findings.error(
                "\(draft.settings.heartbeatInterfaces.count) heartbeat interfaces are too many", at: word,
                hint: "name at most \(Self.mostInterfaces)")
        }
    }

    /// Words of a guard or a channel that is off.
    private func warnOfIdleWords(_ draft: GuardDraft) {
        guard draft.settings.isOn else {
            let idle = draft.places.filter { !["on", "off"].contains($0.key) }
            guard let (name, word) = idle.min(by: { $0.value.location.line < $1.value.location.line }) else { return }
            findings.warn(
                "\"\(name)\" has no effect: this guard is off", at: word, hint: "remove it, or write on")
            return
        }
        guard !draft.settings.hasChannel else { return }
        for name in ["key", "key_file", "peers", "heartbeat_interfaces"] {
            guard let word = draft.places[name] else { continue }
            findings.warn(
                "\"\(name)\" has no effect: the channel is off", at: word, hint: "remove it, or write channel on")
        }
    }
}
