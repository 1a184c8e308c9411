/// Adverts for our addresses that are not of our virtual router: another number, version, password, interval or list.
import KeepalivedConf
import LinuxIO
import VRRPCore
import Wire

/// A decoded advert on its way through the receivers.
struct Sighting {
    var advert: Advert
    var source: IPAddress
    var timeToLive: UInt8?
    var way: AdvertReceivers.Way
    /// The instance with the advert's number, if there is one.
    var instance: InstanceRuntime?
    /// What it has against the advert.
    var refusal: DropReason?
}

extension AdvertReceivers {
    /// Who has which address, by interface, of those with a guard.
    func virtualAddresses(of runtimes: [InstanceRuntime]) -> [UInt32: [IPAddress: [InstanceRuntime]]] {
        var found: [UInt32: [IPAddress: [InstanceRuntime]]] = [:]
        for runtime in runtimes where runtime.hasEars {
            guard let link = runtime.link else { continue }
            for address in runtime.allAddresses.map(\.address) {
                found[link.index, default: [:]][address, default: []].append(runtime)
            }
        }
        return found
    }

    /// Tells every instance with an address of the list, but not the one that has accepted the advert. Returns whether
    /// there was one. Costs a look-up for each address, and allocates nothing.
    @discardableResult
    func tellConcerned(_ sighting: Sighting, _ message: RawSpan, _ listener: Listener) -> Bool {
        guard !listener.virtual.isEmpty else { return false }
        concerned.removeAll(keepingCapacity: true)
        for index in 0..<Int(sighting.advert.addressCount) {
            let address = sighting.advert.address(index, in: message, family: listener.receiver.family)
            guard let owners = listener.virtual[address] else { continue }
            for owner in owners where isConcerned(owner, by: sighting) && !concerned.contains(where: { $0 === owner }) {
                concerned.append(owner)
            }
        }
        for index in concerned.indices {
            let owner = concerned[index]
            let foreign = ForeignAdvert(
                source: sighting.source, priority: sighting.advert.priority, interval: sighting.advert.interval,
                difference: difference(sighting, for: owner))
            tell(.foreignAdvert(foreign), sighting, to: owner.id, listener)
        }
        return !concerned.isEmpty
    }

    /// An advert from somewhere else than this link may be anybody's; plain VRRP does not believe it either.
    private func isConcerned(_ owner: InstanceRuntime, by sighting: Sighting) -> Bool {
        guard owner !== sighting.instance || sighting.refusal != nil, owner.source != sighting.source else {
            return false
        }
        return sighting.timeToLive == 255 || owner.settings.unicastPeers.contains { $0.address == sighting.source }
    }

    private func difference(_ sighting: Sighting, for owner: InstanceRuntime) -> AdvertDifference {
        guard owner === sighting.instance, let refusal = sighting.refusal else {
            return .virtualRouterID(sighting.advert.virtualRouterID)
        }
        return switch refusal {
        case .version: .version(sighting.advert.version)
        case .intervalDiffers: .interval(sighting.advert.interval)
        case .authenticationType: .authentication
        case .password: .password
        case .unknownVirtualRouter, .timeToLive, .destination, .unknownPeer, .source, .intervalZero, .noAddresses,
            .notLinkLocalFirst, .addressListDiffers:
            .refused(refusal)
        }
    }

    /// An accepted advert with another list: said with both lists, and told to whoever else has an address of it.
    func noteAddressList(_ sighting: Sighting, _ message: RawSpan, _ runtime: InstanceRuntime, _ listener: Listener) {
        tellConcerned(sighting, message, listener)
        guard complaints.admit(.addressList(runtime.id, of: sighting.source), now: loop.now) != nil,
            differingLists.admit(runtime.id, now: loop.now, burst: 4) != nil
        else { return }
        let theirs = sighting.advert.addresses(in: message, family: listener.receiver.family)
        sink?.noteAddressList(theirs, of: sighting.source, for: runtime.id)
    }

    /// News go to the core at once, those of the tap when it is known that nothing else delivered the advert.
    func tell(_ news: GuardNews, _ sighting: Sighting, to id: InstanceID, _ listener: Listener) {
        switch sighting.way {
        case .socket: sink?.learn(news, for: id)
        case .tap: hold(news, sighting, id, listener)
        }
    }
}
