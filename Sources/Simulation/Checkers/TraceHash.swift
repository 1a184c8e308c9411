/// One number for everything that happened in a run: two runs of one seed must agree on it.
import VRRPCore
import Wire

package final class TraceHash: WorldObserver {
    /// FNV-1a, because Swift's own Hasher is seeded anew in each process.
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    package func observe(_ record: Record, in world: World) {
        mix(UInt64(bitPattern: world.now.nanoseconds))
        switch record {
        case .acted(let action): mix(action.transcript)
        case .processStarted(let station): mix(1, station.index)
        case .processEnded(let station): mix(2, station.index)
        case .held(let id, let station): mix(3, station.index, id.index)
        case .released(let id, let station): mix(4, station.index, id.index)
        case .expired(let id, let station): mix(7, station.index, id.index)
        case .handled(let name): mix(5, name.node.index, name.instance.index)
        case .effect(let effect, let name):
            mix(6, name.node.index, name.instance.index)
            mix(effect)
            if case .publish(let event) = effect, let node = world.node(name.node) {
                mix(event.sentence(in: node.instances[name.instance.index]))
            }
        }
    }

    private func mix(_ effect: Effect) {
        switch effect {
        case .sendAdvert(let priority): mix(1, Int(priority))
        case .addAddresses(let token): mix(2, Int(token))
        case .removeAddresses: mix(3)
        case .announce(let reason, let repetitions): mix(4, Int(reason.rawValue), repetitions)
        case .arm(let timer, let time): mix(5, Int(timer.rawValue), Int(time.nanoseconds))
        case .disarm(let timer): mix(6, Int(timer.rawValue))
        case .publish: mix(7)
        case .askGates(let question, let end): mix(8, Int(question), Int(end.nanoseconds))
        case .cancelGates(let question): mix(9, Int(question))
        case .probe(let probe):
            mix(10, probe.asksForAddresses ? 1 : 0)
            mix(probe.host.map { "\($0)" } ?? "")
        case .removeStaleAddresses: mix(13)
        case .announceElsewhere(let hardware): mix(14, Int(hardware.rawValue))
        case .listenBeforeFirewall(let isWanted): mix(11, isWanted ? 1 : 0)
        case .tellPeer(let word, let peer):
            mix(12, Int(word.rawValue))
            mix("\(peer)")
        }
    }

    private func mix(_ text: String) {
        for octet in text.utf8 { mix(octet: octet) }
    }

    private func mix(_ numbers: Int...) {
        for number in numbers { mix(UInt64(bitPattern: Int64(number))) }
    }

    private func mix(_ number: UInt64) {
        value = (value ^ number) &* 0x0000_0100_0000_01b3
        value ^= value >> 29
    }

    private func mix(octet: UInt8) { value = (value ^ UInt64(octet)) &* 0x0000_0100_0000_01b3 }
}
