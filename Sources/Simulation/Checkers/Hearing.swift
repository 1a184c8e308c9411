/// By which ways one node's daemon can know that another one is master, and since when.
import VRRPCore
import Wire

extension World {
    /// Since when `listener` has been able to hear by some way that `speaker` is master, with nothing wrong at either;
    /// nil: it is not able now.
    func hearing(_ listener: Node, _ mine: InstanceID, of speaker: Node, _ theirs: InstanceID) -> Time? {
        guard listener.isAttentive(at: now), speaker.isAttentive(at: now) else { return nil }
        let config = listener.instances[mine.index]
        let undisturbed = max(listener.disturbedAt, speaker.disturbedAt)
        let way = network.healthySince(from: speaker.id, to: listener.id)
        var since: Time?
        func add(_ way: Time?) {
            guard let way else { return }
            since = min(since ?? way, way)
        }
        let readsAdverts = listener.firewall == .open || config.guarding?.obeysTap ?? false
        if readsAdverts, believes(config, speaker.instances[theirs.index]) { add(way) }
        if speaks(listener, mine, speaker, theirs), listener.firewall != .everything {
            add(way)
            if hasHeartbeatSegment { add(heartbeatNetwork.healthySince(from: speaker.id, to: listener.id)) }
        }
        return since.map { max($0, undisturbed) }
    }

    /// Whether the receive checks of one accept the adverts of the other.
    private func believes(_ mine: InstanceConfig, _ theirs: InstanceConfig) -> Bool {
        let packet = ReceivedPacket(
            advert: Advert(
                version: theirs.version, virtualRouterID: theirs.virtualRouterID, priority: 100,
                addressCount: UInt8(clamping: theirs.virtualAddresses.count), interval: theirs.interval,
                authentication: theirs.receive.authentication, checksumForm: .message),
            source: InstanceConfig.standardAddress, destination: mine.receive.isUnicast ? .host : .group,
            addressList: mine.virtualAddresses == theirs.virtualAddresses ? .same : .different)
        guard mine.receive.isUnicast == theirs.receive.isUnicast, case .accept = mine.verdict(on: packet) else {
            return false
        }
        return true
    }

    /// Both have a guard with a channel, and count each other to the same addresses.
    private func speaks(_ one: Node, _ mine: InstanceID, _ other: Node, _ theirs: InstanceID) -> Bool {
        let (left, right) = (one.instances[mine.index], other.instances[theirs.index])
        return left.guarding != nil && right.guarding != nil && one.traits.hasChannel && other.traits.hasChannel
            && (left.virtualRouterID == right.virtualRouterID || left.virtualAddresses == right.virtualAddresses)
    }

    /// Since when two nodes that do not understand each other can find each other out: by their adverts, which are
    /// refused, and by ARP; nil: they cannot.
    func exposure(_ listener: Node, _ mine: InstanceID, of speaker: Node, _ theirs: InstanceID) -> Time? {
        guard listener.instances[mine.index].guarding?.probes ?? false, listener.firewall == .open,
            !believes(listener.instances[mine.index], speaker.instances[theirs.index])
        else { return nil }
        return undisturbedSince(listener, speaker)
    }

    /// Since when a node that hears another could have found out that it is not heard itself; nil: it is heard, or cannot
    /// find out.
    func deafness(of other: Node, _ theirs: InstanceID, to node: Node, _ mine: InstanceID) -> Time? {
        guard node.instances[mine.index].guarding?.deafPeer == .yield, node.firewall == .open,
            hearing(other, theirs, of: node, mine) == nil,
            believes(node.instances[mine.index], other.instances[theirs.index])
        else { return nil }
        return undisturbedSince(node, other)
    }

    /// Strangers do nothing, and what they did before is forgotten: three forged intervals and a second, and a little.
    func isFreeOfStrangers(since start: Time) -> Bool {
        strangers.allSatisfy(\.isQuiet) && (strangers.isEmpty || start - strangerChanged > .seconds(5))
    }

    /// Whether one master has the better claim (RFC 9568 §6.4.3).
    func outranks(_ one: Node, _ mine: InstanceID, _ other: Node, _ theirs: InstanceID) -> Bool {
        let (left, right) = (one.standings[mine.index].priority, other.standings[theirs.index].priority)
        return left == right ? one.address > other.address : left > right
    }
}
