/// What an operator may ask of an instance, and what is said of it afterwards.

/// `halua demote`: give the instance up, and keep it in FAULT until it is restored or the time is over.
package struct DemotionOrder: Hashable, Sendable {
    package var instance: String
    /// nil: until it is restored.
    package var forMs: Int?
    package var reason: String
    /// The operator's own name, as the tool knows it. Who really asked the kernel tells: the user's number.
    package var by: String

    package init(instance: String, forMs: Int? = nil, reason: String = "", by: String = "") {
        self.instance = instance
        self.forMs = forMs
        self.reason = reason
        self.by = by
    }
}

/// `halua restore`: the demotion, or the lowered priority, ends.
package struct RestoreOrder: Hashable, Sendable {
    package var instance: String
    package var by: String

    package init(instance: String, by: String = "") {
        self.instance = instance
        self.by = by
    }
}

/// `halua switchover`: hand the instance over, when somebody is ready.
package struct SwitchoverOrder: Hashable, Sendable {
    package var instance: String
    /// Do not ask whether another node is ready.
    package var isForced: Bool
    /// How long the address is kept from coming back, where it would; nil: until it is restored.
    package var forMs: Int?
    package var by: String

    package init(instance: String, isForced: Bool = false, forMs: Int? = nil, by: String = "") {
        self.instance = instance
        self.isForced = isForced
        self.forMs = forMs
        self.by = by
    }
}

/// What became of an order.
package struct OrderResult: Hashable, Sendable {
    package var isDone: Bool
    /// A sentence for people.
    package var text: String

    package init(isDone: Bool, text: String) {
        self.isDone = isDone
        self.text = text
    }
}

/// A request of operators that is in force.
package struct OperatorStatus: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        /// The instance is kept in FAULT.
        case demoted
        /// Its priority is lowered, so that it does not take back what it has handed over.
        case lowered
    }

    package var kind: Kind
    /// The operator's name, and the number of the user that the kernel vouches for.
    package var by: String
    package var user: Int
    package var reason: String
    package var sinceMs: Int
    /// Milliseconds until it ends by itself; nil: it does not.
    package var remainingMs: Int?

    package init(kind: Kind, by: String, user: Int, reason: String, sinceMs: Int, remainingMs: Int?) {
        self.kind = kind
        self.by = by
        self.user = user
        self.reason = reason
        self.sinceMs = sinceMs
        self.remainingMs = remainingMs
    }
}

/// How a switchover went.
package struct SwitchoverReport: Hashable, Sendable {
    /// One instance; a sync group has several.
    package struct Part: Hashable, Sendable {
        package var name: String
        /// Who is master now; nil: nobody was heard.
        package var master: String?
        package var priority: Int?
        /// From this node's removal of the addresses to the new master's first advert, in microseconds.
        package var gapUs: Int?

        package init(name: String, master: String? = nil, priority: Int? = nil, gapUs: Int? = nil) {
            self.name = name
            self.master = master
            self.priority = priority
            self.gapUs = gapUs
        }
    }

    /// False: it was refused, or nobody took over and this node went back.
    package var isDone: Bool
    package var parts: [Part]
    /// Why it was refused or failed; what keeps the addresses from coming back, where something has to.
    package var remarks: [String]

    package init(isDone: Bool, parts: [Part], remarks: [String]) {
        self.isDone = isDone
        self.parts = parts
        self.remarks = remarks
    }
}
