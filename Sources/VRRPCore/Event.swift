/// What an instance tells the world: each event carries its reason, so that nobody has to guess at three in the morning.
import Wire

/// Why a state was left for another.
package enum TransitionReason: Hashable, Sendable {
    case startup
    case shutdown
    /// No advert for a master down interval; nil when no master was ever heard.
    case masterDown(last: IPAddress?)
    /// The master said goodbye with priority 0.
    case masterLeft(IPAddress)
    /// A living master with a lower priority was not obeyed, and this node took over from it.
    case preempting(IPAddress, priority: UInt8)
    /// Another master outranks this one.
    case lostElection(to: IPAddress, priority: UInt8)
    /// Owner of the addresses (priority 255): master at once (S-01).
    case owner
    /// A cause of FAULT began; the sentence names it.
    case fault(FaultKind, String)
    /// The last cause of FAULT ended.
    case recovered
    /// A virtual address was taken away and could not be restored.
    case addressLost(IPAddress)
    /// The kernel refused an address.
    case addressRefused(String)
    /// The sync group moved and this member with it.
    case syncGroup(String, becauseOf: String)
    /// The event loop overslept, so others may have taken over meanwhile (M-10).
    case overslept(Duration)
    /// The permission of a promotion gate ran out, and nobody extended it.
    case leaseExpired(gate: String)
    /// The master said on the guard channel that it cannot serve.
    case masterUnfit(IPAddress)
    /// A master of lower rank hears nobody, so this one gave way.
    case deafPeer(IPAddress)
}

/// What kind of thing is broken; the word that scripts and metrics see.
package enum FaultKind: UInt8, Hashable, Sendable, CaseIterable {
    case check
    case link
    case address
    case send
    case demoted
    case group
}

package enum Event: Hashable, Sendable {
    /// `sequence` counts the transitions of this instance without gaps.
    case transition(from: State, to: State, TransitionReason, sequence: UInt64)
    /// The kernel confirmed the addresses: the VIP is really there. Hooks for MASTER run at this event.
    case addressesServing
    /// The effective priority changed; the explanation is complete ("200 −20 mycat.backends = 180").
    case priority(effective: UInt8, explanation: String)
    /// A check changed its state.
    case checkChanged(CheckID, CheckState, reason: String)
    /// A check cannot run: a bug in its script. Its last known state stays. nil: it runs again.
    case checkBroken(CheckID, reason: String?)
    /// A virtual address was taken away while this node is master; it is being put back for the n-th time.
    case addressLost(IPAddress, attempt: Int)
    /// Another master was heard while this node is master; who yields is already decided.
    case dualMaster(peer: IPAddress, peerPriority: UInt8, yielding: Bool)
    /// Two nodes with the same priority and the same source address (S-15): a duplicate address.
    case duplicateAddress(IPAddress)
    /// Version 3: the master's interval differs from ours and was adopted (C2).
    case intervalAdopted(Duration, from: IPAddress)
    /// A new master is heard (X-02: the current master's address).
    case masterChanged(to: IPAddress, priority: UInt8)
    /// An advert was sent this much too late (M-13).
    case advertLate(Duration)
    /// A fault began or ended without a change of state, or another cause joined.
    case faultsChanged([String])
    /// Preemption is held off because the instance changed its role too often (P-09).
    case flapDamped(Duration)
    /// The promotion gates are asked; this node stays backup until they have answered.
    case gatesAsked([String])
    /// A gate gave no answer of its own, and its configuration takes that for a permission.
    case gateExcused(String, reason: String)
    /// A gate denied the promotion: by its own word, or by its failure or silence. It is asked again.
    case promotionDenied(gate: String, reason: String)
    /// An open question has become pointless: another master was heard, or (nil) a reload changed the gates.
    case questionDropped(by: IPAddress?)
    /// What the guard has found out.
    case guarded(GuardEvent)
}
