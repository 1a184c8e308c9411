/// One examination for `halua doctor`: asks on the wire, listens for a while, and writes down who said what.
import ControlProtocol
import KeepalivedConf
import LinuxIO
import VRRPCore
import Wire

/// Lives for one examination. It sends questions only, and hears what the daemon hears; the core goes on as always.
final class Examination {
    /// Of a segment full of strangers only so many are written down.
    private static let mostNodes = 32

    private struct Patient {
        var nodes: [IPAddress: DoctorNode] = [:]
        var holders: [IPAddress: Set<MACAddress>] = [:]
        var hosts: [IPAddress: MACAddress] = [:]
        var mismatches: [IPAddress: ForeignAdvert] = [:]
    }

    private var patients: [InstanceID: Patient] = [:]
    /// Whoever asked; all get the same report.
    var answers: [(DoctorReport) -> Void] = []

    func nodes(of id: InstanceID) -> [IPAddress] { patients[id].map { Array($0.nodes.keys) } ?? [] }

    /// `nodes`: those that should be there.
    func begin(_ id: InstanceID, nodes: some Sequence<IPAddress>) {
        patients[id] = Patient()
        for node in nodes { note(node, of: id) { _ in } }
    }

    /// Whether this is the first foreign advert of its sender, whose host is then asked for.
    func isNews(_ advert: ForeignAdvert, of id: InstanceID) -> Bool {
        guard let patient = patients[id] else { return false }
        return patient.mismatches[advert.source] == nil && patient.mismatches.count < Self.mostNodes
    }

    // MARK: What is heard

    func note(advert: ReceivedAdvert, of id: InstanceID) {
        guard advert.priority > 0 else { return }
        note(advert.source, of: id) { node in
            node.adverts += 1
            node.priority = Int(advert.priority)
        }
    }

    func note(_ news: GuardNews, of id: InstanceID) {
        switch news {
        case .claim(let claim): patients[id]?.holders[claim.address, default: []].insert(claim.hardware)
        case .hostAnswered(let host, let hardware):
            patients[id]?.hosts[host] = hardware
        case .tapped(let advert):
            note(advert.source, of: id) { node in
                node.advertsBeforeFirewall += 1
                node.priority = Int(advert.priority)
            }
        case .heartbeat(let beat):
            note(beat.source, of: id) { node in
                node.state = beat.state.name
                node.priority = Int(beat.priority)
                node.hearsUs = beat.hearsUs
            }
        case .foreignAdvert(let advert):
            if patients[id]?.mismatches.count ?? 0 < Self.mostNodes { patients[id]?.mismatches[advert.source] = advert }
        case .decoyAnswered, .carrying: break
        }
    }

    private func note(_ source: IPAddress, of id: InstanceID, _ change: (inout DoctorNode) -> Void) {
        guard let patient = patients[id], patient.nodes[source] != nil || patient.nodes.count < Self.mostNodes else {
            return
        }
        change(&patients[id, default: Patient()].nodes[source, default: DoctorNode("\(source)")])
    }

    // MARK: The report

    /// What was found about one instance. A station that holds an address and whose own address is known has that name.
    func findings(_ id: InstanceID, _ instance: Instance) -> (nodes: [DoctorNode], mismatches: [String]) {
        guard let patient = patients[id] else { return ([], []) }
        var nodes = patient.nodes
        for source in patient.mismatches.keys { nodes[source, default: DoctorNode("\(source)")].isForeign = true }
        for (host, hardware) in patient.hosts {
            nodes[host, default: DoctorNode("\(host)")].hardware = "\(hardware)"
            nodes[host]?.isAlive = true
        }
        let mismatches = patient.mismatches.sorted { $0.key < $1.key }
        return (
            nodes.sorted { $0.key < $1.key }.map(\.value),
            mismatches.map { $0.value.sentence(in: instance.config) }
        )
    }

    func holders(of address: IPAddress, _ id: InstanceID) -> [String] {
        (patients[id]?.holders[address] ?? []).map { "\($0)" }.sorted()
    }
}

extension Daemon {
    /// Examine every instance, and answer when it is done. Who asks meanwhile gets the same report.
    func examine(then answer: @escaping (DoctorReport) -> Void) {
        if let examination {
            examination.answers.append(answer)
            return
        }
        let examination = Examination()
        examination.answers = [answer]
        self.examination = examination
        for id in router.ids { begin(examination, id) }
        // An instance without a guard has no ears until now.
        listen()
        for id in router.ids { ask(examination, id) }
        let intervals = router.ids.map { max(router[$0].config.interval, router[$0].masterInterval) }
        // Two adverts of the slowest master, and half an interval for a late one.
        let longest = intervals.max() ?? .seconds(1)
        let span = min(max(longest * 5 / 2, .milliseconds(500)), .seconds(8))
        loop.after(span) { [weak self] in self?.finish(examination, after: span) }
    }

    private func begin(_ examination: Examination, _ id: InstanceID) {
        guard let runtime = runtimes[id] else { return }
        var nodes = Set(runtime.settings.unicastPeers.map(\.address) + runtime.settings.guardPeers)
        if let master = router[id].master?.address { nodes.insert(master) }
        nodes.formUnion(publisher.news?.heard(by: id).compactMap { IPAddress($0) } ?? [])
        examination.begin(id, nodes: nodes)
        runtime.isExamined = true
        runtime.wasExamined = true
    }

    private func ask(_ examination: Examination, _ id: InstanceID) {
        guard let runtime = runtimes[id] else { return }
        followFirewallWishes(of: runtime)
        channel.send(.query, for: id, to: .everybody)
        for node in examination.nodes(of: id) { prober.ask(Probe(asksForAddresses: false, host: node), of: runtime) }
        let rounds = runtime.allAddresses.count / GuardProber.addressesPerRound + 1
        for _ in 0..<rounds { prober.ask(Probe(), of: runtime) }
    }

    private func finish(_ examination: Examination, after span: Duration) {
        self.examination = nil
        let report = DoctorReport(
            version: haluaVersion, host: hostName(), listenedMs: milliseconds(span.inNanoseconds),
            instances: router.ids.compactMap { id in runtimes[id].map { self.report(on: $0, examination, after: span) }
            })
        for runtime in runtimes.values where runtime.isExamined {
            runtime.isExamined = false
            followFirewallWishes(of: runtime)
        }
        for answer in examination.answers { answer(report) }
    }

    /// By which interfaces the node was heard on the guard channel meanwhile.
    private func withWays(_ node: DoctorNode, of id: InstanceID, within span: Duration) -> DoctorNode {
        var node = node
        let peer = guardPeers(of: id).first { $0.address == node.address }
        let limit = milliseconds(span.inNanoseconds)
        node.heartbeatWays = (peer?.paths ?? []).filter { $0.heardMs.map { $0 <= limit } ?? false }.map(\.interface)
        return node
    }

    private func report(
        on runtime: InstanceRuntime, _ examination: Examination, after span: Duration
    ) -> DoctorInstance {
        let instance = router[runtime.id]
        let found = examination.findings(runtime.id, instance)
        let record = guardRecords[runtime.id]
        return DoctorInstance(
            name: instance.config.name, state: instance.state.name, interface: runtime.settings.interface,
            group: runtime.isUnicast ? nil : "\(runtime.group(in: configuration.global))",
            virtualRouterID: Int(instance.config.virtualRouterID),
            intervalMs: milliseconds(instance.config.interval.inNanoseconds),
            source: runtime.source.map { "\($0)" }, isGuarded: runtime.isGuarded,
            addresses: runtime.allAddresses.map { virtual in
                DoctorAddress(
                    "\(virtual.address)",
                    isHeldHere: runtime.held.contains { $0.prefix.address == virtual.address },
                    holders: examination.holders(of: virtual.address, runtime.id))
            },
            nodes: found.nodes.map { withWays($0, of: runtime.id, within: span) }, mismatches: found.mismatches,
            proxies: record.proxies.map { "\($0)" },
            hold: record.hold?.sentence, faults: instance.faults)
    }
}
