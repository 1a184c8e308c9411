/// From the core's events to the news that hooks hear of: priorities, peers, conflicts, and what the guard finds out.
import LinuxIO
import LuaHost
import VRRPCore
import Wire

/// Remembers of each instance what it takes to say what is new. Lives on the main thread.
package final class HookNews {
    private struct Conflict {
        var kind: ConflictNews.Kind
        var priority: Int?
        var lastHeard: Int64
    }

    private struct Known {
        var priority: Int
        /// The master that is heard.
        var master: IPAddress?
        /// Nodes that were heard as master, the last one last.
        var heard: [IPAddress] = []
        var conflicts: [IPAddress: Conflict] = [:]
        var priorityNews: UInt64 = 0
        var peerNews: UInt64 = 0
        var conflictNews: UInt64 = 0
        var guardNews: UInt64 = 0
    }

    /// Of a segment with more masters than that only the last ones are remembered.
    private static let mostHeard = 8
    /// Conflicts at once that hooks are told of: adverts with made-up senders must not fill the memory.
    private static let mostConflicts = 64

    private let loop: EventLoop
    private var known: [InstanceID: Known] = [:]
    /// Where the news go.
    package var send: (EventMessage) -> Void = { _ in }
    /// What an instance looks like now; nil when it is gone.
    package var look: (InstanceID) -> (instance: Instance, snapshot: InstanceSnapshot)? = { _ in nil }

    package init(loop: EventLoop) { self.loop = loop }

    /// The addresses of nodes that were heard as master.
    package func heard(by id: InstanceID) -> [String] { known[id]?.heard.map { "\($0)" } ?? [] }

    package func forget(_ id: InstanceID) { known[id] = nil }

    /// Takes an event of the core; `now` in nanoseconds of the monotonic clock.
    package func note(_ event: Event, of id: InstanceID, _ instance: Instance, now: Int64) {
        if known[id] == nil { known[id] = Known(priority: Int(instance.config.basePriority)) }
        switch event {
        case .priority(let effective, let explanation): priority(Int(effective), explanation, id, now)
        case .masterChanged(let peer, let priority): master(peer, Int(priority), id, now)
        case .transition(let from, let to, let reason, _): transition(from, to, reason, id, now)
        case .dualMaster(let peer, let priority, let yielding):
            remember(peer, id)
            // Who yields at once ends the matter, as in every preemption. And what comes within an interval of taking
            // over are the last words of the former master.
            let isOld = now - instance.since.nanoseconds > instance.config.interval.inNanoseconds
            if !yielding, isOld { conflict(.dualMaster, peer, Int(priority), id, now) }
        case .duplicateAddress(let peer): conflict(.duplicateAddress, peer, Int(instance.priority), id, now)
        case .guarded(let event): guarded(event, id, instance.config, now)
        case .addressesServing, .checkChanged, .checkBroken, .addressLost, .intervalAdopted, .advertLate,
            .faultsChanged, .flapDamped, .gatesAsked, .gateExcused, .promotionDenied, .questionDropped:
            break
        }
    }

    private func remember(_ peer: IPAddress, _ id: InstanceID) {
        known[id]?.heard.removeAll { $0 == peer }
        known[id]?.heard.append(peer)
        if let count = known[id]?.heard.count, count > Self.mostHeard { known[id]?.heard.removeFirst() }
    }

    // MARK: Priority

    private func priority(_ effective: Int, _ explanation: String, _ id: InstanceID, _ now: Int64) {
        guard let former = known[id]?.priority, former != effective else { return }
        known[id]?.priority = effective
        known[id]?.priorityNews += 1
        tell(.priority(from: former, to: effective, explanation: explanation), id, known[id]?.priorityNews, now)
    }

    // MARK: Peers

    private func master(_ peer: IPAddress, _ priority: Int?, _ id: InstanceID, _ now: Int64) {
        remember(peer, id)
        let former = known[id]?.master
        guard former != peer else { return }
        known[id]?.master = peer
        tellPeer(
            PeerNews(
                phase: former == nil ? .heard : .changed, peer: "\(peer)", peerPriority: priority,
                former: former.map { "\($0)" }), id, now)
    }

    private func lose(_ reason: String, _ id: InstanceID, _ now: Int64) {
        guard let former = known[id]?.master else { return }
        known[id]?.master = nil
        tellPeer(PeerNews(phase: .lost, peer: "\(former)", reason: reason), id, now)
    }

    private func tellPeer(_ news: PeerNews, _ id: InstanceID, _ now: Int64) {
        known[id]?.peerNews += 1
        tell(.peer(news), id, known[id]?.peerNews, now)
    }

    private func transition(
        _ from: State, _ to: State, _ reason: TransitionReason, _ id: InstanceID, _ now: Int64
    ) {
        var winner: IPAddress?
        if case .lostElection(let peer, let priority) = reason {
            winner = peer
            master(peer, Int(priority), id, now)
        }
        if from == .master { endConflicts(winner: winner, id, now) }
        switch to {
        case .master: lose(reason.word, id, now)
        case .initialize: known[id]?.master = nil
        case .backup, .fault: break
        }
    }

    // MARK: Guard

    private func guarded(_ event: GuardEvent, _ id: InstanceID, _ config: InstanceConfig, _ now: Int64) {
        known[id]?.guardNews += 1
        let notice = GuardNotice(
            word: event.word, sentence: event.sentence(in: config), isAlarm: event.isAlarm, peer: event.peer,
            hardware: event.hardware.map { "\($0)" }, virtualAddress: event.virtualAddress, reason: event.reason)
        tell(.guarding(notice), id, known[id]?.guardNews, now)
    }

    // MARK: Conflicts

    private func conflict(
        _ kind: ConflictNews.Kind, _ peer: IPAddress, _ priority: Int, _ id: InstanceID, _ now: Int64
    ) {
        let isNew = known[id]?.conflicts[peer] == nil
        if isNew, known[id]?.conflicts.count ?? 0 >= Self.mostConflicts { return }
        known[id]?.conflicts[peer] = Conflict(kind: kind, priority: priority, lastHeard: now)
        guard isNew, let instance = look(id)?.instance else { return }
        tellConflict(.begin, peer, winner: kind == .dualMaster ? instance.sourceAddress : nil, id, now)
        watch(peer, id, instance.ownMasterDownInterval)
    }

    /// A conflict is over when the other node has been silent for a master down interval.
    private func watch(_ peer: IPAddress, _ id: InstanceID, _ span: Duration) {
        loop.after(span) { [weak self] in
            guard let self, let conflict = known[id]?.conflicts[peer], let instance = look(id)?.instance else { return }
            let now = loop.time
            let left = conflict.lastHeard + instance.ownMasterDownInterval.inNanoseconds - now
            guard left <= 0 else { return watch(peer, id, .nanoseconds(left)) }
            tellConflict(.end, peer, winner: instance.sourceAddress, id, now)
            known[id]?.conflicts[peer] = nil
        }
    }

    /// This node is no longer master: whoever it was in conflict with goes on.
    private func endConflicts(winner: IPAddress?, _ id: InstanceID, _ now: Int64) {
        for peer in known[id]?.conflicts.keys.sorted(by: { "\($0)" < "\($1)" }) ?? [] {
            tellConflict(.end, peer, winner: winner ?? peer, id, now)
        }
        known[id]?.conflicts = [:]
    }

    private func tellConflict(
        _ phase: ConflictNews.Phase, _ peer: IPAddress, winner: IPAddress?, _ id: InstanceID, _ now: Int64
    ) {
        guard let conflict = known[id]?.conflicts[peer] else { return }
        let advice =
            switch conflict.kind {
            case .dualMaster:
                "\(peer) advertises a lower priority and does not yield: it does not hear this node. Look for a firewall"
                    + " or a switch that drops VRRP (protocol 112) in that direction, or another password"
            case .duplicateAddress:
                "\(peer) is this node's own address, sent with the same priority: two nodes have the same address."
                    + " Give one of them another, or look for adverts that come back to their sender"
            }
        known[id]?.conflictNews += 1
        let news = ConflictNews(
            phase: phase, kind: conflict.kind, peer: "\(peer)", peerPriority: conflict.priority,
            winner: winner.map { "\($0)" }, advice: advice)
        tell(.conflict(news), id, known[id]?.conflictNews, now)
    }

    private func tell(_ matter: EventMessage.Matter, _ id: InstanceID, _ sequence: UInt64?, _ now: Int64) {
        guard let snapshot = look(id)?.snapshot, let sequence else { return }
        send(EventMessage(matter, instance: snapshot, sequence: sequence, atNanoseconds: now))
    }
}
