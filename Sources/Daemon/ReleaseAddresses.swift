/// What a service manager runs after a daemon has died: removes the virtual addresses and the fence that it left behind.
import ControlProtocol
import KeepalivedConf
import LinuxIO
import SystemPackage
import Wire

/// Runs `haluad --release-addresses`; returns the exit status. Says on standard error what it removes.
func releaseAddresses(_ options: Options) -> Int32 {
    if let daemon = livingDaemon(options) {
        printError("haluad: the addresses are in use: \(daemon). Stop it first")
        return ExitStatus.failure
    }
    let result = loadFromDisk(
        file: options.configurationFile, configurationID: options.configurationID, interfaces: nil)
    guard let configuration = result.configuration else {
        for diagnostic in result.diagnostics where diagnostic.severity == .error { printError(diagnostic.rendered) }
        printError("haluad: no address is removed, because the configuration does not say which ones are virtual")
        return ExitStatus.configuration
    }
    do throws(IOFailure) {
        let release = try Release(configuration, keepsPermanent: options.keepsAddressesAtStop)
        removeFence(configuration, options)
        return release.run()
    } catch {
        printError("haluad: \(error)")
        return ExitStatus.failure
    }
}

/// The daemon that these options name and that lives, in words.
private func livingDaemon(_ options: Options) -> String? {
    let socket = options.controlSocket ?? defaultControlSocketPath
    if !socket.isEmpty, (try? UnixSocket.connect(to: socket)) != nil { return "a haluad listens at \(socket)" }
    guard let path = options.pidFile, let octets = try? FileReader.bytes(path),
        let number = Int32(String(decoding: octets, as: UTF8.self).filter(\.isNumber)),
        let process = ProcessTable.entry(number), process.name == "haluad", !process.isZombie
    else { return nil }
    return "haluad runs as process \(number), says \(path)"
}

/// The name of the fence's tables. Daemons of one network namespace are told apart by their control sockets.
func fenceTableName(_ options: Options) -> String {
    guard let path = options.controlSocket, !path.isEmpty, path != defaultControlSocketPath else { return "halua" }
    let letters = path.utf8.map { octet -> Character in
        let letter = Character(UnicodeScalar(octet))
        return letter.isASCII && (letter.isLetter || letter.isNumber) ? letter : "_"
    }
    // The kernel's limit for names is 255 octets; the end of a path tells more than its beginning.
    return "halua_" + String(letters.suffix(200))
}

private func removeFence(_ configuration: Configuration, _ options: Options) {
    guard configuration.instances.contains(where: \.isFenced) else { return }
    do throws(IOFailure) {
        let fence = try AddressFence(name: fenceTableName(options))
        guard fence.isInstalled else { return }
        try fence.remove()
        printError("haluad: removed the nftables tables \(fence.name)")
    } catch {
        printError("haluad: the fence cannot be removed: \(error)")
    }
}

/// Chooses from the addresses of this host those that a daemon with this configuration has left behind.
///
/// They carry halua's origin. A kernel before Linux 5.18 knows no origins; there they are known by a lifetime that is no
/// longer than the daemon gives them. `keepsPermanent`: leave what has no lifetime, because `-V` left it on purpose.
package func abandonedAddresses(
    _ found: [InterfaceAddress], _ configuration: Configuration, keepsPermanent: Bool
) -> [InterfaceAddress] {
    // The kernel itself marks the addresses of the loopback interface and link-local ones.
    let knowsOrigins = found.contains { $0.origin != .unknown }
    var lifetimes: [IPAddress: Duration?] = [:]
    for settings in configuration.instances where settings.priority != 255 {
        let lifetime = DeadMansTerms(settings, canFence: true).lifetime
        for address in settings.addresses + settings.excludedAddresses { lifetimes[address.address] = .some(lifetime) }
    }
    return found.filter { address in
        guard let longest = lifetimes[address.prefix.address] else { return false }
        if keepsPermanent, address.validLifetime == nil { return false }
        if knowsOrigins { return address.origin == .halua }
        guard let longest, let left = address.validLifetime else { return false }
        return left <= longest
    }
}

/// Removes addresses, and ends when the kernel has answered.
private final class Release {
    private let configuration: Configuration
    private let keepsPermanent: Bool
    private let loop: EventLoop
    private let addresses: Addresses
    private let links: Links
    private var unanswered = 0
    private var abandoned: [InterfaceAddress] = []
    private var lastWord: LastWord?
    private var status = ExitStatus.success

    init(_ configuration: Configuration, keepsPermanent: Bool) throws(IOFailure) {
        self.configuration = configuration
        self.keepsPermanent = keepsPermanent
        loop = try EventLoop(maximumEvents: 4)
        let netlink = try Netlink(on: loop)
        addresses = Addresses(netlink)
        links = Links(netlink)
    }

    func run() -> Int32 {
        addresses.dump { [unowned self] result in
            switch result {
            case .failure(let failure): fail("the addresses of this host cannot be read: \(failure)")
            case .success(let found):
                abandoned = abandonedAddresses(found, configuration, keepsPermanent: keepsPermanent)
                guard !abandoned.isEmpty else { return loop.stop() }
                prepareLastWord(found)
            }
        }
        loop.run()
        return status
    }

    private func prepareLastWord(_ found: [InterfaceAddress]) {
        links.dump { [unowned self] result in
            // Without it the others wait out the master down interval: the addresses go all the same.
            if case .success(let links) = result {
                lastWord = LastWord(configuration: configuration, links: links, addresses: found)
            }
            for address in abandoned { remove(address) }
        }
    }

    /// Everything is removed: now the others may know. Before that they would take addresses that are still answered for.
    private func finish() {
        if status == ExitStatus.success, let names = lastWord?.say(for: abandoned), !names.isEmpty {
            printError("haluad: said goodbye for \(names.joined(separator: ", ")): another node may take over at once")
        }
        loop.stop()
    }

    private func remove(_ address: InterfaceAddress) {
        unanswered += 1
        addresses.delete(address) { [unowned self] result in
            unanswered -= 1
            switch result {
            case .failure(let failure): fail("an address cannot be removed: \(failure)")
            case .success: printError("haluad: removed \(address.prefix), which a haluad that died has left behind")
            }
            if unanswered == 0 { finish() }
        }
    }

    private func fail(_ sentence: String) {
        printError("haluad: \(sentence)")
        status = ExitStatus.failure
        if unanswered == 0 { loop.stop() }
    }
}
