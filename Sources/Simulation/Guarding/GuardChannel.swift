/// The guard channel between nodes: a heartbeat with every advert and every change, and answers, on each path.
import VRRPCore
import Wire

extension World {
    /// To every other node, by every path.
    func sendBeats(_ instance: InstanceID, _ node: Node, wantsAnswer: Bool = false) {
        guard node.speaks(instance) else { return }
        for other in nodes where other !== node {
            sendBeat(.state, instance, node, to: other, wantsAnswer: wantsAnswer)
        }
    }

    func sendBeat(
        _ word: Heartbeat.Word, _ instance: InstanceID, _ node: Node, to other: Node, wantsAnswer: Bool = false
    ) {
        guard node.speaks(instance), other.isGuarded, other.traits.hasChannel else { return }
        for path in Segment.allCases where path == .service || hasHeartbeatSegment {
            sendBeat(word, instance, node, to: other, on: path, wantsAnswer: wantsAnswer)
        }
    }

    private func sendBeat(
        _ word: Heartbeat.Word, _ instance: InstanceID, _ node: Node, to other: Node, on path: Segment,
        wantsAnswer: Bool
    ) {
        let canSend = node.isLinkUp && node.sendError == nil
        guard canSend || path == .heartbeat else { return }
        let standing = node.standings[instance.index]
        let beat = Beat(
            instance: instance, word: word, state: standing.state, priority: standing.priority, isFit: node.isLinkUp,
            hearsReceiver: node.hears(other.id, node.instances[instance.index].interval, at: now),
            wantsAnswer: wantsAnswer)
        transmit(Frame(sender: node.id, cast: .unicast, payload: .beat(beat, on: path)), to: other.id, on: path)
    }

    /// Something for the guard of this node: a heartbeat, or a frame that names an address.
    func hear(_ frame: Frame, _ node: Node) {
        switch frame.payload {
        case .beat(let beat, let path): hear(beat, on: path, from: frame.sender, node)
        case .announcement(let id):
            hearClaim(addresses[id], by: frame.sender.hardware, isAnswer: false, node)
        case .announcementFor(let id, let place):
            if place != node.id { hearClaim(addresses[id], by: place.hardware, isAnswer: false, node) }
        case .answer(let address): hearClaim(address, by: frame.sender.hardware, isAnswer: true, node)
        case .advert, .forged, .question: break
        }
    }

    private func hear(_ beat: Beat, on path: Segment, from station: StationID, _ node: Node) {
        guard node.firewall != .everything, let sender = self.node(station) else { return }
        node.note(station, heard: now)
        let theirs = beat.instance.index
        let number = sender.instances[theirs].virtualRouterID
        for index in node.instances.indices where node.speaks(InstanceID(index)) {
            // Nodes that share addresses belong together, also when they disagree about the number.
            let isSame =
                node.instances[index].virtualRouterID == number
                || node.instances[index].virtualAddresses == sender.instances[theirs].virtualAddresses
            guard isSame, node.instances[index].family == sender.instances[theirs].family else { continue }
            let heartbeat = Heartbeat(
                beat.word, source: sender.address, virtualRouterID: number, state: beat.state,
                priority: beat.priority, interval: sender.instances[theirs].interval, isFit: beat.isFit,
                hearsUs: beat.hearsReceiver)
            handle(.guarding(.heartbeat(heartbeat)), InstanceID(index), node)
            guard beat.wantsAnswer, node.process == .running else { continue }
            sendBeat(.state, InstanceID(index), node, to: sender, on: path, wantsAnswer: false)
        }
    }
}

extension Node {
    /// Whether an instance speaks on the guard channel.
    func speaks(_ instance: InstanceID) -> Bool {
        traits.hasChannel && instances[instance.index].guarding != nil && router != nil
    }
}
