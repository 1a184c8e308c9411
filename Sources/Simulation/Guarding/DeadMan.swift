/// Lifetimes of addresses: the kernel removes what a living, turning process has not renewed in time.
import VRRPCore
import Wire

/// The numbers of the daemon, and of the kernel as it was measured.
package enum DeadMan {
    /// The daemon renews the lifetimes of its addresses this often.
    package static let period = Duration.seconds(1)
    package static let lifetime = Duration.seconds(3)
    /// The kernel looks for dead addresses now and then: one may live this much longer.
    package static let slack = Duration.milliseconds(400)
}

/// When the addresses of one kernel got their lifetimes.
///
/// While the process goes, each is renewed in time and nothing has to be played. Only when it stops does the time count.
struct Lifetimes {
    /// When each address was added, or renewed after a stop; by the index of the address.
    private var begins: [Time] = []
    /// The valid generation of ends in the queue.
    var ticket: UInt64 = 0

    mutating func begin(_ id: VirtualAddressID, at now: Time) {
        while begins.count <= id.index { begins.append(Time(nanoseconds: 0)) }
        begins[id.index] = now
    }

    /// The last renewal before the process stopped.
    func renewed(_ id: VirtualAddressID, before stop: Time) -> Time {
        guard id.index < begins.count else { return stop }
        let passed = (stop - begins[id.index]).inNanoseconds
        return stop - .nanoseconds(passed % DeadMan.period.inNanoseconds)
    }
}

extension World {
    func beginLifetime(_ id: VirtualAddressID, _ node: Node) {
        node.lifetimes.begin(id, at: now)
        if node.standsSince != nil { letExpire(id, node) }
    }

    /// The process stops, for now or for good.
    func letLifetimesRun(_ node: Node) {
        node.lifetimes.ticket += 1
        for id in addresses.ids where addresses.isHeld(id, by: node.id) { letExpire(id, node) }
    }

    /// The process goes on, and renews what is left.
    func renewLifetimes(_ node: Node) {
        node.lifetimes.ticket += 1
        for id in addresses.ids where addresses.isHeld(id, by: node.id) { node.lifetimes.begin(id, at: now) }
    }

    private func letExpire(_ id: VirtualAddressID, _ node: Node) {
        guard node.traits.hasDeadMan,
            let instance = node.instances.first(where: { $0.virtualAddresses.contains(addresses[id]) }),
            instance.guarding != nil
        else { return }
        let end = node.lifetimes.renewed(id, before: now) + DeadMan.lifetime
        let time = end + random.span(from: .zero, to: DeadMan.slack)
        queue.add(.expiry(id, of: node.id, ticket: node.lifetimes.ticket), at: max(time, now))
    }

    /// Nobody has renewed the address. A process that only stands still will hear of it.
    func expire(_ id: VirtualAddressID, _ node: Node, _ ticket: UInt64) {
        guard node.lifetimes.ticket == ticket, addresses.isHeld(id, by: node.id) else { return }
        tell(.expired(id, of: node.id))
        let address = addresses[id]
        set(address, node, isHeld: false)
        guard node.process != .absent else { return }
        for index in node.instances.indices where node.instances[index].virtualAddresses.contains(address) {
            node.inbox.notices.append((.addressLost(address), InstanceID(index)))
        }
    }
}

extension Time {
    fileprivate static func - (time: Time, span: Duration) -> Time {
        Time(nanoseconds: time.nanoseconds - span.inNanoseconds)
    }
}
