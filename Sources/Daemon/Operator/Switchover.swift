/// `halua switchover`: gives an instance up when another node is ready, waits for that node, and sees to it that the
/// address does not come straight back.
import ControlProtocol
import KeepalivedConf
import LinuxIO
import VRRPCore
import Wire

/// One switchover under way. It only writes down what the core tells; `Daemon` acts.
final class Switchover {
    struct Member {
        var name: String
        var id: InstanceID
        /// When this node gave the addresses up.
        var leftAt: Int64?
        /// Who was heard as master afterwards, and when.
        var taken: (by: IPAddress, priority: UInt8, at: Int64)?
    }

    private(set) var members: [Member]
    let order: SwitchoverOrder
    let author: OperatorRequests.Author
    let answer: (SwitchoverReport) -> Void
    /// Everything has happened that it waits for.
    var isComplete: Bool { members.allSatisfy { $0.leftAt != nil && $0.taken != nil } }
    var names: Set<String> { Set(members.map(\.name)) }
    private let completed: () -> Void

    init(
        _ members: [Member], _ order: SwitchoverOrder, _ author: OperatorRequests.Author,
        completed: @escaping () -> Void, answer: @escaping (SwitchoverReport) -> Void
    ) {
        self.members = members
        self.order = order
        self.author = author
        self.completed = completed
        self.answer = answer
    }

    func note(_ event: Event, of id: InstanceID, now: Int64) {
        guard let index = members.firstIndex(where: { $0.id == id }) else { return }
        switch event {
        case .transition(from: .master, _, _, _): members[index].leftAt = now
        case .masterChanged(let master, let priority) where members[index].leftAt != nil:
            guard members[index].taken == nil else { return }
            members[index].taken = (master, priority, now)
            if isComplete { completed() }
        default: break
        }
    }

    var parts: [SwitchoverReport.Part] {
        members.map { member in
            SwitchoverReport.Part(
                name: member.name, master: member.taken.map { "\($0.by)" },
                priority: member.taken.map { Int($0.priority) },
                gapUs: member.taken.flatMap { taken in member.leftAt.map { Int((taken.at - $0) / 1_000) } })
        }
    }
}

extension Daemon {
    /// How long the other nodes get beyond what the protocol allows them.
    private static var switchoverMargin: Duration { .seconds(1) }

    func switchOver(
        _ order: SwitchoverOrder, by caller: ControlCaller, _ answer: @escaping (SwitchoverReport) -> Void
    ) {
        func refuse(_ sentence: String) { answer(SwitchoverReport(isDone: false, parts: [], remarks: [sentence])) }
        guard let runtime = instance(named: order.instance) else { return refuse(unknownInstance(order.instance)) }
        if let other = switchover { return refuse("a switchover of \(other.order.instance) is under way") }
        let runtimes = members(with: order.instance).compactMap { instance(named: $0) }
        for runtime in runtimes {
            let status = status(of: runtime, router[runtime.id])
            if let objection = status.objectionToSwitchover(isForced: order.isForced) { return refuse(objection) }
        }
        let author = OperatorRequests.Author(name: order.by, user: caller.credentials.user, reason: "switchover")
        // Later in the turn: the core is in the middle of its effects.
        let complete: () -> Void = { [weak self] in self?.loop.post { [weak self] in self?.finishSwitchover() } }
        let current = Switchover(
            runtimes.map { .init(name: $0.settings.name, id: $0.id) }, order, author, completed: complete,
            answer: answer)
        switchover = current
        let limit = switchoverLimit(runtimes.map(\.id))
        loop.after(limit) { [weak self] in
            guard let self, switchover === current else { return }
            finishSwitchover()
        }
        operators.demote(order.instance, runtime.id, for: nil, author)
    }

    /// The others have heard the goodbye, or give this node up after a master down interval; their gates take as long as
    /// this node's, as far as is known.
    private func switchoverLimit(_ ids: [InstanceID]) -> Duration {
        let longest = ids.map { id -> Duration in
            router[id].ownMasterDownInterval + router[id].config.interval
                + (router[id].config.gates.map(\.timeout).max() ?? .zero)
        }
        return (longest.max() ?? .zero) + Self.switchoverMargin
    }

    private func finishSwitchover() {
        guard let done = switchover else { return }
        switchover = nil
        guard done.isComplete else {
            operators.withdraw(done.order.instance, "nobody took over")
            let missing = done.members.filter { $0.taken == nil }.map(\.name).joined(separator: ", ")
            return done.answer(
                SwitchoverReport(
                    isDone: false, parts: done.parts,
                    remarks: [
                        "nobody took \(missing) over: it is restored here, and this node serves again when it may"
                    ]))
        }
        done.answer(SwitchoverReport(isDone: true, parts: done.parts, remarks: [keepAway(done)].compactMap { $0 }))
    }

    /// The other node serves. This one becomes a backup again at once, so that it can step in; where it would preempt, its
    /// priority becomes the new master's. Returns what the operator should know of that.
    private func keepAway(_ done: Switchover) -> String? {
        let name = done.order.instance
        let returning = done.members.filter { wouldTakeBack($0) }
        let span = done.order.forMs.map { Duration.milliseconds($0) }
        let until = span.map { "for \($0.inWords)" } ?? "until \"halua restore \(name)\""
        if let owner = returning.first(where: { router.standing(of: $0.id).priority == Self.ownerPriority }) {
            // An owner's priority never moves: only FAULT keeps it away.
            if let ordered = instance(named: name) { operators.demote(name, ordered.id, for: span, done.author) }
            return "\(owner.name) owns its addresses (priority 255) and would take them back, so it stays demoted "
                + "\(until); it cannot step in meanwhile"
        }
        // The demoted one last: its fault holds the whole group until everything is in place.
        for member in returning.sorted(by: { $0.name != name && $1.name == name }) {
            guard let taken = member.taken else { continue }
            operators.lower(member.name, member.id, to: Int(taken.priority), for: span, done.author) { [self] in
                Int(router.standing(of: member.id).priority)
            }
        }
        if operators.isDemoted(name) { operators.withdraw(name, "another node serves") }
        guard !returning.isEmpty else { return nil }
        let names = returning.map(\.name).joined(separator: ", ")
        return "this node would preempt, so the priority of \(names) is lowered to the new master's \(until); "
            + "it still steps in when the new master fails"
    }

    private func wouldTakeBack(_ member: Switchover.Member) -> Bool {
        guard let taken = member.taken, router.contains(member.id) else { return false }
        let priority = router.standing(of: member.id).priority
        let preempts = router[member.id].config.preempts || priority == Self.ownerPriority
        return preempts && priority > taken.priority
    }

    /// Of a router that owns its addresses (RFC 9568 §6.1).
    private static var ownerPriority: UInt8 { 255 }
}
