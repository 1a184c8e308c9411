/// What a hook waits for and what it is called with: transitions and all other news under one roof.

/// One occurrence on its way to the hooks.
enum HookEvent {
    case transition(TransitionMessage)
    case news(EventMessage)

    /// What counts together: transitions, and each other kind of news.
    enum Family: String {
        case transition, priority, conflict, peer, check, reload, shutdown
        case guarding = "guard"
    }

    /// Whose events are in one order: a kind of news about one instance or one check.
    struct Source: Hashable {
        var family: Family
        /// The name of the instance, or of the check; empty where there is neither.
        var subject: String
    }

    var family: Family {
        switch self {
        case .transition: .transition
        case .news(let event):
            switch event.matter {
            case .priority: .priority
            case .conflict: .conflict
            case .peer: .peer
            case .check: .check
            case .guarding: .guarding
            case .reload: .reload
            case .shutdown: .shutdown
            }
        }
    }

    var instance: InstanceSnapshot? {
        switch self {
        case .transition(let transition): transition.instance
        case .news(let event): event.instance
        }
    }

    var sequence: UInt64 {
        switch self {
        case .transition(let transition): transition.sequence
        case .news(let event): event.sequence
        }
    }

    var atNanoseconds: Int64 {
        switch self {
        case .transition(let transition): transition.atNanoseconds
        case .news(let event): event.atNanoseconds
        }
    }

    /// The full name of the check that it is about.
    var check: String? {
        if case .news(let event) = self, case .check(let news) = event.matter { news.name } else { nil }
    }

    var source: Source { Source(family: family, subject: instance?.name ?? check ?? "") }
}

/// A hook as the plugin described it.
struct HookDefinition {
    enum Moment: String, CaseIterable {
        case master, backup, fault, stop, change
        case priority, conflict, peer, check, reload, shutdown
        case guarding = "guard"

        /// The fields of the table that registers it.
        var fields: [String] {
            switch self {
            case .master, .backup, .fault, .stop, .change, .priority, .conflict, .peer, .guarding:
                ["instance", "timeout", "run"]
            case .check, .reload, .shutdown: ["timeout", "run"]
            }
        }

        /// Whether an event is one of this hook's.
        func includes(_ event: HookEvent) -> Bool {
            switch self {
            case .master: Self.leads(event, to: ["MASTER"])
            case .backup: Self.leads(event, to: ["BACKUP"])
            case .fault: Self.leads(event, to: ["FAULT"])
            case .stop: Self.leads(event, to: ["INIT", "STOP"])
            case .change: event.family == .transition
            case .priority: event.family == .priority
            case .conflict: event.family == .conflict
            case .peer: event.family == .peer
            case .check: event.family == .check
            case .guarding: event.family == .guarding
            case .reload: event.family == .reload
            case .shutdown: event.family == .shutdown
            }
        }

        private static func leads(_ event: HookEvent, to states: [String]) -> Bool {
            if case .transition(let transition) = event { states.contains(transition.to) } else { false }
        }
    }

    var moment: Moment
    /// nil: every instance.
    var instance: String?
    /// on.check: which checks, "plugin.check" or "plugin." for all of that plugin's.
    var check: String?
    var timeout: Duration
    var run: Int32
    /// Where it was registered, for messages: "mycat.lua:12".
    var place: String

    func wants(_ event: HookEvent) -> Bool {
        guard moment.includes(event) else { return false }
        if let instance, event.instance?.name != instance { return false }
        guard let check, let name = event.check else { return true }
        return check.hasSuffix(".") ? name.hasPrefix(check) : name == check
    }
}
