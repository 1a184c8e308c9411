/// The core's events as sentences for the reader of a transcript.
import VRRPCore
import Wire

extension Event {
    /// nil: not worth a line, because another line of the transcript says it.
    var sentence: String? {
        switch self {
        case .transition(let from, let to, let reason, _): "\(from)→\(to) (\(reason.sentence))"
        case .addressesServing: nil
        case .priority(let effective, let explanation): "has priority \(effective): \(explanation)"
        case .checkChanged(let check, let state, let reason): "check \(check.index) is \(state): \(reason)"
        case .checkBroken(let check, let reason):
            reason.map { "check \(check.index) is broken: \($0)" } ?? "check \(check.index) runs again"
        case .addressLost(let address, let attempt): "lost \(address), puts it back (\(attempt))"
        case .dualMaster(let peer, let priority, let yielding):
            "hears another master, \(peer) with priority \(priority), and \(yielding ? "yields" : "stays")"
        case .duplicateAddress(let address): "hears a master with its own address \(address)"
        case .intervalAdopted(let interval, let source): "adopts the interval \(interval.transcript) of \(source)"
        case .masterChanged(let address, let priority): "hears master \(address) with priority \(priority)"
        case .advertLate(let span): "advertised \(span.milliseconds) late"
        case .faultsChanged(let faults): faults.isEmpty ? "has no fault" : "faults: \(faults.joined(separator: "; "))"
        case .flapDamped(let span): "changed its role too often, does not preempt for \(span.transcript)"
        }
    }
}

extension TransitionReason {
    var sentence: String {
        switch self {
        case .startup: "started"
        case .shutdown: "stopped"
        case .masterDown(.none): "no master was heard"
        case .masterDown(.some(let master)): "\(master) fell silent"
        case .masterLeft(let master): "\(master) left"
        case .preempting(let master, let priority): "takes over from \(master), whose priority is \(priority)"
        case .lostElection(let master, let priority): "\(master) with priority \(priority) outranks it"
        case .owner: "owns the addresses"
        case .fault(let kind, let sentence): "fault, \(kind): \(sentence)"
        case .recovered: "no fault is left"
        case .addressLost(let address): "\(address) cannot be kept"
        case .addressRefused(let sentence): "the kernel refused an address: \(sentence)"
        case .syncGroup(let group, let member): "sync group \(group) follows \(member)"
        case .overslept(let span): "overslept by \(span.milliseconds)"
        }
    }
}
