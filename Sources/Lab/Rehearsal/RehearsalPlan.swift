/// From the configurations of a cluster's nodes to the network in which they can be rehearsed.
import KeepalivedConf
import Wire

/// Files that cannot be rehearsed; the sentence says which and why.
package struct RehearsalComplaint: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// The nodes, their wires and what to watch; a pure function of the configurations.
package struct RehearsalPlan: Hashable, Sendable {
    package struct Node: Hashable, Sendable {
        package var name: String
        /// The file the daemon reads.
        package var file: String
        /// For lines that begin with `@`; nil: the host's name.
        package var configurationID: String?
        package var configuration: Configuration

        package init(name: String, file: String, configurationID: String? = nil, configuration: Configuration) {
            self.name = name
            self.file = file
            self.configurationID = configurationID
            self.configuration = configuration
        }
    }

    /// A virtual address that the client asks for.
    package struct Target: Hashable, Sendable {
        package var instance: String
        package var address: IPAddress
    }

    /// The lab has no more addresses, and the client no more eyes.
    package static let mostNodes = 5
    package static let mostTargets = 8

    package private(set) var nodes: [Node]
    package private(set) var links: [LabLink] = []
    /// The first address of each instance that is more than link-local, each once.
    package private(set) var targets: [Target] = []
    /// The number of the link of each target.
    package private(set) var linkOfTarget: [Int] = []
    /// The longest master down interval of all instances.
    package private(set) var masterDown: Duration = .zero
    /// How long a take-over may take by the configuration: master down interval and hold_max, of the slowest instance.
    package private(set) var patience: Duration = .zero
    /// The longest wait before a node that came back may take an address back.
    package private(set) var preemptDelay: Duration = .zero
    /// What a reader of the report has to know.
    package private(set) var remarks: [String] = []

    /// Throws when there is nothing to rehearse, or too much of it.
    package init(_ nodes: [Node]) throws(RehearsalComplaint) {
        guard nodes.count >= 2 else { throw RehearsalComplaint("a rehearsal needs two nodes") }
        guard nodes.count <= Self.mostNodes else {
            throw RehearsalComplaint("\(nodes.count) nodes are too many: a rehearsal takes \(Self.mostNodes)")
        }
        self.nodes = nodes
        for node in nodes where node.configuration.instances.isEmpty {
            throw RehearsalComplaint("\(node.file) has no vrrp_instance: there is nothing to rehearse")
        }
        findTargets()
        guard !targets.isEmpty else {
            throw RehearsalComplaint(
                "no vrrp_instance has a virtual_ipaddress that is more than link-local: there is nothing to watch")
        }
        let wires = Wiring(nodes.map(\.configuration))
        links = wires.links.enumerated().map { number, names in
            LinkPlanner(number: number, names: names, nodes: nodes.map(\.configuration)).link
        }
        linkOfTarget = targets.map { target in
            for (node, configured) in nodes.enumerated() {
                for instance in configured.configuration.instances {
                    guard let address = instance.addresses.first(where: { $0.address == target.address }) else {
                        continue
                    }
                    return wires.link(of: address.interface ?? instance.interface, on: node)
                }
            }
            preconditionFailure("a target is an address of an instance")
        }
        for instance in nodes.flatMap(\.configuration.instances) {
            let down = Self.masterDown(instance)
            let hold = instance.guardSettings.isOn ? instance.guardSettings.holdMaximum ?? down : .zero
            masterDown = max(masterDown, down)
            patience = max(patience, down + hold)
            preemptDelay = max(preemptDelay, instance.preempts ? instance.preemptDelay : .zero)
        }
    }

    private mutating func findTargets() {
        for instance in nodes.flatMap(\.configuration.instances) {
            // A client is seldom on a link-local address.
            let addresses = instance.addresses.map(\.address)
            guard let address = addresses.first(where: { !$0.isLinkLocal }),
                !targets.contains(where: { $0.address == address })
            else { continue }
            targets.append(Target(instance: instance.name, address: address))
        }
        if targets.count > Self.mostTargets {
            remarks.append(
                "of \(targets.count) instances the client asks for the addresses of the first \(Self.mostTargets)")
            targets.removeLast(targets.count - Self.mostTargets)
        }
    }

    /// RFC 3768 §6.1 and RFC 9568 §6.1, with keepalived's number of adverts.
    private static func masterDown(_ instance: InstanceSettings) -> Duration {
        let unit = instance.version == .v2 ? .seconds(1) : instance.interval
        return instance.interval * instance.downTimerAdverts + unit * (256 - Int(instance.priority)) / 256
    }
}

/// Which interfaces of which nodes hang on one switch.
private struct Wiring {
    /// For each link, what each node calls its interface there.
    private(set) var links: [[String]] = []
    private var partial: [[Int: String]] = []

    init(_ nodes: [Configuration]) {
        for (node, configuration) in nodes.enumerated() {
            for instance in configuration.instances {
                let counterpart = nodes[..<node].enumerated().lazy.compactMap { other, earlier in
                    earlier.instances.first { Self.belongTogether($0, instance) }.map { (other, $0.interface) }
                }.first
                add(instance.interface, node, besides: counterpart)
                for address in instance.addresses + instance.excludedAddresses {
                    if let interface = address.interface { add(interface, node, besides: nil) }
                }
                let others =
                    instance.guardSettings.heartbeatInterfaces + instance.trackedInterfaces.map(\.name)
                for interface in others { add(interface, node, besides: nil) }
            }
        }
        links = partial.map { names in
            nodes.indices.map { node in names[node] ?? Self.free(names.values.first ?? "eth0", node, partial) }
        }
    }

    func link(of interface: String, on node: Int) -> Int {
        links.firstIndex { $0[node] == interface } ?? 0
    }

    /// One virtual router on two nodes: by an address that both have, or by their name.
    private static func belongTogether(_ one: InstanceSettings, _ other: InstanceSettings) -> Bool {
        let mine = one.addresses.map(\.address)
        return other.addresses.contains { mine.contains($0.address) } || one.name == other.name
    }

    /// Puts an interface on the link of its counterpart, else on one where other nodes have the same name, else on its own.
    private mutating func add(_ name: String, _ node: Int, besides counterpart: (node: Int, name: String)?) {
        guard !name.isEmpty, name != "lo", !partial.contains(where: { $0[node] == name }) else { return }
        let place =
            counterpart.flatMap { other in partial.firstIndex { $0[other.node] == other.name && $0[node] == nil } }
            ?? partial.firstIndex { $0[node] == nil && $0.values.contains(name) }
        if let place { partial[place][node] = name } else { partial.append([node: name]) }
    }

    /// A name for a node that has no interface on a link where others have.
    private static func free(_ name: String, _ node: Int, _ all: [[Int: String]]) -> String {
        let taken = all.compactMap { $0[node] }
        if !taken.contains(name) { return name }
        return (0...).lazy.map { "spare\($0)" }.first { !taken.contains($0) } ?? name
    }
}
