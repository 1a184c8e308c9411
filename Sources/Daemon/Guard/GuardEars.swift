/// The guard's ears: one packet socket for each interface, which hears what stations say about the virtual addresses and,
/// when an instance asks for it, adverts before this host's firewall.
import LinuxIO
import Logging
import VRRPCore
import Wire

/// Where the ears' news go.
protocol EarsSink: AnyObject {
    func learn(_ news: GuardNews, for id: InstanceID)
    /// A frame with VRRP in it, before the firewall had a say.
    func hearBeforeFirewall(_ packet: RawSpan, _ type: EtherType, on interface: UInt32)
}

/// Owns the sockets. They stay open as long as an instance is on their interface, and the filter in the kernel decides
/// what comes: closing a packet socket makes the thread wait for the kernel, changing its filter does not.
final class GuardEars {
    private final class Ear {
        let interface: Interface
        let socket: PacketSocket
        var registration: Registration?
        var stations = StationIndex()
        /// The instances that are on this interface.
        var members: [InstanceID] = []
        var hearsAdverts = false
        /// The interface came up, and nothing has arrived since.
        var awaitsFrame = false

        init(_ interface: Interface) throws(IOFailure) {
            self.interface = interface
            socket = try PacketSocket(hearing: .nothing, on: interface)
        }

        func setFilter() throws(IOFailure) {
            try socket.setFilter(
                awaitsFrame ? .forwarded : .stations(stations.addresses, hearsAdverts: hearsAdverts))
        }
    }

    private let loop: EventLoop
    private let logger: Logger
    private let ring = PacketRing(capacity: 32)
    private var ears: [UInt32: Ear] = [:]
    private var failures = RateLimit<UInt32>()
    /// Reused for every frame.
    private var news: [StationNews] = []
    private weak var sink: (any EarsSink)?

    init(loop: EventLoop, logger: Logger, sink: any EarsSink) {
        self.loop = loop
        self.logger = logger
        self.sink = sink
    }

    /// Listen for exactly these instances; those without a guard are passed over.
    func listen(for runtimes: [InstanceRuntime], network: HostNetwork) {
        var virtual: [Interface: [IPAddress: [InstanceID]]] = [:]
        var tapped: Set<Interface> = []
        var members: [Interface: [InstanceID]] = [:]
        for runtime in runtimes where runtime.hasEars {
            if let link = runtime.link {
                if virtual[link.interface] == nil { virtual[link.interface] = [:] }
                members[link.interface, default: []].append(runtime.id)
                if runtime.hearsBeforeFirewall { tapped.insert(link.interface) }
            }
            for (address, link) in runtime.virtualPlaces(network) {
                virtual[link.interface, default: [:]][address, default: []].append(runtime.id)
            }
        }
        for (index, ear) in ears where virtual[ear.interface] == nil { close(index) }
        let own = Set(network.allLinks.compactMap(\.mac))
        for (interface, addresses) in virtual {
            guard let ear = open(interface) else { continue }
            ear.stations.own = own
            ear.members = members[interface] ?? []
            let hearsAdverts = tapped.contains(interface)
            guard ear.stations.virtual != addresses || ear.hearsAdverts != hearsAdverts else { continue }
            ear.stations.virtual = addresses
            ear.hearsAdverts = hearsAdverts
            setFilter(ear)
        }
    }

    /// The Ethernet addresses of this host may have changed.
    func setOwnHardware(_ hardware: Set<MACAddress>) {
        for ear in ears.values { ear.stations.own = hardware }
    }

    /// The interface came up: listen for the first frame of any kind.
    func awaitFrame(on interface: UInt32) {
        guard let ear = ears[interface], !ear.awaitsFrame else { return }
        ear.awaitsFrame = true
        setFilter(ear)
    }

    /// Read adverts before the firewall, or no longer.
    func hearAdverts(_ isWanted: Bool, on interface: UInt32) {
        guard let ear = ears[interface], ear.hearsAdverts != isWanted else { return }
        ear.hearsAdverts = isWanted
        setFilter(ear)
    }

    /// Let answers of a host pass, for an instance that is about to ask for it. Returns its station if it is known.
    func expect(_ host: IPAddress, for id: InstanceID, on interface: UInt32) -> MACAddress? {
        guard let ear = ears[interface] else { return nil }
        if ear.stations.expect(host, for: id, now: loop.now) { setFilter(ear) }
        return ear.stations.hardware(of: host)
    }

    /// The decoys to ask for now, if any; `choose` makes new ones when it is time.
    func decoys(_ family: AddressFamily, on interface: UInt32, choose: () -> [IPAddress]) -> [IPAddress] {
        guard let ear = ears[interface] else { return [] }
        if ear.stations.decoys.isDue(family, now: loop.now) {
            ear.stations.expectDecoys(choose(), family: family, now: loop.now)
            setFilter(ear)
        }
        return ear.stations.decoys.isAsking(family, now: loop.now) ? ear.stations.decoys.decoys(family) : []
    }

    func forget(_ id: InstanceID) {
        for ear in ears.values { ear.stations.forget(id) }
    }

    // MARK: Sockets

    private func open(_ interface: Interface) -> Ear? {
        if let ear = ears[interface.index] { return ear }
        do throws(IOFailure) {
            let ear = try Ear(interface)
            ear.registration = try loop.add(ear.socket.descriptor, .read) { [unowned self, unowned ear] _ in
                receive(ear)
            }
            ears[interface.index] = ear
            return ear
        } catch {
            complain("the guard cannot listen on \(interface.name)", interface.index, error)
            return nil
        }
    }

    private func close(_ index: UInt32) {
        guard let ear = ears.removeValue(forKey: index) else { return }
        if let registration = ear.registration { loop.remove(registration) }
    }

    private func setFilter(_ ear: Ear) {
        do throws(IOFailure) {
            try ear.setFilter()
        } catch {
            complain("the guard's filter on \(ear.interface.name) could not be set", ear.interface.index, error)
        }
    }

    private func complain(_ what: String, _ index: UInt32, _ failure: IOFailure) {
        let line = failures.line(of: index, now: loop.now, "\(what): \(failure)")
        if let line { logger.error("\(line)") }
    }

    // MARK: Frames

    private func receive(_ ear: Ear) {
        do throws(IOFailure) {
            try ear.socket.receive(into: ring) { bytes, _, direction in
                guard direction != .outgoing else { return }
                if ear.awaitsFrame { noteFirstFrame(ear) }
                hear(bytes.bytes, direction, ear)
            }
        } catch {
            // The interface went down or away; the link's own notice says so and decides.
            logger.debug("listening on \(ear.interface.name): \(error)")
        }
    }

    private func noteFirstFrame(_ ear: Ear) {
        ear.awaitsFrame = false
        setFilter(ear)
        for id in ear.members { sink?.learn(.carrying(true), for: id) }
    }

    private func hear(_ frame: RawSpan, _ direction: FrameDirection, _ ear: Ear) {
        guard let header = EthernetHeader(decoding: frame) else { return }
        if header.type == .arp {
            guard let packet = ARPPacket(decodingFrame: frame) else { return }
            note(.v4(packet.senderAddress), at: packet.senderMAC, ear)
        } else if isNeighborDiscovery(frame, header.type) {
            hearNeighbor(frame, from: header.source, ear)
        } else if ear.hearsAdverts, isIP(header.type), direction != .otherHost,
            !ear.stations.own.contains(header.source)
        {
            sink?.hearBeforeFirewall(
                frame.extracting(droppingFirst: EthernetHeader.length), header.type, on: ear.interface.index)
        }
    }

    private func isIP(_ type: EtherType) -> Bool { type == .ipv4 || type == .ipv6 }

    private func isNeighborDiscovery(_ frame: RawSpan, _ type: EtherType) -> Bool {
        let nextHeader = EthernetHeader.length + 6
        return type == .ipv6 && frame.byteCount > nextHeader
            && frame.uint8(at: nextHeader) == IPProtocol.icmpv6.rawValue
    }

    private func hearNeighbor(_ frame: RawSpan, from station: MACAddress, _ ear: Ear) {
        if let advertisement = NeighborAdvertisement(decodingFrame: frame) {
            // The option may be left out of an answer to one host; then the frame says it.
            note(.v6(advertisement.target), at: advertisement.targetMAC ?? station, ear)
        } else if let question = NeighborSolicitation(decodingFrame: frame), let asker = question.sourceMAC,
            let header = try? IPv6Header(decoding: frame.extracting(droppingFirst: EthernetHeader.length))
        {
            note(.v6(header.source), at: asker, ear)
        }
    }

    private func note(_ address: IPAddress, at hardware: MACAddress, _ ear: Ear) {
        news.removeAll(keepingCapacity: true)
        ear.stations.hear(address, at: hardware, into: &news)
        // What an instance does about it may change what is listened for.
        for index in news.indices { sink?.learn(news[index].news, for: news[index].id) }
    }
}

extension GuardEars {
    func tellHeldBack(now: Int64, atEnd: Bool) -> [String] { failures.tellHeldBack(now: now, atEnd: atEnd) }
}
