/// From links and addresses to inputs: which instances can serve, where they send from, and what was taken from them.
import KeepalivedConf
import LinuxIO
import Logging
import VRRPCore
import Wire

extension Daemon {
    /// Something about these interfaces changed; look at every instance that has to do with one of them.
    func interfacesChanged(_ names: Set<String>) {
        var needsSockets = false
        let sources = SourceAddresses(of: self)
        for runtime in runtimes.values where concerns(names, runtime) {
            if refresh(runtime, sources) { needsSockets = true }
        }
        if needsSockets { listen() } else { ears.setOwnHardware(ownHardware) }
        if needsSockets || changesChannel(names, sources) { applyChannel() }
    }

    private func concerns(_ names: Set<String>, _ runtime: InstanceRuntime) -> Bool {
        names.contains(runtime.settings.interface) || runtime.addressInterfaces.contains(where: names.contains)
            || trackedInterfaces(of: runtime).contains { names.contains($0.name) }
    }

    /// The instance's own tracked interfaces and those of its groups, in the order of the core's configuration.
    func trackedInterfaces(of runtime: InstanceRuntime) -> [TrackedInterface] {
        guard !configuration.syncGroups.isEmpty else { return runtime.settings.trackedInterfaces }
        let groups = configuration.syncGroups.filter { $0.members.contains(runtime.settings.name) }
        return runtime.settings.trackedInterfaces + groups.flatMap(\.trackedInterfaces)
    }

    /// Tell the core what has changed for one instance. True when its sockets must be looked at.
    @discardableResult
    func refresh(_ runtime: InstanceRuntime, _ sources: SourceAddresses, force: Bool = false) -> Bool {
        let link = network.link(named: runtime.settings.interface)
        let source = sources.address(for: runtime, on: link)
        let hasComeUp = runtime.link.map { !$0.isUsable } ?? false && link?.isUsable == true
        let isMoved = force || link?.index != runtime.link?.index || source != runtime.source
        runtime.link = link
        if isMoved {
            runtime.source = source
            transmitter.prepare(runtime, global: configuration.global, priority: router[runtime.id].priority)
            feed(.sourceAddress(source), to: runtime.id)
        }
        if hasComeUp, runtime.isGuarded, let link {
            ears.awaitFrame(on: link.index)
            feed(.guarding(.carrying(false)), to: runtime.id)
        }
        let faults = currentFaults(runtime)
        let before = runtime.faults
        runtime.faults = faults
        for fault in faults.subtracting(before) { feed(.faultBegan(fault), to: runtime.id) }
        for fault in before.subtracting(faults) { feed(.faultEnded(fault), to: runtime.id) }
        refreshTracked(runtime)
        return isMoved
    }

    private func refreshTracked(_ runtime: InstanceRuntime) {
        let weighted = trackedInterfaces(of: runtime).filter { $0.weight != 0 }
        if runtime.trackedStates.count != weighted.count {
            runtime.trackedStates = [Bool?](repeating: nil, count: weighted.count)
        }
        for (index, tracked) in weighted.enumerated() {
            let isUp = network.link(named: tracked.name)?.isUsable ?? false
            guard runtime.trackedStates[index] != isUp else { continue }
            runtime.trackedStates[index] = isUp
            feed(.trackedInterface(index: index, isUp: isUp), to: runtime.id)
        }
    }

    private func currentFaults(_ runtime: InstanceRuntime) -> Set<FaultCause> {
        var faults: Set<FaultCause> = []
        let name = runtime.settings.interface
        if let link = runtime.link {
            if runtime.settings.tracksOwnInterface, !link.isUsable { faults.insert(.linkDown(name)) }
            if runtime.source == nil { faults.insert(.noSourceAddress(name)) }
        } else {
            faults.insert(.interfaceMissing(name))
        }
        for other in runtime.addressInterfaces where runtime.settings.tracksOwnInterface {
            guard let link = network.link(named: other) else {
                faults.insert(.interfaceMissing(other))
                continue
            }
            if !link.isUsable { faults.insert(.linkDown(other)) }
        }
        for tracked in trackedInterfaces(of: runtime) where tracked.weight == 0 {
            let isUp = network.link(named: tracked.name)?.isUsable ?? false
            if isUp == tracked.isReversed { faults.insert(.trackedInterface(tracked.name)) }
        }
        return faults
    }

    /// The kernel says that an address is gone: its lifetime has ended, or somebody has taken it away.
    func addressRemoved(_ address: InterfaceAddress) {
        let gone = address.prefix.address
        for runtime in runtimes.values where runtime.allAddresses.contains(where: { $0.address == gone }) {
            // The kernel may look at an address this much before its end, and then removes it at once.
            if let expiry = runtime.expiry, loop.time >= expiry.end - 20_000_000 {
                deadManExpired(runtime, since: expiry.renewed)
            }
            guard !runtime.isCheckingExpiry, runtime.held.contains(where: { $0.isSamePlace(as: address) }) else {
                continue
            }
            // The notice may be about a removal before the present holding: look again when later notices are read.
            let id = runtime.id
            loop.after(.milliseconds(2)) { [weak self] in self?.confirmLoss(of: address, from: id) }
        }
    }

    /// The kernel has ended the service of an instance's addresses, or of one: said once, however many there are.
    func deadManExpired(_ runtime: InstanceRuntime, since renewed: Int64) {
        let id = runtime.id
        guard router.contains(id), !runtime.isCheckingExpiry else { return }
        runtime.expiry = nil
        runtime.isCheckingExpiry = true
        publisher.publish(
            .guarded(.deadManExpired(after: .nanoseconds(loop.time - renewed))), of: id, router[id],
            interface: runtime.settings.interface, now: loop.now)
        // Who serves now is in the adverts that wait in the sockets. They are read first: this runs in a later turn, when
        // the packets of that turn have been heard.
        loop.after(.milliseconds(2)) { [weak self, weak runtime] in
            guard let self, let runtime else { return }
            runtime.isCheckingExpiry = false
            let lost = runtime.held.first { held in
                !network.addresses(on: held.interface).contains { $0.isSamePlace(as: held) }
            }
            let fenced = runtime.hold?.isClosed == true ? runtime.held.first : nil
            if let address = lost ?? fenced { feed(.addressLost(address.prefix.address), to: id) }
        }
    }

    private func confirmLoss(of address: InterfaceAddress, from id: InstanceID) {
        guard let runtime = runtimes[id], runtime.held.contains(where: { $0.isSamePlace(as: address) }),
            !network.addresses(on: address.interface).contains(where: { $0.isSamePlace(as: address) })
        else { return }
        feed(.addressLost(address.prefix.address), to: id)
    }

    /// Open the sockets that the instances need now, and close the others.
    func listen() {
        let ordered = router.ids.compactMap { runtimes[$0] }
        let failures = receivers.listen(for: ordered) { [configuration] in $0.group(in: configuration.global) }
        for (runtime, failure) in failures {
            logger.error("\(runtime.settings.name): adverts cannot be heard: \(failure)")
        }
        listenToStations(ordered)
    }
}

/// Finds where adverts are sent from. Made for one pass over the instances, so that each interface is searched once
/// however many instances share it.
final class SourceAddresses {
    private struct Key: Hashable {
        var link: UInt32
        var family: AddressFamily
    }

    private let network: HostNetwork
    private let virtual: Set<IPAddress>
    private var found: [Key: IPAddress?] = [:]

    init(of daemon: Daemon) {
        network = daemon.network
        virtual = virtualAddresses(of: daemon.configuration)
    }

    /// The configured address, else the interface's first that is no virtual address.
    func address(for runtime: InstanceRuntime, on link: Link?) -> IPAddress? {
        guard let link else { return nil }
        guard let configured = runtime.settings.sourceAddress else {
            return primary(Key(link: link.index, family: runtime.settings.family))
        }
        // A unicast peer answers to this address, so it must be here; for multicast it is only a label.
        guard runtime.isUnicast else { return configured }
        return network.holders(of: configured).contains { !$0.flags.contains(.tentative) } ? configured : nil
    }

    /// The addresses of an interface that are the host's own and ready to be sent from.
    func own(on link: Link) -> [Prefix] {
        network.addresses(on: link.index)
            .filter { !virtual.contains($0.prefix.address) && $0.flags.isDisjoint(with: [.tentative, .duplicate]) }
            .map(\.prefix)
    }

    private func primary(_ key: Key) -> IPAddress? {
        if let known = found[key] { return known }
        let primary = primaryAddress(among: network.addresses(on: key.link), key.family, besides: virtual)
        found[key] = .some(primary)
        return primary
    }
}

/// The address of an interface that adverts are sent from: its first that is no virtual one.
///
/// IPv6 adverts come from a link-local address that has passed duplicate detection (RFC 9568 §5.1.2.1).
func primaryAddress(
    among addresses: [InterfaceAddress], _ family: AddressFamily, besides virtual: Set<IPAddress>
) -> IPAddress? {
    let usable = addresses.filter { candidate in
        let address = candidate.prefix.address
        guard address.family == family, !virtual.contains(address) else { return false }
        return family == .ipv4
            || address.isLinkLocal && candidate.flags.isDisjoint(with: [.tentative, .duplicate])
    }
    return (usable.first { !$0.flags.contains(.secondary) } ?? usable.first)?.prefix.address
}

/// The addresses of all instances, but for the owner's own (priority 255), which are the host's.
func virtualAddresses(of configuration: Configuration) -> Set<IPAddress> {
    Set(
        configuration.instances.filter { $0.priority != 255 }
            .flatMap { ($0.addresses + $0.excludedAddresses).map(\.address) })
}
