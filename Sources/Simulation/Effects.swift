/// Does what the core asks for, as the daemon's effect runner does it with a real kernel.
import VRRPCore
import Wire

extension World {
    func handle(_ input: Input, _ instance: InstanceID, _ node: Node) {
        dispatch(instance, node) { router, local, effects in
            router.handle(input, for: instance, now: local, into: &effects)
        }
    }

    /// Gives something to the router and does what it answers, in order; what that leads to at once follows.
    func dispatch(
        _ instance: InstanceID, _ node: Node, _ body: (inout Router, Time, inout [AddressedEffect]) -> Void
    ) {
        guard node.router != nil else { return }
        var effects = node.effects
        node.effects = []
        effects.removeAll(keepingCapacity: true)
        node.decide { body(&$0, node.clock.local(now), &effects) }
        var sendFailed: (InstanceID, String)?
        for addressed in effects {
            tell(.effect(addressed.effect, of: InstanceName(node.id, addressed.instance)))
            if let sentence = perform(addressed.effect, addressed.instance, node) {
                sendFailed = (addressed.instance, sentence)
            }
        }
        node.effects = effects
        tell(.handled(InstanceName(node.id, instance)))
        // keepalived logs it and goes on.
        if let (failed, sentence) = sendFailed, node.traits.model == .halua {
            handle(.sendFailed(sentence), failed, node)
        }
    }

    /// Returns the sentence of a failed sending.
    private func perform(_ effect: Effect, _ instance: InstanceID, _ node: Node) -> String? {
        switch effect {
        case .sendAdvert(let priority):
            return sendAdvert(priority, instance, node)
        case .addAddresses(let token):
            node.wantedTokens[instance.index] = token
            let request = KernelRequest.addAddresses(instance, token: token)
            let done = now + node.kernelDelay
            queue.add(.kernel(request, of: node.id, incarnation: node.incarnation), at: done)
        case .removeAddresses:
            node.wantedTokens[instance.index] = nil
            removeAddresses(instance, node)
        case .removeStaleAddresses:
            if node.wantedTokens[instance.index] == nil { releaseAddresses(instance, node) }
        case .probe(let probe):
            ask(probe, instance, node)
        case .listenBeforeFirewall(let isWanted):
            node.openTaps[instance.index] = isWanted
        case .tellPeer(let word, let peer):
            if let receiver = nodes.first(where: { $0.address == peer }) {
                sendBeat(word, instance, node, to: receiver)
            }
        case .announce(_, let repetitions):
            announce(instance, repetitions, node)
        case .announceElsewhere(let hardware):
            announce(instance, at: hardware, node)
        case .arm(let timer, let deadline):
            node.deadlines[instance.index * Node.timerCount + Int(timer.rawValue)] = deadline.nanoseconds
        case .disarm(let timer):
            node.deadlines[instance.index * Node.timerCount + Int(timer.rawValue)] = Int64.max
        case .askGates(let question, _):
            askGates(question, instance, node)
        case .publish(.transition(let from, let to, _, let sequence)):
            tellScripts(from: from, to: to, sequence, instance, node)
            sendBeats(instance, node, wantsAnswer: true)
        case .cancelGates, .publish:
            break
        }
        return nil
    }

    // MARK: Sending

    private func sendAdvert(_ priority: UInt8, _ instance: InstanceID, _ node: Node) -> String? {
        // A master's heartbeats go with its adverts, and on the second way also when the first one fails.
        defer { if priority > 0, node.state(instance) == .master { sendBeats(instance, node, wantsAnswer: true) } }
        if let sentence = node.sendError { return sentence }
        if !node.isLinkUp { return "sendto: network is down" }
        let index = instance.index
        let advert = Advert(
            version: node.instances[index].version, virtualRouterID: node.instances[index].virtualRouterID,
            priority: priority, addressCount: UInt8(clamping: node.instances[index].virtualAddresses.count),
            interval: node.instances[index].interval, authentication: node.instances[index].receive.authentication,
            checksumForm: .message)
        sentAdverts += 1
        let cast = node.instances[index].receive.isUnicast ? Cast.unicast : Cast.multicast
        let frame = Frame(sender: node.id, cast: cast, payload: .advert(advert, instance))
        for receiver in nodes where receiver !== node { transmit(frame, to: receiver.id) }
        return nil
    }

    /// To those that listen: clients, and daemons with a guard. Who spoke last is noted for all.
    private func announce(_ instance: InstanceID, _ repetitions: Int, _ node: Node) {
        guard node.isLinkUp, node.sendError == nil, repetitions > 0 else { return }
        for address in node.instances[instance.index].virtualAddresses {
            let id = addresses.id(address)
            addresses.announced(id, by: node.id)
            let frame = Frame(sender: node.id, cast: .broadcast, payload: .announcement(id))
            for client in clients {
                for _ in 0..<repetitions { transmit(frame, to: client.id) }
            }
            for other in nodes where other !== node && other.isGuarded {
                for _ in 0..<repetitions { transmit(frame, to: other.id) }
            }
        }
    }

    /// A frame of this node that names another one.
    private func announce(_ instance: InstanceID, at hardware: MACAddress, _ node: Node) {
        guard node.isLinkUp, node.sendError == nil else { return }
        for address in node.instances[instance.index].virtualAddresses {
            let id = addresses.id(address)
            let place = StationID(of: hardware)
            addresses.announced(id, by: place)
            let frame = Frame(sender: node.id, cast: .broadcast, payload: .announcementFor(id, at: place))
            for client in clients { transmit(frame, to: client.id) }
            for other in nodes where other !== node && other.isGuarded { transmit(frame, to: other.id) }
        }
    }

    func transmit(_ frame: Frame, to receiver: StationID, on segment: Segment = .service) {
        let deliveries =
            switch segment {
            case .service: network.deliveries(from: frame.sender, to: receiver, frame.cast, &random)
            case .heartbeat: heartbeatNetwork.deliveries(from: frame.sender, to: receiver, frame.cast, &random)
            }
        if let delay = deliveries.first { queue.add(.arrival(frame, at: receiver), at: now + delay) }
        if let delay = deliveries.second { queue.add(.arrival(frame, at: receiver), at: now + delay) }
    }

    // MARK: The kernel

    /// The kernel comes to a request. It acts also when the process was stopped meanwhile: the answer then waits.
    func answer(_ request: KernelRequest, _ node: Node, _ incarnation: UInt32) {
        guard node.isPowered else { return }
        switch request {
        case .removeAddresses(let instance):
            // Asked for by a process that may be gone by now; but not when a later one wants the addresses again.
            if node.wantedTokens[instance.index] == nil { releaseAddresses(instance, node) }
        case .addAddresses(let instance, let token):
            guard node.incarnation == incarnation else { return }
            var answer = KernelAnswer.done
            if let sentence = node.addressError {
                answer = .failed(sentence)
            } else if node.wantedTokens[instance.index] == token {
                for address in node.instances[instance.index].virtualAddresses {
                    set(address, node, isHeld: true)
                }
            }
            node.inbox.notices.append((.addressesAdded(token: token, answer), instance))
            attend(node)
        }
    }

    private func removeAddresses(_ instance: InstanceID, _ node: Node) {
        guard node.releaseDelay > .zero else { return releaseAddresses(instance, node) }
        node.releasedBy = now + node.releaseDelay
        queue.add(
            .kernel(.removeAddresses(instance), of: node.id, incarnation: node.incarnation), at: node.releasedBy)
    }

    func releaseAddresses(_ instance: InstanceID, _ node: Node) {
        for address in node.instances[instance.index].virtualAddresses {
            set(address, node, isHeld: false)
        }
    }

    func set(_ address: IPAddress, _ node: Node, isHeld: Bool) {
        let id = addresses.id(address)
        guard addresses.set(id, by: node.id, isHeld: isHeld) else { return }
        if isHeld { beginLifetime(id, node) }
        tell(isHeld ? .held(id, by: node.id) : .released(id, by: node.id))
        settleClients()
    }
}
