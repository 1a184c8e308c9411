/// What hooks are told besides transitions: plain values on their way from the daemon to the script thread.

/// One piece of news, numbered among its own kind.
package struct EventMessage: Hashable, Sendable {
    package enum Matter: Hashable, Sendable {
        /// The effective priority moved; the explanation is complete ("200 −20 mycat.backends = 180").
        case priority(from: Int, to: Int, explanation: String)
        case conflict(ConflictNews)
        case peer(PeerNews)
        case check(CheckNews)
        case guarding(GuardNotice)
        /// A reload was taken; what it changed, in words.
        case reload(changes: [String])
        /// The daemon ends.
        case shutdown
    }

    package var matter: Matter
    /// nil when it is about no instance: checks, reloads, the end.
    package var instance: InstanceSnapshot?
    /// Counts without gaps, for each kind of news and instance (or check) on its own.
    package var sequence: UInt64
    package var atNanoseconds: Int64

    package init(_ matter: Matter, instance: InstanceSnapshot? = nil, sequence: UInt64, atNanoseconds: Int64) {
        self.matter = matter
        self.instance = instance
        self.sequence = sequence
        self.atNanoseconds = atNanoseconds
    }
}

/// Another node claims what this one holds.
package struct ConflictNews: Hashable, Sendable {
    package enum Phase: String, Hashable, Sendable {
        case begin, end
    }

    /// What the other one does.
    package enum Kind: String, Hashable, Sendable {
        /// It sends adverts as a master, although this node outranks it.
        case dualMaster = "dual_master"
        /// It has this node's priority and source address.
        case duplicateAddress = "duplicate_address"
    }

    package var phase: Phase
    package var kind: Kind
    package var peer: String
    package var peerPriority: Int?
    /// The address of the node that goes on as master; nil while nobody can say.
    package var winner: String?
    /// What to do, as a sentence.
    package var advice: String

    package init(
        phase: Phase, kind: Kind, peer: String, peerPriority: Int? = nil, winner: String? = nil, advice: String
    ) {
        self.phase = phase
        self.kind = kind
        self.peer = peer
        self.peerPriority = peerPriority
        self.winner = winner
        self.advice = advice
    }
}

/// What the guard has found out.
package struct GuardNotice: Hashable, Sendable {
    /// One of the documented words.
    package var word: String
    /// What is seen, what it means and what to do, as the log says it.
    package var sentence: String
    /// Somebody should look; else it is good news, or for information.
    package var isAlarm: Bool
    package var peer: String?
    /// The Ethernet address of the other station, where that is known.
    package var hardware: String?
    /// The virtual address that it is about, when it is about one.
    package var virtualAddress: String?
    /// The word of the reason, of a promotion that is held.
    package var reason: String?

    package init(
        word: String, sentence: String, isAlarm: Bool, peer: String? = nil, hardware: String? = nil,
        virtualAddress: String? = nil, reason: String? = nil
    ) {
        self.word = word
        self.sentence = sentence
        self.isAlarm = isAlarm
        self.peer = peer
        self.hardware = hardware
        self.virtualAddress = virtualAddress
        self.reason = reason
    }
}

/// A master that this node hears, or no longer hears.
package struct PeerNews: Hashable, Sendable {
    package enum Phase: String, Hashable, Sendable {
        case heard, changed, lost
    }

    package var phase: Phase
    package var peer: String
    package var peerPriority: Int?
    /// The master before a change.
    package var former: String?
    /// One of the documented words for transitions when the master was lost.
    package var reason: String

    package init(phase: Phase, peer: String, peerPriority: Int? = nil, former: String? = nil, reason: String = "") {
        self.phase = phase
        self.peer = peer
        self.peerPriority = peerPriority
        self.former = former
        self.reason = reason
    }
}

/// What a check says now, after rise and fall were counted.
package struct CheckNews: Hashable, Sendable {
    package enum State: String, Hashable, Sendable {
        case up, down
        /// It cannot run: a bug in its script. What it said last stays in force.
        case error
    }

    /// "plugin.check"
    package var name: String
    package var state: State
    /// What is in force for the node: false while the check is down.
    package var isGood: Bool
    package var reason: String

    package init(name: String, state: State, isGood: Bool, reason: String) {
        self.name = name
        self.state = state
        self.isGood = isGood
        self.reason = reason
    }
}
