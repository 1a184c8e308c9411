/// From the core's events to notify scripts and FIFO lines.
import ShellHost
import VRRPCore

/// Lives on the main thread. Called only for events, never on the path of an advert.
final class StateNotifier {
    private let send: (ToShell) -> Void
    private var notices = StateNotices()
    private var settings = ShellSettings()
    /// Changes to MASTER that wait until the kernel has confirmed the addresses: what a script finds is in force.
    private var waiting: [InstanceID: (name: String, priority: Int)] = [:]
    /// An instance that leaves for good is told as STOP and not as removed.
    var isStopping = false

    init(send: @escaping (ToShell) -> Void) { self.send = send }

    /// Takes the commands of a configuration.
    func apply(_ settings: ShellSettings) {
        self.settings = settings
        notices.groups = settings.groups
    }

    func receive(_ event: Event, of id: InstanceID, _ instance: Instance) {
        let name = instance.config.name
        let priority = Int(instance.priority)
        switch event {
        case .transition(_, let to, _, _):
            flush(id)
            switch to {
            case .master: waiting[id] = (name, priority)
            case .backup: tell(notices.entered("BACKUP", name, priority: priority))
            case .fault: tell(notices.entered("FAULT", name, priority: priority))
            case .initialize: left(name, priority)
            }
        case .addressesServing: flush(id)
        case .dualMaster(_, _, yielding: false): lowerPriorityHeard(name, priority)
        case .priority(let effective, _):
            guard settings.notify[.instance(name)]?.tellsPriority == true else { return }
            let state = instance.state == .master ? "MASTER_PRIORITY" : "BACKUP_PRIORITY"
            line(.instance(name), state, Int(effective))
        case .dualMaster(_, _, yielding: true), .checkChanged, .checkBroken, .addressLost, .duplicateAddress,
            .intervalAdopted, .masterChanged, .advertLate, .faultsChanged, .flapDamped, .gatesAsked, .gateExcused,
            .promotionDenied, .questionDropped, .guarded:
            break
        }
    }

    /// Everything has been shut down: tells what has not been told yet.
    func finish(_ instances: [(name: String, priority: Int)]) { tell(notices.finish(instances)) }

    /// fifo_write_vrrp_states_on_reload
    func repeatStates(priority: (String) -> Int) {
        guard settings.repeatsStatesOnReload else { return }
        for notice in notices.present(priority: priority) { line(notice.subject, notice.state, notice.priority) }
    }

    private func flush(_ id: InstanceID) {
        guard let (name, priority) = waiting.removeValue(forKey: id) else { return }
        tell(notices.entered("MASTER", name, priority: priority))
    }

    private func left(_ name: String, _ priority: Int) {
        if isStopping {
            tell(notices.entered(StateNotices.stop, name, priority: priority))
        } else {
            let saysDeleted = settings.notify[.instance(name)]?.saysDeleted ?? false
            tell(notices.removed(name, saysDeleted: saysDeleted, priority: priority))
        }
    }

    private func tell(_ notices: [StateNotice]) {
        for notice in notices {
            let calls = calls(for: notice)
            if !calls.isEmpty { send(.notify(lane: notice.subject.lane, calls)) }
            line(notice.subject, notice.state, notice.priority)
        }
    }

    /// First the script of the state, then the one for all states, as keepalived starts them.
    private func calls(for notice: StateNotice) -> [NotifyCall] {
        guard let commands = settings.notify[notice.subject] else { return [] }
        var calls: [NotifyCall] = []
        if let command = commands.byState[notice.state] {
            calls.append(
                NotifyCall(keyword: "notify_\(notice.state.lowercased())", state: notice.state, command: command))
        }
        if let command = commands.any {
            let arguments = [notice.subject.kind, notice.subject.name, notice.state, "\(notice.priority)"]
            calls.append(NotifyCall(keyword: "notify", state: notice.state, command: command, arguments: arguments))
        }
        return calls
    }

    private func lowerPriorityHeard(_ name: String, _ priority: Int) {
        let state = "MASTER_RX_LOWER_PRI"
        if let command = settings.notify[.instance(name)]?.lowerPriorityHeard {
            let call = NotifyCall(keyword: "notify_master_rx_lower_pri", state: state, command: command)
            send(.notify(lane: StateSubject.instance(name).lane, [call]))
        }
        line(.instance(name), state, priority)
    }

    private func line(_ subject: StateSubject, _ state: String, _ priority: Int) {
        guard !settings.plan.fifos.isEmpty else { return }
        send(.line("\(subject.kind) \"\(subject.name)\" \(state) \(priority)"))
    }
}
