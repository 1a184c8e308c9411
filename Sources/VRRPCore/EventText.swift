/// Events and reasons in words: one word for scripts and metrics, one sentence for people.
import Wire

extension TransitionReason {
    /// The documented word that hooks, metrics and the journal see.
    package var word: String {
        switch self {
        case .startup: "startup"
        case .shutdown: "shutdown"
        case .masterDown: "master_down"
        case .masterLeft: "master_left"
        case .preempting: "preempted"
        case .lostElection: "lost_election"
        case .owner: "owner"
        case .fault(let kind, _): kind.word
        case .recovered: "recovered"
        case .addressLost: "address_lost"
        case .addressRefused: "address_refused"
        case .syncGroup: "sync_group"
        case .overslept: "overslept"
        case .leaseExpired: "lease_expired"
        case .masterUnfit: "master_unfit"
        case .deafPeer: "deaf_peer"
        }
    }

    /// The whole story, without a full stop: log lines join it to other words.
    package var sentence: String {
        switch self {
        case .startup: "started"
        case .shutdown: "shut down"
        case .masterDown(let last?): "master \(last) fell silent"
        case .masterDown(nil): "no master was heard"
        case .masterLeft(let master): "master \(master) left"
        case .preempting(let master, let priority): "took over from \(master), whose priority \(priority) is lower"
        case .lostElection(let winner, let priority): "\(winner) has the better claim, with priority \(priority)"
        case .owner: "owner of the addresses"
        case .fault(_, let sentence): sentence
        case .recovered: "all faults are mended"
        case .addressLost(let address): "\(address) was taken away again and again"
        case .addressRefused(let sentence): "the kernel refused an address: \(sentence)"
        case .syncGroup(let group, let member): "sync group \(group) follows \(member)"
        case .overslept(let late): "slept \(late.inWords) too long, so another node may have taken over"
        case .leaseExpired(let gate): "the lease of gate \(gate) ran out and nobody extended it"
        case .masterUnfit(let master): "master \(master) says that it cannot serve"
        case .deafPeer(let peer): "gave way to \(peer), which hears nobody"
        }
    }
}

extension FaultKind {
    package var word: String {
        switch self {
        case .check: "check_failed"
        case .link: "link_down"
        case .address: "no_address"
        case .send: "send_failed"
        case .demoted: "demoted"
        case .group: "sync_group"
        }
    }
}

extension FaultCause {
    package var kind: FaultKind {
        switch self {
        case .interfaceMissing, .linkDown, .trackedInterface: .link
        case .noSourceAddress: .address
        case .sendFailed: .send
        case .demoted: .demoted
        case .groupMember: .group
        }
    }

    package var sentence: String {
        switch self {
        case .interfaceMissing(let name): "interface \(name) does not exist"
        case .linkDown(let name): "interface \(name) is down"
        case .noSourceAddress(let name): "interface \(name) has no address to send from"
        case .sendFailed(let why): "adverts cannot be sent: \(why)"
        case .demoted(let key, let reason): reason.isEmpty ? "demoted by \(key)" : "demoted by \(key): \(reason)"
        case .trackedInterface(let name): "tracked interface \(name) is down"
        case .groupMember(let group, let member): "\(member) of sync group \(group) is in FAULT"
        }
    }
}

extension Event {
    /// One line for the log, to be read after the name of the instance. The configuration gives checks their names.
    package func sentence(in config: InstanceConfig) -> String {
        switch self {
        case .transition(let from, let to, let reason, _): "\(from.name) → \(to.name): \(reason.sentence)"
        case .addressesServing: "the kernel confirmed the virtual addresses"
        case .priority(_, let explanation): "priority \(explanation)"
        case .checkChanged(let id, let state, let reason): Self.sentence(check: config.name(of: id), state, reason)
        case .checkBroken(let id, let reason?): "check \(config.name(of: id)) cannot run: \(reason)"
        case .checkBroken(let id, nil): "check \(config.name(of: id)) runs again"
        case .addressLost(let address, let attempt): "\(address) was taken away; putting it back, attempt \(attempt)"
        case .dualMaster(let peer, let priority, true): "two masters: yielding to \(peer) with priority \(priority)"
        case .dualMaster(let peer, let priority, false): "two masters: \(peer) with priority \(priority) has to yield"
        case .duplicateAddress(let address): "another node with our priority also sends from our address \(address)"
        case .intervalAdopted(let interval, let source): "adopted the interval \(interval.inWords) of \(source)"
        case .masterChanged(let master, let priority): "the master is \(master) with priority \(priority)"
        case .advertLate(let late): "an advert was sent \(late.inWords) too late"
        case .faultsChanged(let faults): faults.isEmpty ? "no fault is left" : faults.joined(separator: "; ")
        case .flapDamped(let left): "changed its role too often: no preemption for \(left.inWords)"
        case .gatesAsked(let gates): "would be master, and asks \(gates.joined(separator: ", ")) first"
        case .gateExcused(let gate, let why): "gate \(gate) gave no answer, which counts as a yes: \(why)"
        case .promotionDenied(let gate, let reason): "stays backup, gate \(gate) denies: \(reason)"
        case .questionDropped(let master?): "asks no longer: \(master) is master"
        case .questionDropped(nil): "asks no longer: its gates have changed"
        case .guarded(let event): event.sentence(in: config)
        }
    }

    private static func sentence(check name: String, _ state: CheckState, _ reason: String) -> String {
        let word =
            switch state {
            case .unknown: "unknown"
            case .up: "up"
            case .down: "down"
            }
        return reason.isEmpty ? "check \(name) is \(word)" : "check \(name) is \(word): \(reason)"
    }
}

extension InstanceConfig {
    /// The name of a check; a number for one that a reload has taken away meanwhile.
    package func name(of id: CheckID) -> String {
        checks.indices.contains(id.index) ? checks[id.index].name : "#\(id.index)"
    }
}
