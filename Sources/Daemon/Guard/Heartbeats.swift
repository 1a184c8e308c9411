/// The daemon's side of the guard channel: what this node says with every advert and transition, and what the others say.
import ControlProtocol
import KeepalivedConf
import LinuxIO
import VRRPCore
import Wire

extension Daemon: GuardSink {
    func guardStatement(of id: InstanceID) -> GuardStatement? {
        guard let runtime = runtimes[id], router.contains(id) else { return nil }
        wakeOverslept(runtime)
        let standing = router.standing(of: id)
        var flags: GuardMessage.Flags = []
        if runtime.link?.isUsable == true, runtime.source != nil { flags.insert(.interfaceUsable) }
        if standing.state != .fault { flags.insert(.checksPassed) }
        return GuardStatement(
            state: GuardMessage.State(standing.state), priority: standing.priority,
            interval: router.adverts(of: id).interval, primaryAddress: runtime.source, flags: flags)
    }

    /// A process that was stopped finds questions waiting when it goes on. Before it answers that it is master, the core
    /// must see how late it is, and step back; any input makes it look.
    private func wakeOverslept(_ runtime: InstanceRuntime) {
        guard let due = router.adverts(of: runtime.id).due, due < now else { return }
        feed(.sourceAddress(runtime.source), to: runtime.id)
    }

    func advertHeard(from address: IPAddress, by id: InstanceID) -> Time? {
        guard router.contains(id), let master = router[id].master, master.address == address else { return nil }
        return master.lastHeard
    }

    func heard(_ message: GuardMessage, by id: InstanceID, onPath path: Int, from source: IPAddress) {
        learn(.heartbeat(Heartbeat(message, from: source, to: channel.nonce)), for: id)
    }

    /// A heartbeat beside every advert: where one of the two does not arrive, the other does.
    func sendHeartbeat(for id: InstanceID) { channel.send(.heartbeat, for: id, to: .everybody) }

    func tell(_ word: Heartbeat.Word, to peer: IPAddress, by id: InstanceID) {
        let kind: GuardMessage.Kind =
            switch word {
            // A question says this node's state, and brings the other's.
            case .state: .query
            case .yielded: .yielded
            case .releaseRequest: .releaseRequest
            }
        channel.send(kind, for: id, to: .host(peer))
    }

    /// The nodes that are heard, for the status.
    func guardPeers(of id: InstanceID) -> [ControlProtocol.GuardPeerStatus] {
        channel.peers(of: id).map { peer in
            ControlProtocol.GuardPeerStatus(
                address: (peer.primaryAddress ?? peer.paths.lazy.compactMap(\.address).first).map { "\($0)" }
                    ?? "unknown",
                state: peer.state.coreState.name, priority: Int(peer.priority),
                paths: peer.paths.map { path in
                    .init(
                        interface: path.interface, heardMs: path.heardAgo.map { Int($0.inNanoseconds / 1_000_000) })
                })
        }
    }

    // MARK: Paths

    /// Speak for the instances as they and the interfaces are now.
    func applyChannel() {
        let sources = SourceAddresses(of: self)
        let plans = router.ids.compactMap { id in
            runtimes[id].flatMap { GuardPlan($0, network: network, sources: sources) }
        }
        channelPaths = Set(plans.flatMap(\.paths))
        channel.apply(plans, port: configuration.global.guardPort)
    }

    /// Whether one of these interfaces is a path of the channel that has become another: up or down, or with other
    /// addresses of the host's own. Virtual addresses come and go by hundreds, and change nothing here.
    func changesChannel(_ names: Set<String>, _ sources: SourceAddresses) -> Bool {
        let known = Dictionary(channelPaths.map { ($0.name, Set($0.addresses)) }) { $0.union($1) }
        let usable = Set(channelPaths.filter { $0.interface != nil }.map(\.name))
        return names.contains { name in
            guard let addresses = known[name] else { return false }
            let link = network.link(named: name).flatMap { $0.isUsable ? $0 : nil }
            return usable.contains(name) != (link != nil) || addresses != Set(link.map { sources.own(on: $0) } ?? [])
        }
    }
}
