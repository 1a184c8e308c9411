/// How long each virtual address had two holders, and how long none: what a run is measured by.
import VRRPCore

package final class HoldingLog: WorldObserver {
    /// For each address: since when it has had more than one holder; nil while it has not.
    package private(set) var dualSince: [Time?] = []
    /// For each address: since when it has had no holder; nil while it has one.
    package private(set) var vacantSince: [Time?] = []
    package private(set) var dualTime = Duration.zero
    package private(set) var vacantTime = Duration.zero
    package private(set) var longestDual = Duration.zero

    package init() {}

    package func observe(_ record: Record, in world: World) {
        switch record {
        case .held(let id, _), .released(let id, _):
            note(id, holders: world.addresses.holders(id).count, world.now)
        case .processStarted:
            for id in world.addresses.ids { note(id, holders: world.addresses.holders(id).count, world.now) }
        case .effect, .expired, .handled, .acted, .processEnded:
            break
        }
    }

    private func note(_ id: VirtualAddressID, holders: Int, _ now: Time) {
        while dualSince.count <= id.index {
            dualSince.append(nil)
            vacantSince.append(nil)
        }
        if holders > 1 {
            if dualSince[id.index] == nil { dualSince[id.index] = now }
        } else if let began = dualSince[id.index] {
            add(dual: now - began)
            dualSince[id.index] = nil
        }
        if holders == 0 {
            if vacantSince[id.index] == nil { vacantSince[id.index] = now }
        } else if let began = vacantSince[id.index] {
            vacantTime += now - began
            vacantSince[id.index] = nil
        }
    }

    private func add(dual span: Duration) {
        dualTime += span
        longestDual = max(longestDual, span)
    }

    /// Counts what is still going on up to now, once, at the end of a run.
    package func finish(at now: Time) {
        for index in dualSince.indices {
            if let began = dualSince[index] { add(dual: now - began) }
            if let began = vacantSince[index] { vacantTime += now - began }
            dualSince[index] = nil
            vacantSince[index] = nil
        }
    }
}
