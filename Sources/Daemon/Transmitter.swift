/// Sends adverts: shares sockets between instances, keeps finished packets, lets a whole turn leave in one system call.
import KeepalivedConf
import LinuxIO
import Logging
import VRRPCore
import Wire

/// Owns the sending sockets and the batch of the present turn.
final class Transmitter {
    private struct Key: Hashable {
        var interface: Interface?
        var family: AddressFamily
        var delivery: VRRPSender.Delivery
        var hopLimit: UInt8
    }

    /// A socket is kept as long as an instance sends by it.
    private struct Shared {
        weak var sender: VRRPSender?
    }

    private var senders: [Key: Shared] = [:]
    private let batch = AdvertBatch()
    private let logger: Logger
    /// So many packets of an instance did not leave in this turn; the sentence says why.
    var failed: ((InstanceID, _ packets: Int, String) -> Void)?

    init(logger: Logger) { self.logger = logger }

    /// Make the packets of an instance anew: its configuration, interface or source address changed.
    func prepare(_ runtime: InstanceRuntime, global: GlobalSettings, priority: UInt8) {
        runtime.templates = []
        runtime.sender = nil
        guard let link = runtime.link, let source = runtime.source else { return }
        let settings = runtime.settings
        let advert = Advert(
            version: settings.version, virtualRouterID: settings.virtualRouterID, priority: priority,
            addressCount: UInt8(settings.addresses.count), interval: settings.interval,
            authentication: settings.version == .v2 ? settings.authentication : .none,
            checksumForm: checksumForm(settings))
        let destinations = runtime.isUnicast ? settings.unicastPeers.map(\.address) : [runtime.group(in: global)]
        let hopLimit = runtime.isUnicast ? settings.unicastTTL : 255
        do throws(IOFailure) {
            runtime.sender = try sender(
                Key(
                    interface: runtime.isUnicast ? nil : link.interface, family: settings.family,
                    delivery: runtime.isUnicast ? .unicast : .multicast, hopLimit: hopLimit))
        } catch {
            logger.error("\(settings.name): no socket for adverts: \(error)")
            return
        }
        runtime.templates = destinations.map {
            AdvertTemplate(advert, addresses: runtime.addressList, from: source, to: $0, timeToLive: hopLimit)
        }
    }

    /// Queue one advert to every destination of the instance.
    func send(_ runtime: InstanceRuntime, priority: UInt8) {
        guard let sender = runtime.sender else {
            failed?(runtime.id, 1, "interface \(runtime.settings.interface) has no address to send from")
            return
        }
        for index in runtime.templates.indices {
            runtime.templates[index].priority = priority
            batch.add(runtime.templates[index], by: sender, tag: runtime.id.index)
        }
    }

    /// Let everything leave that was queued.
    func flush() {
        guard !batch.isEmpty else { return }
        var failures: [Int: (packets: Int, sentence: String)] = [:]
        batch.flush { tag, errno in
            guard let errno else { return }
            failures[tag, default: (0, "\(errno)")].packets += 1
        }
        // Only now: what a failure leads to may queue adverts again.
        for (tag, failure) in failures { failed?(InstanceID(tag), failure.packets, failure.sentence) }
    }

    private func sender(_ key: Key) throws(IOFailure) -> VRRPSender {
        if let sender = senders[key]?.sender { return sender }
        let sender = try VRRPSender(key.interface, family: key.family, key.delivery, hopLimit: key.hopLimit)
        senders = senders.filter { $0.value.sender != nil }
        senders[key] = Shared(sender: sender)
        return sender
    }

    /// RFC 9568's form only where it was asked for: keepalived and FRR know the other one alone.
    private func checksumForm(_ settings: InstanceSettings) -> ChecksumForm {
        switch (settings.version, settings.family) {
        case (.v2, _): .message
        case (.v3, .ipv4): settings.sendsMessageChecksum ? .message : .pseudoHeader
        case (.v3, .ipv6): .pseudoHeader
        }
    }
}
