/// `halua simulate`: the nodes of a cluster from their own configuration files, read and translated as the daemon does it.
import Daemon
import KeepalivedConf
import Simulation
import VRRPCore
import Wire

/// Files that cannot be played; the sentence says which and why.
package struct ClusterComplaint: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
}

package struct ConfiguredCluster: Sendable {
    package private(set) var plan: ClusterPlan
    /// What a reader has to know: which file is which node, and what of it is not played.
    package private(set) var remarks: [String] = []

    /// Reads one file for each node. A node is called as its file, without folder and ending.
    package init(files: [String]) throws(ClusterComplaint) {
        var hosts: [ClusterPlan.Host] = []
        for (index, file) in files.enumerated() {
            let name = Self.name(of: file)
            guard !hosts.contains(where: { $0.name == name }) else {
                throw ClusterComplaint(
                    description: "two files are called \(name), and nodes are called as their files: rename one")
            }
            let configuration = try Self.read(file, name)
            hosts.append(try Self.host(name, file, configuration, number: index, &remarks))
        }
        Self.findAddresses(&hosts)
        plan = ClusterPlan(hosts: hosts)
        remarks += Self.disagreements(hosts)
    }

    private static func name(of file: String) -> String {
        let last = file.split(separator: "/").last.map(String.init) ?? file
        let stem = last.split(separator: ".").first.map(String.init) ?? last
        return String(stem.map { $0 == " " ? "_" : $0 })
    }

    private static func read(_ file: String, _ name: String) throws(ClusterComplaint) -> Configuration {
        let context = LoadContext(hostName: name, configID: name, environment: [:], randomSeed: 1)
        let result = loadConfiguration(main: file, files: FilesOnDisk(), context: context)
        guard let configuration = result.configuration else {
            let errors = result.diagnostics.filter { $0.severity == .error }.map(\.rendered)
            throw ClusterComplaint(description: "\(file) is refused:\n" + errors.joined(separator: "\n"))
        }
        return configuration
    }

    private static func host(
        _ name: String, _ file: String, _ configuration: Configuration, number: Int, _ remarks: inout [String]
    ) throws(ClusterComplaint) -> ClusterPlan.Host {
        guard let first = configuration.instances.first else {
            throw ClusterComplaint(description: "\(file) has no vrrp_instance, so there is nothing to play")
        }
        let played = configuration.instances.filter { $0.family == first.family }
        let context = TranslationContext(configuration, [], [])
        let defaults: IPAddress =
            switch first.family {
            case .ipv4: .v4(IPv4Address(rawValue: 0xc0a8_0465 + UInt32(number)))
            case .ipv6: .v6(IPv6Address(high: 0xfe80_0000_0000_0000, low: UInt64(number + 1)))
            }
        var host = ClusterPlan.Host(
            name: name, address: played.lazy.compactMap(\.sourceAddress).first ?? defaults,
            instances: played.map { translate($0, in: context).config }, clockRate: 0)
        host.traits.hasChannel = first.guardSettings.hasChannel
        host.traits.hasDeadMan = first.guardSettings.hasDeadMan
        for group in configuration.syncGroups {
            let members = group.members.compactMap { member in
                played.firstIndex { $0.name == member }.map { InstanceID($0) }
            }
            host.groups.append(SyncGroupConfig(name: group.name, members: members))
        }
        remarks.append("\(name): \(file), \(played.map(\.name).joined(separator: " "))")
        if played.count < configuration.instances.count {
            remarks.append("\(name): only instances of the first one's address family are played")
        }
        if played.contains(where: { !$0.trackedChecks.isEmpty || !$0.promotionGates.isEmpty }) {
            remarks.append("\(name): checks pass until chance says otherwise, and gates allow; no plugin is run")
        }
        return host
    }

    /// Unicast peers name each other: a node without an address of its own gets the one by which the others know it.
    private static func findAddresses(_ hosts: inout [ClusterPlan.Host]) {
        func peers(_ host: ClusterPlan.Host) -> [IPAddress] {
            host.instances.flatMap { $0.receive.peers.map(\.address) }
        }
        for index in hosts.indices where hosts[index].instances.contains(where: \.receive.isUnicast) {
            let known = hosts.indices.filter { $0 != index }.flatMap { peers(hosts[$0]) }
            guard !known.contains(hosts[index].address) else { continue }
            let taken = hosts.map(\.address)
            if let address = known.first(where: { !peers(hosts[index]).contains($0) && !taken.contains($0) }) {
                hosts[index].address = address
            }
        }
    }

    /// What a reader of the outcome should look at first: nodes that share an address and not its terms.
    private static func disagreements(_ hosts: [ClusterPlan.Host]) -> [String] {
        var sentences: [String] = []
        for (index, one) in hosts.enumerated() {
            for other in hosts[(index + 1)...] {
                for mine in one.instances {
                    for theirs in other.instances {
                        guard let shared = mine.virtualAddresses.first(where: theirs.virtualAddresses.contains) else {
                            continue
                        }
                        let differences = difference(mine, theirs)
                        if !differences.isEmpty {
                            sentences.append(
                                "\(one.name) and \(other.name) share \(shared) and differ in "
                                    + differences.joined(separator: ", "))
                        }
                    }
                }
            }
        }
        return sentences
    }

    private static func difference(_ mine: InstanceConfig, _ theirs: InstanceConfig) -> [String] {
        var differences: [String] = []
        if mine.virtualRouterID != theirs.virtualRouterID { differences.append("virtual_router_id") }
        if mine.version != theirs.version { differences.append("vrrp_version") }
        if mine.version == .v2, mine.interval != theirs.interval { differences.append("advert_int") }
        if mine.receive.authentication != theirs.receive.authentication { differences.append("authentication") }
        if mine.virtualAddresses != theirs.virtualAddresses { differences.append("virtual_ipaddress") }
        if mine.receive.isUnicast != theirs.receive.isUnicast { differences.append("unicast_peer") }
        return differences
    }
}
