/// Gratuitous ARP and unsolicited neighbour advertisements: tells the neighbours where the virtual addresses are now.
import KeepalivedConf
import LinuxIO
import Logging
import VRRPCore
import Wire

/// Sends bursts in rounds (every address once, then again), a bounded number of frames a turn, so that hundreds of
/// instances that become master together delay no advert. Frames of an instance that has left MASTER are never sent.
final class Announcer {
    private struct Job {
        var id: InstanceID
        var frame: [UInt8]
        var interface: UInt32
        var family: AddressFamily
    }

    private static let framesPerTurn = 128

    private let loop: EventLoop
    private let logger: Logger
    private let socket: PacketSocket
    private var jobs: [Job] = []
    private var next = 0
    private var isScheduled = false
    /// The turn that sent first rounds, and how many frames of them.
    private var turn: Int64 = 0
    private var framesAtOnce = 0
    /// Frames that have left, by instance.
    private(set) var sent: [InstanceID: UInt64] = [:]
    private var failures = RateLimit<UInt32>()
    /// Pauses between two frames on one host, keepalived's vrrp_garp_interval and vrrp_gna_interval.
    var garpInterval: Duration = .zero
    var gnaInterval: Duration = .zero

    /// Throws: EPERM without CAP_NET_RAW, EMFILE.
    init(loop: EventLoop, logger: Logger) throws(IOFailure) {
        self.loop = loop
        self.logger = logger
        socket = try PacketSocket()
    }

    func announce(_ runtime: InstanceRuntime, repetitions: Int, network: HostNetwork) {
        var round: [Job] = []
        for held in runtime.held {
            if let job = job(for: held, of: runtime, at: nil, network) { round.append(job) }
        }
        // Every address once, at once; the repetitions when the turn has told the scripts, which wait for the first.
        let isFirstSent = sendAtOnce(round)
        for _ in (isFirstSent ? 1 : 0)..<max(1, repetitions) { jobs.append(contentsOf: round) }
        guard !isScheduled, next < jobs.count else { return }
        guard isFirstSent else { return work() }
        isScheduled = true
        loop.post { [weak self] in self?.goOn() }
    }

    /// Tells the neighbours once, and now, that the addresses are at another station.
    func announce(_ runtime: InstanceRuntime, at station: MACAddress, network: HostNetwork) {
        for held in runtime.held {
            if let job = job(for: held, of: runtime, at: station, network) { send(job) }
        }
    }

    /// nil: the interface is gone, or it has neighbours that need no telling.
    private func job(
        for held: InterfaceAddress, of runtime: InstanceRuntime, at station: MACAddress?, _ network: HostNetwork
    ) -> Job? {
        guard let link = network.link(at: held.interface), let mac = link.mac, !link.flags.contains(.noARP) else {
            return nil
        }
        let place = station ?? mac
        let frame: [UInt8]
        switch held.prefix.address {
        case .v4(let address):
            frame = ARPPacket.gratuitous(address, at: place).frame(from: mac)
        case .v6(let address):
            let isRouter = forwardsIPv6(link.name)
            frame = NeighborAdvertisement.unsolicited(address, at: place, isRouter: isRouter).frame(from: mac)
        }
        return Job(id: runtime.id, frame: frame, interface: held.interface, family: held.prefix.address.family)
    }

    /// Sends a first round, unless pauses are wanted or this turn has sent enough.
    private func sendAtOnce(_ round: [Job]) -> Bool {
        if turn != loop.now { (turn, framesAtOnce) = (loop.now, 0) }
        guard garpInterval == .zero, gnaInterval == .zero, framesAtOnce + round.count <= Self.framesPerTurn else {
            return false
        }
        framesAtOnce += round.count
        for job in round { send(job) }
        return true
    }

    /// The instance no longer holds its addresses: what it has not yet said must never be said.
    func cancel(_ id: InstanceID) {
        guard next < jobs.count else { return }
        jobs.removeSubrange(..<next)
        next = 0
        jobs.removeAll { $0.id == id }
    }

    /// The instance is gone.
    func forget(_ id: InstanceID) { sent[id] = nil }

    private func goOn() {
        isScheduled = false
        work()
    }

    private func work() {
        guard !isScheduled else { return }
        var budget = Self.framesPerTurn
        while next < jobs.count, budget > 0 {
            let job = jobs[next]
            next += 1
            budget -= 1
            send(job)
            let pause = job.family == .ipv4 ? garpInterval : gnaInterval
            if pause > .zero, next < jobs.count { return schedule(after: pause) }
        }
        guard next < jobs.count else {
            // After hundreds of instances became master at once, the memory for it is given back.
            jobs.removeAll(keepingCapacity: jobs.count <= Self.framesPerTurn)
            next = 0
            return
        }
        schedule(after: .milliseconds(1))
    }

    private func schedule(after pause: Duration) {
        isScheduled = true
        loop.after(pause) { [weak self] in self?.goOn() }
    }

    private func send(_ job: Job) {
        let outcome = job.frame.withUnsafeBytes { bytes in
            Result { () throws(IOFailure) in try socket.send(bytes, on: job.interface) }
        }
        guard case .failure(let failure) = outcome else {
            sent[job.id, default: 0] += 1
            return
        }
        let line = failures.line(
            of: job.interface, now: loop.now, "a gratuitous announcement could not be sent: \(failure)")
        if let line { logger.warning("\(line)") }
    }
}

/// Whether this host is a router on an interface: the R flag of an advertisement must say the truth (RFC 4861 §4.4).
private func forwardsIPv6(_ interface: String) -> Bool {
    (try? Sysctl("net/ipv6/conf/\(interface)/forwarding").read()) == "1"
}

extension Announcer {
    func tellHeldBack(now: Int64, atEnd: Bool) -> [String] { failures.tellHeldBack(now: now, atEnd: atEnd) }
}
