/// The guard channel: what halua's nodes say to each other over UDP beside VRRP, for all instances of this daemon.
import KeepalivedConf
import LinuxIO
import Logging
import SystemPackage
import VRRPCore
import Wire

/// What a node says of one of its instances, whoever hears it.
struct GuardStatement: Hashable {
    var state: GuardMessage.State
    var priority: UInt8
    var interval: Duration
    var primaryAddress: IPAddress?
    /// Without `hearsAdverts`, which depends on the receiver.
    var flags: GuardMessage.Flags
}

/// Knows the instances, and hears what other nodes say.
protocol GuardSink: AnyObject {
    /// What this node says of the instance now; nil: it is gone.
    func guardStatement(of id: InstanceID) -> GuardStatement?
    /// When an advert from this address was accepted last.
    func advertHeard(from address: IPAddress, by id: InstanceID) -> Time?
    /// A message that is authentic, new, and of a node that is alive. It has been answered.
    func heard(_ message: GuardMessage, by id: InstanceID, onPath path: Int, from source: IPAddress)
}

/// Whom a message is for.
enum GuardReceiver: Hashable {
    case everybody
    /// The node whose adverts come from this address, by every path to it; if it is not known, this address.
    case host(IPAddress)
}

/// Owns the sockets and the endpoints. What is sent leaves with `flush`, at the end of a turn. Nothing on the way of a
/// message allocates, but for OpenSSL where a key is set.
final class GuardChannel {
    private struct Key: Hashable {
        var interface: Interface
        var family: AddressFamily
    }

    /// An endpoint and the number that an interface has among its paths.
    struct Member {
        var endpoint: GuardEndpoint
        var path: Int
    }

    final class Listener {
        let socket: GuardSocket
        var registration: Registration?
        var byDigest: [UInt64: [Member]] = [:]
        /// By virtual router ID and family.
        var byRouter: [Int: [Member]] = [:]

        init(_ socket: GuardSocket) { self.socket = socket }
    }

    struct Complaint: Hashable {
        var counter: GuardRejection.Counter
        var interface: UInt32
    }

    let loop: EventLoop
    let logger: Logger
    /// This node and this process.
    let node: UInt64
    let nonce: UInt64
    weak var sink: (any GuardSink)?
    private(set) var port: UInt16
    private(set) var endpoints: [InstanceID: GuardEndpoint] = [:]
    private var listeners: [Key: Listener] = [:]
    private let ring = PacketRing(capacity: 64, packetLength: 256)
    private let octets: UnsafeMutableRawBufferPointer = .allocate(byteCount: GuardMessage.length, alignment: 8)
    /// The last number that a message of this process carries.
    private(set) var sequence: UInt64 = 0
    var complaints = RateLimit<Complaint>()
    private var silenceTimer: TimerToken?
    /// Made once: a timer's tick allocates nothing.
    private lazy var silenceAction: () -> Void = { [weak self] in self?.breakSilence() }
    /// Datagrams that were not believed, by reason.
    var rejected: [GuardRejection.Counter: UInt64] = [:]
    /// Messages that the kernel took.
    private(set) var sent: UInt64 = 0
    /// Messages that were believed.
    var believed: UInt64 = 0
    /// Messages that it did not take.
    private(set) var unsent: UInt64 = 0

    /// A node that has nothing to say says so once in this time, so that each knows which paths work.
    private static let longestSilence = Duration.seconds(1)

    init(
        loop: EventLoop, logger: Logger, sink: any GuardSink, node: UInt64, nonce: UInt64,
        port: UInt16 = GuardMessage.standardPort
    ) {
        self.loop = loop
        self.logger = logger
        self.sink = sink
        self.node = node
        self.nonce = nonce
        self.port = port
        watchSilence()
    }

    deinit {
        if let silenceTimer { loop.cancel(silenceTimer) }
        for listener in listeners.values { listener.registration.map(loop.remove) }
        octets.deallocate()
    }

    var now: Time { Time(nanoseconds: loop.now) }
    var nextSequence: UInt64 { sequence + 1 }

    // MARK: Configuration

    /// Speak for exactly these instances. Peers that are known stay known while key and paths are the same; sockets that
    /// are still needed stay open.
    func apply(_ plans: [GuardPlan], port: UInt16) {
        if port != self.port {
            for key in listeners.keys { close(key) }
            self.port = port
        }
        var kept: [InstanceID: GuardEndpoint] = [:]
        for plan in plans { kept[plan.id] = endpoint(plan) }
        endpoints = kept
        connect(plans)
    }

    /// nil when the instance has a key that cannot be used; it then says nothing, rather than something unsigned.
    private func endpoint(_ plan: GuardPlan) -> GuardEndpoint? {
        if let known = endpoints[plan.id], known.plan.key == plan.key, known.plan.paths.count == plan.paths.count {
            known.update(plan)
            return known
        }
        do throws(GuardSignature.Obstacle) {
            let signature = try plan.key.map { key throws(GuardSignature.Obstacle) in try GuardSignature(key) }
            return GuardEndpoint(plan, signature: signature, node: node, nonce: nonce)
        } catch {
            logger.error("\(plan.name): the guard channel stays closed: \(error)")
            return nil
        }
    }

    private func connect(_ plans: [GuardPlan]) {
        var wanted: [Key: [Member]] = [:]
        for plan in plans {
            guard let endpoint = endpoints[plan.id] else { continue }
            for (path, interface) in plan.paths.enumerated() {
                guard let interface = interface.interface else { continue }
                for family in Self.families(plan, path) {
                    wanted[Key(interface: interface, family: family), default: []]
                        .append(Member(endpoint: endpoint, path: path))
                }
            }
        }
        for key in listeners.keys where wanted[key] == nil { close(key) }
        for (key, members) in wanted {
            do throws(IOFailure) {
                let listener = try listener(key)
                listener.byDigest = Dictionary(grouping: members) { $0.endpoint.plan.identity.addressDigest }
                listener.byDigest[0] = nil
                listener.byRouter = Dictionary(grouping: members) { Self.router($0.endpoint.plan.identity) }
            } catch {
                let hint =
                    error.errno == .addressInUse ? "; another program has UDP port \(port): set port in guard" : ""
                logger.error("no guard channel over \(key.family) on \(key.interface.name): \(error)\(hint)")
            }
        }
    }

    /// Peers may choose the other family on a second path, but not on an interface that has no address of it.
    private static func families(_ plan: GuardPlan, _ path: Int) -> [AddressFamily] {
        AddressFamily.allCases.filter { family in
            plan.paths[path].addresses.contains { $0.address.family == family }
                && (path > 0 || family == plan.identity.family || plan.peers.contains { $0.family == family })
        }
    }

    private func listener(_ key: Key) throws(IOFailure) -> Listener {
        if let listener = listeners[key] { return listener }
        let listener = Listener(try GuardSocket(key.interface, family: key.family, port: port))
        listener.registration = try loop.add(listener.socket.descriptor, .read) {
            [unowned self, unowned listener] _ in
            receive(listener)
        }
        listeners[key] = listener
        return listener
    }

    private func close(_ key: Key) {
        guard let listener = listeners.removeValue(forKey: key) else { return }
        if let registration = listener.registration { loop.remove(registration) }
    }

    static func router(_ identity: GuardIdentity) -> Int {
        Int(identity.family.rawValue) << 8 | Int(identity.virtualRouterID)
    }

    // MARK: Sending

    /// An advert of another node was accepted, or seen by the tap: its guard is spoken to from now on.
    func noteAdvert(from address: IPAddress, for id: InstanceID) { endpoints[id]?.noteAdvert(from: address) }

    /// Queue one message for each path to each receiver.
    func send(_ kind: GuardMessage.Kind, for id: InstanceID, to receiver: GuardReceiver) {
        guard let endpoint = endpoints[id], let statement = sink?.guardStatement(of: id) else { return }
        switch receiver {
        case .everybody:
            if kind == .heartbeat { endpoint.spokeAt = now }
            endpoint.forEachDestination(now: now) { destination, peer in
                queue(kind, statement, of: endpoint, to: destination, peer, echo: peer?.echo)
            }
        case .host(let host):
            endpoint.forEachDestination(of: host) { destination, peer in
                queue(kind, statement, of: endpoint, to: destination, peer, echo: peer?.echo)
            }
        }
    }

    /// Answer a message, or ask its sender for a proof of life, where it came from.
    func reply(
        _ kind: GuardMessage.Kind, to message: GuardMessage, at place: GuardDestination, of endpoint: GuardEndpoint
    ) {
        guard endpoint.mayAnswer(now: now), let statement = sink?.guardStatement(of: endpoint.plan.id) else { return }
        let peer = endpoint.peers.index(of: message.node).map { endpoint.peers.peers[$0] }
        if kind == .ack, endpoint.answersReachEverybody { endpoint.spokeAt = now }
        queue(
            kind, statement, of: endpoint, to: place, peer,
            echo: GuardEcho(nonce: message.nonce, sequence: message.sequence))
    }

    private func queue(
        _ kind: GuardMessage.Kind, _ statement: GuardStatement, of endpoint: GuardEndpoint,
        to destination: GuardDestination, _ peer: ChannelPeer?, echo: GuardEcho?
    ) {
        guard let interface = endpoint.plan.paths[destination.path].interface,
            let listener = listeners[Key(interface: interface, family: destination.to.address.family)]
        else { return }
        sequence += 1
        var message = GuardMessage(
            kind, endpoint.plan.identity, node: node, nonce: nonce, sequence: sequence, state: statement.state,
            priority: statement.priority, interval: statement.interval)
        message.primaryAddress = statement.primaryAddress
        message.flags = statement.flags
        message.echo = echo
        message.clockMilliseconds = UInt64(clamping: loop.now / 1_000_000)
        if let peer { describe(peer, in: &message, endpoint.plan.id) }
        var bytes = octets.mutableBytes
        message.encode(into: &bytes)
        if let signature = endpoint.signature, !signature.sign(octets) { return }
        listener.socket.add(UnsafeRawBufferPointer(octets), to: destination.to, tag: endpoint.plan.id.index)
    }

    /// What this node hears of the one it speaks to.
    private func describe(_ peer: ChannelPeer, in message: inout GuardMessage, _ id: InstanceID) {
        message.heartbeatAge = peer.age(onPath: 0, now: now)
        message.secondPathAge = peer.secondPathAge(now: now)
        guard let address = peer.last.primaryAddress, let heard = sink?.advertHeard(from: address, by: id) else {
            return
        }
        let age = now - heard
        message.advertAge = age
        // As long as a backup would wait for the next one.
        if age < peer.last.interval * 4 { message.flags.insert(.hearsAdverts) }
    }

    /// Let everything leave that was queued.
    func flush() {
        for listener in listeners.values where !listener.socket.isQueueEmpty {
            listener.socket.flush { _, errno in
                // The next heartbeat says more; a path that does not work is seen by its peers' silence.
                if errno == nil { sent += 1 } else { unsent += 1 }
            }
        }
    }

    /// Speaks for those that have been silent, and comes again.
    private func breakSilence() {
        for (id, endpoint) in endpoints
        where endpoint.spokeAt.map({ now - $0 >= Self.longestSilence }) ?? true {
            send(.heartbeat, for: id, to: .everybody)
        }
        flush()
        watchSilence()
    }

    private func watchSilence() { silenceTimer = loop.after(Self.longestSilence, silenceAction) }

    // MARK: Receiving

    private func receive(_ listener: Listener) {
        do throws(IOFailure) {
            try listener.socket.receive(into: ring) { bytes, info in judge(bytes, info, listener) }
        } catch {
            // The interface went down or away; the link's own notice says so and decides.
            logger.debug("receiving on the guard channel of \(listener.socket.interface.name): \(error)")
        }
    }
}
