/// Hears adverts: one socket per interface and group, each packet decoded, checked, and given to its instance.
import KeepalivedConf
import LinuxIO
import Logging
import VRRPCore
import Wire

/// Where a decoded advert goes.
protocol AdvertSink: AnyObject {
    /// The instance's receive checks and its state machine.
    func receive(_ packet: ReceivedPacket, for id: InstanceID)
    func countUndecodable(_ error: DecodeError)
    func countUnknownVirtualRouter()
}

/// Owns the receiving sockets. Nothing on the path of a packet allocates.
final class AdvertReceivers {
    private struct Key: Hashable {
        var interface: Interface
        var kind: VRRPReceiver.Kind
    }

    private final class Listener {
        let receiver: VRRPReceiver
        var registration: Registration?
        /// The instances by virtual router ID; several only where unicast peers differ.
        var instances = [[InstanceRuntime]](repeating: [], count: 256)

        init(_ receiver: VRRPReceiver) { self.receiver = receiver }
    }

    private enum Complaint: Hashable {
        case undecodable(DecodeError.Counter, interface: UInt32)
        case unknownVirtualRouter(UInt8, interface: UInt32)
    }

    private let loop: EventLoop
    private let logger: Logger
    private let ring = PacketRing()
    private var listeners: [Key: Listener] = [:]
    private var complaints = RateLimit<Complaint>()
    /// keepalived's log_unknown_vrids.
    var logsUnknownVirtualRouters = true
    private weak var sink: (any AdvertSink)?
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
        var failures: [(InstanceRuntime, IOFailure)] = []
        for (key, runtimes) in wanted {
            do throws(IOFailure) {
                let listener = try listener(key)
                listener.instances = [[InstanceRuntime]](repeating: [], count: 256)
                for runtime in runtimes {
                    listener.instances[Int(runtime.settings.virtualRouterID)].append(runtime)
                }
            } catch {
                failures.append(contentsOf: runtimes.map { ($0, error) })
            }
        }
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
            try listener.receiver.receive(into: ring) { bytes, info in decode(bytes, info, listener) }
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
                    timeToLive: header.timeToLive, listener)
            case .ipv6:
                try deliver(
                    bytes.bytes, from: info.source, to: info.destination, timeToLive: info.hopLimit, listener)
            }
        } catch {
            undecodable[error.counter, default: 0] += 1
            sink?.countUndecodable(error)
            let index = listener.receiver.interface.index
            guard let heldBack = complaints.admit(.undecodable(error.counter, interface: index), now: loop.now) else {
                return
            }
            logger.warning(
                "dropped a packet from \(info.source) on \(listener.receiver.interface.name): \(error)\(suffix(heldBack: heldBack))"
            )
        }
    }

    private func deliver(
        _ message: RawSpan, from source: IPAddress, to destination: IPAddress, timeToLive: UInt8?, _ listener: Listener
    ) throws(DecodeError) {
        let advert = try Advert.decode(message, from: source, to: destination)
        guard let runtime = instance(for: advert.virtualRouterID, from: source, listener) else {
            return complain(unknown: advert.virtualRouterID, source, listener)
        }
        let kind: DestinationKind =
            switch listener.receiver.kind {
            case .multicast(let group): destination == group ? .group : .other
            case .unicast(let address): destination == address ? .host : .other
            }
        let isSameList = advert.addressList(in: message, matches: runtime.addressList)
        let startsLinkLocal =
            source.family == .ipv4 || advert.firstAddress(in: message, family: .ipv6)?.isLinkLocal == true
        sink?.receive(
            ReceivedPacket(
                advert: advert, source: source, timeToLive: timeToLive, destination: kind,
                addressList: isSameList ? .same : .different, startsLinkLocal: startsLinkLocal),
            for: runtime.id)
    }

    private func instance(for id: UInt8, from source: IPAddress, _ listener: Listener) -> InstanceRuntime? {
        let candidates = listener.instances[Int(id)]
        guard candidates.count > 1 else { return candidates.first }
        return candidates.first { $0.settings.unicastPeers.contains { $0.address == source } } ?? candidates.first
    }

    private func complain(unknown id: UInt8, _ source: IPAddress, _ listener: Listener) {
        unknownVirtualRouters += 1
        sink?.countUnknownVirtualRouter()
        let interface = listener.receiver.interface
        guard logsUnknownVirtualRouters,
            let heldBack = complaints.admit(.unknownVirtualRouter(id, interface: interface.index), now: loop.now)
        else { return }
        let known = (0..<256).filter { !listener.instances[$0].isEmpty }.prefix(8).map(String.init)
        logger.warning(
            "\(source) advertises virtual router \(id) on \(interface.name), which is not configured here (here: \(known.joined(separator: ", "))); if it should be the same virtual router, give both nodes the same virtual_router_id\(suffix(heldBack: heldBack))"
        )
    }
}
