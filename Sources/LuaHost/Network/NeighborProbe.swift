/// halua.arp.ping and halua.ndp.ping as operations: who on the link has an address, and how long the answer took.
import LinuxIO
import SystemPackage
import Wire

/// Which neighbour a script looks for, all of it checked.
struct NeighborRequest: Hashable {
    var address: IPAddress
    var timeout = Duration.seconds(1)
    /// nil: the one that the kernel would reach the address by.
    var interface: String?
}

struct NeighborAnswer: Hashable {
    var mac: MACAddress
    /// Nanoseconds since the last question.
    var took: Int64
}

enum NeighborProbe {
    /// Begins a probe. Throws: kind "unreachable" (no route), "denied" (no such interface, no Ethernet, no rights).
    static func start(
        _ request: NeighborRequest, _ ears: NeighborEars, _ loop: EventLoop,
        completion: @escaping (Result<NeighborAnswer, OperatingError>) -> Void
    ) throws(OperatingError) -> () -> Void {
        let noun = request.address.family == .ipv4 ? "arp" : "ndp"
        let subject = "\(noun).ping \(request.address)"
        do throws(IOFailure) {
            let (interface, source) = try place(request)
            guard let mac = try interface.hardwareAddress() else {
                throw IOFailure("asking", .addressFamilyNotSupported, "\(interface.name), which is no Ethernet")
            }
            let probe = try probe(subject, request, interface, source, mac, ears, loop, completion)
            return { probe.cancel() }
        } catch {
            throw probeError(subject, error)
        }
    }

    /// The interface, and the own address to ask from; nil: ask in nobody's name, as for duplicates.
    private static func place(_ request: NeighborRequest) throws(IOFailure) -> (Interface, IPAddress?) {
        if let name = request.interface {
            let interface = try Interface(named: name)
            let source = try? DatagramSocket.source(to: request.address, scope: interface.index, interface: name)
            return (interface, source.flatMap { $0.isUnspecified ? nil : $0 })
        }
        let source = try DatagramSocket.source(to: request.address)
        guard let interface = try Interface.holding(source) else {
            throw IOFailure("asking", .noSuchAddressOrDevice, "no interface has \(source)")
        }
        return (interface, source)
    }

    private static func probe(
        _ subject: String, _ request: NeighborRequest, _ interface: Interface, _ source: IPAddress?, _ mac: MACAddress,
        _ ears: NeighborEars, _ loop: EventLoop,
        _ completion: @escaping (Result<NeighborAnswer, OperatingError>) -> Void
    ) throws(IOFailure) -> Probe<NeighborAnswer> {
        let frame = question(request.address, source, mac)
        var sent = loop.time
        var token: NeighborEars.Token?
        let probe = Probe<NeighborAnswer>(
            subject, timeout: request.timeout, limit: request.timeout, loop: loop,
            ask: { _ throws(IOFailure) in
                sent = loop.time
                if let token { try ears.send(frame, on: token) }
            }, completion: completion)
        let own = try ears.listen(on: interface) { [weak probe] heard in
            switch heard {
            case .success(let bytes):
                guard let mac = answer(bytes.bytes, request.address) else { return }
                probe?.succeed(NeighborAnswer(mac: mac, took: loop.time - sent))
            case .failure(let error): probe?.fail(error)
            }
        }
        token = own
        probe.detach = { ears.ignore(own) }
        try probe.begin()
        return probe
    }

    private static func question(_ address: IPAddress, _ source: IPAddress?, _ mac: MACAddress) -> [UInt8] {
        switch (address, source) {
        case (.v4(let target), .v4(let own)): ARPPacket.request(for: target, from: own, at: mac).frame()
        case (.v4(let target), _): ARPPacket.probe(for: target, from: mac).frame()
        case (.v6(let target), .v6(let own)): NeighborSolicitation.frame(asking: target, source: own, from: mac)
        case (.v6(let target), _): NeighborSolicitation.probeFrame(for: target, from: mac)
        }
    }

    /// The MAC address of the one who says that it has the address.
    private static func answer(_ frame: RawSpan, _ address: IPAddress) -> MACAddress? {
        switch address {
        case .v4(let address):
            guard let packet = ARPPacket(decodingFrame: frame), packet.operation == .reply, packet.claims(address)
            else { return nil }
            return packet.senderMAC
        case .v6(let address):
            guard let packet = NeighborAdvertisement(decodingFrame: frame), packet.target == address else { return nil }
            // The option may be left out of a unicast answer; then the frame says it.
            return packet.targetMAC ?? EthernetHeader(decoding: frame)?.source
        }
    }
}
