/// Everything one virtual router instance can ask of the world, in the order in which it must be done.
import Wire

/// Why addresses are announced; it decides the number of repetitions and names the burst in the log.
package enum AnnounceReason: UInt8, Hashable, Sendable {
    /// Right after the kernel confirmed the addresses.
    case becameMaster
    /// The second burst, `announceDelay` later.
    case delayed
    /// The periodic refresh.
    case refresh
    /// A losing master was heard: its clients must learn our MAC again.
    case lowerPriorityHeard
    /// The kernel confirmed an address that was put back, or that a reload brought.
    case restored
}

package enum Effect: Hashable, Sendable {
    /// Send one advert with this priority now: to the group, or to each unicast peer.
    case sendAdvert(priority: UInt8)
    /// Ask the kernel for all virtual addresses; its answer comes back as `.addressesAdded` with this token.
    case addAddresses(token: UInt32)
    /// Remove all virtual addresses; done before any later effect of the same list.
    case removeAddresses
    /// Remove virtual addresses that this node is not master for: what an earlier run left behind.
    case removeStaleAddresses
    /// Send gratuitous ARPs and unsolicited neighbour advertisements, `repetitions` for each address.
    case announce(AnnounceReason, repetitions: Int)
    /// Tell the neighbours that the addresses are at this station, which does not say so itself. The addresses are still
    /// here, and removed next.
    case announceElsewhere(MACAddress)
    /// Ask every gate of the configuration at once; each answers with `.gateAnswered` and this number. Nobody waits for
    /// an answer beyond `until`: the core counts silence itself.
    case askGates(question: UInt32, until: Time)
    /// Nobody is interested in answers to this question any more.
    case cancelGates(question: UInt32)
    /// Ask on the wire who has the virtual addresses, and whether a host lives. Answers come as `.guarding`.
    case probe(Probe)
    /// Read adverts also before the host's firewall, or no longer.
    case listenBeforeFirewall(Bool)
    /// Say this to one node on the guard channel, by every path to it.
    case tellPeer(Heartbeat.Word, IPAddress)
    case arm(Timer, at: Time)
    case disarm(Timer)
    /// Tell log, hooks, journal and metrics. Always the last thing a transition does (S-22).
    case publish(Event)
}
