/// Adverts that are read before this host's firewall: those that only the tap has seen were dropped by it.
import LinuxIO
import Logging
import VRRPCore
import Wire

extension AdvertReceivers {
    /// Which interfaces are read before the firewall, as their instances want it. The sockets may be others than before.
    func setTaps(_ runtimes: some Sequence<InstanceRuntime>) {
        tapped = [:]
        for runtime in runtimes where runtime.hearsBeforeFirewall {
            if let link = runtime.link { setTap(on: link.index, isWanted: true) }
        }
    }

    /// The same for one interface.
    func setTap(on interface: UInt32, isWanted: Bool) {
        guard isWanted != (tapped[interface] != nil) else { return }
        let readers = listeners.values.filter { $0.receiver.interface.index == interface }
        tapped[interface] = isWanted && !readers.isEmpty ? readers : nil
    }

    /// An IP packet with VRRP, in whatever state the firewall would have found it. What cannot be decoded here could not
    /// be decoded there; the VRRP socket counts it.
    func hearBeforeFirewall(_ packet: RawSpan, _ type: EtherType, on interface: UInt32) {
        do throws(DecodeError) {
            if type == .ipv4 {
                let header = try IPv4Header(decoding: packet, carrying: .vrrp)
                guard let listener = listener(to: .v4(header.destination), on: interface) else { return }
                try deliver(
                    packet.extracting(header.payload), from: .v4(header.source), to: .v4(header.destination),
                    timeToLive: header.timeToLive, listener, by: .tap)
            } else if type == .ipv6 {
                let header = try IPv6Header(decoding: packet)
                guard header.nextHeader == .vrrp, let listener = listener(to: .v6(header.destination), on: interface)
                else { return }
                try deliver(
                    packet.extracting(header.payload), from: .v6(header.source), to: .v6(header.destination),
                    timeToLive: header.hopLimit, listener, by: .tap)
            }
        } catch {
            logger.trace("before the firewall: \(error)")
        }
    }

    /// The socket that should deliver a packet to this address.
    private func listener(to destination: IPAddress, on interface: UInt32) -> Listener? {
        tapped[interface]?.first {
            switch $0.receiver.kind {
            case .multicast(let group): group == destination
            case .unicast(let address): address == destination
            }
        }
    }

    func noteDelivered(_ sighting: Sighting, _ listener: Listener) {
        let interface = listener.receiver.interface.index
        guard tapped[interface] != nil else { return }
        comparison.noteDelivered(
            interface: interface, source: sighting.source, virtualRouterID: sighting.advert.virtualRouterID,
            now: loop.now)
    }

    func hold(_ news: GuardNews, _ sighting: Sighting, _ id: InstanceID, _ listener: Listener) {
        comparison.hold(
            TapComparison.Pending(
                interface: listener.receiver.interface.index, source: sighting.source,
                virtualRouterID: sighting.advert.virtualRouterID, arrived: loop.now, instance: id, news: news))
        armJudgement()
    }

    private func armJudgement() {
        guard !isJudging, let due = comparison.nextDue else { return }
        isJudging = true
        loop.after(.nanoseconds(max(0, due - loop.time)), judgeTapped)
    }

    func judge() {
        isJudging = false
        while let advert = comparison.nextDropped(now: loop.now) {
            // Who has not read all that waits cannot say that something is missing.
            guard tapped[advert.interface]?.contains(where: \.isBehind) == false else { continue }
            sink?.learn(advert.news, for: advert.instance)
        }
        armJudgement()
    }
}
