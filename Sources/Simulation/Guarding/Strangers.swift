/// Stations that VRRP knows nothing of: proxies that answer for everybody, users of a virtual address, and forgers.
import VRRPCore
import Wire

/// What a stranger sends again and again.
package struct Forgery: Hashable, Sendable {
    /// The source address that the packets show.
    package var source: IPAddress
    package var virtualRouterID: UInt8
    package var priority: UInt8
    package var version = VRRPVersion.v2
    package var password: Password?
    package var every: Duration

    package init(source: IPAddress, virtualRouterID: UInt8, priority: UInt8, every: Duration) {
        self.source = source
        self.virtualRouterID = virtualRouterID
        self.priority = priority
        self.every = every
    }
}

package struct Stranger: Sendable {
    package let id: StationID
    package let name: String
    /// It answers for every address, as proxy ARP and some fabrics do.
    package internal(set) var isProxy = false
    /// The virtual address that it answers for, and announces when it takes it.
    package internal(set) var uses: IPAddress?
    package internal(set) var forgery: Forgery?
    /// The valid repetition in the queue.
    var ticket: UInt64 = 0

    init(id: StationID, name: String) {
        self.id = id
        self.name = name
    }

    /// It does nothing that anybody could notice.
    package var isQuiet: Bool { !isProxy && uses == nil && forgery == nil }
}

extension World {
    func perform(_ action: StrangerAction, _ name: String) throws(ActionError) {
        guard let index = strangers.firstIndex(where: { $0.name == name }) else {
            throw ActionError(sentence: "there is no stranger \(name)")
        }
        strangerChanged = now
        switch action {
        case .proxy(let isOn): strangers[index].isProxy = isOn
        case .use(let address):
            strangers[index].uses = address
            if let address { announce(address, strangers[index].id) }
        case .claim(let address):
            announce(address, strangers[index].id)
        case .forge(let forgery):
            strangers[index].ticket += 1
            strangers[index].forgery = forgery
            if forgery != nil { act(strangers[index].id, strangers[index].ticket) }
        }
    }

    /// One gratuitous ARP.
    private func announce(_ address: IPAddress, _ station: StationID) {
        let id = addresses.id(address)
        addresses.announced(id, by: station)
        let frame = Frame(sender: station, cast: .broadcast, payload: .announcement(id))
        for client in clients { transmit(frame, to: client.id) }
        for node in nodes where node.isGuarded { transmit(frame, to: node.id) }
    }

    /// Sends one forged advert, and the next one later.
    func act(_ station: StationID, _ ticket: UInt64) {
        guard let stranger = strangers.first(where: { $0.id == station }), stranger.ticket == ticket,
            let forgery = stranger.forgery, let victim = addresses.ids.first
        else { return }
        let advert = Advert(
            version: forgery.version, virtualRouterID: forgery.virtualRouterID, priority: forgery.priority,
            addressCount: 1, interval: .seconds(1),
            authentication: forgery.password.map { .password($0) } ?? .none, checksumForm: .message)
        let frame = Frame(
            sender: station, cast: .multicast, payload: .forged(advert, source: forgery.source, victim))
        for node in nodes { transmit(frame, to: node.id) }
        queue.add(.stranger(station, ticket: ticket), at: now + forgery.every)
    }
}
