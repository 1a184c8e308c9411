/// Puts virtual addresses into the kernel and takes them out again; also those that a killed predecessor left behind.
import KeepalivedConf
import LinuxIO
import Logging
import SystemPackage
import VRRPCore
import Wire

/// Adds, removes and cleans up. What an instance holds is written in its runtime before the kernel is asked, so that a
/// notice about it can be told from somebody else's doing.
final class AddressKeeper {
    private let netlink: Netlink
    private let addresses: Addresses
    private let network: HostNetwork
    private let deadMan: DeadMan
    private let logger: Logger

    /// Addresses that are set at the end of the turn, behind their fence.
    private struct Addition {
        var runtime: InstanceRuntime
        var addresses: [InterfaceAddress]
        var count: (Result<Void, IOFailure>) -> Void
    }
    private var additions: [Addition] = []

    init(netlink: Netlink, network: HostNetwork, deadMan: DeadMan, logger: Logger) {
        self.netlink = netlink
        self.deadMan = deadMan
        self.network = network
        self.logger = logger
        addresses = Addresses(netlink)
    }

    /// Ask for everything the instance should hold, and drop what it holds beyond that (a reload took it out of the
    /// configuration). `finish` is called once, with the first refusal or success.
    ///
    /// The kernel is asked by `flush`: where many instances become master in one turn, once for all of them.
    func add(_ runtime: InstanceRuntime, then finish: @escaping (KernelAnswer) -> Void) {
        let terms = deadMan.terms(of: runtime.settings)
        var wanted: [InterfaceAddress] = []
        for address in runtime.allAddresses {
            let name = address.interface ?? runtime.settings.interface
            guard let link = network.link(named: name) else {
                return finish(.failed("\(address.address) belongs on interface \(name), which does not exist"))
            }
            wanted.append(kernelAddress(address, on: link, for: terms.lifetime))
        }
        for former in runtime.held where !wanted.contains(where: { $0.isSamePlace(as: former) }) { drop(former) }
        runtime.held = wanted
        deadMan.take(runtime, on: terms)
        guard !wanted.isEmpty else { return finish(.done) }
        var unanswered = wanted.count
        var refusal: IOFailure?
        let count: (Result<Void, IOFailure>) -> Void = { result in
            unanswered -= 1
            if case .failure(let failure) = result, refusal == nil { refusal = failure }
            if unanswered == 0 { finish(refusal.map { .failed("\($0)") } ?? .done) }
        }
        additions.append(Addition(runtime: runtime, addresses: wanted, count: count))
    }

    /// The end of a turn, after its adverts: they let a losing master go before an address appears twice (S-21).
    func flush() {
        deadMan.settle()
        for addition in additions {
            for address in addition.addresses {
                // One that is there already gets the lifetime too; the owner's stays as it is.
                if address.validLifetime == nil {
                    addresses.add(address, addition.count)
                } else {
                    addresses.replace(address, addition.count)
                }
            }
        }
        if !additions.isEmpty { additions.removeAll(keepingCapacity: true) }
        netlink.flush()
    }

    /// Gives what the instance holds the lifetimes of its present configuration.
    func adoptTerms(_ runtime: InstanceRuntime) {
        let terms = deadMan.terms(of: runtime.settings)
        guard let hold = runtime.hold, hold.terms != terms || (hold.pass == nil) != (terms.opening == nil) else {
            return
        }
        setLifetime(terms.lifetime, runtime)
        deadMan.take(runtime, on: terms)
    }

    /// Leaves what the instance holds in the kernel for good, without this daemon.
    func leave(_ runtime: InstanceRuntime) {
        setWhatWaits(for: runtime)
        setLifetime(nil, runtime)
        deadMan.letGo(runtime)
    }

    private func setLifetime(_ lifetime: Duration?, _ runtime: InstanceRuntime) {
        for index in runtime.held.indices {
            runtime.held[index].validLifetime = lifetime
            addresses.replace(runtime.held[index]) { [logger] result in
                guard case .failure(let failure) = result else { return }
                logger.error("the lifetime of a virtual address could not be changed: \(failure)")
            }
        }
        netlink.flush()
    }

    /// Remove everything the instance holds. The kernel has done it when this returns.
    func remove(_ runtime: InstanceRuntime) {
        setWhatWaits(for: runtime)
        let former = runtime.held
        runtime.held = []
        for address in former { drop(address) }
        netlink.flush()
        deadMan.letGo(runtime)
    }

    /// What was never set cannot be removed.
    private func setWhatWaits(for runtime: InstanceRuntime) {
        if additions.contains(where: { $0.runtime === runtime }) { flush() }
    }

    private func drop(_ address: InterfaceAddress) {
        addresses.delete(address) { [logger] result in
            // A link that is gone has taken its addresses with it.
            guard case .failure(let failure) = result, failure.errno != .operationNotSupportedByDevice else { return }
            logger.error("a virtual address could not be removed: \(failure)")
        }
    }

    /// Remove the virtual addresses that are set although this daemon has not set them: a predecessor was killed.
    ///
    /// The owner's addresses (priority 255) are the host's own and stay.
    func removeStale(_ runtimes: [InstanceRuntime]) {
        for runtime in runtimes where runtime.settings.priority != 255 {
            for address in runtime.allAddresses {
                for stale in network.holders(of: address.address) {
                    let name = network.link(at: stale.interface)?.name ?? "interface \(stale.interface)"
                    logger.warning(
                        "\(runtime.settings.name): removing \(stale.prefix) from \(name), left behind by an earlier run"
                    )
                    drop(stale)
                }
            }
        }
        netlink.flush()
    }

    private func kernelAddress(
        _ address: VirtualAddress, on link: Link, for lifetime: Duration?
    ) -> InterfaceAddress {
        let prefix = Prefix(address.address, length: address.prefixLength)
        switch address.address {
        case .v4:
            var broadcast: IPv4Address?
            if case .v4(let given) = address.broadcast { broadcast = given }
            return InterfaceAddress(
                prefix, on: link.index, broadcast: broadcast, label: address.label, scope: address.scope ?? 0,
                origin: .halua, validLifetime: lifetime)
        case .v6:
            // No search for duplicates: the VIP must serve now, and the peer that gives it up may still answer.
            // A host address is never chosen as the source of this host's own connections, as keepalived has it.
            return InterfaceAddress(
                prefix, on: link.index, flags: .noDuplicateDetection, origin: .halua,
                validLifetime: lifetime, preferredLifetime: address.prefixLength == 128 ? .zero : nil)
        }
    }
}

extension InterfaceAddress {
    /// The same address on the same interface, whatever its label or lifetime.
    func isSamePlace(as other: InterfaceAddress) -> Bool { interface == other.interface && prefix == other.prefix }
}
