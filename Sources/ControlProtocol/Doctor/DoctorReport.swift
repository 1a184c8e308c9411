/// What `halua doctor` finds: who has each virtual address, who hears whom by which way, what the firewall keeps.

/// One round of questions on the wire and some time of listening, as one node sees it.
package struct DoctorReport: Hashable, Sendable {
    package var version: String
    package var host: String
    /// How long was listened.
    package var listenedMs: Int
    package var instances: [DoctorInstance]

    package init(version: String, host: String, listenedMs: Int, instances: [DoctorInstance]) {
        self.version = version
        self.host = host
        self.listenedMs = listenedMs
        self.instances = instances
    }
}

package struct DoctorInstance: Hashable, Sendable {
    package var name: String
    package var state: String
    package var interface: String
    /// The multicast group of its adverts; nil for unicast.
    package var group: String?
    package var virtualRouterID: Int
    package var intervalMs: Int
    package var source: String?
    package var isGuarded: Bool
    package var addresses: [DoctorAddress]
    package var nodes: [DoctorNode]
    /// Adverts for our addresses under other terms: the sentence of each kind and sender.
    package var mismatches: [String]
    /// Stations that answer for addresses that nobody has.
    package var proxies: [String]
    /// Why the node does not take over at the moment.
    package var hold: String?
    package var faults: [String]

    package init(
        name: String, state: String, interface: String, group: String?, virtualRouterID: Int, intervalMs: Int,
        source: String?, isGuarded: Bool = true, addresses: [DoctorAddress] = [], nodes: [DoctorNode] = [],
        mismatches: [String] = [], proxies: [String] = [], hold: String? = nil, faults: [String] = []
    ) {
        self.name = name
        self.state = state
        self.interface = interface
        self.group = group
        self.virtualRouterID = virtualRouterID
        self.intervalMs = intervalMs
        self.source = source
        self.isGuarded = isGuarded
        self.addresses = addresses
        self.nodes = nodes
        self.mismatches = mismatches
        self.proxies = proxies
        self.hold = hold
        self.faults = faults
    }
}

/// One virtual address.
package struct DoctorAddress: Hashable, Sendable {
    package var address: String
    package var isHeldHere: Bool
    /// The hardware addresses of other stations that answered for it.
    package var holders: [String]

    package init(_ address: String, isHeldHere: Bool, holders: [String] = []) {
        self.address = address
        self.isHeldHere = isHeldHere
        self.holders = holders
    }
}

/// Another node, by whatever way it was heard, or was expected to be.
package struct DoctorNode: Hashable, Sendable {
    package var address: String
    package var hardware: String?
    /// Adverts that reached the daemon while it listened, and those that were seen before the firewall.
    package var adverts: Int
    package var advertsBeforeFirewall: Int
    /// Its advert's priority, or what it said on the guard channel.
    package var priority: Int?
    /// What it says that it is, on the guard channel; nil when it does not speak there.
    package var state: String?
    /// By which ways its heartbeats came: interfaces.
    package var heartbeatWays: [String]
    /// Whether it says that it hears this node.
    package var hearsUs: Bool?
    /// Its host answered a question for its own address.
    package var isAlive: Bool
    /// It advertises one of our addresses under other terms.
    package var isForeign: Bool

    package init(
        _ address: String, hardware: String? = nil, adverts: Int = 0, advertsBeforeFirewall: Int = 0,
        priority: Int? = nil, state: String? = nil, heartbeatWays: [String] = [], hearsUs: Bool? = nil,
        isAlive: Bool = false, isForeign: Bool = false
    ) {
        self.address = address
        self.hardware = hardware
        self.adverts = adverts
        self.advertsBeforeFirewall = advertsBeforeFirewall
        self.priority = priority
        self.state = state
        self.heartbeatWays = heartbeatWays
        self.hearsUs = hearsUs
        self.isAlive = isAlive
        self.isForeign = isForeign
    }
}
