/// The frames of one round of questions, as they go on the wire.
import Wire

/// Who has these addresses? Asked in nobody's name (RFC 5227 §2.1.1, RFC 4862 §5.4.2), so that no neighbour learns
/// anything from the question.
struct ProbeFrames {
    /// This host's station and its own address on the interface; nil where it has none.
    var hardware: MACAddress
    var source: IPAddress?

    /// A question to everybody.
    func question(for address: IPAddress) -> [UInt8] {
        switch address {
        case .v4(let address): ARPPacket.probe(for: address, from: hardware).frame()
        case .v6(let address): NeighborSolicitation.probeFrame(for: address, from: hardware)
        }
    }

    /// A question to one station alone: heard where multicast is dropped. IPv6 has no such question in nobody's name, so
    /// it needs an own address.
    func question(for address: IPAddress, to station: MACAddress) -> [UInt8]? {
        switch (address, source) {
        case (.v4(let address), _): ARPPacket.probe(for: address, from: hardware).frame(to: station)
        case (.v6(let address), .v6(let source)):
            NeighborSolicitation.frame(asking: address, source: source, from: hardware, to: station)
        case (.v6, _): nil
        }
    }

    /// A question for a host's own address, in the name of this host, as any traffic between the two would ask it.
    func question(forHost host: IPAddress) -> [UInt8] {
        switch (host, source) {
        case (.v4(let host), .v4(let source)): ARPPacket.request(for: host, from: source, at: hardware).frame()
        case (.v6(let host), .v6(let source)):
            NeighborSolicitation.frame(asking: host, source: source, from: hardware)
        case (.v4, _), (.v6, _): question(for: host)
        }
    }
}
