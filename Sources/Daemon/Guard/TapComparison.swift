/// Tells adverts that this host's firewall dropped from those that it let through: both are read before it.
import VRRPCore
import Wire

/// Two lists of fixed size: what the VRRP sockets delivered lately, and what was read before the firewall and is not
/// judged yet. The kernel hands a frame to the packet socket first and to the VRRP socket an instant later, so a frame is
/// judged after a short wait. Allocates nothing after it was made.
struct TapComparison {
    /// An advert that was read before the firewall, with what the core is told if nothing else delivered it.
    struct Pending {
        var interface: UInt32
        var source: IPAddress
        var virtualRouterID: UInt8
        var arrived: Int64
        var instance: InstanceID
        var news: GuardNews
    }

    private struct Delivered {
        var interface: UInt32
        var source: IPAddress
        var virtualRouterID: UInt8
        var at: Int64
    }

    /// How long the other way may take, in nanoseconds. Both ways end in one run of the kernel's network code.
    static let patience: Int64 = 5_000_000
    private static let mostDelivered = 256
    private static let mostPending = 64

    private var delivered: ContiguousArray<Delivered> = []
    private var nextDelivered = 0
    private var pending: ContiguousArray<Pending> = []
    private var firstPending = 0

    init() {
        delivered.reserveCapacity(Self.mostDelivered)
        pending.reserveCapacity(Self.mostPending)
    }

    /// A VRRP socket delivered an advert.
    mutating func noteDelivered(interface: UInt32, source: IPAddress, virtualRouterID: UInt8, now: Int64) {
        let entry = Delivered(interface: interface, source: source, virtualRouterID: virtualRouterID, at: now)
        if delivered.count < Self.mostDelivered {
            delivered.append(entry)
        } else {
            delivered[nextDelivered] = entry
        }
        nextDelivered = (nextDelivered + 1) % Self.mostDelivered
    }

    /// Keeps an advert until it can be judged. In a flood the later ones are left out.
    mutating func hold(_ advert: Pending) {
        if pending.count == Self.mostPending, firstPending > 0 {
            pending.removeSubrange(..<firstPending)
            firstPending = 0
        }
        guard pending.count < Self.mostPending else { return }
        pending.append(advert)
    }

    /// When the next advert can be judged; nil when none waits.
    var nextDue: Int64? { firstPending < pending.count ? pending[firstPending].arrived + Self.patience : nil }

    /// The next advert that only the tap has seen; nil when none is left whose time has come.
    mutating func nextDropped(now: Int64) -> Pending? {
        while firstPending < pending.count {
            let advert = pending[firstPending]
            guard advert.arrived + Self.patience <= now else { return nil }
            firstPending += 1
            if firstPending == pending.count {
                pending.removeAll(keepingCapacity: true)
                firstPending = 0
            }
            if !mayBeDelivered(advert) { return advert }
        }
        return nil
    }

    /// Whether the other way delivered an advert of the same sender and number at that time. When the list is too short to
    /// tell, it may have.
    private func mayBeDelivered(_ advert: Pending) -> Bool {
        let start = advert.arrived - Self.patience
        var index = nextDelivered
        for _ in delivered.indices {
            index = index == 0 ? delivered.count - 1 : index - 1
            let entry = delivered[index]
            guard entry.at >= start else { return false }
            if entry.source == advert.source, entry.virtualRouterID == advert.virtualRouterID,
                entry.interface == advert.interface
            {
                return true
            }
        }
        return delivered.count == Self.mostDelivered
    }
}
