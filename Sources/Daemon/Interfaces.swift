/// From links and addresses to inputs: which instances can serve, where they send from, and what was taken from them.
import KeepalivedConf
import LinuxIO
import Logging
import VRRPCore
import Wire

extension Daemon {
    /// Something about an interface changed; look at every instance that has to do with it.
    func interfaceChanged(_ name: String) {
        var needsSockets = false
        for runtime in runtimes.values where concerns(name, runtime) {
            if refresh(runtime) { needsSockets = true }
        }
        if needsSockets { listen() }
    }

    private func concerns(_ name: String, _ runtime: InstanceRuntime) -> Bool {
        runtime.settings.interface == name || runtime.addressInterfaces.contains(name)
            || trackedInterfaces(of: runtime).contains { $0.name == name }
    }

    /// The instance's own tracked interfaces and those of its groups, in the order of the core's configuration.
    func trackedInterfaces(of runtime: InstanceRuntime) -> [TrackedInterface] {
        let groups = configuration.syncGroups.filter { $0.members.contains(runtime.settings.name) }
        return runtime.settings.trackedInterfaces + groups.flatMap(\.trackedInterfaces)
    }

    /// Tell the core what has changed for one instance. True when its sockets must be looked at.
    @discardableResult
    func refresh(_ runtime: InstanceRuntime, force: Bool = false) -> Bool {
        let link = network.link(named: runtime.settings.interface)
        let source = sourceAddress(runtime, link)
        let isMoved = force || link?.index != runtime.link?.index || source != runtime.source
        runtime.link = link
        if isMoved {
            runtime.source = source
            transmitter.prepare(runtime, global: configuration.global, priority: router[runtime.id].priority)
            feed(.sourceAddress(source), to: runtime.id)
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

    /// The address that adverts come from: the configured one, else the interface's first that is no virtual address.
    ///
    /// IPv6 adverts come from a link-local address that has passed duplicate detection (RFC 9568 §5.1.2.1).
    private func sourceAddress(_ runtime: InstanceRuntime, _ link: Link?) -> IPAddress? {
        guard let link else { return nil }
        if let configured = runtime.settings.sourceAddress {
            // A unicast peer answers to this address, so it must be here; for multicast it is only a label.
            guard runtime.isUnicast else { return configured }
            let isHere = network.holders(of: configured).contains { !$0.flags.contains(.tentative) }
            return isHere ? configured : nil
        }
        let family = runtime.settings.family
        let candidates = network.addresses(on: link.index).filter { candidate in
            let address = candidate.prefix.address
            guard address.family == family, !isVirtual(address) else { return false }
            guard family == .ipv6 else { return true }
            return address.isLinkLocal && candidate.flags.isDisjoint(with: [.tentative, .duplicate])
        }
        let primary = candidates.first { !$0.flags.contains(.secondary) } ?? candidates.first
        return primary?.prefix.address
    }

    /// True for an address of any instance here, but for the owner's own, which are the host's.
    private func isVirtual(_ address: IPAddress) -> Bool {
        runtimes.values.contains { runtime in
            runtime.settings.priority != 255 && runtime.allAddresses.contains { $0.address == address }
        }
    }

    /// The kernel says that an address is gone. If this daemon holds it, somebody else has taken it away.
    func addressRemoved(_ address: InterfaceAddress) {
        for runtime in runtimes.values where runtime.held.contains(where: { $0.isSamePlace(as: address) }) {
            // The notice may be about a removal before the present holding: look again when later notices are read.
            let id = runtime.id
            loop.after(.milliseconds(2)) { [weak self] in self?.confirmLoss(of: address, from: id) }
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
    }
}
