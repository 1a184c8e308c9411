/// One instance on the guard channel: by which interfaces it speaks, to whom, and who has answered.
import KeepalivedConf
import LinuxIO
import VRRPCore
import Wire

/// One way to the other nodes, as it is now.
struct GuardPath: Hashable {
    /// As configured; shown to the operator.
    var name: String
    /// nil: the interface is missing or down.
    var interface: Interface?
    /// Its own addresses, without the virtual ones.
    var addresses: [Prefix]

    /// Where to send from to reach `destination`: an address of its network, else the first of its family and scope.
    func source(to destination: IPAddress) -> IPAddress? {
        var first: IPAddress?
        for prefix in addresses where reaches(destination, from: prefix.address) {
            if prefix.contains(destination) { return prefix.address }
            first = first ?? prefix.address
        }
        return first
    }

    /// IPv4 has one scope in practice; IPv6 reaches link-local addresses and groups from link-local addresses only.
    private func reaches(_ destination: IPAddress, from source: IPAddress) -> Bool {
        guard source.family == destination.family else { return false }
        return source.family == .ipv4 || source.isLinkLocal == (destination.isLinkLocal || destination.isMulticast)
    }
}

/// What an instance needs of the channel; made from its configuration and the host's interfaces.
struct GuardPlan {
    var id: InstanceID
    var name: String
    var identity: GuardIdentity
    var interval: Duration
    /// The first is the interface of the virtual router.
    var paths: [GuardPath]
    var peers: [IPAddress]
    /// The configuration names its peers: nobody else is looked for on the interface of the virtual router.
    var isUnicast: Bool
    var key: GuardKey?
}

/// A place to send to. The socket is found by path and family.
struct GuardDestination: Hashable {
    var path: Int
    var to: GuardSocket.Destination
}

final class GuardEndpoint {
    private(set) var plan: GuardPlan
    let signature: GuardSignature?
    var peers: ChannelPeers
    /// Configured peers, each on the path that leads to it.
    private(set) var configured: [GuardDestination] = []
    /// Masters that were heard by their adverts, which may have a guard.
    private var heardByAdverts: [IPAddress] = []
    /// Where to look for nodes that are not configured, by path; nil: nowhere.
    private(set) var groups: [GuardDestination?] = []
    /// Since the last heartbeat to everybody, or an answer that says as much; the channel sends one when it gets late.
    var spokeAt: Time?
    /// In a pair with one path an answer tells the only other node what a heartbeat would, and saves both a wake-up.
    var answersReachEverybody: Bool { plan.paths.count == 1 && peers.peers.count == 1 && configured.count <= 1 }
    /// How often everybody was addressed; by path: since somebody was heard there.
    private var rounds = 0
    private var unheardRounds: [Int]
    private var answersLeft = 0
    private var answersSince: Time?

    /// A path on which nobody has been heard for so long looks for nodes.
    private static let quiet = Duration.seconds(3)
    /// In every round at first, then in one of so many.
    private static let eagerRounds = 30
    private static let roundsBetween = 16
    private static let mostHeardByAdverts = 8
    /// Nobody sends to a node that was silent for so long, unless it is configured.
    private static let forgettable = Duration.seconds(60)

    init(_ plan: GuardPlan, signature: GuardSignature?, node: UInt64, nonce: UInt64) {
        self.plan = plan
        self.signature = signature
        peers = ChannelPeers(node: node, nonce: nonce, pathCount: plan.paths.count, demandsProof: signature != nil)
        unheardRounds = [Int](repeating: 0, count: plan.paths.count)
        update(plan)
    }

    /// Takes a plan with the same key and as many paths; what is known of the peers stays.
    func update(_ plan: GuardPlan) {
        precondition(plan.paths.count == self.plan.paths.count, "another number of paths is another endpoint")
        self.plan = plan
        configured = plan.peers.compactMap { destination(of: $0) }
        groups = plan.paths.indices.map { path in
            path == 0 && plan.isUnicast ? nil : group(of: path)
        }
    }

    /// The first path with a network that holds the address; else it is behind a router of the first.
    private func destination(of peer: IPAddress) -> GuardDestination? {
        let onLink = plan.paths.firstIndex { $0.interface != nil && $0.addresses.contains { $0.contains(peer) } }
        return destination(to: peer, onPath: onLink ?? 0)
    }

    private func destination(to address: IPAddress, onPath path: Int) -> GuardDestination? {
        guard plan.paths[path].interface != nil, let source = plan.paths[path].source(to: address) else { return nil }
        return GuardDestination(path: path, to: GuardSocket.Destination(address, from: source))
    }

    /// In the family of the adverts when the interface has an address of it.
    private func group(of path: Int) -> GuardDestination? {
        let family = plan.identity.family
        let other: AddressFamily = family == .ipv4 ? .ipv6 : .ipv4
        return destination(to: .vrrpGroup(family), onPath: path) ?? destination(to: .vrrpGroup(other), onPath: path)
    }

    // MARK: Whom to send to

    /// A node advertises for this instance: its guard is spoken to as well.
    func noteAdvert(from address: IPAddress) {
        guard !heardByAdverts.contains(address) else { return }
        if heardByAdverts.count == Self.mostHeardByAdverts { heardByAdverts.removeFirst() }
        heardByAdverts.append(address)
    }

    /// Calls `body` with each place to send to, once, and the peer that is known to be there.
    func forEachDestination(now: Time, _ body: (GuardDestination, ChannelPeer?) -> Void) {
        for destination in configured { body(destination, peer(at: destination)) }
        for peer in peers.peers where now - peer.lastHeardAt < Self.forgettable {
            forEachAddress(of: peer) { if !configured.contains($0) { body($0, peer) } }
        }
        for address in heardByAdverts where peers.index(at: address, onPath: 0) == nil {
            guard let destination = destination(to: address, onPath: 0), !configured.contains(destination) else {
                continue
            }
            body(destination, nil)
        }
        rounds += 1
        for path in groups.indices {
            guard let group = groups[path], looksForNodes(on: path, now) else { continue }
            body(group, onlyPeer)
        }
    }

    /// Every place of the node whose adverts come from this address; the address itself when the node is not known.
    func forEachDestination(of host: IPAddress, _ body: (GuardDestination, ChannelPeer?) -> Void) {
        guard let peer = peers.peers.first(where: { $0.last.primaryAddress == host }) else {
            if let destination = destination(of: host) { body(destination, nil) }
            return
        }
        forEachAddress(of: peer) { body($0, peer) }
    }

    private func forEachAddress(of peer: ChannelPeer, _ body: (GuardDestination) -> Void) {
        for path in peer.paths.indices {
            guard let address = peer.paths[path].address, let place = destination(to: address, onPath: path) else {
                continue
            }
            body(place)
        }
    }

    /// A message to a group can echo one node; in a pair that is enough.
    private var onlyPeer: ChannelPeer? { peers.peers.count == 1 ? peers.peers.first : nil }

    private func peer(at destination: GuardDestination) -> ChannelPeer? {
        peers.index(at: destination.to.address, onPath: destination.path).map { peers.peers[$0] }
    }

    private func looksForNodes(on path: Int, _ now: Time) -> Bool {
        let isHeard = peers.peers.contains { $0.paths[path].heardAt.map { now - $0 < Self.quiet } ?? false }
        unheardRounds[path] = isHeard ? 0 : unheardRounds[path] + 1
        return rounds % Self.roundsBetween == 0 || !isHeard && unheardRounds[path] <= Self.eagerRounds
    }

    // MARK: Answers

    /// Whether one more message may be answered: a flood of questions must not become a flood of answers.
    func mayAnswer(now: Time) -> Bool {
        if answersSince.map({ now - $0 >= .seconds(1) }) ?? true {
            answersSince = now
            // Twice what all peers send at their interval on all paths, and some questions.
            let (seconds, attoseconds) = plan.interval.components
            let hundredths = max(1, Int(seconds) * 100 + Int(attoseconds / 10_000_000_000_000_000))
            answersLeft = 64 + 2 * (100 / hundredths) * plan.paths.count * ChannelPeers.capacity
        }
        guard answersLeft > 0 else { return false }
        answersLeft -= 1
        return true
    }
}
