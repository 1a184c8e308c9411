/// What one virtual router has in the world outside the core: its interface, sockets, packets and addresses.
import KeepalivedConf
import LinuxIO
import VRRPCore
import Wire

/// Lives on the main thread as long as its instance.
final class InstanceRuntime {
    let id: InstanceID
    var settings: InstanceSettings
    var checkSources: [CheckSource]
    /// The advert's address list in wire form, made once per configuration.
    var addressList: AddressList

    /// The interface as it was last seen; nil when there is none of that name.
    var link: Link?
    /// Where adverts are sent from.
    var source: IPAddress?
    /// One finished packet per destination, and the socket they leave by; empty while adverts cannot be sent.
    var templates: [AdvertTemplate] = []
    var sender: VRRPSender?
    /// The faults that were told to the core, so that each is told once.
    var faults: Set<FaultCause> = []
    /// What the kernel was asked to hold, and has not been asked to drop.
    var held: [InterfaceAddress] = []
    /// On what terms, while `held` is not empty.
    var hold: KernelHold?
    /// When the kernel ends the addresses by itself; outlives `hold` when it may have done so. nil once it was told.
    var expiry: LifetimeSpan?
    /// An end was told, and it is to be seen whether the addresses must be put back.
    var isCheckingExpiry = false
    /// The weighted interfaces as they were told to the core.
    var trackedStates: [Bool?] = []
    /// The core wants to read adverts before the firewall.
    var wantsTap = false
    /// The doctor wants it, too.
    var isExamined = false
    /// The guard's ears stay with an instance once they were there: closing them would make the thread wait.
    var wasExamined = false
    /// The station that was last seen at one of the addresses while this node did not hold them.
    var formerHolder: MACAddress?
    /// Where among the addresses the guard's next round of questions begins.
    var nextQuestion = 0

    init(id: InstanceID, settings: InstanceSettings, checkSources: [CheckSource]) {
        self.id = id
        self.settings = settings
        self.checkSources = checkSources
        addressList = AddressList(settings.addresses.map(\.address), family: settings.family)
    }

    /// Takes the settings of a reload.
    func update(_ settings: InstanceSettings, checkSources: [CheckSource]) {
        self.settings = settings
        self.checkSources = checkSources
        addressList = AddressList(settings.addresses.map(\.address), family: settings.family)
    }

    var hearsBeforeFirewall: Bool { wantsTap || isExamined }

    var hasEars: Bool { isGuarded || wasExamined }

    var isGuarded: Bool { settings.guardSettings.isOn }

    var isUnicast: Bool { !settings.unicastPeers.isEmpty }

    /// Everything that is set and announced while this node is master.
    var allAddresses: [VirtualAddress] { settings.addresses + settings.excludedAddresses }

    /// Each address with the interface that it belongs on, as far as that exists.
    func virtualPlaces(_ network: HostNetwork) -> [(IPAddress, Link)] {
        allAddresses.compactMap { address in
            network.link(named: address.interface ?? settings.interface).map { (address.address, $0) }
        }
    }

    /// The interfaces that must be up, besides its own: those that some address names.
    var addressInterfaces: [String] {
        var names: [String] = []
        for name in allAddresses.compactMap(\.interface) where name != settings.interface && !names.contains(name) {
            names.append(name)
        }
        return names
    }

    /// The group that multicast adverts go to.
    func group(in global: GlobalSettings) -> IPAddress {
        if let destination = settings.multicastDestination { return destination }
        return switch settings.family {
        case .ipv4: .v4(global.multicastGroup4)
        case .ipv6: .v6(global.multicastGroup6)
        }
    }
}
