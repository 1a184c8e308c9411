/// Adverts that do not reach the state machine by themselves: refused ones, those of others, and those of a firewall.
import VRRPCore
import Wire

extension World {
    /// An advert that this instance does not believe, but that names one of its addresses.
    func noteForeign(_ packet: ReceivedPacket, _ list: [IPAddress], _ instance: InstanceID, _ node: Node) {
        guard node.instances[instance.index].guarding != nil,
            list.contains(where: node.instances[instance.index].virtualAddresses.contains),
            case .drop(let reason) = node.instances[instance.index].verdict(on: packet)
        else { return }
        let advert = packet.advert
        let difference: AdvertDifference =
            switch reason {
            case .unknownVirtualRouter: .virtualRouterID(advert.virtualRouterID)
            case .version: .version(advert.version)
            case .intervalDiffers: .interval(advert.interval)
            case .authenticationType: .authentication
            case .password: .password
            case .timeToLive, .destination, .unknownPeer, .source, .intervalZero, .noAddresses, .notLinkLocalFirst,
                .addressListDiffers:
                .refused(reason)
            }
        let foreign = ForeignAdvert(
            source: packet.source, priority: advert.priority, interval: advert.interval, difference: difference)
        handle(.guarding(.foreignAdvert(foreign)), instance, node)
    }

    /// The host's firewall drops the advert above the tap; whether that is read is the core's wish.
    func readBeforeFirewall(
        _ packet: ReceivedPacket, _ list: [IPAddress], _ instance: InstanceID, _ node: Node
    ) {
        guard node.openTaps[instance.index] else { return }
        switch node.instances[instance.index].verdict(on: packet) {
        case .accept(let advert, _): handle(.guarding(.tapped(advert)), instance, node)
        case .drop: noteForeign(packet, list, instance, node)
        }
    }
}
