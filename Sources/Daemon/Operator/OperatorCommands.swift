/// `halua demote` and `halua restore`, as the daemon does them.
import ControlProtocol
import KeepalivedConf
import LinuxIO
import VRRPCore

extension Daemon {
    func demote(_ order: DemotionOrder, by caller: ControlCaller) -> OrderResult {
        guard let runtime = instance(named: order.instance) else { return .refused(unknownInstance(order.instance)) }
        if let refusal = refusalWhileBusy(order.instance) { return .refused(refusal) }
        let author = OperatorRequests.Author(name: order.by, user: caller.credentials.user, reason: order.reason)
        let former = router.standing(of: runtime.id).state
        operators.demote(order.instance, runtime.id, for: order.forMs.map { .milliseconds($0) }, author)
        let time = order.forMs.map { "for \(span($0))" } ?? "until \"halua restore \(order.instance)\" or a restart"
        let group = groupNote(order.instance)
        return OrderResult(
            isDone: true, text: "\(order.instance) was \(former.name) and is demoted \(time)\(group)")
    }

    /// Ends what operators have asked of an instance, and of the other members of its sync group, which it follows.
    func restore(_ order: RestoreOrder, by caller: ControlCaller) -> OrderResult {
        guard instance(named: order.instance) != nil else { return .refused(unknownInstance(order.instance)) }
        if let refusal = refusalWhileBusy(order.instance) { return .refused(refusal) }
        let who = OperatorRequests.Author(name: order.by, user: caller.credentials.user, reason: "").who
        let restored = members(with: order.instance).filter { operators.withdraw($0, "restored by \(who)") }
        guard !restored.isEmpty else {
            return .refused("\(order.instance) is not demoted, and its priority is not lowered by an operator")
        }
        return OrderResult(isDone: true, text: "restored: \(restored.joined(separator: ", "))")
    }

    /// The sentence about a name that nobody has, with the one that was probably meant.
    func unknownInstance(_ name: String) -> String {
        let names = configuration.instances.map(\.name)
        let guess = Spelling.nearest(to: name, among: names).map { "did you mean \($0)?" }
        return "there is no instance \(name): " + (guess ?? "there are \(names.joined(separator: ", "))")
    }

    /// All members of the instance's sync group, or itself alone.
    func members(with name: String) -> [String] {
        configuration.syncGroups.first { $0.members.contains(name) }?.members ?? [name]
    }

    private func groupNote(_ name: String) -> String {
        guard let group = configuration.syncGroups.first(where: { $0.members.contains(name) }) else { return "" }
        return "; sync group \(group.name) goes with it: \(group.members.joined(separator: ", "))"
    }

    private func refusalWhileBusy(_ name: String) -> String? {
        guard let switchover, !switchover.names.isDisjoint(with: members(with: name)) else { return nil }
        return "a switchover of \(name) is under way"
    }
}

extension OrderResult {
    static func refused(_ sentence: String) -> Self { OrderResult(isDone: false, text: sentence) }
}
