/// What a test can see of a node and do to it, in plain values.
import Daemon
import KeepalivedConf
import LuaHost
import Simulation
import VRRPCore
import Wire

extension TestNode {
    // MARK: Seeing

    /// The instance of that name, or the only one.
    private func find(_ instance: String?) throws(TestComplaint) -> InstanceID {
        guard let instance else {
            guard ids.count == 1 else { throw TestComplaint("\(name) has several instances: name one") }
            return InstanceID(0)
        }
        guard let id = ids.first(where: { config(of: $0).name == instance }) else {
            let names = ids.map { config(of: $0).name }.joined(separator: ", ")
            throw TestComplaint("\(name) has no instance \(instance) (there are: \(names))")
        }
        return id
    }

    func describe(instance: String?) throws(TestComplaint) -> PlainValue {
        let id = try find(instance)
        guard let living = self.instance(id) else {
            return .fields([
                "name": .text(config(of: id).name), "state": .text("DOWN"), "holds_vips": .boolean(holdsAddresses(id)),
            ])
        }
        return .fields([
            "name": .text(living.config.name), "state": .text(living.state.name),
            "priority": .integer(Int(living.priority)), "base_priority": .integer(Int(living.config.basePriority)),
            "explanation": .text(living.explanation), "faults": .list(living.faults.map { .text($0) }),
            "holds_vips": .boolean(holdsAddresses(id)), "transitions": .integer(Int(living.sequence)),
            "master": living.master.map { .text("\($0.address)") } ?? .null,
            "last_transition": .text(lastTransition(of: id)),
        ])
    }

    func describe(check: String) throws(TestComplaint) -> PlainValue {
        var known: [String] = []
        for id in ids {
            let checks = instance(id)?.checks ?? []
            for tracked in checks {
                guard tracked.config.name == check else {
                    known.append(tracked.config.name)
                    continue
                }
                let record = record(of: check)
                return .fields([
                    "name": .text(check), "state": .text(tracked.defect == nil ? "\(tracked.state)" : "error"),
                    "reason": .text(tracked.defect ?? reason(record?.lastResult)),
                    "passed": .boolean(record?.lastResult == .passed), "runs": .integer(record?.runs ?? 0),
                    "took": .number(Double((record?.took ?? .zero) / .nanoseconds(1)) / 1e9),
                ])
            }
        }
        throw TestComplaint(
            known.isEmpty
                ? "\(name) runs no checks"
                : "\(name) tracks no check \(check) (there are: \(known.joined(separator: ", ")))")
    }

    func describe(gate: String) throws(TestComplaint) -> PlainValue {
        var known: [String] = []
        for id in ids {
            let gates = instance(id)?.gates ?? []
            known += gates.map(\.config.name)
            guard let found = gates.first(where: { $0.config.name == gate }) else { continue }
            let (state, reason): (String, String) =
                switch found.outcome {
                case _ where found.deadline != nil: ("asking", "")
                case .allowed: ("allowed", "")
                case .excused(let why): ("excused", why)
                case .denied(let why): ("denied", why)
                case nil: ("not asked", "")
                }
            return .fields([
                "name": .text(gate), "state": .text(state), "reason": .text(reason),
                "lease": found.leaseEnd.map { .number(Double($0.nanoseconds - now) / 1e9) } ?? .null,
            ])
        }
        throw TestComplaint(
            known.isEmpty
                ? "\(name) has no promotion gate"
                : "\(name) has no gate \(gate) (there are: \(known.joined(separator: ", ")))"
        )
    }

    private func reason(_ result: CheckResult?) -> String {
        switch result {
        case .failed(let reason), .broken(let reason): reason
        case .passed, nil: ""
        }
    }

    func describeEvents(since start: Int64) -> PlainValue {
        .list(
            happenings.map { happening in
                let sentence = happening.event.sentence(in: config(of: id(happening.instance)))
                let at = PlainValue.number(Double(happening.time - start) / 1e9)
                guard case .transition(let from, let to, let reason, _) = happening.event else {
                    return .fields(["at": at, "instance": .text(happening.instance), "sentence": .text(sentence)])
                }
                return .fields([
                    "at": at, "instance": .text(happening.instance), "sentence": .text(reason.sentence),
                    "from": .text(from.name), "to": .text(to.name), "reason": .text(reason.word),
                ])
            })
    }

    private func id(_ instance: String) -> InstanceID {
        ids.first { config(of: $0).name == instance } ?? InstanceID(0)
    }

    func describeAdverts(since start: Int64) -> PlainValue {
        .list(
            adverts.map { advert in
                .fields([
                    "at": .number(Double(advert.time - start) / 1e9), "instance": .text(advert.instance),
                    "priority": .integer(Int(advert.priority)),
                ])
            })
    }

    // MARK: Doing

    /// One advert from somebody who is not played. Returns "accepted", or why it was dropped.
    func hear(_ options: PlainValue) throws(TestComplaint) -> String {
        let id = try find(options["instance"].text)
        let config = config(of: id)
        guard let priority = UInt8(exactly: options["priority"].integer ?? 100) else {
            throw TestComplaint("a priority is a number from 0 to 255")
        }
        let text = options["from"].text ?? configuration.peerAddress.map { "\($0)" } ?? "192.0.2.250"
        guard let source = IPAddress(text) else { throw TestComplaint("\"\(text)\" is no IP address") }
        let advert = Advert(
            version: config.version, virtualRouterID: config.virtualRouterID, priority: priority,
            addressCount: UInt8(clamping: config.virtualAddresses.count),
            interval: options["interval"].duration ?? config.interval, authentication: config.receive.authentication,
            checksumForm: .message)
        if let number = options["virtual_router_id"].integer.flatMap(UInt8.init(exactly:)),
            number != config.virtualRouterID
        {
            let foreign = ForeignAdvert(
                source: source, priority: priority, interval: advert.interval, difference: .virtualRouterID(number))
            feed(.guarding(.foreignAdvert(foreign)), to: id)
            return "dropped: " + DropReason.unknownVirtualRouter.description
        }
        let packet = ReceivedPacket(
            advert: advert, source: source, destination: config.receive.isUnicast ? .host : .group)
        if options["dropped_by_firewall"].boolean == true {
            guard case .accept(let accepted, _) = config.verdict(on: packet) else { return "dropped" }
            feed(.guarding(.tapped(accepted)), to: id)
            return "dropped: by the firewall"
        }
        switch deliver(packet, to: id) {
        case nil: return "not heard: the daemon does not run, or its link is down"
        case .accept: return "accepted"
        case .drop(let reason): return "dropped: \(reason.description)"
        }
    }

    /// A station that is not played says that it has a virtual address.
    func hear(claim options: PlainValue) throws(TestComplaint) {
        let id = try find(options["instance"].text)
        let text = options["mac"].text ?? "02:00:00:00:00:01"
        guard let hardware = MACAddress(text) else { throw TestComplaint("\"\(text)\" is no Ethernet address") }
        guard let address = options["vip"].text.map({ IPAddress($0) }) ?? config(of: id).virtualAddresses.first else {
            throw TestComplaint("\"\(options["vip"].text ?? "")\" is no IP address")
        }
        feed(.guarding(.claim(AddressClaim(address, by: hardware))), to: id)
    }

    func track(process arguments: Arguments) throws(TestComplaint) {
        let process = try arguments.text(1, "the name of a vrrp_track_process block")
        let isUp = arguments[2].boolean ?? true
        var isKnown = false
        for id in ids {
            for (number, source) in sources(of: id).enumerated() where source == .process(process) {
                isKnown = true
                let reason = arguments[3].text ?? "the test says so"
                feed(.check(CheckID(number), isUp ? .passed : .failed(reason)), to: id)
            }
        }
        guard isKnown else { throw TestComplaint("\(name) tracks no process \(process)") }
    }

    func startProcess(_ fields: PlainValue) throws(TestComplaint) -> Int {
        let arguments = fields["cmdline"].text.map { [$0] } ?? fields["cmdline"].elements.compactMap(\.text)
        guard let executable = fields["exe"].text ?? arguments.first ?? fields["name"].text else {
            throw TestComplaint("a process needs a name, exe or cmdline")
        }
        let last = executable.split(separator: "/").last.map(String.init) ?? executable
        let process = ScriptedProcess(
            name: fields["name"].text ?? last, arguments: arguments, executable: fields["exe"].text,
            workingDirectory: fields["cwd"].text, parent: Int32(clamping: fields["parent"].integer ?? 1))
        let wanted = fields["pid"].integer.map { Int32(clamping: $0) }
        guard let number = world.processes.start(process, identifier: wanted) else {
            throw TestComplaint("there is a process \(fields["pid"].integer ?? 0) already")
        }
        return Int(number)
    }

    func changeProcess(_ number: PlainValue, _ change: (Int32) -> Bool) throws(TestComplaint) {
        let identifier = Int32(clamping: number.integer ?? 0)
        guard change(identifier) else { throw TestComplaint("\(name) has no process \(identifier)") }
    }
}

extension InstanceSettings {
    /// Makes a bare router of it that listens to `peer`.
    mutating func forgetTracking(peer: IPAddress) {
        trackedChecks = []
        trackedProcesses = []
        trackedInterfaces = []
        if !unicastPeers.isEmpty { unicastPeers = [KeepalivedConf.UnicastPeer(address: peer)] }
    }
}
