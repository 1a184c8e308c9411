/// Writes the output of a transcript: what each node did, who holds the addresses, how the clients fared.
import VRRPCore
import Wire

final class TranscriptReport: WorldObserver {
    var tracesAdverts = false
    private var lines = ""
    private var hasLines = false
    private let holding = HoldingLog()
    private var mismatches: [InstanceName: [ForeignAdvert: Time]] = [:]

    /// The lines since the last call.
    func takeLines() -> String {
        defer { lines = "" }
        return lines
    }

    func beginRun() { hasLines = false }

    func endRun(_ world: World) {
        if !hasLines { write("(nothing)", world) }
        for id in world.addresses.ids {
            let holders = world.addresses.holders(id).compactMap { world.node($0)?.name }
            let name = world.addresses.ids.count == 1 ? "VIP" : "\(world.addresses[id])"
            write("\(name) at: \(holders.isEmpty ? "nobody" : holders.joined(separator: " "))", world)
        }
        for client in world.clients {
            let follows = client.follows.flatMap { world.node($0)?.name } ?? "nobody"
            write(
                "\(client.name): \(client.answered) of \(client.asked) answered, longest outage "
                    + "\(client.longestOutage.milliseconds), asks \(follows)", world)
        }
        world.resetClientCounts()
    }

    func observe(_ record: Record, in world: World) {
        switch record {
        case .effect(.publish(let event), let name):
            tell(event, name, world)
        case .effect(.sendAdvert(let priority), let name) where tracesAdverts:
            write("\(label(name, world)) advertises priority \(priority)", world)
        case .held(let id, let station):
            write("\(nodeName(station, world)) holds \(world.addresses[id])", world)
        case .released(let id, let station):
            write("\(nodeName(station, world)) releases \(world.addresses[id])", world)
        case .expired(let id, let station):
            write("the lifetime of \(world.addresses[id]) ends on \(nodeName(station, world))", world)
        case .effect, .handled, .acted, .processStarted, .processEnded:
            break
        }
        reportHolding(record, world)
    }

    private func tell(_ event: Event, _ name: InstanceName, _ world: World) {
        // The kernel's side of it has a line of its own.
        if case .addressesServing = event { return }
        guard let node = world.node(name.node) else { return }
        if case .guarded(.mismatch(let advert)) = event, isRepeated(advert, name, world.now) { return }
        write("\(label(name, world)) \(event.sentence(in: node.instances[name.instance.index]))", world)
    }

    /// As in the daemon's log, what is told with every advert is written once in ten seconds.
    private func isRepeated(_ advert: ForeignAdvert, _ name: InstanceName, _ now: Time) -> Bool {
        if let last = mismatches[name]?[advert], now - last < .seconds(10) { return true }
        mismatches[name, default: [:]][advert] = now
        return false
    }

    /// Begin and end of times with more than one holder.
    private func reportHolding(_ record: Record, _ world: World) {
        let dualBefore = holding.dualSince
        holding.observe(record, in: world)
        for index in holding.dualSince.indices {
            let before = index < dualBefore.count ? dualBefore[index] : nil
            guard before != holding.dualSince[index] else { continue }
            let address = world.addresses[VirtualAddressID(index)]
            if let before {
                write("\(address) had more than one holder for \((world.now - before).milliseconds)", world)
            } else {
                write("\(address) has more than one holder", world)
            }
        }
    }

    private func nodeName(_ station: StationID, _ world: World) -> String { world.node(station)?.name ?? "?" }

    private func label(_ name: InstanceName, _ world: World) -> String {
        guard let node = world.node(name.node) else { return "?" }
        return node.instances.count == 1 ? node.name : "\(node.name)/\(node.instances[name.instance.index].name)"
    }

    private func write(_ sentence: String, _ world: World) {
        hasLines = true
        let milliseconds = world.now.nanoseconds / 1_000_000
        let fraction = String(milliseconds % 1000)
        let time = "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
        lines += " " + String(repeating: " ", count: max(0, 7 - time.count)) + time + " " + sentence + "\n"
    }
}
