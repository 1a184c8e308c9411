/// Between the guard channel and the rest of the daemon: plans from configuration and interfaces, and the core's words.
import KeepalivedConf
import LinuxIO
import VRRPCore
import Wire

extension GuardPlan {
    /// nil: the configuration lets the instance say nothing.
    init?(_ runtime: InstanceRuntime, network: HostNetwork, sources: SourceAddresses) {
        let settings = runtime.settings
        guard settings.guardSettings.isOn, settings.guardSettings.hasChannel else { return nil }
        id = runtime.id
        name = settings.name
        identity = GuardIdentity(
            addressDigest: GuardIdentity.digest(of: runtime.allAddresses.map(\.address)),
            virtualRouterID: settings.virtualRouterID, family: settings.family)
        interval = settings.interval
        peers = settings.guardPeers
        isUnicast = runtime.isUnicast
        key = settings.guardSettings.key
        paths = ([settings.interface] + settings.guardSettings.heartbeatInterfaces).map { name in
            guard let link = network.link(named: name), link.isUsable else {
                return GuardPath(name: name, interface: nil, addresses: [])
            }
            return GuardPath(name: name, interface: link.interface, addresses: sources.own(on: link))
        }
        // A peer may know this node by the address that the configuration names.
        if let source = runtime.source, let place = paths[0].addresses.firstIndex(where: { $0.address == source }) {
            paths[0].addresses.swapAt(0, place)
        }
    }
}

extension GuardMessage.State {
    init(_ state: State) {
        self =
            switch state {
            case .initialize: .initialize
            case .backup: .backup
            case .master: .master
            case .fault: .fault
            }
    }

    var coreState: State {
        switch self {
        case .initialize: .initialize
        case .backup: .backup
        case .master: .master
        case .fault: .fault
        }
    }
}

extension Heartbeat {
    /// What the core makes of a message that came from `source` to the process `nonce`.
    init(_ message: GuardMessage, from source: IPAddress, to nonce: UInt64) {
        let word: Word =
            switch message.kind {
            case .yielded: .yielded
            case .releaseRequest: .releaseRequest
            case .heartbeat, .ack, .query, .reply, .released: .state
            }
        // As long as a backup would wait for the next one.
        let patience = message.interval * 4
        // Said to this very process, not to another receiver of the group.
        let isMeant = message.echo?.nonce == nonce
        let age = min(message.heartbeatAge ?? patience, message.secondPathAge ?? patience)
        self.init(
            word, source: message.primaryAddress ?? source, virtualRouterID: message.identity.virtualRouterID,
            state: message.state.coreState, priority: message.priority, interval: message.interval,
            isFit: message.flags.contains(.interfaceUsable),
            hearsUs: isMeant && (message.flags.contains(.hearsAdverts) || age < patience))
    }
}
