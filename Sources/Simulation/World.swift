/// The simulated world: nodes with the production core, the segment between them, and one virtual clock.
import VRRPCore
import Wire

/// Everything that happens is an event of one queue, and all chance comes from one seed; so a run can be repeated.
package final class World {
    package internal(set) var now = Time(nanoseconds: 0)
    package internal(set) var random: RandomSource
    package internal(set) var network = Network()
    /// The second segment, which carries heartbeats only.
    package internal(set) var heartbeatNetwork = Network()
    package internal(set) var hasHeartbeatSegment = false
    package internal(set) var addresses = AddressTable()
    package internal(set) var nodes: [Node] = []
    package internal(set) var clients: [Client] = []
    package internal(set) var strangers: [Stranger] = []
    /// The locks that gates share, by the gate's name.
    var locks: [String: SharedLock] = [:]
    package internal(set) var observers: [any WorldObserver] = []
    /// The last time that a stranger changed what it does.
    package internal(set) var strangerChanged = Time(nanoseconds: 0)
    /// Frames that were put on the wire, for the statistics.
    package internal(set) var sentAdverts: Int64 = 0

    /// A checker has seen enough: time goes on, but nothing happens any more.
    private var isHalted = false
    var queue = EventQueue()
    /// The node of each station; nil for clients.
    private var nodeOfStation: [Node?] = []

    package init(seed: UInt64) { random = RandomSource(seed: seed) }

    // MARK: Building

    /// A host with its source address; its instances are added before it is started.
    package func addNode(_ name: String, address: IPAddress) -> Node {
        let node = Node(id: addStation(), name: name, address: address)
        nodes.append(node)
        nodeOfStation[node.id.index] = node
        return node
    }

    private func addStation() -> StationID {
        let id = StationID(network.stationCount)
        network.addStation()
        heartbeatNetwork.addStation()
        nodeOfStation.append(nil)
        return id
    }

    package func addInstance(_ config: InstanceConfig, to node: Node) -> InstanceID {
        precondition(node.process == .absent, "instances are added before the process starts")
        node.instances.append(config)
        node.deadlines.append(contentsOf: Array(repeating: Int64.max, count: Node.timerCount))
        node.wantedTokens.append(nil)
        node.openTaps.append(false)
        node.standings.append(Standing())
        for address in config.virtualAddresses { _ = addresses.id(address) }
        return InstanceID(node.instances.count - 1)
    }

    package func addCheck(_ check: CheckConfig, to instance: InstanceID, of node: Node) {
        precondition(node.process == .absent, "checks are added before the process starts")
        node.instances[instance.index].checks.append(check)
    }

    package func addGroup(_ group: SyncGroupConfig, to node: Node) { node.groups.append(group) }

    /// A client of a virtual address, on the same segment.
    package func addClient(_ name: String, of address: IPAddress) {
        let id = addStation()
        clients.append(Client(id: id, name: name, target: addresses.id(address), now: now))
        settleClients()
    }

    /// A station of which VRRP knows nothing.
    package func addStranger(_ name: String) { strangers.append(Stranger(id: addStation(), name: name)) }

    package func addObserver(_ observer: any WorldObserver) { observers.append(observer) }

    func node(_ station: StationID) -> Node? { nodeOfStation[station.index] }

    func tell(_ record: Record) {
        for observer in observers { observer.observe(record, in: self) }
    }

    // MARK: Running

    /// When the next thing happens; nil when nothing ever will.
    package var nextTime: Time? { isHalted ? nil : queue.nextTime }

    /// Plays everything up to and including this moment.
    package func run(until limit: Time) {
        while !isHalted, let (time, event) = queue.take(until: limit) {
            now = time
            play(event)
        }
        now = max(now, limit)
        settleClients()
    }

    package func halt() { isHalted = true }

    private func play(_ event: WorldEvent) {
        switch event {
        case .arrival(let frame, let station):
            if let node = node(station) {
                receive(frame, node)
            } else {
                receive(frame, station)
            }
        case .kernel(let request, let station, let incarnation):
            if let node = node(station) { answer(request, node, incarnation) }
        case .script(let event, let station, let incarnation, let generation):
            if let node = node(station) { play(event, node, incarnation, generation) }
        case .expiry(let id, let station, let ticket):
            if let node = node(station) { expire(id, node, ticket) }
        case .stranger(let station, let ticket):
            act(station, ticket)
        case .wake(let station, let ticket):
            guard let node = node(station), node.wakeTicket == ticket else { return }
            node.wakeTime = Node.never
            turn(node)
        }
    }

    /// A frame reaches a node's NIC: the kernel answers questions, whatever the daemon does; the rest is for the daemon.
    private func receive(_ frame: Frame, _ node: Node) {
        guard node.isPowered else { return }
        if !node.isCarrying, node.isLinkUp { setCarrying(node, true) }
        switch frame.payload {
        case .question(let address):
            guard node.isLinkUp, isAnswered(address, by: node) else { return }
            transmit(Frame(sender: node.id, cast: .unicast, payload: .answer(address)), to: frame.sender)
        case .advert, .forged:
            guard node.isLinkUp, node.process != .absent, node.inbox.frames.count < Inbox.frameLimit else { return }
            node.inbox.frames.append(frame)
            attend(node)
        case .announcement, .announcementFor, .answer, .beat:
            if case .beat(_, on: .heartbeat) = frame.payload {} else if !node.isLinkUp { return }
            guard node.process != .absent, node.inbox.guardFrames.count < Inbox.frameLimit else { return }
            node.inbox.guardFrames.append(frame)
            attend(node)
        }
    }

    /// A frame reaches a client or a stranger.
    private func receive(_ frame: Frame, _ station: StationID) {
        switch frame.payload {
        case .announcement(let address): hear(address, announcedBy: frame.sender, station)
        case .announcementFor(let address, let place): hear(address, announcedBy: place, station)
        case .question(let address): answer(address, askedBy: frame.sender, station)
        case .advert, .answer, .beat, .forged: break
        }
    }

    // MARK: Clients

    private func hear(_ address: VirtualAddressID, announcedBy sender: StationID, _ station: StationID) {
        for index in clients.indices where clients[index].id == station && clients[index].target == address {
            clients[index].follows = sender
        }
        settleClients()
    }

    /// To be called after everything that may change a client's luck.
    func settleClients() {
        for index in clients.indices {
            let client = clients[index]
            if client.follows == nil {
                clients[index].follows = addresses.holders(client.target).first { isReachable($0, from: client.id) }
            }
            let isServed = clients[index].follows.map {
                addresses.isHeld(client.target, by: $0) && isReachable($0, from: client.id)
            }
            clients[index].settle(isServed: isServed ?? false, at: now)
        }
    }

    private func isReachable(_ station: StationID, from client: StationID) -> Bool {
        guard let node = node(station) else { return false }
        return node.isPowered && node.isLinkUp && network.connects(station, client)
    }

    package func resetClientCounts() {
        settleClients()
        for index in clients.indices { clients[index].resetCounts() }
    }
}
