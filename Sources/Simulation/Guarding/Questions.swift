/// Who has an address? Kernels answer that, also those whose daemon is dead; and proxies, for everybody.
import VRRPCore
import Wire

extension World {
    /// More virtual addresses than these are not asked for.
    private static let mostQuestions = 4
    /// 192.0.2.1, which nobody has: whoever answers for it answers for everything.
    static let decoy = IPAddress.v4(IPv4Address(rawValue: 0xc000_0201))

    /// A round of questions, as the core asks for it. With each round the daemon looks for proxies too.
    func ask(_ probe: Probe, _ instance: InstanceID, _ node: Node) {
        if node.isLinkUp, node.sendError == nil {
            if probe.asksForAddresses {
                ask(Self.decoy, node)
                for address in node.instances[instance.index].virtualAddresses.prefix(Self.mostQuestions) {
                    ask(address, node)
                }
            }
            if let host = probe.host { ask(host, node) }
        }
        guard let host = probe.host, let peer = nodes.first(where: { $0.address == host }) else { return }
        sendBeat(.state, instance, node, to: peer, wantsAnswer: true)
    }

    private func ask(_ address: IPAddress, _ node: Node) {
        let frame = Frame(sender: node.id, cast: .broadcast, payload: .question(address))
        for other in nodes where other !== node { transmit(frame, to: other.id) }
        for stranger in strangers { transmit(frame, to: stranger.id) }
    }

    /// Whether a node's kernel has the address, its own or a virtual one.
    func isAnswered(_ address: IPAddress, by node: Node) -> Bool {
        if node.address == address { return true }
        return addresses.ids.contains { addresses[$0] == address && addresses.isHeld($0, by: node.id) }
    }

    /// A stranger is asked. Clients have no address that anybody asks for.
    func answer(_ address: IPAddress, askedBy asker: StationID, _ station: StationID) {
        guard let stranger = strangers.first(where: { $0.id == station }),
            stranger.isProxy || stranger.uses == address
        else { return }
        transmit(Frame(sender: station, cast: .unicast, payload: .answer(address)), to: asker)
    }

    /// An answer or an announcement that the daemon's packet socket has caught.
    func hearClaim(_ address: IPAddress, by hardware: MACAddress, isAnswer: Bool, _ node: Node) {
        for index in node.instances.indices where node.instances[index].guarding != nil {
            let news: GuardNews
            if node.instances[index].virtualAddresses.contains(address) {
                news = .claim(AddressClaim(address, by: hardware))
            } else if address == Self.decoy {
                news = .decoyAnswered(hardware)
            } else if isAnswer, !addresses.addresses.contains(address) {
                news = .hostAnswered(address, hardware)
            } else {
                continue
            }
            handle(.guarding(news), InstanceID(index), node)
        }
    }
}
