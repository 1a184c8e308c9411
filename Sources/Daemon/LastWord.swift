/// The goodbye of a daemon that died: one advert of priority 0, so that the others need not wait for its silence to end.
import KeepalivedConf
import LinuxIO
import Logging
import VRRPCore
import Wire

/// Says goodbye for the instances that had addresses on this host, as their daemon would have done.
struct LastWord {
    let configuration: Configuration
    let links: [Link]
    /// All addresses of this host, as they were before the virtual ones were removed.
    let addresses: [InterfaceAddress]

    /// Returns the names of the instances whose goodbye has left. `abandoned`: what their daemon has left behind.
    func say(for abandoned: [InterfaceAddress]) -> [String] {
        let logger = Logger(label: "haluad") { StreamLogHandler.standardError(label: $0) }
        let transmitter = Transmitter(logger: logger)
        var failed: Set<InstanceID> = []
        transmitter.failed = { id, _, _ in failed.insert(id) }
        var sent: [InstanceRuntime] = []
        for (number, settings) in configuration.instances.enumerated() where held(by: settings, abandoned) {
            let runtime = InstanceRuntime(id: InstanceID(number), settings: settings, checkSources: [])
            runtime.link = links.first { $0.name == settings.interface }
            runtime.source = settings.sourceAddress ?? source(of: settings, runtime.link)
            transmitter.prepare(runtime, global: configuration.global, priority: 0)
            guard runtime.sender != nil, !runtime.templates.isEmpty else { continue }
            transmitter.send(runtime, priority: 0)
            sent.append(runtime)
        }
        transmitter.flush()
        return sent.filter { !failed.contains($0.id) }.map(\.settings.name)
    }

    private func held(by settings: InstanceSettings, _ abandoned: [InterfaceAddress]) -> Bool {
        settings.addresses.contains { own in abandoned.contains { $0.prefix.address == own.address } }
    }

    private func source(of settings: InstanceSettings, _ link: Link?) -> IPAddress? {
        guard let link else { return nil }
        return primaryAddress(
            among: addresses.filter { $0.interface == link.index }, settings.family,
            besides: virtualAddresses(of: configuration))
    }
}
