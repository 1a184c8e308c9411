/// The nodes of a random run: how many, and how each is configured.
import VRRPCore
import Wire

/// A cluster as an operator might have configured it: agreeing where VRRP demands it, different where it may be.
package struct ClusterPlan: Sendable {
    package struct Host: Sendable {
        package var name: String
        package var address: IPAddress
        package var instances: [InstanceConfig]
        /// The clock's deviation in millionths.
        package var clockRate: Int64
        package var traits = NodeTraits()
        /// Further sync groups, by the places of `instances`.
        package var groups: [SyncGroupConfig] = []

        package init(name: String, address: IPAddress, instances: [InstanceConfig], clockRate: Int64) {
            self.name = name
            self.address = address
            self.instances = instances
            self.clockRate = clockRate
        }
    }

    package var hosts: [Host] = []
    /// With a name, all instances of a host form one sync group.
    package var group: String?
    /// The promotion gate of the first instance of each host; in a sync group one member's gate speaks for all.
    package var gate: GatePlan?
    package var hasHeartbeatSegment = false
    /// In what the nodes disagree although they share an address; nil: in nothing.
    package var mismatch: Mismatch?
    package var hasStranger = false
    /// Made from somebody's own files: a transcript of it names only what happened.
    package private(set) var isConfigured = false

    static let stranger = "stranger"

    package static let weightedCheck = CheckConfig(name: "load", weight: -60)
    package static let essentialCheck = CheckConfig(name: "service", fall: 2)

    /// The longest interval of any instance: the measure of all spans of a run.
    package var unit: Duration { hosts.flatMap(\.instances).map(\.interval).max() ?? .seconds(1) }

    /// A cluster as it really is configured; chance brings only the faults, and a stranger.
    package init(hosts: [Host]) {
        self.hosts = hosts
        hasStranger = true
        isConfigured = true
    }

    package init(_ random: inout RandomSource) {
        let version = random.happens(500_000) ? VRRPVersion.v2 : .v3
        let intervals: [Duration] =
            version == .v2
            ? [.seconds(random.pick([1, 1, 1, 2]))]
            : random.pick([[.milliseconds(100)], [.seconds(1)], [.milliseconds(100), .milliseconds(250)]])
        let isPreempting = random.happens(500_000)
        let hasEqualPriorities = random.happens(250_000)
        let isDamped = random.happens(300_000)
        let refresh = random.happens(500_000) ? (intervals.max() ?? .seconds(1)) * 5 : .zero
        group = random.happens(150_000) ? "both" : nil
        let addresses = [InstanceConfig.standardAddress, .v4(IPv4Address(rawValue: 0x0a00_00c8))]
        for index in 0..<random.pick([2, 2, 2, 3, 3, 4, 5]) {
            let priority = hasEqualPriorities ? 150 : UInt8(random.pick([90, 100, 150, 200, 254]))
            var instances: [InstanceConfig] = []
            for number in 0..<(group == nil ? 1 : 2) {
                var config = InstanceConfig.standard("VI_\(number + 1)")
                config.virtualRouterID = UInt8(51 + number)
                config.virtualAddresses = [addresses[number]]
                config.version = version
                config.interval = random.pick(intervals)
                config.basePriority = priority
                config.preempts = isPreempting
                config.dampsFlapping = isDamped
                config.announce.refresh = refresh
                config.checks = [Self.weightedCheck, Self.essentialCheck]
                if random.happens(150_000) { config.startupDelay = config.interval * 4 }
                if isPreempting, random.happens(150_000) { config.preemptDelay = config.interval * 6 }
                if random.happens(150_000) { config.startsAsMaster = true }
                if random.happens(200_000) { config.sendsAdvertToHigherPriority = true }
                instances.append(config)
            }
            hosts.append(
                Host(
                    name: String(UnicodeScalar(UInt8(97 + index))),
                    address: .v4(IPv4Address(rawValue: 0xc0a8_0465 + UInt32(index))), instances: instances,
                    clockRate: Int64(random.integer(in: -5000...5000))))
        }
        addGates(random)
        addGuards(&random)
    }

    /// From a source of its own, so that a cluster without gates is the same as if there were none.
    private mutating func addGates(_ random: RandomSource) {
        var fork = random
        var own = RandomSource(seed: fork.next())
        guard own.happens(300_000) else { return }
        let gate = GatePlan(unit: unit, &own)
        self.gate = gate
        for index in hosts.indices { hosts[index].instances[0].gates = [gate.config] }
    }

    /// Builds the hosts and a client of each address; nothing is started yet.
    package func build(in world: World) {
        for host in hosts {
            let node = world.addNode(host.name, address: host.address)
            let members = host.instances.map { world.addInstance($0, to: node) }
            if let group { world.addGroup(SyncGroupConfig(name: group, members: members), to: node) }
            for group in host.groups { world.addGroup(group, to: node) }
            node.traits = host.traits
            if host.traits.model == .keepalived { world.makeKeepalived(node) }
        }
        world.hasHeartbeatSegment = hasHeartbeatSegment
        if hasStranger { world.addStranger(Self.stranger) }
        for (number, address) in served.enumerated() { world.addClient("client\(number + 1)", of: address) }
    }

    /// The first address of each instance, once.
    private var served: [IPAddress] {
        var addresses: [IPAddress] = []
        for config in hosts.flatMap(\.instances) {
            if let address = config.virtualAddresses.first, !addresses.contains(address) { addresses.append(address) }
        }
        return addresses
    }

    /// The actions that start a host: its checks answer at once.
    package func starting(_ host: Host) -> [Action] {
        var actions = [Action.process(.start, of: host.name)]
        for config in host.instances {
            for check in config.checks {
                let passes = Action.instance(.check(name: check.name, .passed), of: Target(host.name, config.name))
                actions += Array(repeating: passes, count: max(1, check.startsFailed ? check.rise : 1))
            }
        }
        return actions
    }

    /// The same as lines of a transcript.
    package var transcript: [String] {
        var lines: [String] = []
        if isConfigured { return lines }
        for host in hosts {
            lines.append("node \(host.name) \(host.address) bare")
            for config in host.instances {
                lines.append("instance \(host.name) \(config.name) \(config.transcriptOptions)")
                for check in config.checks {
                    lines.append("track \(host.name)/\(config.name) \(check.transcriptOptions)")
                }
            }
            if let group {
                lines.append("group \(host.name) \(group) " + host.instances.map(\.name).joined(separator: " "))
            }
            if host.traits.model == .keepalived { lines.append("model \(host.name) keepalived") }
            if !host.traits.hasChannel { lines.append("option \(host.name) channel off") }
            if !host.traits.hasDeadMan { lines.append("option \(host.name) dead_man off") }
        }
        if hasHeartbeatSegment { lines.append("heartbeat-segment") }
        if hasStranger { lines.append("stranger \(Self.stranger)") }
        for (number, address) in served.enumerated() { lines.append("client client\(number + 1) \(address)") }
        return lines
    }
}
