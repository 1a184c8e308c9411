/// Does one thing of the fault alphabet to a world.
import VRRPCore
import Wire

/// An action that makes no sense in this world: a name nobody has, a start of what runs.
package struct ActionError: Error, Hashable {
    package var sentence: String
}

extension World {
    package func perform(_ action: Action) throws(ActionError) {
        switch action {
        case .process(let action, let name): try perform(action, find(name))
        case .host(let action, let name): try perform(action, find(name))
        case .segment(let action, let segment): try perform(action, on: segment)
        case .stranger(let action, let name): try perform(action, name)
        case .instance(let action, let target):
            let (node, instance) = try find(target)
            try perform(action, instance, node)
        }
        settleClients()
        tell(.acted(action))
    }

    // MARK: The process

    private func perform(_ action: ProcessAction, _ node: Node) throws(ActionError) {
        // A polite end is no disturbance: what follows is judged.
        if action != .stop { node.disturbedAt = max(now, node.busyUntil) }
        switch action {
        case .start:
            try start(node)
        case .stop:
            try stop(node)
        case .kill:
            try require(node.process != .absent, "\(node.name) does not run")
            exit(node)
            letLifetimesRun(node)
        case .pause:
            try require(node.process == .running, "\(node.name) does not run")
            node.process = .paused
            stand(node)
        case .resume:
            try require(node.process == .paused, "\(node.name) is not paused")
            node.process = .running
            turn(node)
        case .stall(let span):
            try require(node.process == .running, "\(node.name) does not run")
            node.busyUntil = max(node.busyUntil, now + span)
            node.disturbedAt = node.busyUntil
            stand(node)
            wake(node, at: node.busyUntil)
        case .latency(let span):
            node.loopLatency = span
        case .scriptDies:
            node.isScriptDead = true
        case .scriptReturns:
            startScripts(node)
        }
    }

    private func stand(_ node: Node) {
        if node.standsSince == nil { node.standsSince = now }
        letLifetimesRun(node)
    }

    private func start(_ node: Node) throws(ActionError) {
        try require(node.process == .absent, "\(node.name) runs already")
        node.isPowered = true
        node.incarnation += 1
        var router = Router()
        for config in node.instances { _ = router.add(config) }
        router.setGroups(node.groups)
        node.router = router
        node.process = .running
        startScripts(node)
        tell(.processStarted(node.id))
        for index in node.instances.indices {
            // The daemon removes what a killed predecessor left behind.
            releaseAddresses(InstanceID(index), node)
            node.lifetimes.ticket += 1
            handle(.sourceAddress(node.address), InstanceID(index), node)
            if !node.isCarrying { handle(.guarding(.carrying(false)), InstanceID(index), node) }
            if !node.isLinkUp { handle(.faultBegan(Self.linkFault), InstanceID(index), node) }
        }
        for index in node.instances.indices { handle(.startup, InstanceID(index), node) }
        turn(node)
    }

    private func stop(_ node: Node) throws(ActionError) {
        try require(node.process == .running, "\(node.name) does not run")
        for index in node.instances.indices { handle(.shutdown, InstanceID(index), node) }
        exit(node)
    }

    private func exit(_ node: Node) {
        node.forgetProcess()
        tell(.processEnded(node.id))
    }

    // MARK: The host

    static let linkFault = FaultCause.linkDown("eth0")

    private func perform(_ action: HostAction, _ node: Node) throws(ActionError) {
        node.disturbedAt = max(now, node.busyUntil)
        switch action {
        case .crash:
            node.isPowered = false
            if node.process != .absent { exit(node) }
            for id in addresses.ids { set(addresses[id], node, isHeld: false) }
        case .link(let isUp):
            setLink(node, isUp: isUp)
        case .mute(let sentence):
            node.sendError = sentence
        case .refuse(let sentence):
            node.addressError = sentence
        case .firewall(let firewall):
            node.firewall = firewall
        case .slowRelease(let span):
            node.releaseDelay = span
        case .clock(let partsPerMillion):
            node.clock.setRate(partsPerMillion: partsPerMillion, at: now)
            // The deadlines stay, the moments at which this clock reaches them do not.
            node.wakeTime = Node.never
            if node.process == .running { turn(node) }
        }
    }

    private func setLink(_ node: Node, isUp: Bool) {
        guard node.isLinkUp != isUp else { return }
        node.isLinkUp = isUp
        if isUp { setCarrying(node, false) }
        for index in node.instances.indices {
            post(isUp ? .faultEnded(Self.linkFault) : .faultBegan(Self.linkFault), InstanceID(index), node)
        }
    }

    /// The daemon hears whether frames arrive since the link came up.
    func setCarrying(_ node: Node, _ isCarrying: Bool) {
        node.isCarrying = isCarrying
        if isCarrying { node.carryingSince = now }
        guard node.process != .absent else { return }
        for index in node.instances.indices where node.instances[index].guarding != nil {
            node.inbox.notices.append((.guarding(.carrying(isCarrying)), InstanceID(index)))
        }
        attend(node)
    }

    // MARK: The segment

    private func perform(_ action: SegmentAction, on segment: Segment) throws(ActionError) {
        switch segment {
        case .service: try perform(action, &network)
        case .heartbeat: try perform(action, &heartbeatNetwork)
        }
    }

    private func perform(_ action: SegmentAction, _ network: inout Network) throws(ActionError) {
        switch action {
        case .link(let from, let to, let fault):
            let source = try station(from)
            let target = try station(to)
            try require(source != target, "\(from) has no link to itself")
            network.change(from: source, to: target, at: now) { $0.apply(fault) }
        case .partition(let named):
            var group = Array(repeating: 0, count: network.stationCount)
            for (number, names) in named.enumerated() {
                for name in names { try group[station(name).index] = number + 1 }
            }
            network.partition({ group[$0.index] }, at: now)
        case .heal:
            network.heal(at: now)
        }
    }

    // MARK: The instance

    private func perform(_ action: InstanceAction, _ instance: InstanceID, _ node: Node) throws(ActionError) {
        switch action {
        case .check(let name, let outcome):
            guard let index = node.instances[instance.index].checks.firstIndex(where: { $0.name == name }) else {
                throw ActionError(sentence: "\(node.name) has no check \(name)")
            }
            post(.check(CheckID(index), outcome), instance, node)
        case .adjust(let key, let delta, let reason):
            post(.adjustPriority(key: key, delta: delta, reason: reason), instance, node)
        case .demote(let key, let reason):
            post(.faultBegan(.demoted(key: key, reason: reason)), instance, node)
        case .undemote(let key, let reason):
            post(.faultEnded(.demoted(key: key, reason: reason)), instance, node)
        case .gate(let name, let behaviour):
            try require(
                node.instances[instance.index].gates.contains { $0.name == name }, "\(node.name) has no gate \(name)")
            node.gateBehaviours[GateName(instance: instance, gate: name)] = behaviour
        case .extend(let gate, let span):
            post(.extendLease(gate: gate, until: node.clock.local(now) + span), instance, node)
        case .reload(let config):
            for address in config.virtualAddresses { _ = addresses.id(address) }
            node.instances[instance.index] = config
            post(.reconfigure(config), instance, node)
        case .steal:
            for address in node.instances[instance.index].virtualAddresses {
                guard addresses.isHeld(addresses.id(address), by: node.id) else { continue }
                set(address, node, isHeld: false)
                post(.addressLost(address), instance, node)
            }
        }
    }

    /// Something that reaches the process by netlink or from its scripts.
    private func post(_ input: Input, _ instance: InstanceID, _ node: Node) {
        node.disturbedAt = max(now, node.busyUntil)
        guard node.process != .absent else { return }
        node.inbox.notices.append((input, instance))
        attend(node)
    }

    /// An input for a living process, as its scripts and its kernel give them.
    package func deliver(_ input: Input, to instance: InstanceID, of node: Node) { post(input, instance, node) }

    /// A packet from a station that is not played: it arrives now, and the node's receive checks judge it.
    package func deliver(
        _ packet: ReceivedPacket, to instance: InstanceID, of node: Node
    ) -> ReceiveVerdict? {
        guard node.process == .running, node.isLinkUp else { return nil }
        var verdict: ReceiveVerdict?
        dispatch(instance, node) { router, local, effects in
            verdict = router.receive(packet, for: instance, now: local, into: &effects)
        }
        turn(node)
        return verdict
    }

    // MARK: Names

    package func find(_ name: String) throws(ActionError) -> Node {
        guard let node = nodes.first(where: { $0.name == name }) else {
            throw ActionError(sentence: "there is no node \(name)")
        }
        return node
    }

    package func find(_ target: Target) throws(ActionError) -> (Node, InstanceID) {
        let node = try find(target.node)
        guard let name = target.instance else {
            guard node.instances.count == 1 else {
                throw ActionError(sentence: "\(node.name) has several instances: say \(node.name)/NAME")
            }
            return (node, InstanceID(0))
        }
        guard let index = node.instances.firstIndex(where: { $0.name == name }) else {
            throw ActionError(sentence: "\(node.name) has no instance \(name)")
        }
        return (node, InstanceID(index))
    }

    private func require(_ isTrue: Bool, _ sentence: String) throws(ActionError) {
        if !isTrue { throw ActionError(sentence: sentence) }
    }

    private func station(_ name: String) throws(ActionError) -> StationID {
        if let client = clients.first(where: { $0.name == name }) { return client.id }
        if let stranger = strangers.first(where: { $0.name == name }) { return stranger.id }
        return try find(name).id
    }
}

extension LinkQuality {
    mutating func apply(_ fault: LinkFault) {
        switch fault {
        case .cut(let isCut): self.isCut = isCut
        case .multicastDropped(let isDropped): dropsMulticast = isDropped
        case .loss(let millionths): loss = millionths
        case .duplication(let millionths): duplication = millionths
        case .reordering(let millionths): reordering = millionths
        case .delay(let delay, let jitter):
            self.delay = delay
            self.jitter = jitter
        }
    }
}
