/// One turn of a node's event loop: frames, then the kernel and the scripts, then the timers that are due.
import VRRPCore
import Wire

/// What the process asked its kernel for.
enum KernelRequest {
    case addAddresses(InstanceID, token: UInt32)
    case removeAddresses(InstanceID)
}

extension World {
    /// At most this many packets are read before the timers get their chance (as the daemon's loop does).
    private static let framesPerTurn = 64
    /// A node that arms timers in the past for ever is a bug, not a busy node.
    private static let timersPerTurn = 10_000

    /// There is something to do for the process: now, or when it gets the processor.
    func attend(_ node: Node) {
        guard node.process == .running else { return }
        var start = max(now, node.busyUntil)
        if node.loopLatency > .zero { start = start + random.span(from: .zero, to: node.loopLatency) }
        if start <= now {
            turn(node)
        } else {
            wake(node, at: start)
        }
    }

    func turn(_ node: Node) {
        guard node.process == .running else { return }
        if node.busyUntil > now { return wake(node, at: node.busyUntil) }
        if node.standsSince != nil { goOn(node) }
        readFrames(node)
        readGuardFrames(node)
        readNotices(node)
        runTimers(node)
        if node.process == .running { planNextWake(node) }
    }

    /// A handler may let the process exit, which empties the inbox: hence the look at the count each time.
    private func readFrames(_ node: Node) {
        var taken = 0
        while taken < min(node.inbox.frames.count, Self.framesPerTurn) {
            let frame = node.inbox.frames[taken]
            taken += 1
            switch frame.payload {
            case .advert(let advert, let instance): accept(advert, instance, frame, node)
            case .forged(let advert, let source, let id):
                accept(advert, from: source, [addresses[id]], .multicast, node)
            case .announcement, .announcementFor, .question, .answer, .beat: break
            }
        }
        node.inbox.frames.removeFirst(min(taken, node.inbox.frames.count))
    }

    private func readGuardFrames(_ node: Node) {
        var taken = 0
        while taken < min(node.inbox.guardFrames.count, Self.framesPerTurn) {
            let frame = node.inbox.guardFrames[taken]
            taken += 1
            hear(frame, node)
        }
        node.inbox.guardFrames.removeFirst(min(taken, node.inbox.guardFrames.count))
    }

    private func readNotices(_ node: Node) {
        var taken = 0
        while taken < node.inbox.notices.count {
            let notice = node.inbox.notices[taken]
            taken += 1
            handle(notice.input, notice.instance, node)
        }
        node.inbox.notices.removeAll(keepingCapacity: true)
    }

    private func runTimers(_ node: Node) {
        let local = node.clock.local(now).nanoseconds
        for _ in 0..<Self.timersPerTurn {
            guard let place = earliest(node), node.deadlines[place] <= local else { return }
            node.deadlines[place] = Int64.max
            guard let timer = Timer(rawValue: UInt8(place % Node.timerCount)) else {
                preconditionFailure("each place of the table belongs to a timer")
            }
            handle(.timer(timer), InstanceID(place / Node.timerCount), node)
        }
        preconditionFailure("node \(node.name) arms timers that are due at once, without end")
    }

    /// The place of the earliest deadline; the lower place wins a tie.
    private func earliest(_ node: Node) -> Int? {
        var best: Int?
        var deadline = Int64.max
        for place in node.deadlines.indices where node.deadlines[place] < deadline {
            best = place
            deadline = node.deadlines[place]
        }
        return best
    }

    private func planNextWake(_ node: Node) {
        if !node.inbox.isEmpty { return wake(node, at: now) }
        guard let place = earliest(node) else { return }
        var time = node.clock.world(Time(nanoseconds: node.deadlines[place]))
        if node.loopLatency > .zero, time < node.wakeTime {
            time = time + random.span(from: .zero, to: node.loopLatency)
        }
        wake(node, at: max(time, now))
    }

    /// One wake-up per node is valid at a time: the earliest. A later one is planned when that one turned.
    func wake(_ node: Node, at time: Time) {
        guard time < node.wakeTime else { return }
        node.wakeTicket += 1
        node.wakeTime = time
        queue.add(.wake(node.id, ticket: node.wakeTicket), at: time)
    }

    private func accept(_ advert: Advert, _ sending: InstanceID, _ frame: Frame, _ node: Node) {
        guard let sender = self.node(frame.sender) else { return }
        if node.firewall == .open || node.obeysTap { node.note(frame.sender, heard: now) }
        accept(advert, from: sender.address, sender.instances[sending.index].virtualAddresses, frame.cast, node)
    }

    /// Finds the instances that the packet concerns and lets the router check it, as the daemon does with a decoded one.
    private func accept(
        _ advert: Advert, from source: IPAddress, _ list: [IPAddress], _ cast: Cast, _ node: Node
    ) {
        for index in node.instances.indices {
            let isOurs = node.instances[index].virtualRouterID == advert.virtualRouterID
            guard node.instances[index].family == source.family, isOurs || node.instances[index].guarding != nil else {
                continue
            }
            let packet = ReceivedPacket(
                advert: advert, source: source, destination: cast == .multicast ? .group : .host,
                addressList: node.instances[index].virtualAddresses == list ? .same : .different)
            guard node.firewall == .open else {
                readBeforeFirewall(packet, list, InstanceID(index), node)
                continue
            }
            var isBelieved = false
            if isOurs {
                dispatch(InstanceID(index), node) { router, local, effects in
                    if case .accept = router.receive(packet, for: InstanceID(index), now: local, into: &effects) {
                        isBelieved = true
                    }
                }
            }
            if !isBelieved { noteForeign(packet, list, InstanceID(index), node) }
        }
    }
}
