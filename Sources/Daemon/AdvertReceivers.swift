/// Hears adverts: one socket per interface and group, each packet decoded, checked, and given to its instance.
import KeepalivedConf
import LinuxIO
import Logging
import VRRPCore
import Wire

/// Where a decoded advert goes.
protocol AdvertSink: AnyObject {
    /// The instance's receive checks and its state machine.
    func receive(_ packet: ReceivedPacket, for id: InstanceID) -> ReceiveVerdict
    /// The checks alone.
    func verdict(on packet: ReceivedPacket, for id: InstanceID) -> ReceiveVerdict
    /// A packet was refused, and nothing more is to be said of it.
    func complain(_ reason: DropReason, _ packet: ReceivedPacket, _ id: InstanceID)
    /// What the guard makes of an advert.
    func learn(_ news: GuardNews, for id: InstanceID)
    /// An accepted advert lists other addresses than the instance does.
    func noteAddressList(_ theirs: [IPAddress], of source: IPAddress, for id: InstanceID)
    func countUndecodable(_ error: DecodeError)
    func countUnknownVirtualRouter()
}

/// Owns the receiving sockets. Nothing on the path of a packet allocates.
final class AdvertReceivers {
    struct Key: Hashable {
        var interface: Interface
        var kind: VRRPReceiver.Kind
    }

    final class Listener {
        let receiver: VRRPReceiver
        var registration: Registration?
        /// The instances by virtual router ID; several only where unicast peers differ.
        var instances = [[InstanceRuntime]](repeating: [], count: 256)
        /// Who on this interface has an address, of those with a guard.
        var virtual: [IPAddress: [InstanceRuntime]] = [:]
        /// The last receive took as much as it may, so more is waiting.
        var isBehind = false

        init(_ receiver: VRRPReceiver) { self.receiver = receiver }

        /// The first few numbers that are configured, for a message.
        var knownRouters: String {
            (0..<256).filter { !instances[$0].isEmpty }.prefix(8).map(String.init).joined(separator: ", ")
        }
    }

    enum Complaint: Hashable {
        case undecodable(DecodeError.Counter, interface: UInt32)
        case unknownVirtualRouter(UInt8, interface: UInt32)
        case addressList(InstanceID, of: IPAddress)
    }

    /// How a packet came here.
    enum Way {
        /// By the VRRP socket, as every healthy day.
        case socket
        /// By the guard's ears, before this host's firewall.
        case tap
    }

    let loop: EventLoop
    let logger: Logger
    private let ring = PacketRing()
    private(set) var listeners: [Key: Listener] = [:]
    var complaints = RateLimit<Complaint>()
    /// Differing address lists of an instance, whoever sends them.
    var differingLists = RateLimit<InstanceID>()
    /// The listeners of the interfaces that are also read before the firewall.
    var tapped: [UInt32: [Listener]] = [:]
    var comparison = TapComparison()
    /// Judges what the tap has seen; made once, so that arming a timer allocates nothing.
    private(set) lazy var judgeTapped: () -> Void = { [unowned self] in judge() }
    var isJudging = false
    /// Reused for every advert that is looked at.
    var concerned: [InstanceRuntime] = []
    /// keepalived's log_unknown_vrids.
    var logsUnknownVirtualRouters = true
    private(set) weak var sink: (any AdvertSink)?
    /// Packets that could not be decoded, by reason.
    private(set) var undecodable: [DecodeError.Counter: UInt64] = [:]
    private(set) var unknownVirtualRouters: UInt64 = 0

    init(loop: EventLoop, logger: Logger, sink: any AdvertSink) {
        self.loop = loop
        self.logger = logger
        self.sink = sink
    }

    /// Listen for exactly these instances; sockets that are no longer needed are closed, others stay as they are.
    /// Returns the instances for which no socket could be had, with the reason.
    func listen(for runtimes: [InstanceRuntime], groupOf: (InstanceRuntime) -> IPAddress) -> [(
        InstanceRuntime, IOFailure
    )] {
        var wanted: [Key: [InstanceRuntime]] = [:]
        for runtime in runtimes {
            guard let link = runtime.link else { continue }
            if runtime.isUnicast {
                guard let source = runtime.source else { continue }
                wanted[Key(interface: link.interface, kind: .unicast(to: source)), default: []].append(runtime)
            } else {
                let kind = VRRPReceiver.Kind.multicast(group: groupOf(runtime))
                wanted[Key(interface: link.interface, kind: kind), default: []].append(runtime)
            }
        }
        for key in listeners.keys where wanted[key] == nil { close(key) }
        let virtual = virtualAddresses(of: runtimes)
        var failures: [(InstanceRuntime, IOFailure)] = []
        for (key, runtimes) in wanted {
            do throws(IOFailure) {
                let listener = try listener(key)
                listener.instances = [[InstanceRuntime]](repeating: [], count: 256)
                listener.virtual = virtual[key.interface.index] ?? [:]
                for runtime in runtimes {
                    listener.instances[Int(runtime.settings.virtualRouterID)].append(runtime)
                }
            } catch {
                failures.append(contentsOf: runtimes.map { ($0, error) })
            }
        }
        setTaps(runtimes)
        return failures
    }

    private func listener(_ key: Key) throws(IOFailure) -> Listener {
        if let listener = listeners[key] { return listener }
        let listener = Listener(try VRRPReceiver(key.interface, key.kind))
        listener.registration = try loop.add(listener.receiver.descriptor, .read) {
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

    private func receive(_ listener: Listener) {
        do throws(IOFailure) {
            let count = try listener.receiver.receive(into: ring) { bytes, info in decode(bytes, info, listener) }
            listener.isBehind = count == ring.capacity
        } catch {
            // The interface went down or away; the link's own notice says so and decides.
            logger.debug("receiving on \(listener.receiver.interface.name): \(error)")
        }
    }

    private func decode(_ bytes: UnsafeRawBufferPointer, _ info: PacketInfo, _ listener: Listener) {
        do throws(DecodeError) {
            switch listener.receiver.family {
            case .ipv4:
                let packet = bytes.bytes
                let header = try IPv4Header(decoding: packet, carrying: .vrrp)
                try deliver(
                    packet.extracting(header.payload), from: .v4(header.source), to: .v4(header.destination),
                    timeToLive: header.timeToLive, listener, by: .socket)
            case .ipv6:
                try deliver(
                    bytes.bytes, from: info.source, to: info.destination, timeToLive: info.hopLimit, listener,
                    by: .socket)
            }
        } catch {
            undecodable[error.counter, default: 0] += 1
            sink?.countUndecodable(error)
            let index = listener.receiver.interface.index
            let line = complaints.line(
                of: .undecodable(error.counter, interface: index), now: loop.now,
                "dropped a packet from \(info.source) on \(listener.receiver.interface.name): \(error)")
            if let line { logger.warning("\(line)") }
        }
    }

    func deliver(
        _ message: RawSpan, from source: IPAddress, to destination: IPAddress, timeToLive: UInt8?, _ listener: Listener,
        by way: Way
    ) throws(DecodeError) {
        let advert = try Advert.decode(message, from: source, to: destination)
        var sighting = Sighting(advert: advert, source: source, timeToLive: timeToLive, way: way)
        if way == .socket { noteDelivered(sighting, listener) }
        guard let runtime = instance(for: advert.virtualRouterID, from: source, listener) else {
            let concernsUs = tellConcerned(sighting, message, listener)
            if way == .socket { count(unknown: advert.virtualRouterID, source, listener, complains: !concernsUs) }
            return
        }
        let kind: DestinationKind =
            switch listener.receiver.kind {
            case .multicast(let group): destination == group ? .group : .other
            case .unicast(let address): destination == address ? .host : .other
            }
        let isSameList = advert.addressList(in: message, matches: runtime.addressList)
        let startsLinkLocal =
            source.family == .ipv4 || advert.firstAddress(in: message, family: .ipv6)?.isLinkLocal == true
        let packet = ReceivedPacket(
            advert: advert, source: source, timeToLive: timeToLive, destination: kind,
            addressList: isSameList ? .same : .different, startsLinkLocal: startsLinkLocal)
        sighting.instance = runtime
        let verdict =
            way == .socket ? sink?.receive(packet, for: runtime.id) : sink?.verdict(on: packet, for: runtime.id)
        switch verdict {
        case .accept(let accepted, _):
            if way == .tap { tell(.tapped(accepted), sighting, to: runtime.id, listener) }
            if !isSameList { noteAddressList(sighting, message, runtime, listener) }
        case .drop(let reason):
            sighting.refusal = reason
            let concernsUs = tellConcerned(sighting, message, listener)
            if way == .socket, !concernsUs { sink?.complain(reason, packet, runtime.id) }
        case nil: break
        }
    }

    private func instance(for id: UInt8, from source: IPAddress, _ listener: Listener) -> InstanceRuntime? {
        let candidates = listener.instances[Int(id)]
        guard candidates.count > 1 else { return candidates.first }
        return candidates.first { $0.settings.unicastPeers.contains { $0.address == source } } ?? candidates.first
    }

    private func count(unknown id: UInt8, _ source: IPAddress, _ listener: Listener, complains: Bool) {
        unknownVirtualRouters += 1
        sink?.countUnknownVirtualRouter()
        let interface = listener.receiver.interface
        guard complains, logsUnknownVirtualRouters else { return }
        let line = complaints.line(
            of: .unknownVirtualRouter(id, interface: interface.index), now: loop.now,
            "\(source) advertises virtual router \(id) on \(interface.name), which is not configured here (here: "
                + "\(listener.knownRouters)); if it should be the same virtual router, give both nodes the same "
                + "virtual_router_id")
        if let line { logger.warning("\(line)") }
    }
}

extension AdvertReceivers {
    func tellHeldBack(now: Int64, atEnd: Bool) -> [String] { complaints.tellHeldBack(now: now, atEnd: atEnd) }
}
