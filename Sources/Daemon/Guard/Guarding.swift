/// The guard's effects and news: what the core asks of the wire, and what comes back.
import KeepalivedConf
import LinuxIO
import VRRPCore
import Wire

extension Daemon: EarsSink {
    func learn(_ news: GuardNews, for id: InstanceID) {
        guard let runtime = runtimes[id] else { return }
        if case .claim(let claim) = news, runtime.held.isEmpty { runtime.formerHolder = claim.hardware }
        if case .tapped(let advert) = news { channel.noteAdvert(from: advert.source, for: id) }
        guardRecords.count(news, of: id)
        note(news, in: examination, runtime)
        feed(.guarding(news), to: id)
    }

    func hearBeforeFirewall(_ packet: RawSpan, _ type: EtherType, on interface: UInt32) {
        receivers.hearBeforeFirewall(packet, type, on: interface)
    }

    func noteAddressList(_ theirs: [IPAddress], of source: IPAddress, for id: InstanceID) {
        guard let runtime = runtimes[id] else { return }
        publisher.publish(
            .guarded(.addressListDiffers(source, theirs: theirs)), of: id, router[id],
            interface: runtime.settings.interface, now: loop.now)
    }

    private func note(_ news: GuardNews, in examination: Examination?, _ runtime: InstanceRuntime) {
        guard let examination else { return }
        if case .foreignAdvert(let advert) = news, examination.isNews(advert, of: runtime.id) {
            prober.ask(Probe(asksForAddresses: false, host: advert.source), of: runtime)
        }
        examination.note(news, of: runtime.id)
    }

    var ownHardware: Set<MACAddress> { Set(network.allLinks.compactMap(\.mac)) }

    /// Hear what stations say on the interfaces of these instances.
    func listenToStations(_ ordered: [InstanceRuntime]) {
        ears.listen(for: ordered, network: network)
        let configured = configuration.instances.flatMap { settings in
            (settings.addresses + settings.excludedAddresses).map(\.address) + settings.guardPeers
        }
        prober.known = Set(configured).union(network.allAddresses.map(\.prefix.address))
    }

    func listenBeforeFirewall(_ isWanted: Bool, _ runtime: InstanceRuntime) {
        runtime.wantsTap = isWanted
        followFirewallWishes(of: runtime)
    }

    func followFirewallWishes(of runtime: InstanceRuntime) {
        guard let link = runtime.link else { return }
        let isWanted = runtimes.values.contains { $0.hearsBeforeFirewall && $0.link?.index == link.index }
        receivers.setTap(on: link.index, isWanted: isWanted)
        ears.hearAdverts(receivers.tapped[link.index] != nil, on: link.index)
    }

    /// The kernel does not say who else has the address; a question does, and its answer is a claim like any other.
    func addressIsDuplicate(_ address: InterfaceAddress) {
        for runtime in runtimes.values where runtime.isGuarded {
            guard let place = runtime.allAddresses.firstIndex(where: { $0.address == address.prefix.address }) else {
                continue
            }
            runtime.nextQuestion = place
            prober.ask(Probe(), of: runtime)
        }
    }
}
