/// Which changes of state are told, and in which order: keepalived's rules for instances and sync groups.

/// One thing to tell.
struct StateNotice: Hashable {
    var subject: StateSubject
    /// MASTER, BACKUP, FAULT, STOP or DELETED.
    var state: String
    /// 0 for a group.
    var priority: Int
}

struct StateGroup: Hashable, Sendable {
    var name: String
    var members: [String]
}

/// Knows what was told last.
///
/// A group is in a state when all of its members have been told to be, so its notice follows theirs. Only at start it
/// comes first, as BACKUP, or FAULT when the first member that starts is.
struct StateNotices {
    static let stop = "STOP"

    var groups: [StateGroup] = []
    private var instances: [String: String] = [:]
    private var told: [String: String] = [:]

    /// An instance has entered a state.
    mutating func entered(_ state: String, _ instance: String, priority: Int) -> [StateNotice] {
        var notices: [StateNotice] = []
        let own = groups.filter { $0.members.contains(instance) }
        if state == "BACKUP" || state == "FAULT" {
            for group in own where told[group.name] == nil {
                told[group.name] = state
                notices.append(StateNotice(subject: .group(group.name), state: state, priority: 0))
            }
        }
        instances[instance] = state
        notices.append(StateNotice(subject: .instance(instance), state: state, priority: priority))
        // At the end all instances come first, then all groups.
        guard state != Self.stop else { return notices }
        for group in own where told[group.name] != state && group.members.allSatisfy({ instances[$0] == state }) {
            told[group.name] = state
            notices.append(StateNotice(subject: .group(group.name), state: state, priority: 0))
        }
        return notices
    }

    /// A reload has removed an instance. keepalived tells FAULT unless it was told to say DELETED.
    mutating func removed(_ instance: String, saysDeleted: Bool, priority: Int) -> [StateNotice] {
        let last = instances.removeValue(forKey: instance)
        guard saysDeleted || last != "FAULT" else { return [] }
        return [
            StateNotice(subject: .instance(instance), state: saysDeleted ? "DELETED" : "FAULT", priority: priority)
        ]
    }

    /// The daemon stops: what has not been told yet.
    mutating func finish(_ all: [(name: String, priority: Int)]) -> [StateNotice] {
        var notices: [StateNotice] = []
        for (name, priority) in all where instances[name] != Self.stop {
            notices += entered(Self.stop, name, priority: priority)
        }
        for group in groups where told[group.name] != Self.stop {
            told[group.name] = Self.stop
            notices.append(StateNotice(subject: .group(group.name), state: Self.stop, priority: 0))
        }
        return notices
    }

    /// What holds now, for a reader that asked to hear it again.
    func present(priority: (String) -> Int) -> [StateNotice] {
        groups.compactMap { group in
            told[group.name].map { StateNotice(subject: .group(group.name), state: $0, priority: 0) }
        }
            + instances.sorted { $0.key < $1.key }.map { name, state in
                StateNotice(subject: .instance(name), state: state, priority: priority(name))
            }
    }
}
