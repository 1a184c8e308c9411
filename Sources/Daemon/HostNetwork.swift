/// The interfaces and addresses of this host, kept up to date by the kernel's notices.
import LinuxIO
import Logging
import Wire

/// Knows every link and address; says when one that somebody cares about changes.
final class HostNetwork {
    private let loop: EventLoop
    private let logger: Logger
    private let links: Links
    private let addresses: Addresses
    private var monitor: NetworkMonitor?
    private var linksByIndex: [UInt32: Link] = [:]
    private var indexesByName: [String: UInt32] = [:]
    /// One list: an entry of a list in a dictionary cannot be replaced without an allocation, and renewals come all the time.
    private(set) var allAddresses: [InterfaceAddress] = []

    /// Something changed on these interfaces, by name. Called once a turn, however many notices came: hundreds of
    /// addresses are set at once when hundreds of instances become master.
    var linksChanged: ((Set<String>) -> Void)?
    private var changed: Set<String> = []
    /// An address is gone.
    var addressRemoved: ((InterfaceAddress) -> Void)?
    /// The kernel has found another user of an IPv6 address (RFC 4862 §5.4.5), and does not use it.
    var addressIsDuplicate: ((InterfaceAddress) -> Void)?

    init(loop: EventLoop, netlink: Netlink, logger: Logger) {
        self.loop = loop
        self.logger = logger
        links = Links(netlink)
        addresses = Addresses(netlink)
    }

    /// Begin to listen, then read everything once; `ready` is called when the picture is complete.
    ///
    /// Throws: EMFILE, EPERM.
    func start(then ready: @escaping (IOFailure?) -> Void) throws(IOFailure) {
        monitor = try NetworkMonitor(on: loop) { [unowned self] in handle($0) }
        read(then: ready)
    }

    private func read(then ready: @escaping (IOFailure?) -> Void) {
        links.dump { [unowned self] result in
            switch result {
            case .failure(let failure): ready(failure)
            case .success(let found):
                linksByIndex = Dictionary(found.map { ($0.index, $0) }) { _, last in last }
                indexesByName = Dictionary(found.map { ($0.name, $0.index) }) { _, last in last }
                addresses.dump { [unowned self] result in
                    switch result {
                    case .failure(let failure): ready(failure)
                    case .success(let found):
                        allAddresses = found
                        ready(nil)
                    }
                }
            }
        }
    }

    // MARK: Questions

    func link(named name: String) -> Link? { indexesByName[name].flatMap { linksByIndex[$0] } }

    func link(at index: UInt32) -> Link? { linksByIndex[index] }

    var linkNames: [String] { linksByIndex.values.map(\.name).sorted() }

    var allLinks: [Link] { Array(linksByIndex.values) }

    func addresses(on index: UInt32) -> [InterfaceAddress] {
        allAddresses.filter { $0.interface == index }
    }

    /// Where an address is set on this host, if anywhere.
    func holders(of address: IPAddress) -> [InterfaceAddress] {
        allAddresses.filter { $0.prefix.address == address }
    }

    // MARK: Notices

    /// Takes the notices that have come, in place of a turn of their own.
    func readNotices() { monitor?.read() }

    private func handle(_ event: NetworkEvent) {
        switch event {
        case .linkChanged(let link):
            let former = linksByIndex.updateValue(link, forKey: link.index)
            if let former, former.name != link.name {
                forgetName(former)
                notice(former.name)
            }
            indexesByName[link.name] = link.index
            if former != link { notice(link.name) }
        case .linkRemoved(let link):
            linksByIndex[link.index] = nil
            allAddresses.removeAll { $0.interface == link.index }
            forgetName(link)
            notice(link.name)
        case .addressAdded(let address):
            if takeRenewal(address) { break }
            let place = place(of: address)
            let former = place.map { allAddresses[$0] }
            if let place { allAddresses.remove(at: place) }
            allAddresses.append(address)
            if address.flags.contains(.duplicate), former?.flags.contains(.duplicate) != true {
                addressIsDuplicate?(address)
            }
            notice(address.interface)
        case .addressRemoved(let address):
            if let place = place(of: address) { allAddresses.remove(at: place) }
            addressRemoved?(address)
            notice(address.interface)
        case .overrun:
            logger.warning("the kernel had more network changes than could be read; reading everything again")
            readAgain()
        }
    }

    /// A virtual address is announced each time its lifetime is renewed: true when that is all. Allocates nothing.
    private func takeRenewal(_ address: InterfaceAddress) -> Bool {
        guard let place = place(of: address) else { return false }
        var known = allAddresses[place]
        known.validLifetime = address.validLifetime
        known.preferredLifetime = address.preferredLifetime
        guard known == address else { return false }
        allAddresses[place] = address
        return true
    }

    private func place(of address: InterfaceAddress) -> Int? {
        allAddresses.firstIndex { $0.interface == address.interface && $0.prefix == address.prefix }
    }

    /// A name that has already gone to another link stays with that one.
    private func forgetName(_ link: Link) {
        if indexesByName[link.name] == link.index { indexesByName[link.name] = nil }
    }

    private func notice(_ index: UInt32) {
        if let name = linksByIndex[index]?.name { notice(name) }
    }

    private func notice(_ name: String) {
        if changed.isEmpty {
            loop.post { [weak self] in
                guard let self else { return }
                let names = changed
                changed = []
                linksChanged?(names)
            }
        }
        changed.insert(name)
    }

    /// After a loss nothing that is known can be relied on: every link counts as changed.
    private func readAgain() {
        let before = Set(linkNames)
        let lost = allAddresses
        read { [unowned self] failure in
            if let failure {
                logger.error("the network's state could not be read again: \(failure)")
                return
            }
            for address in lost where !addresses(on: address.interface).contains(where: { $0.prefix == address.prefix })
            {
                addressRemoved?(address)
            }
            for name in before.union(linkNames) { notice(name) }
        }
    }
}
