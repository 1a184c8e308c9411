/// Asks on the wire who has the virtual addresses, and whether a host lives.
import KeepalivedConf
import LinuxIO
import Logging
import VRRPCore
import Wire

/// A bounded number of rounds a turn, so that hundreds of instances that become suspicious together delay no advert. A
/// round that still waits is replaced by the next one of its instance.
final class GuardProber {
    private static let roundsPerTurn = 16
    /// Of an instance with more addresses, each round asks for the next ones.
    static let addressesPerRound = 4

    private let loop: EventLoop
    private let logger: Logger
    private let network: HostNetwork
    /// Hears the answers.
    weak var ears: GuardEars?
    private let socket: PacketSocket
    private var waiting: [InstanceRuntime] = []
    private var rounds: [InstanceID: Probe] = [:]
    private var isScheduled = false
    private var failures = RateLimit<UInt32>()
    private var random = SystemRandomNumberGenerator()
    /// Addresses that somebody here has or names, so that no decoy is one of them.
    var known: Set<IPAddress> = []

    /// Throws: EPERM without CAP_NET_RAW, EMFILE.
    init(loop: EventLoop, logger: Logger, network: HostNetwork) throws(IOFailure) {
        self.loop = loop
        self.logger = logger
        self.network = network
        socket = try PacketSocket()
    }

    func ask(_ probe: Probe, of runtime: InstanceRuntime) {
        if rounds.updateValue(probe, forKey: runtime.id) == nil { waiting.append(runtime) }
        if !isScheduled { work() }
    }

    func forget(_ id: InstanceID) {
        rounds[id] = nil
        waiting.removeAll { $0.id == id }
    }

    private func work() {
        for runtime in waiting.prefix(Self.roundsPerTurn) {
            if let probe = rounds.removeValue(forKey: runtime.id) { begin(probe, runtime) }
        }
        waiting.removeFirst(min(Self.roundsPerTurn, waiting.count))
        guard !waiting.isEmpty else { return }
        isScheduled = true
        loop.after(.milliseconds(1)) { [weak self] in
            guard let self else { return }
            isScheduled = false
            work()
        }
    }

    // MARK: One round

    private func begin(_ probe: Probe, _ runtime: InstanceRuntime) {
        guard let link = runtime.link, let hardware = link.mac, !link.flags.contains(.noARP) else { return }
        let frames = ProbeFrames(hardware: hardware, source: runtime.source)
        var station = runtime.formerHolder
        if let host = probe.host {
            let known = ears?.expect(host, for: runtime.id, on: link.index)
            station = known ?? station
            send(frames.question(forHost: host), link.index)
            if let station { send(frames.question(for: host, to: station), link.index) }
        }
        guard probe.asksForAddresses else { return }
        var isFirst = true
        for (address, place) in turns(of: runtime) {
            guard let own = place.mac, !place.flags.contains(.noARP) else { continue }
            let there = ProbeFrames(hardware: own, source: place.index == link.index ? runtime.source : nil)
            send(there.question(for: address), place.index)
            if isFirst, let station { send(there.question(for: address, to: station), place.index) }
            isFirst = false
        }
        for decoy in decoys(of: runtime, on: link) { send(frames.question(for: decoy), link.index) }
    }

    /// The addresses of this round.
    private func turns(of runtime: InstanceRuntime) -> [(IPAddress, Link)] {
        let all = runtime.virtualPlaces(network)
        guard all.count > Self.addressesPerRound else { return all }
        let start = runtime.nextQuestion % all.count
        runtime.nextQuestion = (start + Self.addressesPerRound) % all.count
        return (0..<Self.addressesPerRound).map { all[(start + $0) % all.count] }
    }

    private func decoys(of runtime: InstanceRuntime, on link: Link) -> [IPAddress] {
        ears?.decoys(runtime.settings.family, on: link.index) {
            guard let network = decoyNetwork(of: runtime, on: link) else { return [] }
            return DecoyWatch.choose(in: network, avoiding: known, using: &random)
        } ?? []
    }

    /// The network around a virtual address: as it is configured, as the interface has it, else the address's own corner.
    private func decoyNetwork(of runtime: InstanceRuntime, on link: Link) -> Prefix? {
        guard let virtual = runtime.settings.addresses.first else { return nil }
        let isHost = Int(virtual.prefixLength) == virtual.address.family.addressLength * 8
        if !isHost { return Prefix(virtual.address, length: virtual.prefixLength) }
        let own = network.addresses(on: link.index).map(\.prefix).filter { $0.contains(virtual.address) }
        let around = own.filter { Int($0.length) < $0.address.family.addressLength * 8 }
        return around.first ?? Prefix(virtual.address, length: virtual.address.family == .ipv4 ? 24 : 64)
    }

    private func send(_ frame: [UInt8]?, _ interface: UInt32) {
        guard let frame else { return }
        let outcome = frame.withUnsafeBytes { bytes in
            Result { () throws(IOFailure) in try socket.send(bytes, on: interface) }
        }
        guard case .failure(let failure) = outcome else { return }
        let line = failures.line(of: interface, now: loop.now, "the guard could not ask for an address: \(failure)")
        if let line { logger.warning("\(line)") }
    }
}

extension GuardProber {
    func tellHeldBack(now: Int64, atEnd: Bool) -> [String] { failures.tellHeldBack(now: now, atEnd: atEnd) }
}
